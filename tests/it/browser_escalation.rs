//! A whole escalation, walked through on the desk in a real browser: from the blue reminder
//! over the red sheet that nobody answers to the bulletin, the talk and the counsellor.

use duban::memory::directory::MemoryDirectory;
use serde_json::{Value, json};

use crate::browser_pages::pictures;
use crate::support::browser::{Browser, OFFICE, Tab};
use crate::support::people::NOW;
use crate::support::site::Served;

/// The objection that nobody answered, and the sheet about it.
const OBJECTION: &str = "objection/YY-2026-041";
const SHEET: &str = "supervision-sheet/objection/YY-2026-041/answer";
const COUNSELLOR: &str = "counsellor/qu-wenlvju/2026-Q1";

/// What the sheet's page says, and the state of its case.
fn main(tab: &mut Tab) -> String {
    tab.text("document.querySelector('main').innerText")
}

/// Fills in the form of a type of fact on the page of a case, and sends it.
fn states(tab: &mut Tab, kind: &str, fields: &[(&str, &str)]) {
    let fill = format!(
        "(() => {{
            const of = (form) => form.querySelector('input[name=type]')?.value === {};
            const form = [...document.querySelectorAll('#answers form')].find(of);
            document.querySelectorAll('#answers details').forEach((it) => {{ it.open = it.contains(form); }});
            for (const [name, value] of {}) form.elements['data.' + name].value = value;
            return form.checkValidity();
        }})()",
        json!(kind),
        fields.iter().map(|(name, value)| json!([name, value])).collect::<Value>(),
    );
    assert_eq!(tab.eval(&fill), true, "{kind} should be offered and {fields:?} fit it");
    tab.leading(|tab| tab.click("#answers details[open] button[type=submit]"));
}

/// Whether the words stand on the page in this order.
#[track_caller]
fn in_order(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        let place = rest.find(word).unwrap_or_else(|| panic!("{word} should come next in {rest}"));
        rest = &rest[place + word.len()..];
    }
}

fn walk(desk: &str) {
    let browser = Browser::start();
    let mut tab = browser.tab();
    tab.look(OFFICE, false);
    // The bell knows of it, and is quiet once it was looked at.
    tab.open(&format!("{desk}?lang=zh"));
    assert_eq!(tab.text("document.querySelector('.bell b').firstChild.data"), "50");
    tab.leading(|tab| tab.click(".bell"));
    assert!(main(&mut tab).contains("约谈"), "{}", main(&mut tab));
    tab.picture(&pictures().join("bell.png"), false);
    tab.open(&format!("{desk}?lang=zh"));
    assert_eq!(tab.eval("document.querySelector('.bell b') === null"), true, "all was looked at");

    // How it came so far stands on the page of the objection.
    tab.open(&format!("{desk}cases/{OBJECTION}"));
    let ladder = ["收到异议", "催办", "超期", "督办单（第 1 次）", "督办单（第 3 次）", "通报", "约谈"];
    in_order(&tab.text("document.querySelector('.timeline').innerText"), &ladder);
    // What a rung says is looked at from the ladder.
    tab.open(&format!("{desk}deliveries/preview?case={OBJECTION}&rung=3"));
    in_order(&main(&mut tab), &["消息预览", "督办单", "红色", "【督办单】区文旅局", "计日"]);
    tab.picture(&pictures().join("letter.png"), false);

    // The red sheet is a matter of its own: signed for, not answered, told in a bulletin.
    tab.open(&format!("{desk}cases/{SHEET}"));
    let told = ["签收督办单", "催办", "超期", "通报", "约谈"];
    in_order(&tab.text("document.querySelector('.timeline').innerText"), &told);
    assert!(tab.text("document.querySelector('.ball').innerText").contains("区文旅局"));
    // The talk is held and noted; the unit answers; the office closes the sheet.
    states(&mut tab, "summons.held", &[("heldOn", "2026-03-20"), ("summary", "约谈分管负责人")]);
    states(&mut tab, "supervision-sheet.answered", &[("text", "已核实更正，逐件销号")]);
    assert!(tab.text("document.querySelector('.ball').innerText").contains("区信用办"));
    tab.picture(&pictures().join("sheet-answered.png"), false);
    states(&mut tab, "supervision-sheet.closed", &[]);
    assert!(tab.text("document.querySelector('.facts').innerText").contains("已销号"));
    assert_eq!(tab.eval("document.querySelector('#answers') === null"), true, "a closed sheet takes nothing");
    let end = ["约谈", "答复督办单", "逾期办理", "督办单销号", "办结"];
    in_order(&tab.text("document.querySelector('.timeline').innerText"), &end);

    // Who is late again and again gets a counsellor.
    tab.open(&format!("{desk}cases/{COUNSELLOR}"));
    states(&mut tab, "counsellor.assigned", &[("counsellor", "信用办 曲某")]);
    let page = main(&mut tab);
    assert!(page.contains("辅导中") && page.contains("信用办 曲某"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_blue_reminder_to_the_talk_and_the_counsellor() {
    let served = Served::with(NOW, MemoryDirectory::default()).await;
    served.load_sample().await;
    // What comes last is decided last.
    assert_eq!(served.state(crate::cli_serve::received(1, "qu-fagaiju")).await.status, 200);
    let desk = format!("{}/desk/changqing/", served.address);
    tokio::task::spawn_blocking(move || walk(&desk)).await.expect("it is walked through");
}
