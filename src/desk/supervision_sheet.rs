//! The supervision sheet 督办单 of one deadline: on paper from the browser, or as an
//! official document. One matter, one sheet.
//!
//! Its number is the ledger entry that raised it, so that it can be looked up; before
//! any was raised it is a draft. The day by which to answer is the one on which the
//! ladder goes on, and blank where it does not.

use axum::response::Response;
use chrono::Datelike as _;
use maud::{Markup, html};

use super::bulletin::DOCX;
use super::document::Document;
use super::export::file;
use super::failure::Failure;
use super::parts::{level, names, notice};
use super::shell;
use super::strip::strip;
use super::view::View;
use super::visit::Visit;
use crate::http::problem::Problem;
use crate::id::CaseId;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::case::CaseAnswer;
use crate::query::explained::ExplainedDeadline;
use crate::query::light::Light;
use crate::query::rows::Answer;
use crate::query::timeline::Told;

/// A sheet as a page to be printed.
pub async fn sheet<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let (answer, place) = found(&visit).await?;
    let view = &visit.view;
    let sheet = Sheet::of(&answer.body, place).ok_or_else(|| none(&visit))?;
    let rows = sheet.rows(view);
    let docx = view.here_as("sheet.docx", &[]);
    let body = html! {
        nav .no-print {
            a .button href=(view.case_link(&answer.body.case)) { (view.say("返回事项", "Back to the case")) } " "
            button .button.main type="button" data-print="" { (view.say("打印", "Print")) } " "
            a .button href=(docx) download { "Word" }
        }
        main #main .official {
            h1 { (view.say("督办单", "Supervision sheet")) }
            p .muted { (sheet.number(view)) }
            table .form {
                @for (title, text) in &rows {
                    tr { th scope="row" { (title) } td { @for line in text.lines() { p { (line) } } (below(view, title, &sheet)) } }
                }
                @for title in Sheet::blanks(view) { tr .blank { th scope="row" { (title) } td {} } }
            }
            p .source { (source(view, &answer)) }
        }
    };
    let title = format!("{} {}", view.say("督办单", "Supervision sheet"), answer.body.case.key());
    Ok(shell::respond(axum::http::StatusCode::OK, &shell::bare(view.lang, view.theme, &title, &body)))
}

/// The days drawn, under the sentence that counts them.
fn below(view: &View, title: &str, sheet: &Sheet<'_>) -> Markup {
    let is_count = title == view.say("计日说明", "How it is counted");
    let told = sheet.deadline.explanation.as_ref().filter(|_| is_count);
    html! { @if let Some(told) = told { (strip(view, told)) } }
}

/// The same as an official document.
pub async fn sheet_docx<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let (answer, place) = found(&visit).await?;
    let view = &visit.view;
    let sheet = Sheet::of(&answer.body, place).ok_or_else(|| none(&visit))?;
    let blanks = Sheet::blanks(view).into_iter().map(|title| (title, "\n".to_owned()));
    let rows: Vec<(&str, String)> = sheet.rows(view).into_iter().chain(blanks).collect();
    let document = Document::new(view.at)
        .title(view.say("督办单", "Supervision sheet"))
        .under_title(&sheet.number(view))
        .form(&rows)
        .note(&source(view, &answer));
    let written = tokio::task::spawn_blocking(move || document.written()).await;
    let failed = |text: String| visit.failed(Problem::new("server.failed", text));
    let body = written.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
    Ok(file(&visit, "sheet.docx", DOCX, body))
}

/// The case that the address names, and which of its deadlines the sheet is about: the
/// clock asked for, else the most alarming one.
async fn found<S: Store, L: Log>(visit: &Visit<S, L>) -> Result<(Answer<CaseAnswer>, usize), Failure> {
    let id = CaseId::new(visit.params.text("case").unwrap_or_default());
    let id = id.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    let answer = visit.reader().case(&id, visit.view.at).await.map_err(|error| visit.failed(error))?;
    let clock = visit.params.text("clock");
    let of_clock = |it: &&(usize, &ExplainedDeadline)| clock.is_none_or(|clock| it.1.clock.id == clock);
    let alarm = |it: &ExplainedDeadline| it.light.map(Light::alarm);
    let deadlines = answer.body.deadlines.iter().enumerate();
    let found = deadlines.filter(|it| of_clock(&it)).max_by_key(|(place, it)| (alarm(it), *place));
    let place = found.map(|(place, _)| place).ok_or_else(|| none(visit))?;
    Ok((answer, place))
}

fn none<S: Store, L: Log>(visit: &Visit<S, L>) -> Failure {
    visit.failed(Problem::new("thing.unknown", "the case has no such deadline to supervise"))
}

fn source(view: &View, answer: &Answer<CaseAnswer>) -> String {
    format!(
        "{} {} · {} {}",
        view.say("数据截至", "As of"),
        view.of(&view.home.asked),
        view.say("督办账本条目", "ledger entry"),
        answer.as_of.ledger_seq,
    )
}

