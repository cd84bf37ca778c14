//! The log on NATS `JetStream`: [`crate::port::log::Log`] over one stream.
//!
//! * [`broker`]: connects, and names the streams of a tenant.
//! * [`mod@line`]: one connection, what the server said about it, and questions asked on it.
//! * [`config`]: how a stream must be kept, and what is wrong with one that is not.
//! * [`stream`]: one stream as a log: its last place, one record, its clones.
//! * [`append`]: fenced atomic batches, and the truth about an unknown outcome.
//! * [`announce`]: announcements to whoever listens, with proof that somebody does.
//! * [`read`]: contiguous reading that survives the server.
//! * [`service`]: questions and answers, discoverable; [`micro`]: the documents of that.
//! * [`users`]: who may publish and hear what; [`accounts`]: how the server is told, and
//!   why nobody can make it write for them.
//! * [`wire`]: records as the server writes them.
//!
//! Nothing here knows what a record means.

pub mod accounts;
pub mod announce;
pub mod append;
pub mod broker;
pub mod config;
pub mod line;
pub mod micro;
pub mod read;
pub mod service;
pub mod stream;
pub mod users;
pub mod wire;

pub use broker::{Access, Broker, BrokerSettings};
pub use config::LogSettings;
pub use read::NatsReader;
pub use service::QueryService;
pub use stream::NatsLog;
