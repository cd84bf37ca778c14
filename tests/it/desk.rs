//! The desk over HTTP: its pages hold together, its numbers are those of the API,
//! its exports are what the queries answer, and hostile text stays text.

use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use serde_json::{Value, json};

use crate::support::site::{Came, Served};

const NOW: &str = "2022-09-28T17:00:00+08:00";
/// A page that is larger than this is slow on an office line.
const LARGEST: usize = 300 * 1024;

fn received(key: &str, id: &str, unit: &str, at: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.received", "source": "/platform", "id": id,
        "subject": format!("objection/{key}"), "actor": "xinyong-pingtai",
        "data": {"unit": unit, "penaltyNumber": "P-1", "receivedAt": at},
    })
}

fn answered(key: &str, id: &str, actor: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.answered", "source": "/water", "id": id,
        "subject": format!("objection/{key}"), "actor": actor, "data": {"result": "maintained"},
    })
}

/// A site with a few cases: in time, late, overdue, on course.
async fn a_morning() -> Served {
    let served = Served::at(NOW).await;
    for (key, unit, at) in [
        ("YY-1", "qu-shuiwuju", "2022-09-26T09:00:00+08:00"),
        ("YY-2", "qu-shuiwuju", "2022-09-28T16:20:00+08:00"),
        ("YY-3", "qu-gongxinju", "2022-09-23T10:00:00+08:00"),
        ("YY-4", "qu-gongxinju", "2022-09-28T11:00:00+08:00"),
    ] {
        let came = served.state(received(key, &format!("r-{key}"), unit, at)).await;
        assert_eq!(came.status, 200, "{}", came.text);
    }
    let met = served.state(answered("YY-4", "a-4", "qu-gongxinju")).await;
    assert_eq!(met.status, 200, "{}", met.text);
    served
}

async fn page(served: &Served, path: &str) -> Came {
    let came = served.get(path).await;
    assert_eq!(came.status, 200, "{path}: {}", came.text);
    came
}

/// The text between two marks, each of which must be there.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from:?} in {text}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to:?} after {from:?}")).0
}

