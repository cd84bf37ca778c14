//! The tools that read a folder of policies: coverage, list, draw, diff.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::cli::duban;

const REGISTER: &str = r"
kind: Register
name: somewhere
version: '1'
title: {zh: 某县, en: Somewhere}
units:
  - {id: operator, title: {zh: 管理员, en: Operator}}
  - {id: office, title: {zh: 信用办, en: Credit Office}}
  - {id: water, title: {zh: 水务局, en: Water Bureau}}
  - {id: tax, title: {zh: 税务局, en: Tax Bureau}}
groups: {bureaus: [unit:water, unit:tax]}
roles: {operator: [operator], importer: [operator], engine: [operator], credit-office: [office]}
---
kind: Calendar
name: cn-gov
version: '1'
timeZone: Asia/Shanghai
verified: {from: '2022-01-01', to: '2023-12-31'}
";

const NOTICE: &str = r"
kind: Notice
name: somewhere-1
version: '1'
title: {zh: 某县通知, en: A notice of Somewhere}
number: 某发〔2022〕1号
issuer: {zh: 某县, en: Somewhere}
issuedOn: '2022-01-01'
clauses:
  - {id: 一, title: {zh: 范围, en: Scope}, unsupervised: {zh: 不产生义务, en: It owes nothing}}
  - {id: 二1, title: {zh: 月报, en: Monthly report}}
  - {id: 二2, title: {zh: 月报(税务), en: Monthly report of the tax bureau}}
  - {id: 二3, title: {zh: 异议, en: Objections}}
  - {id: 三, title: {zh: 宣传, en: Publicity}}
";

const DUTIES: &str = r"
kind: Duty
name: report
version: '1'
title: {zh: 月报, en: Monthly report}
cite: {notice: somewhere-1, clause: 二1}
clauses: {tax: 二2}
effective: {from: '2022-01-01'}
for: group:bureaus
every: month
covers: previous
about: data.number == case.period
due: {dayOfMonth: 4}
calendar: cn-gov
ladder: none
satisfiedBy: {event: matter.answered, at: recorded}
---
kind: Duty
name: news
version: '1'
title: {zh: 信息, en: News}
cite: {notice: somewhere-1, clause: 二1, also: [二3], officeSetting: true}
effective: {from: '2022-01-01'}
for: unit:water
every: quarter
atLeast: 2
counts: {events: [matter.answered]}
due: {endOf: quarter}
calendar: cn-gov
ladder: none
";

const OBJECTION: &str = r"
kind: Workflow
name: objection
version: '1'
title: {zh: 异议处理, en: Objections}
cite: {notice: somewhere-1, clause: 二3}
effective: {from: '2022-01-01'}
key: [data.number]
owner: data.unit
opens: {event: matter.received, by: anyone}
initial: received
states:
  received:
    title: {zh: 待办, en: Received}
    waitsFor: owner
    events: {matter.answered: {to: closed, by: owner}}
  closed: {title: {zh: 已办, en: Closed}, final: true}
clocks:
  - name: answer
    title: {zh: 异议答复, en: Answer}
    cite: {notice: somewhere-1, clause: 二3}
    start: {events: [matter.received], at: recorded}
    stop: {events: [matter.answered], at: recorded}
    due: {workingDays: 1}
    calendar: cn-gov
    onCalendarAmended: recompute
    ladder: none
";

