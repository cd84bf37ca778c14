//! What leaves the desk as a file opens in an office program without loss, and has the
//! numbers that the read side and the command line answer for the same ledger entry.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http_scores::CARD;
use crate::support::cli::duban;
use crate::support::drafts::authored;
use crate::support::office_program::{Office, rows_of_csv};
use crate::support::site::{Served, published};

/// A text that a spreadsheet would take for a formula.
const FORMULA: &str = "=1+1";

async fn accepted(served: &Served, event: Value) {
    let came = served.state(event).await;
    assert_eq!(came.status, 200, "{}", came.text);
    assert_eq!(came.json()["events"][0]["verdict"], "accepted", "{}", came.text);
}

fn objection(key: &str, unit: &str, at: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.received", "source": "/platform", "id": format!("r-{key}"),
        "subject": format!("objection/{key}"), "actor": "xinyong-pingtai",
        "data": {"unit": unit, "penaltyNumber": "P-1", "receivedAt": at},
    })
}

fn answer(key: &str, unit: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.answered", "source": "/unit", "id": format!("a-{key}"),
        "subject": format!("objection/{key}"), "actor": unit, "data": {"result": "maintained"},
    })
}

fn figure(unit: &str, value: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "indicator.reported", "source": "/figures", "id": format!("f-{unit}"),
        "actor": unit, "subject": format!("indicator/{unit}/compliance/2022-10"),
        "data": {"unit": unit, "indicator": "compliance", "period": "2022-10", "value": value},
    })
}

/// A month with objections answered in time, late and not at all, and its published
/// ranking; it is the ninth of the month after.
async fn a_month() -> Served {
    let served = Served::at("2022-10-09T09:00:00+08:00").await;
    for definition in authored("changqing", CARD) {
        accepted(&served, published(&definition)).await;
    }
    for (key, unit) in [
        ("IN-TIME", "qu-shuiwuju"),
        ("LATE", "qu-shuiwuju"),
        ("NEVER-1", "qu-shuiwuju"),
        (FORMULA, "qu-gongxinju"),
        ("NEVER-2", "qu-gongxinju"),
    ] {
        accepted(&served, objection(key, unit, "2022-10-09T09:00:00+08:00")).await;
    }
    accepted(&served, answer("IN-TIME", "qu-shuiwuju")).await;
    served.set_now("2022-10-20T09:00:00+08:00");
    accepted(&served, answer("LATE", "qu-shuiwuju")).await;
    served.set_now("2022-11-01T09:00:00+08:00");
    accepted(&served, figure("qu-shuiwuju", "0.95")).await;
    accepted(&served, figure("qu-rensheju", "0.97")).await;
    served.set_now("2022-11-09T09:00:00+08:00");
    accepted(&served, objection("LAST", "qu-rensheju", "2022-11-09T09:00:00+08:00")).await;
    served
}

/// What every surface says as of one ledger entry.
struct Told {
    seq: u64,
    overdue: Value,
    cli: Value,
    ranking: Value,
    xlsx: Vec<u8>,
    csv: Vec<u8>,
    met: Vec<u8>,
    ranking_xlsx: Vec<u8>,
    ranking_csv: Vec<u8>,
    bulletin: Vec<u8>,
    sheet: Vec<u8>,
}

