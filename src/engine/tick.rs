//! The mark by which time enters the intake.
//!
//! A deadline may be declared passed only when every fact recorded before it was
//! decided. The broker orders its records and stamps them with its own clock, so
//! a record published once the due instant is past, and read back, proves just
//! that: whatever came earlier has a smaller place, whatever comes later is late.

use bytes::Bytes;

use crate::id::TenantId;
use crate::port::log::NewRecord;

/// A tick for the intake of `tenant`.
#[must_use]
pub fn tick(tenant: &TenantId) -> NewRecord {
    NewRecord {
        subject: format!("duban.{tenant}.intake.engine.clock.ticked"),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
    }
}
