//! The harness is tested with strategies that lie: each has to be caught, with a message that says what it did.
//!
//! This executable is both: called with a sub-command it is the harness with the liars on its list, as a team's own
//! binary would be; called as a test it runs itself.

mod archive;
mod minute;
mod strategies;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

const SCENARIO: &str = r#"
about = "A small stream with many duplicates, seconds to minutes late."
seed = 11
pings = 120_000
window = "10m"
key = "document_id"
payload = "1KB"

[arrival]
process = "constant"
rate = 20.0

[[repeat]]
cause = "redelivery"
share = 0.2
copies = 1
lag = { uniform = ["1s", "2m"] }
"#;

/// Twenty workers die between verdict and publish.
const CRASHES: &str = r#"
[[fault]]
kind = "worker-crash"
at = "20m"
point = "before-publish"
count = 20
"#;

/// The process is killed and finds its directory as it was.
const RESTART: &str = r#"
[[fault]]
kind = "restart"
at = "20m"
state = "kept"
"#;

/// The sink refuses half of what is published for five minutes, in the midst of which workers die.
const REFUSED: &str = r#"
[[fault]]
kind = "publish-fails"
at = "20m"
for = "5m"

[[fault]]
kind = "worker-crash"
at = "22m"
point = "before-judge"
count = 20
"#;

/// Of one worker none can be removed.
const NEVER: &str = r#"
[pipeline]
workers = 1

[[fault]]
kind = "workers-removed"
at = "20m"
"#;

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|first| ["run", "__cell", "__guard"].contains(&first.as_str())) {
        return dedup_harness::main_with(&[strategies::LIARS, &[minute::DEFINITION]].concat());
    }
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials()).exit_code()
}

/// A liar, the passes to catch it in, the exit code, and what has to be said.
fn trials() -> Vec<Trial> {
    let caught =
        |name: &'static str, liar: &'static str, pass: &'static str, exit: i32, said: &'static str| {
            Trial::test(name, move || expect(liar, pass, "", exit, said))
        };
    let under_faults =
        |name: &'static str, liar: &'static str, faults: &'static str, exit, said: &'static str| {
            Trial::test(name, move || expect(liar, "verify", faults, exit, said))
        };
    let in_every_pass = [
        ("honest", 0, ""),
        ("patient", 0, ""),
        ("mute", 1, "FAILED: broke the contract: gave "),
        ("chatty", 1, "FAILED: broke the contract: gave "),
        ("hoards", 1, "held pings were not released at the end of the input"),
        ("invents", 1, "which it did not hold (any more)"),
    ];
    let broken_contracts = in_every_pass.into_iter().flat_map(|(liar, exit, said)| {
        ["verify", "time", "weigh"].map(|pass| {
            Trial::test(format!("{liar}_in_the_{pass}_pass"), move || expect(liar, pass, "", exit, said))
        })
    });
    let single = vec![
        caught("an_honest_strategy_keeps_its_promise", "honest", "verify", 0, "kept"),
        caught("forgetting_is_a_broken_promise", "forgets", "verify", 4, "missed"),
        caught("dropping_too_much_is_a_broken_promise", "drops", "verify", 4, "lost"),
        caught("other_answers_the_second_time_are_seen", "dice", "verify", 1, "not deterministic"),
        caught("a_panic_is_reported_with_its_words", "panics", "verify", 1, "panicked: lost the thread"),
        caught("a_hang_is_ended", "hangs", "verify", 1, "no progress for 2 s"),
        caught(
            "a_thread_that_computes_and_comes_to_no_end_is_ended",
            "spins",
            "verify",
            1,
            "--stall-timeout; load",
        ),
        Trial::test("a_sparse_stream_takes_its_time_and_does_not_hang", sparse_and_slow),
        caught("growth_without_bound_is_seen", "grows", "weigh", 4, "memory grows"),
        caught("a_memory_eater_is_ended", "devours", "verify", 1, "more than the 300 MiB"),
        caught("a_process_that_ends_itself_is_seen", "exits", "verify", 1, "exit status: 7"),
        caught("a_store_that_never_answers_is_reported", "absent", "verify", 1, "on holiday"),
        caught(
            "who_cannot_judge_a_ping_before_it_comes_again_keeps_its_promise",
            "stutters",
            "verify",
            0,
            "kept",
        ),
        caught("who_remembers_what_it_did_not_judge_loses_it", "shrugs", "verify", 4, "lost"),
        caught("a_part_of_a_store_that_never_answers_is_reported", "half-absent", "verify", 1, "on holiday"),
        caught(
            "a_batch_judged_in_part_is_not_timed",
            "half-absent",
            "time",
            1,
            "store unavailable: a part of the store is on holiday",
        ),
        caught(
            "a_batch_judged_in_part_is_not_weighed",
            "half-absent",
            "weigh",
            1,
            "store unavailable: a part of the store is on holiday",
        ),
        caught("lateness_is_no_excuse", "late", "verify", 4, "that were in time"),
        caught("a_lease_that_never_ends_is_seen", "leases", "verify", 4, "given up"),
        caught(
            "a_panic_while_building_is_reported",
            "unbuilt",
            "verify",
            1,
            "FAILED: panicked: no foundation",
        ),
        under_faults("who_marks_at_the_check_and_says_so_keeps_its_promise", "honest", CRASHES, 0, "kept"),
        under_faults(
            "who_marks_before_delivery_and_claims_to_lose_nothing_is_caught",
            "eager",
            CRASHES,
            4,
            "lost",
        ),
        under_faults(
            "who_marks_before_a_publish_that_fails_and_claims_to_lose_nothing_is_caught",
            "eager",
            REFUSED,
            4,
            "lost",
        ),
        under_faults("what_is_held_in_a_file_outlives_the_process", "archives", RESTART, 0, "kept"),
        under_faults("what_is_held_in_a_file_outlives_workers", "archives", CRASHES, 0, "kept"),
        under_faults("what_was_acked_is_published_once_more_by_the_worker", "archives", REFUSED, 0, "kept"),
        under_faults("what_is_held_in_memory_and_acked_is_lost_with_it", "amnesiac", RESTART, 4, "lost"),
        under_faults("a_fault_that_never_happened_proves_nothing", "eager", NEVER, 5, "never happened"),
        caught(
            "a_strategy_that_does_not_forget_as_it_declares_is_seen",
            "misdeclared",
            "verify",
            0,
            "DISAGREES: nothing is remembered",
        ),
        Trial::test("a_strategy_from_outside_is_predicted_from_what_it_declares", predicted_from_outside),
        caught("a_panic_in_the_time_pass_is_reported", "panics", "time", 1, "lost the thread"),
        caught("a_hang_in_the_time_pass_is_ended", "hangs", "time", 1, "no progress for 3 s"),
    ];
    let in_one_of_three_pipelines = [
        ("panics", 1, "panicked: lost the thread"),
        ("hangs", 1, "no progress for 2 s"),
        ("exits", 1, "exit status: 7"),
        ("dice", 1, "not deterministic"),
        ("mute", 1, "FAILED: broke the contract: gave "),
        ("drops", 4, "lost"),
    ];
    let split = in_one_of_three_pipelines.into_iter().map(|(liar, exit, said)| {
        let name = format!("{liar}_in_three_pipelines");
        Trial::test(name, move || expect_of("3", liar, "verify", "", exit, said))
    });
    single.into_iter().chain(broken_contracts).chain(split).collect()
}

