//! Rankings: who stands where, by how many points, and what each point is for.

use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::parts::{clause, empty};
use super::shell::{Frame, Nav, page};
use super::trend::{plot, spark};
use super::view::View;
use super::visit::Visit;
use crate::calendar::Period;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::id::{Name, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::rankings::{RankingAnswer, RankingLine};
use crate::query::reader::Reader;
use crate::query::score_told::{ItemTold, SectionTold};
use crate::query::scores::ScoreAnswer;
use crate::query::trend::Trend;

type Which = (Option<Name>, Option<Period>);

/// Which scorecard for which period an address asks for.
pub fn which(params: &Params) -> Result<Which, Problem> {
    Ok((params.parsed("scorecard")?, params.parsed("period")?))
}

/// The page of rankings.
pub async fn rankings<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let (scorecard, period) = which(&visit.params).map_err(|problem| visit.failed(problem))?;
    let names_none = scorecard.is_none();
    let asked = visit.ask(move |reader, at| {
        let cards = reader.scorecards(at)?;
        match reader.ranking(scorecard.as_ref(), period, at) {
            Ok(ranking) => {
                let trend = trend_of(reader, &ranking.body.scorecard.id)?;
                Ok((cards, Some((ranking, trend))))
            }
            // Nothing was asked by name, so it is only that there is none.
            Err(QueryError::Unknown { .. } | QueryError::Asked { .. }) if names_none => Ok((cards, None)),
            Err(error) => Err(error),
        }
    });
    let (cards, ranking) = asked.await?;
    let view = &visit.view;
    let choice = html! {
        @if cards.len() > 1 {
            nav .tabs aria-label=(view.say("评分表", "Scorecards")) {
                @for card in &cards {
                    @let present = ranking.as_ref().is_some_and(|(ranking, _)| ranking.body.scorecard.id == card.id);
                    a href=(view.link("rankings", &[("scorecard", &card.id)])) aria-current=[present.then_some("true")] { (view.of(&card.title)) }
                }
            }
        }
    };
    let title = Nav::Rankings.title(view);
    let Some((answer, trend)) = ranking else {
        let none = empty(
            view.say("还没有排名", "No ranking yet"),
            view.say(
                "公布评分政策（Scorecard）后，这里列出各单位名次、得分和每一分的来由。",
                "Once a scorecard is published, ranks and points appear here with their reasons.",
            ),
        );
        let frame = Frame { nav: Nav::Rankings, title, as_of: None, beside_title: html! {}, live: false };
        return Ok(page(
            view,
            &frame,
            &html! { (choice) @if cards.is_empty() { (none) } @else { p .muted { (view.say("请选择一张评分表。", "Choose a scorecard.")) } } },
        ));
    };
    let body = html! { (choice) (ranking_body(view, &answer.body, &trend)) };
    let of = [
        ("scorecard", Some(answer.body.scorecard.id.as_str())),
        ("period", Some(answer.body.period.as_str())),
    ];
    let beside_title = html! {
        span .muted { (view.of(&answer.body.scorecard.title)) " · " (answer.body.period) }
        div .exports {
            a .button href=(view.here_as("rankings.xlsx", &of)) download { (view.say("导出 Excel", "Excel")) }
            a .button href=(view.here_as("rankings.csv", &of)) download { "CSV" }
            a .button href=(view.link("bulletin.docx", &[("period", &answer.body.period)])) download { (view.say("本期通报", "Bulletin")) }
        }
    };
    let frame = Frame { nav: Nav::Rankings, title, as_of: Some(&answer.as_of), beside_title, live: false };
    Ok(page(view, &frame, &body))
}

/// How units stood in the rankings of the scorecard of that name.
fn trend_of<S: Store, L: Log>(reader: &Reader<S, L>, scorecard: &str) -> Result<Trend, QueryError> {
    Name::new(scorecard).map_or_else(|_| Ok(Trend::new()), |name| reader.trend(&name))
}

