//! duban (督办, "supervise until done"): official notices become running,
//! supervised duties.
//!
//! This page is the architecture: what goes where, and what must never be there.
//! The words are those of the glossary in `README.md`.
//!
//! # One idea
//!
//! ```text
//!  services ─► INTAKE ─► decide ─► LEDGER ─► evolve ─► rows in sled ─► queries
//!              facts as   (pure)   decided    (pure)                   HTTP, CLI
//!              published    ▲      events ─────────────► whoever listens
//!                           └── the state that evolve made; time as a fact
//! ```
//!
//! A **fact** is what a service says has happened. The intake keeps it, durably,
//! even while no engine runs. [`kernel::decide`](kernel::decide::decide) is one
//! deterministic function from state and fact to **events**; they are appended to
//! the ledger as one atomic batch under a fence, so that of two engines only one
//! can. [`kernel::evolve`](kernel::evolve::evolve) folds events into **rows**; it
//! decides nothing, so a replay years later gives the state that was true then. The
//! rows are a cache: delete the folder and it comes back byte for byte.
//!
//! # Time is a fact
//!
//! The kernel knows no clock. The only time it sees is the instant that the
//! intake's server stamped on a record. When a timer is due and no fact has let
//! time pass, the engine publishes a *tick* into the intake and reads it back
//! ([`engine::tick`]). The broker orders its records and stamps them itself, so
//! whatever came before the tick is decided before the deadline is declared
//! passed, and whatever comes after was late. Two things follow that a wall clock
//! could not give: a slow engine never punishes a fact that was in time, and the
//! whole ledger is a function of the intake: deciding it again gives the same
//! bytes, in a test, in a simulation and in an audit.
//!
//! # Who decides when two could
//!
//! There is no lease. An engine that meets a fence follows ([`engine::follow`]),
//! and one that follows takes over when there is something to decide and the
//! ledger stands still ([`engine::settings::Settings::takeover_after`]). A lease
//! would save a little work and bring a second truth about who leads; the fence is
//! the only one.
//!
//! # What is to be told
//!
//! A reminder is raised by the kernel and stands on the ledger with whom it is for and
//! by which channel. How its delivery ended is a fact, and its verdict stands there,
//! too. What is still to be delivered is therefore a table of the projection
//! ([`query::outbox`]): raised, and without an end. The [`courier`] reads it in pages
//! while its engine leads, sends, and states the ends; it keeps nothing that a crash
//! could take. A rebuild folds the ends together with the reminders and sends nothing;
//! dead letters are rows that one can count, page through and have sent again, each by
//! a fact; memory is bounded, because a million reminders that are due at once are a
//! million rows, not a queue. A durable consumer of the ledger would hold the same work
//! list a second time: in a place that no query reads, with limits and timers of
//! redelivery as a second truth about what is under way. Towards the outside a message
//! goes out at least once, under a key made of the ledger's identity and the reminder's
//! place on it, so that whoever receives it can tell a repetition. Other services do
//! follow the ledger with consumers of their own: their work lists are theirs. The desk's
//! bell ([`query::bell`]) is no channel but a ring of rows that the fold keeps: it needs
//! no sending, so it has no outcome, and a rebuild makes it again.
//!
//! # Who may
//!
//! [`http::gate`] stands before every address: it knows who asks (a session, a token, or
//! whoever works on a machine without accounts) and looks up in one list,
//! [`http::rights`], what the address needs; what is not in the list is closed. What one
//! may is [`identity`]'s; whose rows one sees is applied by [`query::reader`], so that
//! no surface can show more than another. Who stated a fact goes with it to the ledger.
//!
//! Over the broker the subject says who asks or states, since the broker lets each of its
//! users ([`nats::users`]) publish under its own name only; [`responder`] gives the answers
//! of the same addresses to it.
//!
//! Accounts and tokens are the office's settings, not facts: a ledger forgets nothing,
//! and these must be forgettable. They are one file, written whole and renamed
//! ([`files`]): a store of sled belongs to one process, while these are changed by the
//! command line beside a running server, which sees each change at the next request.
//! Only hashes are kept. Sessions are in memory: a restart signs everybody out.
//!
//! # Floors
//!
//! Imports go downward only; `tests/it/layout.rs` holds the list and fails when
//! they do not.
//!
//! | floor | modules | is | must not |
//! |---|---|---|---|
//! | 1 | [`parse`], [`id`], [`time`], [`exact`], [`calendar`] | names, instants, exact numbers, working days, due rules, explanations | know events |
//! | 2 | [`event`] | facts, the ledger's catalogue, both wire forms, the hash chain | know policies |
//! | 3 | [`policy`] | the language, its checker, definitions, the set in force | do I/O |
//! | 3 | [`identity`] | roles, grants, sight, accounts, sessions | do I/O, draw a number |
//! | 4 | [`kernel`] | rows, decide, evolve, timers, sweeps | wait, read a clock, draw a number, iterate without order |
//! | 5 | [`port`] | what is needed of a log, a store, a shelf, a carrier, in words | name a library |
//! | 6 | [`message`] | what is said to people, in Chinese and English, in every form | do I/O, compute a date |
//! | 6 | [`memory`], [`nats`], [`sled_store`], [`files`], [`carriers`], over [`tls`] | adapters | know each other or the kernel |
//! | 7 | [`query`] | the one reading side behind every surface | write |
//! | 8 | [`engine`] | the tenant's loop | name an adapter |
//! | 8 | [`courier`] | delivery to people and systems, above the engine that it watches | name an adapter, decide |
//! | 8 | [`openid`] | asks an issuer who somebody is | decide what they may |
//! | 9 | [`scenario`] | virtual time, policies held against what they should do | be part of a run |
//! | 10 | [`sim`] | seeds, faults, the auditor | be part of a run |
//! | 11 | [`http`], [`desk`], [`responder`], [`cli`], [`telemetry`] | surfaces; `desk` and `responder` (questions over the broker) stand on `http`; `cli` alone wires adapters, reads the clock and the environment | hold rules |
//!
//! Where to look: a due rule lives in [`calendar`] (`rule.rs` is its form, `due.rs`
//! its arithmetic, `explain.rs` its reasons). What a fact does is
//! [`kernel::decide`], in the order of its doors. What becomes of it in the store
//! is [`kernel::row`] and [`kernel::index`]. A clock, a state or an event type of
//! a notice is in no Rust at all: see `workflows/` and `events/`.
//!
//! # Invariants
//!
//! - Every fact has at least one event; a refusal is an event with rule, field and
//!   value, and the original is kept.
//! - All events of a fact are in one atomic batch; each carries its cause (intake
//!   place and ordinal) and the digest of the entry before.
//! - A deadline is breached at most once for a due instant, a rung reached at most
//!   as often as its ladder says; timers fire in the order of their instants.
//! - A fact is recognised for ever by its source and id; nothing rests on the
//!   broker's duplicate window.
//! - Every address says what it needs; every answer keeps to what its asker sees; a secret
//!   is kept as a hash and never logged.
//! - Nothing is sent to an address that was not checked for that connection; a redirect is
//!   an answer, not a way to go on ([`carriers::guard`]).
//! - One step of the store holds rows, indexes, counts and checkpoint together.
//! - Every list is in a stated order, every bound has a name and a reason.
//! - Nothing panics on input; a poison fact is refused and the engine goes on; a
//!   damaged store is set aside and made again; a damaged ledger stops its tenant,
//!   and no other.
//! - Absent on purpose: floats in decisions, the broker's TTLs, rollups and
//!   schedules, leases, a second writer to any store, a cache that could disagree.

pub mod calendar;
pub mod carriers;
pub mod cli;
pub mod config;
pub mod courier;
pub mod desk;
pub mod engine;
pub mod event;
pub mod exact;
pub mod files;
pub mod http;
pub mod id;
pub mod identity;
pub mod kernel;
pub mod memory;
pub mod message;
pub mod nats;
pub mod openid;
pub mod parse;
pub mod policy;
pub mod port;
pub mod query;
pub mod responder;
pub mod scenario;
pub mod sim;
pub mod sled_store;
pub mod telemetry;
pub mod time;
pub mod tls;
