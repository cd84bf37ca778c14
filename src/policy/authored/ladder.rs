//! The authored ladder: rungs of reminders and escalations, shared by clocks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::party::Parties;
use super::raw::Raw;
use crate::calendar::Offset;
use crate::event::catalogue::{Act, RungLight};
use crate::id::Name;
use crate::policy::definition::{Ladder, Rung};
use crate::policy::problem::{Flaw, child};

/// Who is told when a deadline nears and passes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Ladder")]
pub struct AuthoredLadder {
    /// The name that clocks refer to.
    pub name: Name,
    /// Its version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// Whether rungs wait for business hours; never past the due instant.
    pub quiet_outside_working_hours: bool,
    /// The rungs, in the order of their instants.
    #[schemars(length(min = 1, max = 32))]
    pub rungs: Vec<AuthoredRung>,
}

/// At an instant relative to the due one, somebody is told something.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Rung")]
pub struct AuthoredRung {
    /// When, along the clock's calendar; negative is before due.
    pub at: Raw<Offset>,
    /// The colour of the sheet: blue before, yellow at, red after due.
    pub light: RungLight,
    /// What is done.
    pub act: Act,
    /// Who is told.
    pub to: Parties,
    /// The step between repetitions.
    #[serde(default)]
    pub every: Option<Raw<Offset>>,
    /// How many times at most; 1 unless it repeats.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 100))]
    pub most: u16,
}

const fn once() -> u16 {
    1
}

impl AuthoredLadder {
    /// The ladder.
    ///
    /// # Errors
    /// Every offset that cannot be read.
    pub fn resolve(&self) -> Result<Ladder, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mut rungs = Vec::new();
        for (at, rung) in self.rungs.iter().enumerate() {
            match rung.resolve(&child("/rungs", at)) {
                Ok(rung) => rungs.push(rung),
                Err(flaw) => flaws.push(flaw),
            }
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        Ok(Ladder {
            name: self.name.clone(),
            version: self.version.clone(),
            quiet_outside_working_hours: self.quiet_outside_working_hours,
            rungs,
        })
    }
}

impl AuthoredRung {
    fn resolve(&self, pointer: &str) -> Result<Rung, Flaw> {
        Ok(Rung {
            at: self.at.read(&child(pointer, "at"))?,
            light: self.light,
            act: self.act,
            to: self.to.0.clone(),
            every: self.every.as_ref().map(|every| every.read(&child(pointer, "every"))).transpose()?,
            most: self.most,
        })
    }
}