fn ranking_body(view: &View, answer: &RankingAnswer, trend: &Trend) -> Markup {
    html! {
        p {
            @if let Some(published) = &answer.published {
                (view.say("已公布，账本条目 ", "Published, ledger entry ")) (published.ledger_seq)
            } @else {
                strong { (view.say("尚未公布，按目前数据计算", "Not published yet; computed from the figures of now")) }
            }
            " · " (clause(view, &answer.cite))
        }
        (periods(view, answer))
        section aria-labelledby="rows-title" {
            h2 #rows-title { (view.say("名次", "Ranks")) }
            @if answer.rows.is_empty() {
                (empty(view.say("没有参评单位", "No unit is scored"), view.say("评分表的“for”列出参评单位。", "The scorecard's `for` lists them.")))
            } @else { (rank_table(view, answer, trend)) }
            p .muted { (view.of(&answer.rules)) }
        }
    }
}

fn periods(view: &View, answer: &RankingAnswer) -> Markup {
    html! {
        @if !answer.periods.is_empty() {
            nav .tabs aria-label=(view.say("各期", "Periods")) {
                @for period in answer.periods.iter().rev().take(12) {
                    a href=(view.here(&[("scorecard", Some(&answer.scorecard.id)), ("period", Some(period))]))
                        aria-current=[(*period == answer.period).then_some("true")] { (period) }
                }
            }
        }
    }
}

fn rank_table(view: &View, answer: &RankingAnswer, trend: &Trend) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-labelledby="rows-title" {
            table .ranks data-rows="" {
                thead { tr {
                    th scope="col" .num { (view.say("名次", "Rank")) }
                    th scope="col" { (view.say("升降", "Moved")) }
                    th scope="col" { (view.say("单位", "Unit")) }
                    th scope="col" .num { (view.say("得分", "Points")) }
                    th scope="col" .num { (view.say("可得分", "Attainable")) }
                    th scope="col" .num { (view.say("得分率", "Share")) }
                    th scope="col" { (view.say("走势", "Trend")) }
                    th scope="col" { (view.say("更正后", "As it stands now")) }
                } }
                tbody { @for line in &answer.rows { (rank_row(view, answer, line, trend)) } }
            }
        }
    }
}

fn rank_row(view: &View, answer: &RankingAnswer, line: &RankingLine, trend: &Trend) -> Markup {
    let path = format!("rankings/{}", line.unit.id);
    let params = [("scorecard", answer.scorecard.id.as_str()), ("period", answer.period.as_str())];
    html! {
        tr {
            td .num { @if let Some(rank) = line.stands.rank { b { (rank) } } @else { span .muted title=(view.say("没有适用的评分项", "no item applies")) { "–" } } }
            td { (moved(view, line.moved)) }
            th scope="row" { a href=(view.link(&path, &params)) { (view.of(&line.unit.title)) } }
            td .num { b { (line.stands.points) } }
            td .num { (line.stands.attainable) }
            td .num { @if let Some(percent) = &line.stands.percent { (percent) "%" } @else { span .muted { "–" } } }
            td .drawn {
                @let points = UnitId::new(&line.unit.id).ok().and_then(|unit| trend.get(&unit));
                @if let Some(points) = points { (spark(view, points, &view.link(&path, &params))) }
            }
            td {
                @if let Some(now) = &line.now {
                    (view.say("第 ", "rank ")) (now.rank.map_or_else(|| "–".into(), |rank| rank.to_string())) (view.say(" 名 · ", " · ")) (now.points)
                } @else { span .muted { (view.say("无变化", "the same")) } }
            }
        }
    }
}

fn moved(view: &View, moved: Option<i64>) -> Markup {
    html! {
        @match moved {
            Some(0) => { span .muted { "＝" } }
            Some(up) if up > 0 => { span .light.on-track { span .shape { "▲" } (up) span .unseen { (view.say("上升", "up")) } } }
            Some(down) => { span .light.overdue { span .shape { "▼" } (-down) span .unseen { (view.say("下降", "down")) } } }
            None => { span .muted { "–" } }
        }
    }
}

