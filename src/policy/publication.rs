//! The fact by which the operator publishes a definition.
//!
//! It makes the fact; what differs from what is in force, and who sends it, is
//! the caller's business.

use serde_json::json;

use super::definition::Definition;
use crate::event::fact::Fact;
use crate::id::{EventType, IdError, Seq, UnitId};
use crate::time::Instant;

/// Who publishes policies.
pub const OPERATOR: &str = "operator";
/// The source that such facts name.
pub const SOURCE: &str = "/duban/policies";
/// Their type.
pub const POLICY_PUBLISHED: &str = "policy.published";

/// A publication that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PublicationError {
    /// The definition does not go into JSON; none that was read from a text does that.
    #[error("write the definition {name:?} as JSON")]
    Document {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// One of the constants here has not its form.
    #[error(transparent)]
    Name(#[from] IdError),
}

/// The fact that publishes a definition. Its id says what it is and which ledger
/// entry it replaces, so it is the same wherever it is made, and going back to an
/// earlier text is a new fact. A fact of the past says when it was recorded.
///
/// # Errors
/// [`PublicationError`] when the definition cannot be written as JSON.
pub fn fact(
    definition: &Definition,
    replaces: Option<Seq>,
    recorded_at: Option<Instant>,
) -> Result<Fact, PublicationError> {
    let (kind, name, version) = (definition.kind(), definition.name(), definition.version());
    let unwritable = |source| PublicationError::Document { name: definition.name(), source };
    let sha = definition.sha().map_err(unwritable)?;
    let document = serde_json::to_value(definition).map_err(unwritable)?;
    let replaced = replaces.map(|seq| format!("/after-{seq}")).unwrap_or_default();
    Ok(Fact {
        source: SOURCE.to_owned(),
        id: format!("{kind}/{name}/{version}/{}{replaced}", sha.short()),
        kind: EventType::new(POLICY_PUBLISHED)?,
        version: None,
        subject: None,
        actor: UnitId::new(OPERATOR)?,
        occurred_at: None,
        imported_at: recorded_at,
        stated_by: None,
        data: json!({ "kind": kind, "name": name, "version": version, "sha": sha, "document": document }),
    })
}
