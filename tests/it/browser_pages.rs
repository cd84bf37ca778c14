//! Every page of the desk in a real browser, on a year's data: nothing goes wrong in it,
//! nothing is cut off, nobody is locked out, and a picture of each is kept to be looked at.
//!
//! Pictures go to `target/tmp/desk`; the test says where. What a page is made of is
//! compared as text, since fonts differ between machines.

use std::collections::BTreeMap;
use std::path::PathBuf;

use duban::memory::directory::MemoryDirectory;
use serde_json::{Value, json};

use crate::support::browser::{Browser, OFFICE, PHONE, Screen, Tab, WALL};
use crate::support::fetched::axe;
use crate::support::people::People;
use crate::support::site::Served;
use crate::support::year::year;

/// What a page may bring, style and script with it.
const LARGEST: u64 = 300 * 1024;

/// Where the pictures go.
pub fn pictures() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("desk")
}

/// The pages, by the names of their pictures; some are found by looking.
fn pages(tab: &mut Tab, desk: &str) -> Vec<(&'static str, String)> {
    let mut first = |path: &str, selector: &str| {
        tab.open(&format!("{desk}{path}"));
        tab.text(&format!(
            "(({{ pathname, search }}) => pathname + search)(document.querySelector({}))",
            json!(selector)
        ))
    };
    let of_matter = ".ledger .matter a";
    let found = [
        ("case-overdue", first("ledger?light=overdue", of_matter)),
        ("case-escalated", first("ledger?light=escalated", of_matter)),
        ("case-late", first("ledger?show=met&late=true", of_matter)),
        ("refusal", first("refusals", ".ledger td:last-child a")),
        ("sheet", first("supervision", ".ledger a[href*='/sheet?']")),
        ("score", first("rankings", "tbody th a")),
        ("unit", first("", ".matrix tbody th a")),
    ];
    let desk_path = desk.splitn(4, '/').nth(3).map(|it| format!("/{it}")).expect("a path");
    let found = found.map(|(name, path)| {
        (name, path.strip_prefix(&desk_path).unwrap_or_else(|| panic!("{path} is elsewhere")).to_owned())
    });
    let fixed = [
        ("overview", ""),
        ("ledger", "ledger"),
        ("ledger-overdue", "ledger?light=overdue,escalated&order=latest"),
        ("ledger-met", "ledger?show=met"),
        ("units", "units"),
        ("rankings", "rankings"),
        ("supervision", "supervision"),
        ("deliveries", "deliveries"),
        ("bell", "bell"),
        ("refusals", "refusals"),
        ("policies", "policies"),
        ("policy", "policies/Workflow/objection"),
        ("calendar", "calendars/cn-gov"),
        ("search", "search?q=%E4%BF%A1%E7%94%A8"),
        ("settings", "settings"),
        ("then", "?at=2024-10-08T17:50"),
    ];
    // The message of a rung is looked at from its case.
    let letter = found[0].1.replacen("cases/", "deliveries/preview?case=", 1);
    let fixed = fixed.map(|(name, path)| (name, path.to_owned()));
    fixed.into_iter().chain(found).chain([("letter", letter)]).collect()
}

