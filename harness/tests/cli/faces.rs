//! What people see: lists, help, completions, colours.

use predicates::prelude::*;
use predicates::str::contains;

use crate::tool::Tool;

#[test]
fn the_lists_can_be_narrowed_down() {
    let tool = Tool::new();
    insta::assert_snapshot!(tool.prints(&["list", "-s", "^(noop|exact)$", "-f", "^unique-only$"]));
}

#[test]
fn the_lists_hold_every_strategy_and_every_scenario() {
    let tool = Tool::new();
    let [strategies, scenarios, faults] =
        ["strategies", "scenarios", "faults"].map(|what| tool.prints(&["list", what]));
    assert_eq!(tool.prints(&["list"]), format!("{strategies}\n{scenarios}\n{faults}"));
    let begins =
        |text: &str, name: &str| text.lines().any(|line| line.split_whitespace().next() == Some(name));
    for definition in dedup_harness::strategies::STRATEGIES {
        assert!(begins(&strategies, definition.name), "{}", definition.name);
    }
    for (name, _) in dedup_stream::scenario::embedded() {
        assert!(begins(&scenarios, name), "{name}");
    }
}

#[test]
fn help_and_version_print_and_end_well() {
    let tool = Tool::new();
    assert_eq!(tool.prints(&["--version"]), format!("dedup-harness {}\n", env!("CARGO_PKG_VERSION")));
    for args in [&["--help"][..], &["run", "--help"], &["help", "compare"]] {
        let help = tool.prints(args);
        assert!(contains("Usage: dedup-harness").eval(&help) && !help.contains("__"), "{help}");
    }
}

#[test]
fn every_shell_gets_completions() {
    let tool = Tool::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = tool.prints(&["completions", shell]);
        assert!(contains("dedup-harness").and(contains("compare")).eval(&script), "{shell}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let tool = Tool::with_tiny();
    let run = ["run", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify"];
    let escape = || contains("\u{1b}[");
    tool.command(&run).assert().success().stdout(escape().not()).stderr(escape().not());
    tool.command(&run).env("CLICOLOR_FORCE", "1").assert().success().stdout(escape());
    tool.command(&run)
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .assert()
        .success()
        .stdout(escape().not());
    tool.command(&["stream", "?"]).env("CLICOLOR_FORCE", "1").assert().code(2).stderr(escape());
}
