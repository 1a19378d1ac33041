//! Options, strategies and places that make no sense.

use crate::tool::{TINY, Tool};

const RUN: [&str; 7] = ["run", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify"];

fn run_with(more: &[&str]) -> Vec<String> {
    RUN.iter().chain(more).map(|word| word.to_string()).collect()
}

#[test]
fn numbers_beyond_all_sense_are_refused_with_what_is_allowed() {
    let tool = Tool::with_tiny();
    for option in ["--rounds", "--seed", "--workers", "--batch", "--threads", "--time-pings"] {
        for number in ["-1", "99999999999999999999", "1.5", "ten", "0x10"] {
            let said = [number, option, "allowed is a whole number from"];
            tool.refuses(&run_with(&[option, number]), &said);
        }
    }
    for option in ["--rounds", "--workers", "--batch", "--threads", "--time-pings"] {
        tool.refuses(&run_with(&[option, "0"]), &[option, "from 1 to"]);
    }
    for option in ["--rate", "--time-budget", "--max-bad"] {
        for number in ["-1", "NaN", "inf", "1e99", "fast"] {
            let trace: &[&str] = if option == "--max-bad" { &["--trace", "x"] } else { &[] };
            let args = [&["run", option, number], trace].concat();
            tool.refuses(&args, &[number, option, "allowed is"]);
        }
    }
    for bytes in ["0", "-1", "1e99", "99999999999999999999", "5XB", "much"] {
        tool.refuses(&run_with(&["--memory-limit", bytes]), &[bytes, "--memory-limit", "such as 500MB"]);
    }
    for time in ["0s", "9999999999h", "-1s", "soon", "5"] {
        for option in ["--stall-timeout", "--window"] {
            let args = ["run", "--trace", "x", &format!("{option}={time}")];
            tool.refuses(&args, &[time, option, "up to 100y"]);
        }
    }
    for (option, number) in [("--limit", "-1"), ("--limit", "99999999999999999999"), ("--seed", "x")] {
        tool.refuses(&["stream", "quick", option, number], &[option, number, "allowed is a whole number"]);
    }
}

#[test]
fn an_option_without_the_one_that_it_belongs_to_is_refused() {
    let tool = Tool::with_tiny();
    for (option, value, other) in [
        ("--id-field", Some("id"), "--trace"),
        ("--id-all-but", Some("t"), "--trace"),
        ("--null-id", Some("NULL"), "--trace"),
        ("--time-field", Some("t"), "--trace"),
        ("--window", Some("5m"), "--trace"),
        ("--redis-prefix", Some("x:"), "--redis-url"),
        ("--redis-password-file", Some("tiny.toml"), "--redis-url"),
        ("--time-factor", Some("2"), "--redis-url"),
        ("--force", None, "--output"),
    ] {
        let more: Vec<&str> = [option].into_iter().chain(value).collect();
        tool.refuses(&[&["run"], &more[..]].concat(), &[option, other]);
        // With scenarios the trace options mean nothing either.
        tool.refuses(&run_with(&more), &[option]);
    }
    tool.refuses(&run_with(&["--trace", "x"]), &["--trace", "--scenario", "leave out one of the two"]);
}

#[test]
fn a_window_for_a_scenario_is_refused_with_where_it_belongs() {
    let tool = Tool::with_tiny();
    for args in [run_with(&["--window", "5m"]), vec!["run".into(), "--window".into(), "5m".into()]] {
        tool.refuses(&args, &["--window", "a scenario has a window of its own", "-s exact:window=5m"]);
    }
}

#[test]
fn a_missing_baseline_advises_the_whole_command_that_was_typed() {
    let tool = Tool::with_tiny();
    let args = [
        "gate",
        "check",
        "--baseline",
        "no such.json",
        "-f",
        "^(quick|twins)$",
        "-s",
        "it's",
        "--no-instructions",
    ];
    let again =
        "gate check --baseline 'no such.json' -f '^(quick|twins)$' -s 'it'\\''s' --no-instructions --update";
    tool.refuses_with(6, &args, &["no such.json: cannot be read", again]);
}

#[test]
fn what_the_command_line_refuses_is_shown_without_what_nobody_can_see() {
    let tool = Tool::with_tiny();
    for word in ["\u{202e}x", "a\u{9b}2Jb", "\u{200b}"] {
        let spelled = word.escape_default().to_string();
        tool.refuses(&["run", "--rounds", word], &["--rounds", &spelled]);
        tool.refuses(&[word], &[&spelled]);
    }
}

#[test]
fn words_that_mean_nothing_are_refused_with_what_they_could_be() {
    let tool = Tool::with_tiny();
    tool.refuses(&["rum"], &["rum", "run"]);
    tool.refuses(&run_with(&["--format", "xml"]), &["xml", "table, markdown, csv, json"]);
    tool.refuses(&run_with(&["-p", "feel"]), &["feel", "verify, time, weigh"]);
    tool.refuses(&run_with(&["extra"]), &["extra"]);
    tool.refuses(&["list", "passes"], &["passes", "strategies, scenarios, faults"]);
    tool.refuses(&["list", "-s", "("], &["--strategy", "unclosed group"]);
    tool.refuses(&["list", "-s", "nothing-like-it"], &["no strategy matches"]);
    tool.refuses(&["completions", "tcsh"], &["tcsh", "bash"]);
    tool.refuses(&["completions"], &["<SHELL>"]);
    tool.refuses(&["stream"], &["<SCENARIO>"]);
    tool.refuses(&["compare"], &["<RUN>"]);
}

#[test]
fn strategies_that_do_not_exist_get_the_nearest_name() {
    let tool = Tool::with_tiny();
    for (given, said) in [
        ("exakt", r#"did you mean "exact"?"#),
        ("nop:window=1s", r#"did you mean "noop"?"#),
        ("blom-rotating", r#"did you mean "bloom-rotating"?"#),
        ("🦀", "matches no strategy; `list strategies`"),
        ("<script>", "matches no strategy; `list strategies`"),
        ("(", "no regular expression: unclosed group"),
        ("", "it is empty"),
        ("a{99999999}", "no regular expression"),
    ] {
        tool.refuses(&["run", "-f", "tiny.toml", "-s", given], &["--strategy", given, said]);
    }
}

#[test]
fn settings_are_refused_by_name_before_anything_runs() {
    let tool = Tool::with_tiny();
    for (given, said) in [
        ("exact:size=5", r#"strategy exact: unknown setting "size"; it takes window"#),
        ("noop:window=5s", r#"strategy noop: unknown setting "window"; it takes none"#),
        ("exact:window", r#"found "window" after the colon, allowed is key=value"#),
        ("exact:window=0s", r#"setting window: found "0s", allowed is a length of time above zero"#),
        ("exact:window=9999999999h", r#"setting window: found "9999999999h", allowed is a length"#),
        ("redis-claim:window=soon", r#"strategy redis-claim: setting window: found "soon""#),
        ("lru:capacity=0", r#"setting capacity: found "0", allowed is a whole number from 1"#),
        ("lru:capacity=18446744073709551616", "setting capacity: found"),
        ("lru:capacity=5,capacity=6", "setting capacity is given twice"),
        ("bloom:rate=1.5", r#"setting rate: found "1.5", allowed is a number above 0 and below 1"#),
        ("bloom-rotating:generations=65", "from 1 to 64"),
        ("window-batch:late=perhaps", "allowed is one of drop, pass"),
    ] {
        tool.refuses(&["run", "-f", "tiny.toml", "-s", given, "-o", "out"], &[said]);
    }
    tool.refuses(&["run", "-s", "exact:window=1s", "-s", "exact:window=1s"], &["given twice"]);
}

#[test]
fn what_cannot_fit_in_memory_is_refused_before_it_is_tried() {
    let tool = Tool::with_tiny();
    for (given, setting) in [
        ("lru:capacity=1_099_511_627_776", "lower capacity"),
        ("lru-exact:capacity=1_099_511_627_776", "lower capacity"),
        ("lru-tinylfu:capacity=1_099_511_627_776", "lower capacity"),
        ("bloom:ids=1_099_511_627_776", "lower ids"),
        ("bloom:ids=90_000_000_000,rate=1e-300", "lower ids"),
        ("bloom-rotating:ids=1_099_511_627_776", "lower ids"),
    ] {
        let args = ["run", "-f", "tiny.toml", "-s", "^noop$", "-s", given, "-o", "deep/below"];
        tool.refuses(&args, &["tiny: strategy", "would need about", "are available", setting]);
    }
    for strategy in ["^bloom$", "^exact$", "^noop$", "^window-batch$"] {
        for bytes in ["1KB", "33554431"] {
            let args = ["run", "-f", "tiny.toml", "-s", strategy, "-p", "verify", "--memory-limit", bytes];
            tool.refuses(&args, &["--memory-limit", bytes, "32MiB and more"]);
        }
    }
    let args = ["run", "-f", "tiny.toml", "-s", "bloom:ids=100_000_000", "--memory-limit", "32MiB"];
    tool.refuses(&args, &["tiny: strategy bloom", "are available", "lower ids"]);
    tool.write("long.toml", TINY.replace("4_000", "100_000_000"));
    let args =
        ["run", "-f", "long.toml", "-s", "^noop$", "--time-pings", "50_000_000", "--memory-limit", "1GiB"];
    tool.refuses(&args, &["--time-pings", "50000000", "3814 MiB", "1024 MiB are available"]);
}

#[test]
fn what_plans_for_nothing_and_takes_more_memory_than_it_may_has_failed() {
    let tool = Tool::with_tiny();
    tool.write("large.toml", TINY.replace("4_000", "1_000_000").replace("rate = 20.0", "rate = 20_000.0"));
    let args = ["run", "-q", "-f", "large.toml", "-s", "^exact$", "-p", "verify", "--memory-limit", "32MiB"];
    tool.command(&args)
        .assert()
        .code(1)
        .stdout(predicates::str::contains("more than the 32 MiB that it may"));
}

#[test]
fn an_output_directory_that_cannot_be_written_is_refused_before_anything_runs() {
    let tool = Tool::with_tiny();
    tool.write("file", "mine");
    tool.write("held/records.jsonl", "mine too\n");
    for (output, said) in [
        ("file", "file/records.jsonl: cannot be written: Not a directory"),
        ("file/below", "file/below: cannot be written: Not a directory"),
        ("/proc/nothing", "/proc/nothing: cannot be written"),
        ("/dev/null", "/dev/null/records.jsonl: cannot be written"),
        ("held", "held/records.jsonl: holds results already; choose another directory, or replace them"),
        ("", "a value is required for '--output <DIR>'"),
    ] {
        tool.refuses(&run_with(&["-o", output]), &[said]);
    }
}

#[test]
fn a_redis_server_that_does_not_answer_is_named_without_its_password() {
    let tool = Tool::with_tiny();
    for (url, said) in [
        ("nonsense", "it has no scheme; allowed is redis://"),
        ("", "it has no scheme"),
        ("http://:hunter2@h", r#"the scheme "http" is not one of Redis"#),
        ("redis://", "Missing hostname; allowed is"),
        ("redis://:hunter2@h:99999", "not a well-formed URL"),
        ("redis://:hunter2@127.0.0.1:1", "redis://***@127.0.0.1:1: Connection refused"),
        ("rediss://u:hunter2@127.0.0.1:1", "rediss://***@127.0.0.1:1: Connection refused"),
        ("redis+unix:///nowhere?pass=hunter2", "redis+unix:///nowhere?pass=***: No such file"),
        ("redis://:hunter2@nowhere.invalid", "redis://***@nowhere.invalid: "),
    ] {
        let args = ["run", "-f", "tiny.toml", "-s", "^redis-claim$", "--redis-url", url, "-o", "out"];
        tool.refuses(&args, &[said]);
        let error = tool.output(&args).stderr;
        assert!(!String::from_utf8(error).unwrap().contains("hunter2"), "{url}");
    }
    let prefix = ["--redis-url", "redis://127.0.0.1:1", "--redis-prefix", "with space"];
    tool.refuses(
        &[&["run", "-f", "tiny.toml", "-s", "^redis-claim$"][..], &prefix].concat(),
        &["with space"],
    );
}
