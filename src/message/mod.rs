//! What is said to people: reminders and escalations as messages, in Chinese and English.
//!
//! Pure rendering from [`Facts`]: the same facts give the same message, so that a
//! repeated attempt says what the first said. What the facts are is found by the read
//! side; to whom and when is the courier's. No date is computed and nothing judged here.
//!
//! * [`wording`]: the texts that an office may word by itself, with closed placeholders.
//! * [`render()`]: a [`Message`] in all its forms, of [`text`], [`markdown`], [`html`] (with
//!   the days as a [`strip`]) and [`ical`].

pub mod facts;
pub mod html;
pub mod ical;
pub mod markdown;
pub mod phrase;
pub mod render;
pub mod strip;
pub mod text;
pub mod wording;

pub use crate::port::carrier::Message;
pub use facts::{Facts, Heading};
pub use render::render;
pub use wording::{Wording, WordingError};
