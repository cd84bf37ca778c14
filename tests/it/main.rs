//! Everything that is tested from outside the crate, in one binary.

mod entry;
mod envelope;
mod envelope_properties;
mod samples;