/// What a sheet says.
struct Sheet<'a> {
    case: &'a CaseAnswer,
    deadline: &'a ExplainedDeadline,
    /// The escalation that it is about; none before there was one.
    raised: Option<&'a Told>,
}

impl<'a> Sheet<'a> {
    fn of(case: &'a CaseAnswer, place: usize) -> Option<Self> {
        let deadline = case.deadlines.get(place)?;
        let of_clock = |told: &&Told| {
            let rung = told.rung.as_ref();
            rung.is_some_and(|rung| rung.act != "reminder" && rung.clock.as_str() == deadline.clock.id)
        };
        Some(Self { case, deadline, raised: case.timeline.iter().rev().find(of_clock) })
    }

    fn number(&self, view: &View) -> String {
        match self.raised {
            Some(told) => format!(
                "{} {}-{}-{}",
                view.say("编号", "No."),
                view.tenant,
                told.at.to_utc().year(),
                told.ledger_seq
            ),
            None => view
                .say("草稿：督办规则尚未发出督办单", "Draft: the rules have raised no sheet yet")
                .to_owned(),
        }
    }

    fn rows(&self, view: &View) -> Vec<(&'static str, String)> {
        let (case, it) = (self.case, self.deadline);
        let matter = format!(
            "{} {} · {}",
            view.of(&case.workflow.title),
            case.period.as_deref().unwrap_or(case.case.key()),
            view.of(&it.clock.title)
        );
        let lead = Some(names(view, &case.lead)).filter(|names| !names.is_empty());
        let assist = Some(names(view, &case.assist)).filter(|names| !names.is_empty());
        let mut rows = vec![
            (view.say("督办事项", "Matter"), matter),
            (view.say("依据", "Clause"), format!("{} {}", notice(view, &it.cite.notice), it.cite.clause)),
            (view.say("责任单位", "Unit"), view.of(&case.unit.title).to_owned()),
        ];
        rows.extend(lead.map(|lead| (view.say("牵头单位", "Led by"), lead)));
        rows.extend(assist.map(|assist| (view.say("配合单位", "Helped by"), assist)));
        rows.extend([
            (view.say("当前状态", "State"), self.state(view)),
            (view.say("办理期限", "Due"), self.due(view)),
            (view.say("计日说明", "How it is counted"), view.of(&it.reason).to_owned()),
            (view.say("催办情况", "Urged"), self.urged(view)),
            (view.say("督办要求", "What is asked"), self.demand(view)),
            (view.say("答复期限", "Answer by"), self.answer_by(view)),
        ]);
        rows
    }

    fn state(&self, view: &View) -> String {
        let waits = names(view, &self.case.waits_for);
        let state = view.of(&self.case.state.title);
        if waits.is_empty() {
            state.to_owned()
        } else {
            format!("{state}，{}{waits}", view.say("待", "waits for "))
        }
    }

    fn due(&self, view: &View) -> String {
        let span = self.deadline.span.as_ref().map(|span| format!("（{}）", view.of(&span.words)));
        format!("{}{}", view.of(&self.deadline.due), span.unwrap_or_default())
    }

    fn urged(&self, view: &View) -> String {
        let it = self.deadline;
        let level =
            if it.level == 0 { view.say("尚未升级", "not raised yet") } else { level(view, it.level) };
        let mut said =
            format!("{} {} {}；{level}", view.say("已催办", "urged"), it.reminders, view.say("次", "times"));
        if let Some(told) = self.raised {
            said.push_str(&format!("（{}）", view.of(&told.when)));
        }
        said
    }

    fn demand(&self, view: &View) -> String {
        let open = self.deadline.light.is_some();
        let said = if open {
            view.say(
                "请收到后立即办理，按原渠道报送办理结果，并书面答复未按期办理的原因和整改措施。",
                "Act at once, report the result where it is always reported, and answer in writing why it was not done in time and what will change.",
            )
        } else {
            view.say("该时限已经终结，本单仅供存档。", "This deadline has ended; the sheet is for the file.")
        };
        said.to_owned()
    }

    fn answer_by(&self, view: &View) -> String {
        match &self.deadline.next {
            Some(next) => format!("{}{}", view.of(&next.words), view.say(" 之前", ": before that")),
            None => view.say("      年    月    日前", "before ____________").to_owned(),
        }
    }

    /// What is filled in by hand.
    fn blanks(view: &View) -> [&'static str; 4] {
        [
            view.say("签发人", "Signed by"),
            view.say("签收人及时间", "Received by, when"),
            view.say("办理结果", "Result"),
            view.say("单位负责人签字", "Head of the unit"),
        ]
    }
}

/// The address of a sheet.
pub fn link(view: &View, case: &CaseId, clock: &str) -> String {
    view.link("sheet", &[("case", case.as_str()), ("clock", clock)])
}
