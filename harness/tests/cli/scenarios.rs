//! Scenario files that make no sense: the error names file, line and field.

use crate::tool::{TINY, Tool};

/// Replaces `from` in the tiny scenario by `to`, and expects an error at `line` about `field`.
fn refused(from: &str, to: &str, line: usize, field: &str, said: &str) {
    let tool = Tool::new();
    assert!(TINY.contains(from), "{from}");
    tool.write("mine.toml", TINY.replacen(from, to, 1));
    let place = format!("mine.toml:{line}:");
    for args in [&["run", "-f", "mine.toml", "-s", "^noop$", "-o", "out"][..], &["stream", "mine.toml"]] {
        tool.refuses(args, &[&place, field, said]);
    }
}

#[test]
fn each_mistake_is_named_with_its_line_and_field() {
    refused("share = 0.2", "share = 1.5", 14, "share", "1.5");
    refused("share = 0.2", "share = 0", 14, "share", "allowed is");
    refused("window = \"10m\"", "window = \"0s\"", 5, "window", "0s");
    refused("window = \"10m\"", "window = \"9999999999h\"", 5, "window", "9999999999h");
    refused("seed = 5", "seed = \"lucky\"", 3, "seed", "lucky");
    refused("seed = 5", "seed = -1", 3, "seed", "-1");
    refused("pings = 4_000", "pings = 99999999999999999999", 4, "pings", "99999999999999999999");
    refused("pings = 4_000", "pings = 0", 4, "pings", "allowed is");
    refused("rate = 20.0", "rate = 0.0", 10, "rate", "allowed is");
    refused("payload = \"1KB\"", "payload = \"lots\"", 6, "payload", "lots");
    refused("seed = 5", "sede = 5", 3, "sede", "seed");
    refused("\"poisson\"", "\"fish\"", 9, "arrival.process", "poisson");
    refused("[\"1s\", \"5m\"]", "[\"5m\", \"1s\"]", 15, "lag", "the shorter first");
    refused(
        "lag.uniform = [\"1s\", \"5m\"]",
        "lag.cdf = [[\"2m\", 0.5], [\"1m\", 1.0]]",
        15,
        "cdf",
        "a point that is later than the one before it",
    );
    refused("about = ", "about: ", 2, "", "valid TOML");
}

#[test]
fn what_is_no_scenario_file_is_refused_by_name() {
    let tool = Tool::new();
    tool.write("empty.toml", "");
    tool.write("binary.toml", b"\x00\xff\xfe rubbish \x80");
    std::fs::create_dir(tool.work().join("directory.toml")).unwrap();
    let long = format!("{}.toml", "n".repeat(300));
    for (file, said) in [
        ("empty.toml", "about"),
        ("binary.toml", "binary.toml"),
        ("directory.toml", "it is a directory"),
        ("/", "it is a directory"),
        ("missing.toml", "No such file"),
        (long.as_str(), "File name too long"),
        ("no/such/place", "no scenario and no file of that name"),
        ("quikc", "quick (the nearest name)"),
        ("(", "unclosed group"),
        ("", "a scenario's name, a regular expression"),
        ("<script>", "\"<script>\""),
        ("🦀", "🦀"),
    ] {
        tool.refuses(&["run", "-s", "^noop$", "-f", file], &[file, said]);
        tool.refuses(&["stream", file], &[file, said]);
    }
    tool.refuses(&["stream", "mozilla"], &["mozilla-client-retry, mozilla-client-retry-beta: name one"]);
}

#[test]
fn every_strategy_is_refused_at_once_where_the_scenario_is_too_large_for_all_of_memory() {
    let tool = Tool::new();
    let (once, _) = TINY.split_once("[[repeat]]").unwrap();
    let large = once.replace("4_000", "900_000_000_000").replace("20.0", "1e9").replace("10m", "100d");
    tool.write("large.toml", large);
    for strategy in ["lru", "lru-exact", "lru-tinylfu", "bloom", "bloom-rotating"] {
        let only = format!("^{strategy}$");
        tool.refuses(&["run", "-f", "large.toml", "-s", &only, "-o", "out"], &["large: strategy", "lower"]);
    }
}

#[test]
fn causes_that_bring_most_of_their_copies_after_the_end_are_named_unless_it_is_to_be_quiet() {
    let tool = Tool::new();
    let text = "about = \"x\"\nwindow = \"1m\"\nduration = \"1h\"\narrival = { process = \"constant\", rate = 1 }\n\
                [[repeat]]\ncause = \"days later\"\nshare = 0.5\nlag.exponential = \"1day\"\n";
    tool.write("late.toml", text);
    let said = |more: &[&str]| {
        let run = ["run", "-f", "late.toml", "-s", "^noop$", "-p", "verify"];
        let output = tool.output(&[&run[..], more].concat());
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let note = "note: late: 2.1 % of the copies of days later come before the stream ends";
    assert!(said(&[]).contains(note), "{}", said(&[]));
    assert!(said(&[]).lines().all(|line| line.chars().count() <= 80), "{}", said(&[]));
    assert!(!said(&["-q"]).contains("note:"));
}