fn expect(liar: &str, pass: &str, faults: &str, exit: i32, said: &str) -> Result<(), Failed> {
    expect_of("1", liar, pass, faults, exit, said)
}

/// The same of so many pipelines.
fn expect_of(
    pipelines: &str,
    liar: &str,
    pass: &str,
    faults: &str,
    exit: i32,
    said: &str,
) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let scenario = directory.path().join("small.toml");
    std::fs::write(&scenario, format!("{SCENARIO}{faults}"))?;
    // Only who hangs is waited for in vain: the others get the time that a busy machine takes.
    let stall = if ["hangs", "spins"].contains(&liar) { "2s" } else { "60s" };
    let output = Command::new(std::env::current_exe()?)
        .args(["run", "--stall-timeout", stall, "--memory-limit", "300MiB", "-p", pass])
        .args(["--pipelines", pipelines])
        .args(["-s", &format!("^liar-{liar}$"), "-f"])
        .arg(&scenario)
        .env("NO_COLOR", "1")
        .output()?;
    let (table, log) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    let code = output.status.code();
    if code != Some(exit) || !table.contains(said) {
        let failure = format!("expected exit {exit} and {said:?}, got {code:?}\n{table}\n{log}");
        return Err(Failed::from(failure));
    }
    Ok(())
}

/// Every ping is a batch of its own, and each takes 20 ms: the whole takes far longer than it may stand still.
fn sparse_and_slow() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let scenario = directory.path().join("sparse.toml");
    std::fs::write(&scenario, SCENARIO.replace("rate = 20.0", "rate = 0.05").replace("120_000", "200"))?;
    let output = Command::new(std::env::current_exe()?)
        .args(["run", "--stall-timeout", "2s", "-p", "verify", "-s", "^liar-plods$", "-f"])
        .arg(&scenario)
        .output()?;
    let (table, log) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    match output.status.code() == Some(0) && table.contains("kept") {
        true => Ok(()),
        false => Err(format!("{:?}\n{table}\n{log}", output.status).into()),
    }
}

/// Copies come between a second and two minutes late: half of them after the minute is over.
fn predicted_from_outside() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let scenario = directory.path().join("small.toml");
    std::fs::write(&scenario, SCENARIO)?;
    let out = directory.path().join("out");
    let ended = Command::new(std::env::current_exe()?)
        .args(["run", "-q", "-p", "verify", "-s", "^minute$", "-f"])
        .arg(&scenario)
        .arg("-o")
        .arg(&out)
        .output()?;
    let log = String::from_utf8(ended.stderr)?;
    let records =
        std::fs::read_to_string(out.join("records.jsonl")).map_err(|error| format!("{error}: {log}"))?;
    let cell: serde_json::Value = serde_json::from_str(records.lines().last().unwrap_or_default())?;
    let predicted = &cell["result"]["verify"]["predicted"][0];
    let share =
        predicted["predicted_ratio"].as_f64().ok_or_else(|| format!("nothing is predicted: {cell}"))?;
    let count = |name: &str| predicted[name].as_f64().unwrap_or_default();
    let seen = count("missed_count") / count("duplicate_count");
    match (share - 60.0 / 119.0).abs() < 0.01 && (seen - share).abs() < 0.02 {
        true => Ok(()),
        false => Err(format!("predicted {share}, seen {seen}: {predicted}").into()),
    }
}
