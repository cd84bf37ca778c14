//! What the set answers. Every answer is a lookup; nothing is computed that a
//! publication could have computed once.

use std::sync::Arc;

use chrono::{NaiveDate, Utc};
use serde_json::Value;

use super::policies::PolicySet;
use super::schema::EventSchemas;
use crate::calendar::Calendar;
use crate::event::catalogue::{Act, Reason, Told};
use crate::id::{EventType, Name, RoleId, Sha, UnitId};
use crate::policy::definition::answers::Answers;
use crate::policy::definition::delivery::{Channel, Delivery};
use crate::policy::definition::reaction::{Cue, Reaction};
use crate::policy::definition::score::{Scorecard, Target};
use crate::policy::definition::{
    Definition, Effective, Guard, Opening, Register, Settings, Sides, Unit, Who, Workflow,
};
use crate::policy::guard::{self, GuardError, Input};
use crate::policy::near;
use crate::policy::notice::Notice;
use crate::time::Instant;

/// Units, roles and settings.
impl PolicySet {
    /// The register, once one is published.
    #[must_use]
    pub fn register(&self) -> Option<&Register> {
        self.0.directory.as_ref().map(|it| it.register())
    }

    /// The tenant's settings, the defaults before there is a register.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// A unit by its id.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.0.directory.as_ref()?.unit(id)
    }

    /// The unit of an id, title or alias; white space around it is ignored.
    #[must_use]
    pub fn resolve_unit(&self, spelling: &str) -> Option<UnitId> {
        self.0.directory.as_ref()?.resolve(spelling)
    }

    /// Whether a unit plays a role.
    #[must_use]
    pub fn has_role(&self, unit: &UnitId, role: &RoleId) -> bool {
        self.0.directory.as_ref().is_some_and(|directory| directory.has_role(unit, role))
    }

    /// The units that parties mean for a case, in order and without repeats.
    #[must_use]
    pub fn units_of(&self, parties: &[Who], case: &Sides<'_>) -> Vec<UnitId> {
        self.0.directory.as_ref().map(|directory| directory.units_of(parties, case)).unwrap_or_default()
    }
}

/// Calendars and event types.
impl PolicySet {
    /// The calendar that a name means today, with its identity.
    #[must_use]
    pub fn calendar(&self, name: &Name) -> Option<(Sha, &Calendar)> {
        let sha = self.0.calendar_names.get(name)?;
        self.0.calendars.get(sha).map(|calendar| (*sha, calendar.as_ref()))
    }

    /// A calendar that was ever in force.
    #[must_use]
    pub fn calendar_by_sha(&self, sha: &Sha) -> Option<&Calendar> {
        self.0.calendars.get(sha).map(AsRef::as_ref)
    }

    /// The event types that are known, in order, with their versions.
    pub fn event_types(&self) -> impl Iterator<Item = (&EventType, &EventSchemas)> {
        self.0.types.iter()
    }

    /// Holds a fact's data against its type's schema.
    ///
    /// # Errors
    /// A reason with the rule `type.unknown`, `type.version-unknown` or
    /// `schema.violated`; of the last the field is `data` and a JSON Pointer.
    pub fn validate(&self, event: &EventType, version: Option<&str>, data: &Value) -> Result<(), Reason> {
        if let Some(schemas) = self.0.types.get(event) {
            return schemas.check(version, data);
        }
        let known = self.0.types.keys().map(AsRef::as_ref);
        let meant = near::nearest(event.as_str(), known).map(|it| format!("; did you mean {it:?}?"));
        let message = format!("no such type of fact is known{}", meant.unwrap_or_default());
        Err(Reason::new("type.unknown", "type", event.as_str(), message))
    }
}

/// Workflows and guards.
impl PolicySet {
    /// A workflow that was ever in force: what judges the cases opened under it.
    #[must_use]
    pub fn workflow(&self, sha: &Sha) -> Option<Arc<Workflow>> {
        self.0.workflows.get(sha).cloned()
    }

    /// The identity of a workflow that this set handed out, or of an equal one.
    #[must_use]
    pub fn sha_of(&self, workflow: &Workflow) -> Option<Sha> {
        let is = |sha: &&Sha| self.0.workflows.get(sha).is_some_and(|it| std::ptr::eq(it.as_ref(), workflow));
        let latest = self.0.versions.get(&workflow.name)?.get(&workflow.effective.from);
        let same = latest.filter(is).or_else(|| self.0.workflows.keys().find(is));
        same.or_else(|| self.0.workflows.iter().find(|(_, it)| it.as_ref() == workflow).map(|(sha, _)| sha))
            .copied()
    }