/// One unit's score, item by item.
pub async fn score<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let (scorecard, period) = which(&visit.params).map_err(|problem| visit.failed(problem))?;
    let unit = UnitId::new(visit.part("unit"));
    let unit =
        unit.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    let asked = visit.ask(move |reader, at| {
        let answer = reader.score(&unit, scorecard.as_ref(), period, at)?;
        let card = answer.body.score.scorecard.as_str();
        let points = trend_of(reader, card)?.remove(&unit).unwrap_or_default();
        let card = reader.scorecards(at)?.into_iter().find(|one| one.id == card);
        Ok((answer, points, card))
    });
    let (answer, points, card) = asked.await?;
    let (view, body) = (&visit.view, &answer.body);
    let shown = html! {
        dl .figures {
            div { dt { (view.say("得分", "Points")) } dd { (body.score.points) } }
            div { dt { (view.say("可得分", "Attainable")) } dd { (body.score.attainable) } }
            @if let Some(percent) = &body.score.percent { div { dt { (view.say("得分率", "Share")) } dd { (percent) "%" } } }
            div { dt { (view.say("满分", "Total")) } dd { (body.score.total) } }
            div { dt { (view.say("计至", "Until")) } dd { (body.until) } }
        }
        section aria-labelledby="trend-title" {
            h2 #trend-title { (view.say("得分率走势，点一个点看该期", "Share over time; a point leads to its period")) }
            (plot(view, &points, &body.period.to_string(), |period| {
                view.here(&[("scorecard", Some(&body.score.scorecard.to_string())), ("period", Some(period))])
            }))
        }
        @for section in &body.score.sections { (section_block(view, body, section)) }
    };
    let beside_title = html! {
        span .muted {
            @if let Some(card) = &card { (view.of(&card.title)) } @else { (body.score.scorecard) }
            " · " (body.period)
        }
        a .button href=(view.link(&format!("units/{}", body.unit.id), &[])) { (view.say("单位", "Unit")) }
    };
    let title = view.of(&body.unit.title);
    let frame = Frame { nav: Nav::Rankings, title, as_of: Some(&answer.as_of), beside_title, live: false };
    Ok(page(view, &frame, &shown))
}

fn section_block(view: &View, answer: &ScoreAnswer, section: &SectionTold) -> Markup {
    let id = format!("section-{}", section.section);
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (view.titled(&section.title)) " " span .muted { (section.points) " / " (section.attainable) } }
            div .scroll tabindex="0" role="region" aria-labelledby=(id) {
                table {
                    thead { tr {
                        th scope="col" { (view.say("评分项", "Item")) }
                        th scope="col" .num { (view.say("得分", "Points")) }
                        th scope="col" .num { (view.say("最高", "Most")) }
                        th scope="col" { (view.say("来由", "Why")) }
                        th scope="col" { (view.say("依据", "Clause")) }
                    } }
                    tbody { @for item in &section.items { (item_row(view, answer, item)) } }
                }
            }
        }
    }
}

fn item_row(view: &View, answer: &ScoreAnswer, item: &ItemTold) -> Markup {
    let behind = answer.sources.get(&item.item).into_iter().flatten();
    let cases: Vec<_> = behind.flat_map(|behind| &behind.cases).take(12).collect();
    html! {
        tr {
            td { (view.titled(&item.title)) small { (item.item) } }
            td .num { @if let Some(points) = &item.points { b { (points) } } @else { span .muted { (view.say("不适用", "n/a")) } } }
            td .num { (item.most) }
            td .wide {
                (view.titled(&item.explanation))
                @for part in item.parts.iter().filter(|_| item.parts.len() > 1) { small { (view.titled(&part.explanation)) } }
                @if !cases.is_empty() {
                    small { (view.say("依据事项：", "Cases: "))
                        @for (place, case) in cases.iter().enumerate() { @if place > 0 { (view.say("、", ", ")) } a href=(view.case_link(case)) { (case.key()) } }
                    }
                }
            }
            td { (clause(view, &item.cite)) }
        }
    }
}
