//! One case as a page of plain text, for reading in a terminal.
//!
//! It shows what [`super::case`] answers, in the order in which a supervisor asks:
//! how it stands, why, who must act, what comes next, what happened.

use super::case::CaseAnswer;
use super::explained::{ExplainedDeadline, cite_words, titles};
use super::light::PROVISIONAL_SHAPE;
use super::rows::Answer;
use crate::calendar::{Lang, Text};

/// The labels of the page.
struct Labels {
    unit: &'static str,
    state: &'static str,
    waits: &'static str,
    nobody: &'static str,
    cite: &'static str,
    lead: &'static str,
    assist: &'static str,
    evidence: &'static str,
    standing: &'static str,
    progress: &'static str,
    deadlines: &'static str,
    no_deadlines: &'static str,
    due: &'static str,
    why: &'static str,
    next: &'static str,
    supervised: &'static str,
    timeline: &'static str,
    omitted: &'static str,
    as_of: &'static str,
}

const ZH: Labels = Labels {
    unit: "责任单位",
    state: "当前状态",
    waits: "下一步由谁办",
    nobody: "无（已办结或无需办理）",
    cite: "政策",
    lead: "牵头单位",
    assist: "配合单位",
    evidence: "佐证",
    standing: "长期任务",
    progress: "进度",
    deadlines: "期限",
    no_deadlines: "（无）",
    due: "到期",
    why: "缘由",
    next: "接下来",
    supervised: "督办",
    timeline: "经过",
    omitted: "更早的记录未列出，条数",
    as_of: "截至账本条目",
};

const EN: Labels = Labels {
    unit: "Unit",
    state: "State",
    waits: "Who must act",
    nobody: "nobody (closed, or nothing to do)",
    cite: "Policy",
    lead: "Leading",
    assist: "Assisting",
    evidence: "Evidence",
    standing: "Standing",
    progress: "Progress",
    deadlines: "Deadlines",
    no_deadlines: "(none)",
    due: "due",
    why: "why",
    next: "next",
    supervised: "supervised",
    timeline: "What happened",
    omitted: "older entries left out",
    as_of: "As of ledger entry",
};

/// The page of a case.
#[must_use]
pub fn text_page(answer: &Answer<CaseAnswer>, lang: Lang) -> String {
    let page = Page { labels: if lang == Lang::Zh { &ZH } else { &EN }, lang };
    let case = &answer.body;
    let mut lines = vec![format!("{} · {}", page.of(&case.workflow.title), case.case), String::new()];
    page.head(case, &mut lines);
    lines.extend([String::new(), page.labels.deadlines.to_owned()]);
    if case.deadlines.is_empty() {
        lines.push(format!("  {}", page.labels.no_deadlines));
    }
    for deadline in &case.deadlines {
        page.deadline(deadline, &mut lines);
    }
    lines.extend([String::new(), page.labels.timeline.to_owned()]);
    page.timeline(case, &mut lines);
    let as_of = &answer.as_of;
    let asked = page.of(&case.asked);
    let note = format!("{} {} · {asked} · {}", page.labels.as_of, as_of.ledger_seq, as_of.tenant);
    lines.extend([String::new(), note, String::new()]);
    lines.join("\n")
}

struct Page {
    labels: &'static Labels,
    lang: Lang,
}

impl Page {
    fn of<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.lang)
    }

    fn between(&self) -> &'static str {
        if self.lang == Lang::Zh { "、" } else { ", " }
    }

    fn names(&self, named: &[super::naming::Named]) -> String {
        titles(named, self.between(), |text| if self.lang == Lang::Zh { &text.zh } else { &text.en })
    }

    fn head(&self, case: &CaseAnswer, lines: &mut Vec<String>) {
        let labels = self.labels;
        lines.push(self.line(labels.unit, self.of(&case.unit.title)));
        lines.push(self.line(labels.state, self.of(&case.state.title)));
        let waits = self.names(&case.waits_for);
        lines.push(self.line(labels.waits, if waits.is_empty() { labels.nobody } else { &waits }));
        let cite = cite_words(&case.cite);
        let basis = format!("{} · {} · {}", self.of(&cite), case.policy.version, case.policy.sha.short());
        lines.push(self.line(labels.cite, &basis));
        if !case.lead.is_empty() {
            lines.push(self.line(labels.lead, &self.names(&case.lead)));
        }
        if !case.assist.is_empty() {
            lines.push(self.line(labels.assist, &self.names(&case.assist)));
        }
        let said = [
            (labels.evidence, case.evidence.as_ref()),
            (labels.standing, case.standing.as_ref()),
            (labels.progress, case.progress.as_ref().map(|it| &it.words)),
        ];
        let said = said.into_iter().filter_map(|(label, text)| Some((label, text?)));
        lines.extend(said.map(|(label, text)| self.line(label, self.of(text))));
    }

    fn line(&self, label: &str, value: &str) -> String {
        let colon = if self.lang == Lang::Zh { "：" } else { ": " };
        format!("{label}{colon}{value}")
    }

    fn deadline(&self, deadline: &ExplainedDeadline, lines: &mut Vec<String>) {
        let labels = self.labels;
        let standing = self.standing(deadline);
        lines.push(format!("  {standing}  {}", self.of(&deadline.clock.title)));
        lines.push(format!("    {}", self.line(labels.due, self.of(&deadline.due))));
        lines.push(format!("    {}", self.line(labels.why, self.of(&deadline.reason))));
        if let Some(next) = &deadline.next {
            lines.push(format!("    {}", self.line(labels.next, self.of(&next.words))));
        }
        if deadline.reminders > 0 || deadline.level > 0 {
            let counts = Text::new(
                format!("催办 {} 次，升级 {} 级", deadline.reminders, deadline.level),
                format!("{} reminders, escalation level {}", deadline.reminders, deadline.level),
            );
            lines.push(format!("    {}", self.line(labels.supervised, self.of(&counts))));
        }
    }

    /// Light, shape and word with the time left or over; or how it ended.
    fn standing(&self, deadline: &ExplainedDeadline) -> String {
        let Some(light) = deadline.light else {
            let ended = match deadline.status {
                "met" => Text::new("✓ 按时办理", "✓ met in time"),
                "met-late" => Text::new("✗ 逾期办理", "✗ met late"),
                _ => Text::new("– 终止", "– ended without judgement"),
            };
            return self.of(&ended).to_owned();
        };
        let mut standing = format!("{} {}", light.shape(), self.of(&light.word()));
        if let Some(span) = &deadline.span {
            standing = format!("{standing}  {}", self.of(&span.words));
        }
        if deadline.term.provisional {
            let word = super::light::provisional_word();
            standing = format!("{standing}  {PROVISIONAL_SHAPE} {}", self.of(&word));
        }
        standing
    }

    fn timeline(&self, case: &CaseAnswer, lines: &mut Vec<String>) {
        if let Some(failed) = &case.timeline_failed {
            lines.push(format!("  {failed}"));
        }
        if case.omitted > 0 {
            lines.push(format!("  {}", self.line(self.labels.omitted, &case.omitted.to_string())));
        }
        for told in &case.timeline {
            let (seq, when, words) = (told.ledger_seq, self.of(&told.when), self.of(&told.words));
            lines.push(format!("  #{seq}  {when}  {words}"));
        }
    }
}
