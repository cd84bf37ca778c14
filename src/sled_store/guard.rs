//! Runs the library so that its panics become errors.
//!
//! It does not decide what an error means: [`super::store`] stops using a store
//! after the first one.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `work` answers, or why it did not, panics included.
///
/// Nothing that a panic could leave half-done is looked at again: the caller
/// gives the store up after any error.
pub(super) fn guarded<T>(work: impl FnOnce() -> sled::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(error.to_string()),
        Err(payload) => Err(panic_text(payload.as_ref())),
    }
}

/// What a panic said.
pub(super) fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a text");
    format!("the library panicked: {text}")
}