    /// The versions of a workflow, by their first day.
    pub fn versions(&self, name: &Name) -> impl Iterator<Item = &Arc<Workflow>> {
        self.0
            .versions
            .get(name)
            .into_iter()
            .flat_map(|it| it.values())
            .filter_map(|sha| self.0.workflows.get(sha))
    }

    /// The names of all workflows, in order.
    pub fn workflow_names(&self) -> impl Iterator<Item = &Name> {
        self.0.versions.keys()
    }

    /// The workflows that take facts of a type: of every name that mentions it in
    /// any version the latest one, in order of names.
    #[must_use]
    pub fn handlers(&self, event: &EventType) -> Vec<Arc<Workflow>> {
        self.0.handlers.get(event).cloned().unwrap_or_default()
    }

    /// The names of the quotas that count facts of a type in any version, in order.
    pub fn quotas(&self, event: &EventType) -> impl Iterator<Item = &Name> {
        self.0.quotas.get(event).into_iter().flatten()
    }

    /// The version of a workflow under which cases open at an instant. Its local
    /// date is that of the calendar of the latest version's first clock.
    #[must_use]
    pub fn workflow_in_force(&self, name: &Name, at: Instant) -> Option<Arc<Workflow>> {
        let versions = self.0.versions.get(name)?;
        let latest = versions.values().next_back().and_then(|sha| self.0.workflows.get(sha))?;
        self.in_force_on(name, self.local_date(latest, at))
    }

    /// As [`PolicySet::workflow_in_force`], on a local date: of the versions whose
    /// span has the day, the one that began last.
    #[must_use]
    pub fn in_force_on(&self, name: &Name, on: NaiveDate) -> Option<Arc<Workflow>> {
        let begun = self.0.versions.get(name)?.range(..=on).rev();
        begun.filter_map(|(_, sha)| self.0.workflows.get(sha)).find(|it| covers(it.effective, on)).cloned()
    }

    fn local_date(&self, workflow: &Workflow, at: Instant) -> NaiveDate {
        let named = match &workflow.opens {
            Opening::Calendar { calendar, .. } | Opening::Once { calendar, .. } => Some(calendar),
            Opening::Event { .. } => workflow.clocks.first().map(|clock| &clock.calendar),
        };
        let calendar = named.and_then(|name| self.calendar(name));
        // A workflow without clocks names no zone; its days are then those of UTC.
        calendar.map_or_else(|| at.to_utc().with_timezone(&Utc).date_naive(), |(_, it)| it.local_date(at))
    }

    /// Whether a guard holds. Guards of published workflows are compiled once.
    ///
    /// # Errors
    /// Why it has no answer, which is a reason to refuse the fact.
    pub fn holds(&self, guard: &Guard, input: &Input<'_>) -> Result<bool, GuardError> {
        match self.0.guards.get(&guard.0).map(AsRef::as_ref) {
            Some(Ok(compiled)) => compiled.holds(input),
            Some(Err(error)) => Err(error.clone()),
            None => guard::compile(&guard.0)?.holds(input),
        }
    }

    /// The notices that are listed, in order of names.
    pub fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.0.current.values().filter_map(|(_, definition)| definition.as_notice())
    }

    /// The definitions in force with their identities, by kind, name and version.
    pub fn definitions(&self) -> impl Iterator<Item = (Sha, &Definition)> {
        self.0.current.values().map(|(sha, definition)| (*sha, definition.as_ref()))
    }
}

/// Targets and scorecards.
impl PolicySet {
    /// The names of all scorecards, in order.
    pub fn scorecard_names(&self) -> impl Iterator<Item = &Name> {
        self.0.card_versions.keys()
    }

    /// A scorecard that was ever in force: what judged the rankings made under it.
    #[must_use]
    pub fn scorecard(&self, sha: &Sha) -> Option<Arc<Scorecard>> {
        self.0.scorecards.get(sha).cloned()
    }

    /// The version of a scorecard under which a period that ends on a local day is
    /// scored, with its identity: of those whose span has the day, the one that
    /// began last.
    #[must_use]
    pub fn scorecard_on(&self, name: &Name, on: NaiveDate) -> Option<(Sha, Arc<Scorecard>)> {
        let begun = self.0.card_versions.get(name)?.range(..=on).rev();
        let known = begun.filter_map(|(_, sha)| Some((*sha, self.0.scorecards.get(sha)?.clone())));
        known.into_iter().find(|(_, card)| covers(card.effective, on))
    }