/// What a page shows for a figure that links to `href`.
fn figure(text: &str, class: &str) -> i64 {
    let shown = between(text, &format!("class=\"figure {class}\""), "</a>");
    let digits = shown.rsplit('>').next().unwrap_or_default().replace(',', "");
    digits.parse().unwrap_or_else(|_| panic!("{shown:?} is no number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_stands_with_its_landmarks_and_its_headers() {
    let served = a_morning().await;
    served.state(answered("YY-1", "wrong", "qu-rensheju")).await;
    let refused = served.get("refusals").await.json()["rows"][0]["ledgerSeq"].to_string();
    let refusal = format!("refusals/{refused}");
    for path in [
        "",
        "ledger",
        "ledger?show=met",
        "ledger?light=paused",
        "cases/objection/YY-1",
        "units",
        "units/qu-shuiwuju",
        "rankings",
        "supervision",
        "refusals",
        &refusal,
        "policies",
        "policies/Workflow/objection",
        "calendars/cn-gov",
        "search?q=YY",
        "settings",
    ] {
        for lang in ["zh", "en"] {
            let mark = if path.contains('?') { '&' } else { '?' };
            let came = page(&served, &format!("/desk/changqing/{path}{mark}lang={lang}")).await;
            let text = &came.text;
            assert!(text.len() < LARGEST, "{path} has {} bytes", text.len());
            assert_eq!(came.headers["content-type"], "text/html; charset=utf-8");
            let policy = came.headers["content-security-policy"].to_str().expect("a policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(came.headers["x-content-type-options"], "nosniff");
            assert_eq!(came.headers["referrer-policy"], "same-origin");
            assert_eq!(came.headers["cache-control"], "no-store");
            let tongue = if lang == "zh" { "lang=\"zh-CN\"" } else { "lang=\"en\"" };
            for part in
                [tongue, "<main id=\"main\"", "<nav class=\"rail\"", "class=\"skip\" href=\"#main\"", "<h1>"]
            {
                assert!(text.contains(part), "{path} lacks {part}");
            }
            // The other language, the theme and another time are told of this very page.
            let place = format!("href=\"/desk/changqing/{}?", path.split('?').next().unwrap_or_default());
            assert!(text.contains(&place), "{path} does not lead back to itself");
            // The policy forbids what stands within a page: there must be none of it.
            assert!(
                !text.contains(" style=\"") && !text.contains("<style") && !text.contains(" onclick"),
                "{path}"
            );
            assert!(
                !text.contains("http://") || path.contains("policies") || path.contains("objection"),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_door_leads_to_the_overview_and_the_rest_is_told() {
    let served = a_morning().await;
    let came = page(&served, "/").await;
    assert!(came.text.contains("data-live=\"matrix\""));
    let missing = served.get("/desk/changqing/cases/objection/none").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains("没有这一项"), "{}", missing.text);
    assert_eq!(served.get("/desk/nowhere/").await.status, 404);
    let wrong = served.get("/desk/changqing/ledger?light=green").await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.headers["content-type"], "text/html; charset=utf-8");
    let style = between(&came.text, "rel=\"stylesheet\" href=\"", "\"").to_owned();
    let style = page(&served, &style).await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(style.headers["cache-control"].to_str().is_ok_and(|it| it.contains("immutable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_the_overview_are_those_of_the_api_and_of_the_lists() {
    let served = a_morning().await;
    let text = page(&served, "/desk/changqing/").await.text;
    let counts = served.get("counts").await.json();
    assert_eq!(Some(figure(&text, "overdue")), counts["all"]["overdue"].as_i64(), "{counts}");
    assert_eq!(Some(figure(&text, "escalated")), counts["all"]["escalated"].as_i64(), "{counts}");
    let today = served.get("deadlines?dayFrom=2022-09-28&dayTo=2022-09-28&limit=500").await.json();
    assert_eq!(
        Some(figure(&text, "due-soon")),
        today["rows"].as_array().and_then(|it| i64::try_from(it.len()).ok()),
        "{today}"
    );
    let shown = between(&text, "id=\"seq\">", "<").replace(',', "");
    assert_eq!(shown, counts["asOf"]["ledgerSeq"].to_string());
    // Each day of the strip shows as many as its link lists.
    let strip = between(&text, "<ol class=\"ahead\">", "</ol>");
    let mut seen = 0;
    for day in strip.split("<li").skip(1) {
        let date = between(day, "dayFrom=", "&");
        let count = between(day, "class=\"count", "</span>").rsplit('>').next().expect("a count").to_owned();
        let listed = served.get(&format!("deadlines?dayFrom={date}&dayTo={date}&limit=500")).await.json();
        let listed = listed["rows"].as_array().map_or(0, Vec::len);
        assert_eq!(count.replace(',', ""), listed.to_string(), "{date}");
        seen += listed;
    }
    assert!(seen > 0, "something falls due in the next days");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_lists_what_the_api_lists_page_by_page() {
    let served = a_morning().await;
    let rows = served.get("deadlines?limit=500").await.json();
    let expected: Vec<String> = rows["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| row["case"].as_str().expect("a case").to_owned())
        .collect();
    let (mut listed, mut path) = (Vec::new(), "/desk/changqing/ledger".to_owned());
    loop {
        let text = page(&served, &path).await.text;
        listed.extend(
            text.split("data-pick=\"").skip(1).map(|it| it.split('"').next().expect("a case").to_owned()),
        );
        let Some((before, _)) = text.split_once("rel=\"next\"") else { break };
        let link = text[before.len()..].split("href=\"").nth(1).expect("a link");
        path = link.split('"').next().expect("a link").replace("&amp;", "&");
    }
    assert!(expected.len() > 50, "there is more than a page");
    assert_eq!(listed, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exports_read_again_are_what_the_query_answers() {
    let served = a_morning().await;
    let asked = "light=overdue,escalated&unit=qu-gongxinju";
    let rows = served.get(&format!("deadlines?{asked}&limit=500")).await.json();
    let cases: Vec<&str> =
        rows["rows"].as_array().expect("rows").iter().filter_map(|row| row["case"].as_str()).collect();
    assert!(cases.contains(&"objection/YY-3"), "{rows}");
    let seq = rows["asOf"]["ledgerSeq"].to_string();

    let csv = page(&served, &format!("/desk/changqing/ledger.csv?{asked}")).await;
    assert!(csv.headers["content-disposition"].to_str().is_ok_and(|it| it.contains("attachment")));
    assert!(csv.text.starts_with('\u{feff}'), "office programs need the mark");
    let lines: Vec<&str> = csv.text.trim_end().split("\r\n").collect();
    let listed: Vec<&str> =
        lines[1..lines.len() - 1].iter().filter_map(|line| line.split(',').nth(1)).collect();
    assert_eq!(listed, cases);
    assert!(lines.last().is_some_and(|line| line.contains(&seq)), "{:?}", lines.last());

    let book = served.bytes(&format!("/desk/changqing/ledger.xlsx?{asked}")).await;
    let mut book = Xlsx::new(Cursor::new(book)).expect("a workbook");
    let sheet = book.worksheet_range("台账").expect("the sheet");
    let rows: Vec<&[Data]> = sheet.rows().collect();
    assert!(rows[1][0].to_string().contains(&seq), "{:?}", rows[1]);
    assert_eq!(rows[2][1].to_string(), "编号");
    let listed: Vec<String> = rows[3..].iter().map(|row| row[1].to_string()).collect();
    assert_eq!(listed, cases);
    let due = rows[2].iter().position(|cell| cell.get_string() == Some("截止时间")).expect("a column");
    assert!(matches!(rows[3][due], Data::DateTime(_)), "a date is a date: {:?}", rows[3][due]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_stays_text() {
    let served = a_morning().await;
    let key = "<script>alert(1)</script>&\"'=1+1";
    let came = served.state(received(key, "hostile", "qu-shuiwuju", "2022-09-27T09:00:00+08:00")).await;
    assert_eq!(came.status, 200, "{}", came.text);
    let mut wrong = answered("YY-1", "<img src=x onerror=alert(2)>", "qu-rensheju");
    wrong["data"]["result"] = json!("<script>alert(3)</script>");
    assert_eq!(served.state(wrong).await.status, 422);
    let refused = served.get("refusals").await.json()["rows"][0]["ledgerSeq"].to_string();
    let case = came.json()["events"][0]["case"].as_str().expect("a case").to_owned();
    let encoded: Vec<String> = case.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = encoded.concat();
    for path in [
        "",
        "ledger",
        "units/qu-shuiwuju",
        "supervision",
        "search?q=%3Cscript%3E",
        "refusals",
        &format!("refusals/{refused}"),
        &format!("cases/{}", encoded.replace("%2F", "/")),
    ] {
        let text = page(&served, &format!("/desk/changqing/{path}")).await.text;
        assert!(!text.contains("<script>alert") && !text.contains("<img"), "{path}");
    }
    let found = page(&served, "/desk/changqing/search?q=alert").await.text;
    assert!(found.contains("&lt;script&gt;alert(1)"), "{found}");
    let echoed = page(&served, "/desk/changqing/search?q=%22%3E%3Cscript%3Ealert(9)").await.text;
    assert!(!echoed.contains("<script>alert"), "{echoed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_case_draws_its_deadline_and_says_why() {
    let served = a_morning().await;
    let text = page(&served, "/desk/changqing/cases/objection/YY-2?at=2022-09-29T09:00").await.text;
    let case = served.get("cases/objection/YY-2?at=2022-09-29T09:00:00%2B08:00").await.json();
    let deadline = &case["deadlines"][0];
    for said in [
        &deadline["reason"]["zh"],
        &deadline["due"]["zh"],
        &case["unit"]["title"]["zh"],
        &case["state"]["title"]["zh"],
    ] {
        assert!(text.contains(said.as_str().expect("a text")), "the page lacks {said}");
    }
    let strip = between(&text, "<ol class=\"strip\"", "</ol>");
    let days = deadline["explanation"]["days"].as_array().expect("days");
    assert_eq!(strip.matches("<li class=\"day ").count(), days.len());
    let counted = days.iter().filter(|day| day["counted"].is_number()).count();
    assert_eq!(strip.matches("class=\"day counted").count(), counted);
    assert!(text.contains("class=\"duban-present\""), "the diagram marks the present state");
    for told in case["timeline"].as_array().expect("a timeline") {
        assert!(text.contains(&format!("#{}", told["ledgerSeq"])), "the timeline lacks {told}");
    }
    assert!(text.contains("role=\"note\""), "a page about another time says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_one_of_a_few_words_is_offered_and_told_by_its_title() {
    let served = a_morning().await;
    let open = page(&served, "/desk/changqing/cases/objection/YY-1").await.text;
    assert!(open.contains("<option value=\"maintained\">予以维持</option>"), "{open}");
    let told = page(&served, "/desk/changqing/cases/objection/YY-4").await.text;
    assert!(told.contains("<dd>予以维持</dd>"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_fact_is_corrected_and_refers_to_the_old_one() {
    let served = a_morning().await;
    served.state(answered("YY-1", "wrong", "qu-rensheju")).await;
    let refused = served.get("refusals").await.json()["rows"][0]["ledgerSeq"].to_string();
    let path = format!("/desk/changqing/refusals/{refused}");
    let form = page(&served, &path).await.text;
    assert!(form.contains("actor.forbidden") && form.contains("<textarea"), "{form}");
    let form = "application/x-www-form-urlencoded";
    let body = |actor: &str| {
        format!(
            "actor={actor}&type=objection.answered&subject=objection%2FYY-1&data=%7B%22result%22%3A%22maintained%22%7D"
        )
    };
    let again = served.post(&path, form, body("qu-rensheju")).await;
    assert_eq!(again.status, 200);
    assert!(again.text.contains("role=\"alert\""), "{}", again.text);
    let foreign = served
        .request(|client, address| {
            let request = client.post(format!("{address}{path}")).header("content-type", form);
            request.header("sec-fetch-site", "cross-site").body(body("qu-shuiwuju"))
        })
        .await;
    assert_eq!(foreign.status, 403, "{}", foreign.text);
    let taken = served.post(&path, form, body("qu-shuiwuju")).await;
    assert!(taken.text.contains("<h1>YY-1</h1>"), "it leads to the case: {}", taken.text);
    let case = served.get("cases/objection/YY-1").await.json();
    let kinds: Vec<&str> = case["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .filter_map(|it| it["type"].as_str())
        .collect();
    assert!(kinds.contains(&"objection.answered"), "{kinds:?}");
    let before = served.facts_stored().await;
    served.post(&path, form, body("qu-shuiwuju")).await;
    let status = served.get("status").await.json();
    assert!(status["intakeSeq"].as_u64() > u64::try_from(before).ok(), "{status}");
    let counts = served.get("counts?unit=qu-shuiwuju").await.json();
    assert_eq!(
        counts["all"]["metInTime"].as_i64().unwrap_or(0) + counts["all"]["metLate"].as_i64().unwrap_or(0),
        1,
        "stated twice, it counts once: {counts}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_feed_has_every_open_deadline_on_its_last_day() {
    let served = a_morning().await;
    let came = page(&served, "/desk/changqing/units/qu-shuiwuju/deadlines.ics").await;
    assert_eq!(came.headers["content-type"], "text/calendar; charset=utf-8");
    let rows = served.get("deadlines?unit=qu-shuiwuju&limit=500").await.json();
    let rows = rows["rows"].as_array().expect("rows").clone();
    assert_eq!(came.text.matches("BEGIN:VEVENT").count(), rows.len());
    let days: BTreeSet<String> =
        rows.iter().map(|row| row["lastDay"].as_str().expect("a day").replace('-', "")).collect();
    for day in days {
        assert!(came.text.contains(&format!("DTSTART;VALUE=DATE:{day}")), "{day} in {}", came.text);
    }
    assert_eq!(served.get("/desk/changqing/units/nobody/deadlines.ics").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_goes_on_where_it_was_cut() {
    let served = a_morning().await;
    let last = served.get("counts").await.json()["asOf"]["ledgerSeq"].as_u64().expect("a sequence");
    let first = served.events("stream?after=0", None, 5).await;
    assert_eq!(first, (1..=5).collect::<Vec<u64>>());
    let resumed = served.events("stream?after=0", Some(last - 2), 2).await;
    assert_eq!(resumed, vec![last - 1, last]);
    let (fresh, _) = tokio::join!(
        served.events("stream", Some(last), 1),
        served.state(received("YY-9", "r9", "qu-shuiwuju", NOW)),
    );
    assert_eq!(fresh, vec![last + 1]);
    assert_eq!(served.get("stream?after=999999").await.status, 400);
}
