//! The web desk: pages over what the read side answers, and over nothing else.
//!
//! Pages are made on the server (`shell` is what frames them all); one style
//! sheet and one script go with them (`assets`), and nothing is fetched from
//! anywhere else. `visit` is where a request becomes a tenant, a language, an
//! instant and a `viewer::Viewer`; every page gets these from there. The desk
//! holds no rule: a number that it shows is one that [`crate::query`] gave.

mod answer;
mod assets;
mod bell;
mod bulletin;
mod calendar_page;
mod case_page;
mod csv;
mod deliveries;
mod document;
mod export;
mod failure;
mod feed;
mod feed_address;
mod ledger;
mod ledger_table;
mod letter_page;
mod link;
mod matrix;
mod overview;
mod parts;
mod policies;
mod rankings;
mod refusal_words;
mod refusals;
mod resubmit;
mod routes;
mod search;
mod settings;
mod sheet;
mod shell;
mod sign_in;
mod strip;
mod supervision;
mod supervision_sheet;
mod trend;
mod units;
mod view;
mod viewer;
mod visit;
mod workbook;

pub use routes::routes;
