//! Which keys of a duty go together, and where a flaw of the workflow that it is
//! short for stands in the duty.

use super::{AuthoredDuty, Every};
use crate::policy::definition::Covers;
use crate::policy::problem::Flaw;

impl AuthoredDuty {
    /// Keys that are missing, and keys that contradict each other.
    pub(super) fn form_flaws(&self) -> Vec<Flaw> {
        let mut flaws = self.date_flaws();
        if self.is_quota() {
            flaws.extend(self.quota_flaws());
        } else {
            flaws.extend(self.report_flaws());
        }
        if self.every == Every::Once && self.covers == Some(Covers::Previous) {
            let message = "what is owed once is about no period, so there is none before it";
            flaws.push(
                Flaw::mistake("duty.covers", "/covers", "previous", message)
                    .with_hint(Some("leave covers out".into())),
            );
        }
        flaws
    }

    /// Exactly one of a date and the words that say why there is none.
    fn date_flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        match (&self.due, &self.standing) {
            (Some(_), Some(_)) => {
                let message = "it has a due date, so nothing says that it has none";
                flaws.push(
                    Flaw::mistake("duty.due-and-standing", "/standing", "", message)
                        .with_hint(Some("leave out due or standing".into())),
                );
            }
            (None, None) => {
                let message = "it says neither when it is due nor why it has no date";
                let hint = "add due, or standing: {zh: …, en: …} with the words of the document";
                flaws.push(Flaw::mistake("duty.no-date", "", "", message).with_hint(Some(hint.to_owned())));
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        if self.due.is_none() && self.ladder.as_str() != "none" {
            let message = "nothing is due, so no rung is ever reached";
            flaws.push(
                Flaw::mistake("duty.ladder-unused", "/ladder", self.ladder.as_str(), message)
                    .with_hint(Some("write ladder: none".into())),
            );
        }
        flaws
    }

    /// What a duty needs that is done by a fact of its own.
    fn report_flaws(&self) -> Vec<Flaw> {
        let needed = [
            ("satisfiedBy", self.satisfied_by.is_some()),
            ("about", self.about.is_some()),
            ("covers", self.covers.is_some() || self.every == Every::Once),
        ];
        needed.into_iter().filter(|(_, there)| !there).map(|(key, _)| missing(key)).collect()
    }

    /// What a quota needs, and what it has no use for.
    fn quota_flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let needed = [("atLeast", self.at_least.is_some()), ("counts", self.counts.is_some())];
        flaws.extend(needed.into_iter().filter(|(_, there)| !there).map(|(key, _)| missing(key)));
        let useless = [
            ("satisfiedBy", self.satisfied_by.is_some()),
            ("review", self.review.is_some()),
            ("about", self.about.is_some()),
            ("standing", self.standing.is_some()),
            ("covers", self.covers == Some(Covers::Previous)),
        ];
        for (key, _) in useless.into_iter().filter(|(_, there)| *there) {
            let message =
                "a quota counts facts of other cases in the period that begins, and takes none itself";
            let hint = Some(format!("leave out {key}, or counts and atLeast"));
            flaws.push(Flaw::mistake("quota.excess", &format!("/{key}"), "", message).with_hint(hint));
        }
        if self.every == Every::Once {
            let message = "a quota counts within a period, and once has none";
            let hint = Some("write the period, such as every: year".into());
            flaws.push(Flaw::mistake("quota.once", "/every", "once", message).with_hint(hint));
        }
        flaws
    }

    /// Where a field of the workflow that the duty is short for stands in the duty.
    #[must_use]
    pub fn authored_field(&self, field: &str) -> String {
        const PLACES: [(&str, &str); 9] = [
            ("/opens/calendar/calendar", "/calendar"),
            ("/opens/once/calendar", "/calendar"),
            ("/states/submitted/waitsFor", "/review/by"),
            ("/states/submitted/events", "/review"),
            ("/clocks/0/stop/at", "/satisfiedBy/at"),
            ("/clocks/0/stop", "/satisfiedBy/event"),
            ("/clocks/0", ""),
            ("/quota/atLeast", "/atLeast"),
            ("/quota", "/counts"),
        ];
        if field.starts_with("/opens/calendar/units") || field.starts_with("/opens/once/units") {
            // Groups are expanded there, so that the places in the lists differ.
            return "/for".into();
        }
        if let Some(list) = ["/assist", "/lead"]
            .into_iter()
            .find(|it| field.strip_prefix(it).is_some_and(|rest| rest.starts_with('/')))
        {
            return list.into();
        }
        if field.starts_with("/states") && field.ends_with("/when") {
            return "/about".into();
        }
        if field.starts_with("/states/open/events") || field.starts_with("/states/returned/events") {
            return self.taken(field);
        }
        // A standing duty has no clock of its own before the one for mending.
        let clock = if self.due.is_some() { "/clocks/1" } else { "/clocks/0" };
        let mending = field.strip_prefix(clock).map(mending);
        let placed = || {
            let of = |(from, to): &(&str, &str)| field.strip_prefix(from).map(|rest| format!("{to}{rest}"));
            PLACES.iter().find_map(of)
        };
        mending.or_else(placed).unwrap_or_else(|| field.into())
    }

    /// The place of a fact that the open case takes: the one that does the duty, or
    /// a verdict on it where the case stays open.
    fn taken(&self, field: &str) -> String {
        let verdict = self.review.as_ref().and_then(|review| {
            let verdicts = [(&review.pass, "/review/pass"), (&review.send_back, "/review/return")];
            verdicts.into_iter().find(|(event, _)| field.contains(&format!("/events/{event}")))
        });
        match verdict {
            Some(_) if field.ends_with("/by") => "/review/by".into(),
            Some((_, place)) => place.to_owned(),
            None => "/satisfiedBy/event".into(),
        }
    }
}

/// The place of a field of the second clock.
fn mending(rest: &str) -> String {
    let own = ["/due", "/ladder", "/cite"].into_iter().find(|part| rest.starts_with(part));
    match own {
        Some(_) => format!("/review/mend{rest}"),
        None if rest.starts_with("/stop") => format!("/satisfiedBy/event{}", &rest["/stop".len()..]),
        None => rest.to_owned(),
    }
}

fn missing(key: &str) -> Flaw {
    Flaw::mistake("key.missing", "", "", format!("the key {key:?} is missing"))
}
