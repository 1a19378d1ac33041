//! The package as its team uses it: the harness's whole command line, with the strategy on its list.

use std::process::Command;

#[test]
fn the_strategy_goes_through_every_pass_and_keeps_its_promise() {
    let mut run = Command::new(env!("CARGO_BIN_EXE_outside-strategy"));
    run.args(["run", "--scenario", "^quick$", "--strategy", "^last-id$", "--time-budget", "0.1"]);
    let output = run.env("NO_COLOR", "1").output().expect("the package's own program");
    let (table, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{table}\n{log}");
    let row = table.lines().find(|line| line.starts_with("last-id ")).unwrap_or_else(|| panic!("{table}"));
    assert!(row.ends_with("kept"), "{table}");
}