/// What the page is made of, and what is wrong with how it stands.
const FACTS: &str = r#"(() => {
  const seen = (it) => { const box = it.getBoundingClientRect(); return box.width > 1 && box.height > 1 && it.checkVisibility({ visibilityProperty: true }); };
  const text = (it) => (it.innerText ?? it.textContent).replace(/\s+/g, " ").trim();
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const scrolls = (it) => { for (let up = it.parentElement; up; up = up.parentElement) { if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)) return true; } return false; };
  const wrong = [];
  const [wide, room] = [document.documentElement.scrollWidth, document.documentElement.clientWidth];
  if (wide > room) wrong.push(`the page is ${wide} wide on ${room}`);
  for (const it of document.querySelectorAll("body *")) {
    const box = it.getBoundingClientRect();
    if (!seen(it) || it.closest(".unseen, .skip, svg, dialog")) continue;
    if ((box.right > room + 1 || box.left < -1) && !scrolls(it)) wrong.push(`out of the page: <${it.tagName} class="${it.className}"> ${text(it).slice(0, 40)}`);
    const style = getComputedStyle(it);
    if (style.overflow === "hidden" && style.textOverflow !== "ellipsis" && it.scrollWidth > it.clientWidth + 1) wrong.push(`cut off: <${it.tagName} class="${it.className}"> ${text(it).slice(0, 40)}`);
  }
  const bars = [".rail", ".top", "main"].map((it) => document.querySelector(it)?.getBoundingClientRect()).filter(Boolean);
  for (const light of all(".light")) if (light.closest("[aria-hidden]") === null && !text(light).replace(/[●▲■◆○◌✓✗–…\d, ]/g, "") && !light.querySelector(".unseen")) wrong.push(`a light without a word: ${light.outerHTML}`);
  for (const link of all("a, button, input, select, summary")) if (!(text(link) || link.getAttribute("aria-label") || link.labels?.length || link.title)) wrong.push(`nameless: ${link.outerHTML.slice(0, 120)}`);
  const crowded = [...document.querySelectorAll(".top > *, .page-head > *, .filters > *, .tabs > *, .exports > *, .switches > *")].filter(seen);
  for (const one of crowded) for (const other of crowded) {
    if (one === other || one.parentElement !== other.parentElement) continue;
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) wrong.push(`on top of each other: ${text(one)} / ${text(other)}`);
  }
  const words = [
    ...all("h1, h2").map((it) => `${it.tagName.toLowerCase()} ${text(it)}`),
    ...all("nav").map((it) => `nav ${it.getAttribute("aria-label")}: ${it.matches(".small") ? "…" : [...it.children].map(text).filter(Boolean).join(" | ")}`),
    ...all("table:not(.month-grid)").map((it) => `table ${[...it.querySelectorAll("thead th")].slice(0, it.matches(".matrix") ? 2 : 99).map((one) => text(one) || one.getAttribute("aria-label")).join(" | ")}`),
    ...all("main label > span, main dl:not(.facts) dt, main button").map((it) => `name ${text(it)}`),
  ];
  return { wrong, words: [...new Set(words)], bars: bars.length };
})()"#;

/// What is wrong with a page, each with the page's name.
fn wrong(tab: &mut Tab, of: &str) -> Vec<String> {
    let facts = tab.eval(FACTS);
    let stands = facts["wrong"].as_array().expect("a list").iter();
    let stands = stands.map(|it| it.as_str().unwrap_or_default().to_owned());
    let went = tab.went().wrong.clone();
    stands.chain(went).map(|it| format!("{of}: {it}")).collect()
}

#[test]
fn every_page_stands_on_every_screen_in_both_languages_and_themes() {
    let (browser, desk) = (Browser::start(), format!("{}/desk/changqing/", year().address));
    let mut tab = browser.tab();
    let pages = pages(&mut tab, &desk);
    let mut found = Vec::new();
    for lang in ["zh", "en"] {
        let mut words = BTreeMap::new();
        for (name, path) in &pages {
            let mark = if path.contains('?') { '&' } else { '?' };
            tab.look(OFFICE, false);
            tab.open(&format!("{desk}{path}{mark}lang={lang}"));
            let bytes = tab.went().bytes;
            assert!(bytes <= LARGEST && bytes > 10_000, "{path} brings {bytes} bytes");
            words.insert(*name, tab.eval(FACTS)["words"].clone());
            for screen in [OFFICE, WALL, PHONE] {
                found.extend(seen(&mut tab, &format!("{name}-{lang}"), screen));
            }
        }
        insta::assert_snapshot!(format!("desk_words_{lang}"), told(&words));
    }
    println!("pictures of the desk: {}", pictures().display());
    assert!(found.is_empty(), "{found:#?}");
}

/// Looks at a page on a screen in both themes; what is wrong with it. Pictures are kept
/// of the Chinese page in both themes, and of the English one by day in the office and
/// by night on the phone; of the wall, as it hangs there.
fn seen(tab: &mut Tab, name: &str, screen: Screen) -> Vec<String> {
    let mut found = Vec::new();
    for dark in [false, true] {
        let theme = if dark { "dark" } else { "light" };
        tab.look(screen, dark);
        found.extend(wrong(tab, &format!("{name} on {} in {theme}", screen.name)));
        let on_wall = screen.name == WALL.name;
        let is_kept =
            if name.ends_with("-zh") { !on_wall || !dark } else { !on_wall && dark == screen.touch };
        if is_kept {
            tab.picture(&pictures().join(format!("{name}-{}-{theme}.png", screen.name)), !on_wall);
        }
    }
    found
}

/// What pages are made of, as a text; numbers and names of cases are the year's, not the
/// page's.
fn told(words: &BTreeMap<&str, Value>) -> String {
    let mut told = String::new();
    for (page, words) in words {
        told.push_str(&format!("== {page}\n"));
        for word in words.as_array().expect("a list") {
            let word = word.as_str().expect("a text");
            if word.starts_with("h1") && of_the_year(page) {
                continue;
            }
            let mut digits = false;
            for one in word.chars() {
                let is_digit = one.is_ascii_digit() || digits && one == ',';
                if !is_digit {
                    told.push(one);
                } else if !digits {
                    told.push('#');
                }
                digits = is_digit;
            }
            told.push('\n');
        }
    }
    told
}

