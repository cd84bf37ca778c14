//! One ledger entry in one sentence, in Chinese and English.
//!
//! The sentence says what the entry says; titles come from the definitions.

use super::explained::{act_words, titles};
use super::naming::Named;
use super::policy_cache::Policies;
use super::span::{due_text, end_text, moment_text};
use crate::calendar::{Calendar, Text};
use crate::event::catalogue::{
    CaseCredited, CaseOpened, DeadlineMet, DeadlineMoved, EXTENDED, Event, FactAccepted, RungReached, Term,
};
use crate::event::entry::Entry;
use crate::id::{EventType, Name};
use crate::policy::definition::{Definition, Workflow};
use crate::time::Instant;

mod told;

/// What an entry says.
#[must_use]
pub fn tell(policies: &Policies, calendar: Option<&Calendar>, entry: &Entry) -> Text {
    let workflow = entry.decided.policy.and_then(|sha| policies.set.workflow(&sha));
    let teller = Teller { policies, calendar, workflow: workflow.as_deref() };
    teller.tell(&entry.decided.event)
}

/// Knows the titles that an entry's ids stand for.
struct Teller<'a> {
    policies: &'a Policies,
    calendar: Option<&'a Calendar>,
    workflow: Option<&'a Workflow>,
}

impl Teller<'_> {
    fn tell(&self, event: &Event) -> Text {
        match event {
            Event::FactAccepted(it) => self.accepted(it),
            Event::CaseOpened(it) => self.opened(it),
            Event::CaseCredited(it) => self.credited(it),
            Event::CaseClosed(it) => {
                let state = self.state(&it.state);
                Text::new(format!("办结，状态“{}”", state.zh), format!("closed as {}", state.en))
            }
            Event::DeadlineSet(it) => {
                let (clock, due) = (self.clock(&it.clock), self.due(&it.term));
                let (zh, en) = provisional(&it.term);
                Text::new(
                    format!("起算期限“{}”，{} 到期{zh}", clock.zh, due.zh),
                    format!("{} is due {}{en}", clock.en, due.en),
                )
            }
            Event::DeadlineMoved(it) if it.reason == EXTENDED => {
                self.moved(it, "延期获准，", "the extension is granted: ")
            }
            Event::DeadlineMoved(it) => self.moved(it, "日历调整，", "the calendar was amended: "),
            Event::DeadlineResumed(it) => self.moved(it, "恢复计时，", "runs on: "),
            Event::DeadlinePaused(it) => {
                let clock = self.clock(&it.clock);
                Text::new(format!("期限“{}”暂停计时", clock.zh), format!("{} stands still", clock.en))
            }
            Event::DeadlineMet(it) => self.met(it),
            Event::DeadlineCancelled(it) => {
                let clock = self.clock(&it.clock);
                Text::new(
                    format!("期限“{}”终止，不作评判", clock.zh),
                    format!("{} ended without judgement", clock.en),
                )
            }
            Event::DeadlineBreached(it) => {
                let clock = self.clock(&it.clock);
                Text::new(format!("期限“{}”届满未办，超期", clock.zh), format!("{} passed unmet", clock.en))
            }
            Event::BreachWithdrawn(it) => {
                let clock = self.clock(&it.clock);
                Text::new(
                    format!("撤销期限“{}”的超期认定", clock.zh),
                    format!("the breach of {} is withdrawn", clock.en),
                )
            }
            Event::ReminderDue(it) | Event::EscalationRaised(it) => self.rung(it),
            Event::CaseAnswered(it) => self.answered(it),
            Event::DeliveryEnded(it) => self.delivery(it),
            Event::DeliveryReplayed(it) => self.replayed(it),
            Event::ReactionCounted(it) => Self::counted(it),
            Event::ReactionCalled(it) => self.called(it),
            Event::ReactionStopped(it) => Self::stopped(it),
            Event::LedgerOpened(_)
            | Event::PolicyPublished(_)
            | Event::CalendarApplied(_)
            | Event::EventRefused(_)
            | Event::EventDuplicated(_)
            | Event::EventParked(_)
            | Event::PeriodOpened(_)
            | Event::PolicyBegun(_)
            | Event::RankingPublished(_) => Text::new(event.kind(), event.kind()),
        }
    }

    fn opened(&self, it: &CaseOpened) -> Text {
        let (unit, state) = (Named::unit(self.policies, &it.owner).title, self.state(&it.state));
        Text::new(
            format!("立项，责任单位 {}，状态“{}”", unit.zh, state.zh),
            format!("opened; {} owes it; state {}", unit.en, state.en),
        )
    }

    fn credited(&self, it: &CaseCredited) -> Text {
        let kind = self.kind(&it.kind);
        Text::new(
            format!("计入 {}（{}），第 {} 件，共需 {} 件", kind.zh, it.from, it.nth, it.of),
            format!("{} of {} counts: {} of {}", kind.en, it.from, it.nth, it.of),
        )
    }

    fn accepted(&self, it: &FactAccepted) -> Text {
        let (kind, to) = (self.kind(&it.fact.kind), self.state(&it.to));
        let actor = Named::unit(self.policies, &it.fact.actor).title;
        let moved = it.from.as_ref() != Some(&it.to);
        let (zh, en) = match (moved, &it.from) {
            (true, Some(_)) => (format!("，转入“{}”", to.zh), format!("; now {}", to.en)),
            (true, None) | (false, _) => (String::new(), String::new()),
        };
        let (note_zh, note_en) = match (it.fact.imported_at, it.parked) {
            (Some(_), _) => ("（补录）", " (imported)"),
            (None, Some(_)) => ("（先到后办）", " (had come early and waited)"),
            (None, None) => ("", ""),
        };
        Text::new(
            format!("{}：{}{zh}{note_zh}", actor.zh, kind.zh),
            format!("{}: {}{en}{note_en}", actor.en, kind.en),
        )
    }

    fn moved(&self, it: &DeadlineMoved, zh: &str, en: &str) -> Text {
        let (clock, due) = (self.clock(&it.clock), self.due(&it.term));
        let before = self.moment(it.before);
        Text::new(
            format!("{zh}期限“{}”由 {} 改为 {} 到期", clock.zh, before.zh, due.zh),
            format!("{en}{} is due {} instead of {}", clock.en, due.en, before.en),
        )
    }

    fn met(&self, it: &DeadlineMet) -> Text {
        let clock = self.clock(&it.clock);
        let (zh, en) = if it.late { ("逾期办理", "met late") } else { ("按时办理", "met in time") };
        Text::new(format!("期限“{}”{zh}", clock.zh), format!("{} {en}", clock.en))
    }

    fn rung(&self, it: &RungReached) -> Text {
        let (clock, act) = (self.clock(&it.clock), act_words(it.act));
        let to: Vec<Named> = it.to.iter().map(|unit| Named::unit(self.policies, unit)).collect();
        let (zh, en) = (titles(&to, "、", |text| &text.zh), titles(&to, ", ", |text| &text.en));
        let nth = it.nth;
        Text::new(
            format!("{}（第 {nth} 次）发 {zh}：期限“{}”", act.zh, clock.zh),
            format!("{} number {nth} to {en} about {}", act.en, clock.en),
        )
    }

    fn state(&self, name: &Name) -> Text {
        self.workflow.map_or_else(|| Named::bare(name.as_str()), |it| Named::state(it, name)).title
    }

    fn clock(&self, name: &Name) -> Text {
        let clock = self.workflow.and_then(|it| it.clocks.iter().find(|clock| clock.name == *name));
        clock.map_or_else(|| Named::bare(name.as_str()), Named::clock).title
    }

    fn kind(&self, kind: &EventType) -> Text {
        let titled = self.policies.published.iter().rev().find_map(|it| match &*it.definition {
            Definition::EventType(it) if it.name == *kind => Some(Text::new(&it.title.zh, &it.title.en)),
            Definition::EventType(_)
            | Definition::Register(_)
            | Definition::Calendar(_)
            | Definition::Notice(_)
            | Definition::Workflow(_)
            | Definition::Target(_)
            | Definition::Scorecard(_)
            | Definition::Delivery(_)
            | Definition::Answers(_)
            | Definition::Reaction(_) => None,
        });
        titled.unwrap_or_else(|| Text::new(kind.as_str(), kind.as_str()))
    }

    /// The end of a limit that is named and does not stand yet.
    fn end(&self, at: Instant) -> Text {
        self.calendar.map_or_else(|| self.moment(at), |calendar| end_text(calendar, at))
    }

    fn due(&self, term: &Term) -> Text {
        let calendar = self.policies.set.calendar_by_sha(&term.calendar).or(self.calendar);
        calendar.map_or_else(|| self.moment(term.due_at), |calendar| due_text(calendar, term))
    }

    fn moment(&self, at: Instant) -> Text {
        let plain = || Text::new(at.to_string(), at.to_string());
        self.calendar.map_or_else(plain, |calendar| moment_text(calendar, at))
    }
}

fn provisional(term: &Term) -> (&'static str, &'static str) {
    if term.provisional { ("（暂定）", " (provisional)") } else { ("", "") }
}
