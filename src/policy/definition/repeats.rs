//! How often a rung repeats when its ladder does not say.

/// Once.
pub(super) const fn once() -> u16 {
    1
}

/// Whether that need not be written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(super) const fn is_once(most: &u16) -> bool {
    *most == 1
}
