//! Carrying messages out of the house: the adapters of [`crate::port::carrier`].
//!
//! * [`settings`]: what an office writes of its destinations; [`secrets`]: where it keeps
//!   what it does not write; [`office`]: the carriers made of that.
//! * [`guard`] and [`address`]: nothing is sent to where it does not belong (SSRF).
//! * [`post`]: one request and what became of it; [`signature`]: who sent it.
//! * [`webhook`]: Standard Webhooks. [`robot`]: what chat robots have in common, with
//!   [`dingtalk`], [`wecom`] and [`feishu`] for what they have not. [`mail`], by [`smtp`].
//!   [`subject`]: other services on the broker.
//!
//! A carrier tries once and tells what became of it. When to try, how often, and what is
//! written down of it, is the courier's.

pub mod address;
pub mod book;
pub mod cut;
pub mod dingtalk;
pub mod feishu;
pub mod guard;
mod letters;
pub mod mail;
pub mod office;
pub mod post;
pub mod robot;
pub mod secrets;
pub mod settings;
pub mod signature;
pub mod smtp;
pub mod subject;
pub mod webhook;
pub mod wecom;

pub use office::{OfficeError, World, carriers};
pub use settings::{DeliverySettings, TenantSettings};
