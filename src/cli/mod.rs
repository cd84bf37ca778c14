//! The command line: the only place that reads the environment, the clock and
//! folders, starts other programs, and wires adapters to the engine.
//!
//! * [`run`]: the commands and their arguments; [`exit`]: how they end;
//!   [`output`]: how they answer; [`client`]: how they ask a server.
//! * [`serve`], [`up`]: a serving process, of [`service`], [`doors`],
//!   [`questions`], [`publishing`] and [`shelf`]; [`stop`] is when it ends.
//! * [`nats_server`] finds a `nats-server`, or fetches one once; [`broker`] keeps it
//!   running, `process` is one life of its process.
//! * [`sample`]: a first look's history; [`welcome`]: what `duban up` says then.
//! * [`ask`]: questions to a running server; [`import`]: facts of the past.
//! * [`archive`]: checking the logs, keeping them in a file, bringing them back.
//! * [`due`], [`policy`], [`scenarios`], [`simulate`]: what needs no server; [`folder`] reads policies,
//!   [`operator`] says which differ, [`apply`] publishes them.
//! * [`account`], [`token`]: who may sign in or ask, in roles as [`roles`] reads them;
//!   [`access`]: the gate of a serving process.
//! * [`api`]: the documents of the interfaces.
//! * [`credentials`]: the broker's users and their keys.
//! * [`shell`]: what shells and `man` know of the commands.
//! * [`world`]: the clock and the drawing of identities.

pub mod access;
pub mod account;
pub mod api;
pub mod apply;
pub mod archive;
pub mod ask;
pub mod broker;
pub mod client;
pub mod credentials;
pub mod doors;
pub mod due;
pub mod exit;
pub mod folder;
pub mod import;
pub mod nats_server;
pub mod office;
pub mod operator;
pub mod output;
pub mod policy;
mod process;
pub mod publishing;
pub mod questions;
pub mod roles;
pub mod run;
pub mod sample;
pub mod scenarios;
mod score;
pub mod serve;
pub mod service;
pub mod shelf;
pub mod shell;
pub mod simulate;
pub mod stop;
pub mod token;
pub mod up;
pub mod welcome;
pub mod world;