    /// The versions of a scorecard, by their first day.
    pub fn scorecard_versions(&self, name: &Name) -> impl Iterator<Item = &Arc<Scorecard>> {
        let versions = self.0.card_versions.get(name).into_iter().flat_map(|it| it.values());
        versions.filter_map(|sha| self.0.scorecards.get(sha))
    }

    /// The latest version of a scorecard, with its identity.
    #[must_use]
    pub fn latest_scorecard(&self, name: &Name) -> Option<(Sha, Arc<Scorecard>)> {
        let sha = *self.0.card_versions.get(name)?.values().next_back()?;
        Some((sha, self.0.scorecards.get(&sha)?.clone()))
    }

    /// The targets in force on a local day, in order of names.
    pub fn targets_on(&self, on: NaiveDate) -> impl Iterator<Item = (Sha, &Target)> {
        self.definitions().filter_map(move |(sha, definition)| match definition {
            Definition::Target(target) if covers(target.effective, on) => Some((sha, target.as_ref())),
            Definition::Target(_)
            | Definition::Register(_)
            | Definition::Calendar(_)
            | Definition::EventType(_)
            | Definition::Notice(_)
            | Definition::Workflow(_)
            | Definition::Scorecard(_)
            | Definition::Delivery(_)
            | Definition::Answers(_)
            | Definition::Reaction(_) => None,
        })
    }
}

/// Delivery, answers and reactions.
impl PolicySet {
    /// Who is told by what, once it is published.
    #[must_use]
    pub fn delivery(&self) -> Option<&Delivery> {
        self.0.delivery.as_deref()
    }

    /// The recipients of an act on a case who are served by a channel, in their order
    /// and in that of the channels.
    #[must_use]
    pub fn told(&self, act: Act, to: &[UnitId], case: &Sides<'_>) -> Vec<Told> {
        let Some(delivery) = self.delivery() else { return Vec::new() };
        let serves = |channel: &&Channel, unit: &UnitId| {
            (channel.acts.is_empty() || channel.acts.contains(&act))
                && (channel.units.contains(unit)
                    || channel.roles.iter().any(|role| self.has_role(unit, role))
                    || self.units_of(&channel.parties, case).contains(unit))
        };
        let of_unit = |unit: &UnitId| {
            let channels = delivery.channels.iter().filter(|channel| serves(channel, unit));
            channels.map(|it| Told { unit: unit.clone(), channel: it.name.clone() }).collect::<Vec<_>>()
        };
        to.iter().flat_map(of_unit).collect()
    }

    /// The answers that cases of a workflow take at an instant, with their identity.
    #[must_use]
    pub fn answers(&self, workflow: &Workflow, at: Instant) -> Option<(Sha, &Answers)> {
        let on = self.local_date(workflow, at);
        let begun = self.0.answers.range(..=on).rev();
        begun.map(|(_, (sha, it))| (*sha, it.as_ref())).find(|(_, it)| covers(it.effective, on))
    }

    /// The reactions that wait for a kind of event on cases of a workflow at an
    /// instant, in order of names, with their identities.
    pub fn reactions(
        &self,
        cue: Cue,
        workflow: &Workflow,
        at: Instant,
    ) -> impl Iterator<Item = (Sha, Arc<Reaction>)> {
        let on = (!self.0.reactions.is_empty()).then(|| self.local_date(workflow, at));
        let in_force = on.into_iter().flat_map(|on| {
            self.0.reactions.values().filter_map(move |versions| {
                versions.range(..=on).rev().map(|(_, it)| it).find(|(_, it)| covers(it.effective, on))
            })
        });
        in_force.filter(move |(_, it)| it.cue == cue).map(|(sha, it)| (*sha, Arc::clone(it)))
    }

    /// Whether anything is reacted to at all.
    #[must_use]
    pub fn reacts(&self) -> bool {
        !self.0.reactions.is_empty()
    }

    /// Every version of every reaction, in order of names and days.
    pub fn all_reactions(&self) -> impl Iterator<Item = &Arc<Reaction>> {
        self.0.reactions.values().flat_map(|versions| versions.values()).map(|(_, reaction)| reaction)
    }

    /// The local date of an instant for a workflow, as its periods and clocks have it.
    #[must_use]
    pub fn date_for(&self, workflow: &Workflow, at: Instant) -> NaiveDate {
        self.local_date(workflow, at)
    }
}

fn covers(span: Effective, on: NaiveDate) -> bool {
    span.from <= on && span.until.is_none_or(|until| on <= until)
}
