//! The README's tutorial: the files it shows are a sixth notice that runs.

use std::fs;
use std::path::Path;

use crate::support::cli::duban;

/// The files that the page shows, by the path in their first line.
fn files(page: &str) -> Vec<(String, String)> {
    let blocks = page.split("```yaml\n# file: ").skip(1);
    let file = |block: &str| {
        let (path, rest) = block.split_once('\n').expect("a path");
        let text = rest.split("\n```").next().expect("a text");
        (path.to_owned(), format!("{text}\n"))
    };
    blocks.map(file).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
}

#[test]
fn the_tutorial_of_the_readme_is_a_notice_that_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("README.md")).expect("the README");
    let files = files(&page);
    assert_eq!(files.len(), 4, "a register, a notice, duties and a scenario");
    let folder = tempfile::TempDir::new().expect("a folder");
    for shared in ["workflows/calendars", "workflows/ladders", "events"] {
        copy(&root.join(shared), &folder.path().join(shared));
    }
    for (path, text) in &files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let workflows = folder.path().join("workflows");
    let workflows = workflows.to_str().expect("a path");
    let checked = duban(&["policy", "check", workflows]).ends(0);
    assert!(checked.out.contains("0 mistakes"), "{}", checked.out);
    let covered = duban(&["policy", "coverage", workflows]).ends(0);
    assert!(covered.out.contains("已编入 3，不督办 1，未覆盖 0"), "{}", covered.out);
    let tested = duban(&["policy", "test", workflows]).ends(0);
    assert!(tested.out.contains("1 scenarios, 0 fail"), "{}", tested.out);

    // The limit of the seven days is one line, and the scenario notices the change.
    let duties = folder.path().join("workflows/yunxi/duties.yaml");
    let text = fs::read_to_string(&duties).expect("the duties");
    fs::write(&duties, text.replace("{workingDays: 7}", "{workingDays: 8}")).expect("a file");
    let failed = duban(&["policy", "test", workflows]);
    assert!(failed.code != 0 && failed.out.contains("1 fail"), "{}{}", failed.out, failed.err);
}
