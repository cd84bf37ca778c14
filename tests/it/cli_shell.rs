//! Completions that shells take, and a man page for each command.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::cli::duban;

/// The commands that `duban help` lists.
fn commands() -> BTreeSet<String> {
    let help = duban(&["help"]).ends(0).out;
    let listed = help.split("Commands:\n").nth(1).expect("a list of commands");
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let named = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    named.map(str::to_owned).collect()
}

/// Whether a shell takes a script, read from its standard input.
fn takes(shell: &str, arguments: &[&str], script: &str) {
    let mut command = Command::new(shell);
    let spawned = command.args(arguments).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        println!("SKIPPED: {shell} is not on this machine; install it to check its completions");
        return;
    };
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(script.as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn shells_take_their_completions_and_find_every_command() {
    let commands = commands();
    assert!(commands.len() > 20, "{commands:?}");
    for (shell, arguments) in [("bash", vec!["-n"]), ("zsh", vec!["-n"]), ("fish", vec!["--no-execute"])] {
        let script = duban(&["completions", shell]).ends(0).out;
        for command in &commands {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
        takes(shell, &arguments, &script);
    }
    duban(&["completions", "no-such-shell"]).ends(2);
}

#[test]
fn bash_completes_a_command() {
    let script = duban(&["completions", "bash"]).ends(0).out;
    let asked = format!(
        "{script}\nCOMP_WORDS=(duban over); COMP_CWORD=1\n_duban duban over duban\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    );
    let Ok(output) = Command::new("bash").args(["-c", &asked]).output() else {
        println!("SKIPPED: bash is not on this machine; install it to check its completions");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "overdue", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_command_has_a_man_page() {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("man1");
    duban(&["manual", "--out", out.to_str().expect("a path")]).ends(0);
    let page = |name: &str| {
        let path = out.join(format!("{name}.1"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    assert!(page("duban").contains(".TH duban 1"));
    for command in commands() {
        let page = page(&format!("duban-{command}"));
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(page("duban-token-create").contains("\\-\\-role"), "commands below commands, too");
    assert!(page("duban-overdue").contains("DUBAN_SERVER"), "what the environment sets");
}