/// Whether a page is called by something of the year.
fn of_the_year(page: &str) -> bool {
    ["case", "refusal", "score", "sheet", "unit"].iter().any(|it| page.split('-').next() == Some(it))
}

#[test]
fn nobody_is_locked_out_of_any_page() {
    let axe = axe().unwrap_or_else(|error| panic!("failed to {error}"));
    let (browser, desk) = (Browser::start(), format!("{}/desk/changqing/", year().address));
    let mut tab = browser.tab();
    let pages = pages(&mut tab, &desk);
    let mut found = Vec::new();
    for (name, path) in &pages {
        let mark = if path.contains('?') { '&' } else { '?' };
        tab.look(OFFICE, false);
        tab.open(&format!("{desk}{path}{mark}lang=zh"));
        for dark in [false, true] {
            tab.look(OFFICE, dark);
            found.extend(faults(&mut tab, &axe, &format!("{name}, dark: {dark}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// What axe-core finds serious.
fn faults(tab: &mut Tab, axe: &str, page: &str) -> Vec<String> {
    if tab.eval("typeof axe") != "object" {
        tab.eval(&format!("{axe};0"));
    }
    let found = tab.eval(
        "axe.run(document, { resultTypes: ['violations'] }).then((it) => it.violations
           .filter((one) => ['serious', 'critical'].includes(one.impact))
           .map((one) => one.id + ': ' + one.nodes.slice(0, 4).map((node) => node.html.slice(0, 160) + ' ' + node.any.map((any) => any.message).join(' ').slice(0, 200)).join('\\n')))",
    );
    let found = found.as_array().expect("a list").clone();
    found.iter().map(|it| format!("{page}: {}", it.as_str().unwrap_or_default())).collect()
}

#[test]
fn a_desk_without_anything_says_what_would_be_there() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let now = crate::support::year::NOW;
    let served = runtime.block_on(Served::with(now, MemoryDirectory::default()));
    let (browser, desk) = (Browser::start(), format!("{}/desk/changqing/", served.address));
    let axe = axe().unwrap_or_else(|error| panic!("failed to {error}"));
    let (mut tab, mut found) = (browser.tab(), Vec::new());
    for path in [
        "",
        "ledger",
        "ledger?show=met",
        "units",
        "rankings",
        "supervision",
        "refusals",
        "policies",
        "search?q=YY",
        "settings",
    ] {
        let name =
            format!("empty-{}", path.split('?').next().filter(|it| !it.is_empty()).unwrap_or("overview"));
        for lang in ["zh", "en"] {
            let mark = if path.contains('?') { '&' } else { '?' };
            tab.look(OFFICE, false);
            tab.open(&format!("{desk}{path}{mark}lang={lang}"));
            if path != "settings" {
                assert!(tab.eval("document.querySelectorAll('.empty').length").as_u64() > Some(0), "{path}");
            }
            for screen in [OFFICE, PHONE] {
                found.extend(seen(&mut tab, &format!("{name}-{lang}"), screen));
            }
            found.extend(faults(&mut tab, &axe, &name));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_way_in_stands_too() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let people = runtime.block_on(People::new());
    let (browser, address) = (Browser::start(), people.served.address.clone());
    let axe = axe().unwrap_or_else(|error| panic!("failed to {error}"));
    let (mut tab, mut found) = (browser.tab(), Vec::new());
    for lang in ["zh", "en"] {
        tab.open(&format!("{address}/sign-in?lang={lang}"));
        for screen in [OFFICE, PHONE] {
            found.extend(seen(&mut tab, &format!("sign-in-{lang}"), screen));
        }
        found.extend(faults(&mut tab, &axe, "sign-in"));
    }
    // Who may not see a tenant is told so in a page, not in JSON.
    let token = format!("Bearer {}", people.token("stranger"));
    tab.ask("Network.setExtraHTTPHeaders", json!({"headers": {"authorization": token}}));
    tab.open(&format!("{address}/desk/changqing/?lang=zh"));
    for screen in [OFFICE, PHONE] {
        found.extend(seen(&mut tab, "denied-zh", screen));
    }
    found.extend(faults(&mut tab, &axe, "denied"));
    found.retain(|it| !it.contains("403") && !it.contains("404"));
    assert!(found.is_empty(), "{found:#?}");
}
