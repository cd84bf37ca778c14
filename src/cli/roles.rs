//! Roles as arguments of commands.

use super::exit::{Exit, Failure};
use crate::id::{EventType, TenantId, UnitId};
use crate::identity::grant::Grant;

/// A role's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RoleName {
    /// Runs the service: everything, in every tenant
    Operator,
    /// Sees all of a tenant and speaks for its supervising office
    Supervisor,
    /// Sees all cases of a tenant and speaks for its reviewing office
    Reviewer,
    /// Sees what its unit owes and speaks for it
    Member,
    /// A system: states named types of facts for named units
    Service,
    /// Reads cases, of one tenant or of all
    Reader,
}

/// A role with where it holds.
#[derive(Debug, Clone, clap::Args)]
pub struct RoleArgs {
    /// What they may
    #[arg(long, value_enum)]
    role: RoleName,
    /// Whose cases
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// The unit they speak for; a service may have several
    #[arg(long = "unit", value_delimiter = ',', value_name = "UNIT")]
    units: Vec<UnitId>,
    /// What a service may state, such as dispatch.submitted
    #[arg(long = "event", value_delimiter = ',', value_name = "TYPE")]
    events: Vec<EventType>,
}

impl RoleArgs {
    /// The grant that they make.
    ///
    /// # Errors
    /// [`Failure`] when something is missing or too much.
    pub fn grant(&self) -> Result<Grant, Failure> {
        let wrong = |words: &str| Failure::new(Exit::Usage, format!("give this role: {words}"));
        let tenant = || self.tenant.clone().ok_or_else(|| wrong("say for which --tenant"));
        let unit = || match self.units.as_slice() {
            [unit] => Ok(unit.clone()),
            _ => Err(wrong("say which --unit it is, one only")),
        };
        if self.role != RoleName::Service && !self.events.is_empty() {
            return Err(wrong("only a service has --event"));
        }
        let needs_no_unit = matches!(self.role, RoleName::Operator | RoleName::Reader);
        if needs_no_unit && !self.units.is_empty() {
            return Err(wrong("it has no --unit"));
        }
        match self.role {
            RoleName::Operator if self.tenant.is_some() => Err(wrong("an operator's holds in every tenant")),
            RoleName::Operator => Ok(Grant::Operator),
            RoleName::Supervisor => Ok(Grant::Supervisor { tenant: tenant()?, unit: unit()? }),
            RoleName::Reviewer => Ok(Grant::Reviewer { tenant: tenant()?, unit: unit()? }),
            RoleName::Member => Ok(Grant::Member { tenant: tenant()?, unit: unit()? }),
            RoleName::Reader => Ok(Grant::Reader { tenant: self.tenant.clone() }),
            RoleName::Service if self.units.is_empty() || self.events.is_empty() => {
                Err(wrong("say for which --unit and which types of facts, --event"))
            }
            RoleName::Service => Ok(Grant::Service {
                tenant: tenant()?,
                units: self.units.iter().cloned().collect(),
                events: self.events.iter().cloned().collect(),
            }),
        }
    }
}

/// A grant in a few words.
#[must_use]
pub fn told(grant: &Grant) -> String {
    let list = |texts: Vec<&str>| texts.join(", ");
    let role = grant.role();
    match grant {
        Grant::Operator | Grant::Reader { tenant: None } => role.to_owned(),
        Grant::Reader { tenant: Some(tenant) } => format!("{role} {tenant}"),
        Grant::Supervisor { tenant, unit }
        | Grant::Reviewer { tenant, unit }
        | Grant::Member { tenant, unit } => format!("{role} {tenant}/{unit}"),
        Grant::Service { tenant, units, events } => {
            let units = list(units.iter().map(UnitId::as_str).collect());
            let events = list(events.iter().map(EventType::as_str).collect());
            format!("{role} {tenant}/{units}: {events}")
        }
    }
}
