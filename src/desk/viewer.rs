//! Who looks at a page, as pages show it: what they are called, what they may, and
//! what their forms must bring. Who it is and what they see was said by the gate.

use axum::http::request::Parts;

use super::view::View;
use crate::calendar::Text;
use crate::event::fact::Fact;
use crate::http::gate::Admitted;
use crate::id::{EventType, TenantId, UnitId};
use crate::identity::grant::Right;
use crate::identity::viewer::{Viewer as Somebody, Who};

/// Whoever asked for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    somebody: Somebody,
    /// What a form of theirs must bring; none where nobody has signed in.
    pub csrf: Option<String>,
}

impl Viewer {
    /// Whom the gate has let in.
    pub fn of(somebody: &Somebody, parts: &Parts) -> Self {
        let session = parts.extensions.get::<Admitted>().and_then(|admitted| admitted.session.as_ref());
        let csrf = session.map(|session| session.csrf.reveal().to_owned());
        Self { somebody: somebody.clone(), csrf }
    }

    /// Whether they have a right in a tenant; what they have not is not offered.
    pub fn may(&self, right: Right, tenant: &TenantId) -> bool {
        self.somebody.may(right, Some(tenant))
    }

    /// Whether they may state facts of a type for a unit; whether a case takes one from
    /// it is another question.
    pub fn may_state(&self, tenant: &TenantId, unit: &UnitId, kind: &EventType) -> bool {
        let fact = Fact {
            source: String::new(),
            id: String::new(),
            kind: kind.clone(),
            version: None,
            subject: None,
            actor: unit.clone(),
            occurred_at: None,
            imported_at: None,
            stated_by: None,
            data: serde_json::Value::Null,
        };
        self.may(Right::State, tenant) && self.somebody.may_state(tenant, &fact).is_ok()
    }

    /// The office that they supervise this desk's tenant for, by its title.
    pub fn office(&self, view: &View) -> Option<String> {
        let office = self.somebody.office(&view.tenant)?;
        let unit = view.home.units.iter().find(|unit| unit.id == office.as_str());
        Some(unit.map_or_else(|| office.to_string(), |unit| view.of(&unit.title).to_owned()))
    }

    /// What they are called on the page.
    pub fn title(&self) -> Text {
        let named = |name: &str| Text::new(name, name);
        match self.somebody.who() {
            Who::Local => Text::new("本机", "this machine"),
            Who::Account(name) => named(name.as_str()),
            Who::Token(name) => named(name.as_str()),
            Who::Unit(unit) => named(unit.as_str()),
            Who::Issued { title, .. } => named(title),
        }
    }
}
