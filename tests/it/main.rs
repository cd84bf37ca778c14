//! All integration tests in one binary; each module says what it holds true.

mod calendar_vectors;
mod store_contract;
mod store_crash;
mod store_damage;
mod store_folder;
mod store_steps;