/// Asks all of them, again while the engine's own ticks move the ledger in between.
async fn told(served: &Served) -> Told {
    for _ in 0..20 {
        let overdue = served.get("overdue?limit=500").await.json();
        let cli = {
            let address = served.address.clone();
            let ask = move || {
                duban(&["overdue", "--server", &address, "--tenant", "changqing", "--limit", "500", "--json"])
            };
            tokio::task::spawn_blocking(ask).await.expect("asked").ends(0).json()
        };
        let late = "light=overdue,escalated";
        let of_card = "scorecard=trial&period=2022-10";
        let told = Told {
            seq: overdue["asOf"]["ledgerSeq"].as_u64().expect("a sequence"),
            cli,
            ranking: served.get(&format!("rankings?{of_card}")).await.json(),
            xlsx: served.bytes(&format!("/desk/changqing/ledger.xlsx?{late}")).await,
            csv: served.bytes(&format!("/desk/changqing/ledger.csv?{late}")).await,
            met: served.bytes("/desk/changqing/ledger.csv?show=met").await,
            ranking_xlsx: served.bytes(&format!("/desk/changqing/rankings.xlsx?{of_card}")).await,
            ranking_csv: served.bytes(&format!("/desk/changqing/rankings.csv?{of_card}")).await,
            bulletin: served.bytes("/desk/changqing/bulletin.docx?period=2022-10").await,
            sheet: served.bytes("/desk/changqing/sheet.docx?case=objection/NEVER-1").await,
            overdue,
        };
        let after = served.get("overdue?limit=1").await.json();
        if after["asOf"]["ledgerSeq"].as_u64() == Some(told.seq) {
            return told;
        }
    }
    panic!("the ledger does not stand still");
}

/// A column by its title, in rows of which `head` is the place of the titles.
fn column(rows: &[Vec<String>], head: usize, title: &str) -> Vec<String> {
    let titles = rows.get(head).expect("titles");
    let place =
        titles.iter().position(|cell| cell == title).unwrap_or_else(|| panic!("no {title} in {titles:?}"));
    let filled = rows[head + 1..].iter().filter(|row| row.len() > 1 && !row[1].is_empty());
    filled.map(|row| row[place].clone()).collect()
}