fn folder(objection: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    };
    write("somewhere/register.yaml", REGISTER);
    write("somewhere/notice.yaml", NOTICE);
    write("somewhere/duties.yaml", DUTIES);
    write("somewhere/objection.yaml", objection);
    for (name, zh, en) in [("received", "收到异议", "Objection received"), ("answered", "答复", "Answered")]
    {
        let schema = format!(
            r#"{{"$id": "duban:events/matter.{name}/1", "x-title": {{"zh": "{zh}", "en": "{en}"}}, "type": "object",
                "required": ["unit", "number"],
                "properties": {{"unit": {{"type": "string"}}, "number": {{"type": "string"}}}}}}"#
        );
        write(&format!("events/matter.{name}.v1.json"), &schema);
    }
    folder
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn coverage_tells_every_clause_and_ends_with_what_it_found() {
    let folder = folder(OBJECTION);
    let here = shown(folder.path());
    insta::assert_snapshot!("coverage_zh", duban(&["policy", "coverage", here]).ends(1).out);
    let said = duban(&["policy", "coverage", here, "--lang", "en", "--tenant", "somewhere"]).ends(1);
    insta::assert_snapshot!("coverage_en", said.out);
    let said = duban(&["policy", "coverage", here, "--json"]).ends(1).json();
    insta::assert_snapshot!("coverage_json", serde_json::to_string_pretty(&said).expect("JSON"));
    // When the last clause is explained, nothing is left to find.
    let notice =
        NOTICE.replace("en: Publicity}}", "en: Publicity}, unsupervised: {zh: 倡导, en: An appeal}}");
    fs::write(folder.path().join("somewhere/notice.yaml"), notice).expect("written");
    duban(&["policy", "coverage", here]).ends(0);
    duban(&["policy", "coverage", here, "--tenant", "nowhere"]).ends(1);
}

#[test]
fn the_list_has_a_row_for_every_rule_or_for_every_unit() {
    let folder = folder(OBJECTION);
    let here = shown(folder.path());
    insta::assert_snapshot!("list_zh", duban(&["policy", "list", here]).ends(0).out);
    insta::assert_snapshot!("list_en", duban(&["policy", "list", here, "--lang", "en"]).ends(0).out);
    insta::assert_snapshot!("list_by_unit", duban(&["policy", "list", here, "--by-unit"]).ends(0).out);
    let said = duban(&["policy", "list", here, "--unit", "tax", "--json"]).ends(0).json();
    insta::assert_snapshot!("list_json", serde_json::to_string_pretty(&said).expect("JSON"));
}

#[test]
fn a_workflow_is_drawn_in_both_forms_and_an_unknown_one_is_guessed() {
    let folder = folder(OBJECTION);
    let here = shown(folder.path());
    insta::assert_snapshot!("draw_mermaid", duban(&["policy", "draw", "objection", here]).ends(0).out);
    let said = duban(&["policy", "draw", "report", here, "--format", "svg", "--lang", "en"]).ends(0);
    insta::assert_snapshot!("draw_svg", said.out);
    let said = duban(&["policy", "draw", "objektion", here]).ends(2);
    assert!(said.err.contains("did you mean \"objection\"?"), "{}", said.err);
}

#[test]
fn a_changed_limit_is_told_between_files_folders_and_versions() {
    let later = OBJECTION.replace("workingDays: 1", "workingDays: 2");
    let (old, new) = (folder(OBJECTION), folder(&later));
    let file = |folder: &TempDir| shown(&folder.path().join("somewhere/objection.yaml")).to_owned();
    let said = duban(&["policy", "diff", &file(&old), &file(&new)]).ends(0);
    assert_eq!(said.out, "修改 流程 异议处理（objection）\n  时限 · 异议答复：1 个工作日内 → 2 个工作日内\n");
    let said = duban(&["policy", "diff", shown(old.path()), shown(new.path()), "--lang", "en"]).ends(0);
    assert_eq!(
        said.out,
        "somewhere  changed workflow Objections (objection)\n  clock · Answer: 1 working day → 2 working days\n"
    );
    let beside = later.replace("2022-01-01", "2023-01-01");
    fs::write(old.path().join("somewhere/later.yaml"), beside).expect("written");
    let said = duban(&["policy", "diff", shown(old.path()), "objection"]).ends(0);
    assert!(said.out.contains("新版本") && said.out.contains("1 个工作日内 → 2 个工作日内"), "{}", said.out);
    assert_eq!(duban(&["policy", "diff", &file(&old), &file(&old)]).ends(0).out, "没有差异\n");
    duban(&["policy", "diff", shown(old.path()), "nothing"]).ends(2);
}
