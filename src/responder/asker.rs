//! Who asks: from the part of the subject that the broker guards to their grants.
//!
//! A unit asks under its own id and sees what its members see; a system asks as
//! `token:<name>` and sees what its token shows over HTTP, as long as the token holds.
//! The operator asks as `operator`. This is worth what the broker is worth: where it
//! lets everybody in, nobody's word is taken once people must sign in.

use crate::http::gate::Gate;
use crate::http::problem::Problem;
use crate::id::{Name, TenantId, UnitId};
use crate::identity::grant::Grant;
use crate::identity::viewer::{Viewer, Who};

/// How a token's name is told from a unit's id, which has no colon.
pub const TOKEN: &str = "token:";
/// Who may ask everything.
const OPERATOR: &str = "operator";
/// Parts of duban that ask nothing.
const SILENT: [&str; 2] = ["engine", "importer"];

/// Whether the broker knows its users, so that subjects say who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouching {
    /// It lets each user ask under its own name only.
    Vouches,
    /// It lets everybody in.
    Open,
}

/// Who asks about `tenant` as `asker`.
///
/// # Errors
/// A problem when it is nobody, or nobody can know.
pub fn asker(asker: &str, tenant: &TenantId, gate: &Gate, vouching: Vouching) -> Result<Viewer, Problem> {
    let directory = gate.directory()?;
    if vouching == Vouching::Open && gate.requires_sign_in(&directory) {
        let detail = "this broker lets everybody in and cannot say who asks; give it users with `duban credentials` \
                      and run the engine with its key, or ask over HTTP";
        return Err(Problem::new("access.sign-in", detail));
    }
    if asker == OPERATOR {
        return Ok(operator());
    }
    if let Some(named) = asker.strip_prefix(TOKEN) {
        let found = Name::new(named).ok().and_then(|name| directory.by_token_name(&name, gate.now()));
        return found.ok_or_else(|| {
            let detail = "this token is unknown, revoked or has ended; ask an operator for another";
            Problem::new("access.token", detail).about("asker", asker)
        });
    }
    let unit = UnitId::new(asker).ok().filter(|unit| !SILENT.contains(&unit.as_str()));
    let unit = unit.ok_or_else(|| {
        let detail =
            "ask as a unit, such as qu-fagaiju, or as token:NAME: duban.<tenant>.query.<asker>.<what>";
        Problem::new("access.sign-in", detail).about("asker", asker)
    })?;
    Ok(Viewer::unit(tenant, &unit))
}

/// The operator's unit stands in no register of people: it may do everything.
fn operator() -> Viewer {
    Viewer::new(Who::Local, vec![Grant::Operator])
}