fn texts(rows: &Value, of: impl Fn(&Value) -> &Value) -> Vec<String> {
    let text = |it: &Value| it.as_str().map_or_else(|| it.to_string(), str::to_owned);
    rows["rows"].as_array().expect("rows").iter().map(|row| text(of(row))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_opens_without_loss_and_every_surface_has_the_same_numbers() {
    let served = a_month().await;
    let (told, office) = (told(&served).await, Office::of_this_machine());
    assert_eq!(told.cli["asOf"]["ledgerSeq"].as_u64(), Some(told.seq));
    assert_eq!(told.cli["rows"], told.overdue["rows"], "the command line shows what the API answers");
    let cases = texts(&told.overdue, |row| &row["case"]);
    assert!(cases.contains(&format!("objection/{FORMULA}")), "{cases:?}");

    let book = office.rows(&told.xlsx);
    assert!(book[1][0].contains(&told.seq.to_string()), "{:?}", book[1]);
    let csv = office.rows_taken(&told.csv);
    assert!(csv.last().is_some_and(|row| row[0].contains(&told.seq.to_string())), "{csv:?}");
    for (rows, head) in [(&book, 2), (&csv, 0)] {
        assert_eq!(column(rows, head, "编号"), cases);
        assert_eq!(column(rows, head, "责任单位"), texts(&told.overdue, |row| &row["unit"]["title"]["zh"]));
        assert_eq!(column(rows, head, "条款"), texts(&told.overdue, |row| &row["cite"]["clause"]));
        assert_eq!(column(rows, head, "剩余/超期"), texts(&told.overdue, |row| &row["span"]["words"]["zh"]));
        assert_eq!(column(rows, head, "催办次数"), texts(&told.overdue, |row| &row["reminders"]));
        assert_eq!(column(rows, head, "升级级别"), texts(&told.overdue, |row| &row["level"]));
    }
    // In the workbook a due time is one to reckon with: 24:00 is the next day's midnight.
    let due = column(&book, 2, "截止时间");
    for (shown, row) in due.iter().zip(told.overdue["rows"].as_array().expect("rows")) {
        let at: chrono::DateTime<chrono::FixedOffset> =
            row["dueAt"].as_str().expect("an instant").parse().expect("an instant");
        let wall = at.with_timezone(&chrono::FixedOffset::east_opt(8 * 3600).expect("an offset"));
        // LibreOffice shows the seconds as well.
        assert_eq!(shown.get(..16), Some(wall.format("%Y-%m-%d %H:%M").to_string().as_str()), "{shown}");
    }
    assert_eq!(column(&csv, 0, "截止时间"), texts(&told.overdue, |row| &row["due"]["zh"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ranking_opens_as_it_was_published() {
    let served = a_month().await;
    let (told, office) = (told(&served).await, Office::of_this_machine());
    let ranking = &told.ranking;
    assert!(ranking["published"].is_object(), "{ranking}");
    let book = office.rows(&told.ranking_xlsx);
    let csv = office.rows_taken(&told.ranking_csv);
    assert!(book[1][0].contains(&told.seq.to_string()), "{:?}", book[1]);
    for (rows, head) in [(&book, 2), (&csv, 0)] {
        assert_eq!(column(rows, head, "名次"), texts(ranking, |row| &row["rank"]));
        assert_eq!(column(rows, head, "单位编号"), texts(ranking, |row| &row["unit"]["id"]));
        let points: Vec<f64> =
            column(rows, head, "得分").iter().map(|it| it.parse().expect("a number")).collect();
        let answered = texts(ranking, |row| &row["points"]);
        let answered: Vec<f64> = answered.iter().map(|it| it.parse().expect("a number")).collect();
        assert_eq!(points, answered);
    }
    assert_eq!(column(&rows_of_csv(&told.ranking_csv), 0, "得分"), texts(ranking, |row| &row["points"]));
}

/// How many of a unit's met deadlines with their last day in October 2022 were met in time,
/// and late, by the ledger of met ones.
fn met_in_october(met: &[Vec<String>], unit: &str) -> (usize, usize) {
    let due = column(met, 0, "截止时间");
    let (units, in_time) = (column(met, 0, "责任单位"), column(met, 0, "是否按时"));
    let of = |asked: &str| {
        let rows = due.iter().zip(&units).zip(&in_time);
        rows.filter(|((due, of), said)| due.starts_with("2022-10") && *of == unit && *said == asked).count()
    };
    (of("是"), of("否"))
}

/// The lines after the first that is `text`.
fn after<'l>(lines: &'l [String], text: &str) -> &'l [String] {
    let place =
        lines.iter().position(|line| line == text).unwrap_or_else(|| panic!("no {text:?} in {lines:#?}"));
    &lines[place + 1..]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bulletin_says_what_the_read_side_answers() {
    let served = a_month().await;
    let (told, office) = (told(&served).await, Office::of_this_machine());
    let lines = office.lines(&told.bulletin);
    assert!(
        lines.iter().any(|line| line == "济南市长清区关于2022年10月督办事项办理情况的通报"),
        "{lines:#?}"
    );
    for heading in ["一、总体情况", "二、各单位办理情况", "四、试排名", "五、超期未办结事项", "六、工作要求"]
    {
        assert!(lines.iter().any(|line| line == heading), "no {heading} in {lines:#?}");
    }
    let stated =
        lines.iter().find(|line| line.contains("督办账本条目")).expect("where the figures come from");
    assert!(stated.contains(&told.seq.to_string()), "{stated}");

    // Unit by unit: what is overdue by the API, what was met by the ledger of met ones.
    let within = "2022-10-01..2022-10-31";
    let (from, to) = within.split_once("..").expect("two days");
    let path = format!("deadlines?light=overdue,escalated&dayFrom={from}&dayTo={to}&limit=500");
    let overdue = served.get(&path).await.json();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for unit in texts(&overdue, |row| &row["unit"]["title"]["zh"]) {
        *open.entry(unit).or_default() += 1;
    }
    let met = rows_of_csv(&told.met);
    let of_units = after(&lines, "二、各单位办理情况");
    let by_api = served.get("bulletin?period=2022-10").await.json();
    let shares = by_api["units"].as_array().expect("units");
    for unit in ["区水务局", "区工信局"] {
        let row: Vec<&str> = after(of_units, unit).iter().take(5).map(String::as_str).collect();
        let (in_time, late) = met_in_october(&met, unit);
        let left = open.get(unit).copied().unwrap_or(0);
        let due = in_time + late + left;
        let share = format!("{:.2}%", in_time as f64 * 100.0 / due as f64);
        let numbers = [due, in_time, late, left].map(|number| number.to_string());
        assert_eq!(row[..4], numbers, "{unit}: {row:?}");
        assert_eq!(row[4], share, "{unit}");
        let of_unit = shares.iter().find(|it| it["of"]["title"]["zh"] == unit).expect("a unit of the answer");
        let told = ["inTime", "metLate", "unmet"].map(|name| of_unit[name].as_u64().expect("a number"));
        assert_eq!(told, [in_time, late, left].map(|number| number as u64), "{of_unit}");
    }
    let listed = after(&lines, "五、超期未办结事项");
    let rows = overdue["rows"].as_array().expect("rows");
    assert!(listed[0].contains(&format!("至今超期未办结的事项{}件", rows.len())), "{}", listed[0]);
    for row in rows {
        let said = row["span"]["words"]["zh"].as_str().expect("words");
        assert!(listed.iter().any(|line| line == said), "{said} in {listed:#?}");
        let due = row["due"]["zh"].as_str().expect("a text");
        assert!(listed.iter().any(|line| line == due), "{due} in {listed:#?}");
    }
    let points = texts(&told.ranking, |row| &row["points"]);
    let ranked = after(&lines, "四、试排名");
    assert!(points.iter().all(|points| ranked.contains(points)), "{points:?} in {ranked:#?}");

    if let Some(pdf) = office.printed(&told.bulletin) {
        assert!(pdf.starts_with(b"%PDF"));
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains("/MediaBox[0 0 595."), "it is A4");
    }
    let wrong = served.get("/desk/changqing/bulletin.docx?period=2023-01").await;
    assert_eq!(wrong.status, 400, "of a period to come there is nothing to tell: {}", wrong.text);
    let default = served.get("/desk/changqing/bulletin.docx").await;
    let named = default.headers["content-disposition"].to_str().expect("a name").to_owned();
    assert!(named.contains("bulletin-2022-10.docx"), "the last month is meant: {named}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervision_sheet_says_what_is_asked_of_whom_by_when() {
    let served = a_month().await;
    let (told, office) = (told(&served).await, Office::of_this_machine());
    let case = served.get("cases/objection/NEVER-1").await.json();
    let deadline = &case["deadlines"][0];
    let raised = case["timeline"].as_array().expect("a timeline").iter().rev();
    let raised = raised.map(|it| (&it["rung"]["act"], &it["ledgerSeq"]));
    let number = raised
        .filter(|(act, _)| act.is_string() && **act != "reminder")
        .map(|(_, seq)| seq.to_string())
        .next()
        .expect("it was escalated");
    let page = served.get("/desk/changqing/sheet?case=objection/NEVER-1").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("class=\"strip\""), "the days are drawn");
    let lines = office.lines(&told.sheet);
    let whole = lines.join("\n");
    for said in [
        &format!("-{number}"),
        deadline["reason"]["zh"].as_str().expect("a reason"),
        deadline["due"]["zh"].as_str().expect("a due time"),
        case["unit"]["title"]["zh"].as_str().expect("a unit"),
        deadline["cite"]["clause"].as_str().expect("a clause"),
        "督办要求",
        "答复期限",
        "签收人及时间",
        &format!("督办账本条目 {}", told.seq),
    ] {
        assert!(whole.contains(said), "the document lacks {said}: {whole}");
        assert!(page.text.contains(said), "the page lacks {said}");
    }
    assert_eq!(served.get("/desk/changqing/sheet?case=objection/nobody").await.status, 404);
    assert_eq!(served.get("/desk/changqing/sheet?case=objection/NEVER-1&clock=none").await.status, 404);
    // Nothing was raised yet for the one of this morning: it says so instead of a number.
    let draft = served.get("/desk/changqing/sheet?case=objection/LAST").await;
    assert!(draft.text.contains("草稿"), "{}", draft.text);
}
