//! The house keeps its floors: imports go downward only, the top level is what it
//! was agreed to be, and no room grows too large to know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from the ground up; a module may import its own floor's module and
/// whatever stands lower.
const FLOORS: &[&[&str]] = &[
    &["parse"],
    &["id", "time", "exact"],
    &["calendar"],
    &["event"],
    &["policy", "identity"],
    &["kernel"],
    &["port"],
    &["tls", "message"],
    &["memory", "nats", "sled_store", "files", "carriers"],
    &["query"],
    &["engine", "openid"],
    &["courier"],
    &["scenario"],
    &["sim"],
    &["http", "config", "telemetry"],
    &["desk", "responder"],
    &["cli"],
];

/// What a module must not import although it stands lower, with the reason.
const CLOSED: &[(&str, &[&str], &str)] = &[
    ("memory", &["kernel", "policy"], "an adapter knows its port and its library"),
    ("nats", &["kernel", "policy", "event"], "an adapter knows its port and its library"),
    ("files", &["kernel", "policy", "event"], "an adapter knows its port and its library"),
    ("message", &["kernel", "policy"], "a message is made of facts that the read side has found"),
    ("carriers", &["kernel", "policy"], "an adapter knows its port and its libraries"),
    ("sled_store", &["kernel", "policy", "event"], "an adapter knows its port and its library"),
    ("engine", &["memory", "nats", "sled_store", "query"], "the engine names no adapter"),
    ("courier", &["memory", "nats", "sled_store", "carriers"], "the courier names no adapter"),
    ("query", &["memory", "nats", "sled_store"], "the query side names no adapter"),
    ("http", &["memory", "nats", "sled_store", "files"], "the command line alone wires adapters"),
    (
        "responder",
        &["memory", "nats", "sled_store", "files", "query"],
        "questions are asked through http's answers",
    ),
    ("desk", &["memory", "nats", "sled_store", "kernel"], "the desk shows what the read side answers"),
];

/// Words that a floor must not contain outside its tests, with the reason.
const ABSENT: &[(&str, &[&str], &str)] = &[
    ("kernel", &["async fn", "tokio::", "std::env", "std::fs", "std::net", "HashMap"], "the kernel is pure"),
    ("calendar", &["tokio::", "std::fs", "std::env", "HashMap"], "days are counted without I/O"),
    (
        "identity",
        &["tokio::", "std::fs", "std::env", "ring::", "axum::"],
        "who may what is decided without I/O",
    ),
    ("policy", &["tokio::", "std::fs", "std::env"], "policies are read by the command line"),
    ("message", &["tokio::", "std::fs", "std::env", "HashMap"], "a message is rendered without I/O"),
    ("port", &["async_nats", "sled::", "reqwest", "lettre"], "a port names no library"),
    ("carriers", &["std::env", "Utc::now"], "the command line alone reads the environment and the clock"),
    ("engine", &["async_nats", "sled::", "std::env"], "the engine names no adapter"),
    ("courier", &["async_nats", "sled::", "std::env", "reqwest", "lettre"], "the courier names no adapter"),
];

const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "workflows",
    "events",
    "tests",
    "benches",
    "docker-compose.yml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(under: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// The sources by top module, without what only tests compile.
fn sources() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let src = root().join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut by_module: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for path in files {
        let inner = path.strip_prefix(&src).expect("below src").to_path_buf();
        let first = inner.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let module = first.trim_end_matches(".rs").to_owned();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "properties");
        if ["lib", "main"].contains(&module.as_str()) || is_test {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a text");
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        by_module.entry(module).or_default().push((inner, text));
    }
    by_module
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = Vec::new();
    for line in code {
        for part in line.split("crate::").skip(1) {
            let name: String =
                part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            found.push(name);
        }
    }
    found
}

#[test]
fn imports_go_downward_only() {
    let mut wrong = Vec::new();
    for (module, files) in sources() {
        let floor = floor_of(&module).unwrap_or_else(|| panic!("src/{module} stands on no floor"));
        for (path, text) in files {
            for target in imports(&text) {
                let Some(below) = floor_of(&target) else { continue };
                if below > floor || (below == floor && target != module) {
                    wrong.push(format!("{} imports {target}, which does not stand lower", path.display()));
                }
                for (closed, to, reason) in CLOSED {
                    if module == *closed && to.contains(&target.as_str()) {
                        wrong.push(format!("{} imports {target}: {reason}", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_must_be_absent_is_absent() {
    let mut wrong = Vec::new();
    for (module, files) in sources() {
        for (of, words, reason) in ABSENT.iter().filter(|(of, ..)| *of == module) {
            for (path, text) in &files {
                let code: Vec<&str> =
                    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
                for word in words.iter().filter(|word| code.iter().any(|line| line.contains(**word))) {
                    wrong.push(format!("{} contains {word:?}, but {of}: {reason}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_none_is_too_large() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let mut wrong = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a text");
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not begin with what it is responsible for", path.display()));
        }
        if text.lines().count() > 600 {
            wrong.push(format!("{} has more than 600 lines", path.display()));
        }
        for name in ["utils", "helpers", "manager", "common"] {
            if path.file_stem().is_some_and(|stem| stem == name) {
                wrong.push(format!("{} has a name that says nothing", path.display()));
            }
        }
    }
    let main = fs::read_to_string(root().join("src/main.rs")).expect("src/main.rs");
    assert!(main.lines().count() < 60, "src/main.rs should only hand over to the command line");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_top_level_is_as_agreed() {
    let listed = std::process::Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output()
        .expect("git, to list what the project holds; install it with your system's package manager");
    let text = String::from_utf8(listed.stdout).expect("paths");
    let mut wrong: Vec<&str> = text
        .lines()
        .filter_map(|path| path.split('/').next())
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name))
        .collect();
    wrong.dedup();
    assert!(wrong.is_empty(), "these do not belong at the top: {wrong:?}");
}
