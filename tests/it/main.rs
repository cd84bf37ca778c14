//! All integration tests in one binary; each module says what it holds true.

#![expect(clippy::expect_used, clippy::panic, reason = "a test stops where it finds what it did not expect")]
#![expect(clippy::print_stdout, reason = "a torture says its seed")]
#![expect(clippy::too_many_lines, reason = "a model or a scenario is told in one piece")]
#![expect(clippy::cast_possible_truncation, reason = "counts of a test fit any machine")]
#![expect(clippy::type_complexity, reason = "a fixture is named by what it holds")]
#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the project's files are named in lower case"
)]

mod access_feeds;
mod access_matrix;
mod access_session;
mod browser_escalation;
mod browser_pages;
mod browser_ways;
mod calendar_vectors;
mod carriers_guard;
mod carriers_mail;
mod carriers_robots;
mod carriers_subject;
mod carriers_webhook;
mod cli_access;
mod cli_archive;
mod cli_damage;
mod cli_local;
mod cli_policy;
mod cli_score;
mod cli_serve;
mod cli_shell;
mod cli_up;
mod clients;
mod courier_audit;
mod courier_deliveries;
mod courier_elsewhere;
mod courier_place;
mod courier_preview;
mod courier_receivers;
mod courier_town;
mod credentials_on_nats;
mod desk;
mod desk_answers;
mod desk_exports;
mod desk_yesterday;
mod directory_contract;
mod engine_on_nats;
mod entry;
mod envelope;
mod envelope_properties;
mod four_notices;
mod genhe_annex;
mod http_cases;
mod http_problems;
mod http_scores;
mod interface_documents;
mod kernel_answers;
mod kernel_calendar;
mod kernel_duties;
mod kernel_import;
mod kernel_ladders;
mod kernel_matters;
mod kernel_memory;
mod kernel_objection;
mod kernel_once;
mod kernel_policies;
mod kernel_properties;
mod kernel_quotas;
mod kernel_rankings;
mod kernel_reactions;
mod kernel_sides;
mod kernel_told;
mod layout;
mod local_broker;
mod log_contract;
mod log_on_nats;
mod memory_log;
mod messages;
mod openid_provider;
mod policies;
mod policy_duties;
mod query_duties;
mod questions;
mod questions_on_nats;
mod readme_tutorial;
mod samples;
mod scenarios;
mod schemathesis;
mod simulation;
mod store_contract;
mod store_crash;
mod store_damage;
mod store_folder;
mod store_steps;
mod support;
mod torture_audit;
mod torture_burst;
mod torture_chaos;
mod torture_courier;
mod torture_damage;
mod torture_kills;
mod torture_load;
mod torture_serve;
mod torture_two;
mod year;
