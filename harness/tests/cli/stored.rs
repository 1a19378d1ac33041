//! `compare`: stored runs, whole and broken.

use predicates::prelude::*;
use predicates::str::contains;

use crate::tool::Tool;

/// No letter that a terminal obeys or that a reader cannot see, but for the blanks that text is laid out with.
fn is_plain(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).replace(['\n', '\t'], " ");
    dedup_harness::printable::printable(&text) == text
}

#[test]
fn names_in_records_are_made_printable_in_every_form() {
    let tool = recorded();
    let records = std::fs::read_to_string(tool.work().join("a/records.jsonl")).unwrap();
    let nasty = "x\u{202e}y\\u001b[2J\u{2066}<b>\u{200b}\u{9b}";
    let renamed = records.replace("\"tiny\"", &format!("\"{nasty}\"")).replace("\"exact\"", "\"e\u{202e}x\"");
    tool.write("nasty/records.jsonl", renamed);
    let shown = "\\u{202e}";
    for format in ["table", "markdown", "csv", "json"] {
        let printed = tool.prints(&["compare", "nasty", "--format", format]);
        assert!(is_plain(printed.as_bytes()) && printed.contains(shown), "{format}: {printed}");
    }
    for format in ["html", "slides", "markdown", "csv", "json"] {
        let printed = tool.prints(&["report", "nasty", "--format", format]);
        assert!(is_plain(printed.as_bytes()) && printed.contains(shown), "{format}: {printed}");
    }
    for format in ["table", "html"] {
        let output = tool.output(&["trend", "nasty", "a", "--format", format]);
        assert!(is_plain(&output.stdout) && is_plain(&output.stderr), "{format}: {output:?}");
    }
}

/// A tool with two runs of two strategies, `a` and `b`.
fn recorded() -> Tool {
    let tool = Tool::with_tiny();
    for (name, seed) in [("a", "5"), ("b", "5")] {
        let run = ["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact)$", "-p", "verify", "--seed", seed];
        tool.prints(&[&run[..], &["-o", name]].concat());
    }
    tool
}

fn text(tool: &Tool, run: &str) -> String {
    std::fs::read_to_string(tool.work().join(run).join("records.jsonl")).unwrap()
}

#[test]
fn runs_stand_beside_each_other_by_name_and_can_be_narrowed_down() {
    let tool = recorded();
    let both = tool.prints(&["compare", "a", "b"]);
    assert!(["a", "b"].iter().all(|run| contains(format!("{run}: dedup-harness")).eval(&both)), "{both}");
    let one = tool.prints(&["compare", "a/records.jsonl", "-s", "^noop$", "-f", "tiny", "--format", "csv"]);
    assert_eq!(one.lines().count(), 2, "{one}");
    let against = tool.prints(&["compare", "a", "--against", "b"]);
    assert!(contains("vs b").count(2).eval(&against), "{against}");
    let same = tool.prints(&["compare", "a", "a", "--format", "json"]);
    serde_json::from_str::<serde_json::Value>(&same).unwrap();
}

#[test]
fn a_last_line_that_breaks_off_is_left_out_and_said() {
    let tool = recorded();
    let whole = text(&tool, "a");
    tool.write("killed/records.jsonl", &whole[..whole.len() - 50]);
    let assert = tool.command(&["compare", "killed", "--format", "csv"]).assert().success();
    assert
        .stdout(contains(",noop,"))
        .stdout(contains(",exact,").not())
        .stderr(contains("warning: killed/records.jsonl: line 3 breaks off and is left out"));
}

#[test]
fn what_is_no_result_file_is_refused_and_as_a_baseline_it_is_not_comparable() {
    let tool = recorded();
    let whole = text(&tool, "a");
    let lines: Vec<&str> = whole.lines().collect();
    let mut rubbish = lines.clone();
    rubbish[1] = "rubbish";
    for (name, content, said) in [
        ("empty", Vec::new(), "the file is empty"),
        ("blank", b"\n\n".to_vec(), "the file is empty"),
        ("binary", b"\x00\xff\x1b[31m".to_vec(), "line 1: not JSON"),
        ("number", b"5\n".to_vec(), "line 1: not a JSON object"),
        ("other", b"{\"a\":1}\n".to_vec(), "line 1: missing field `type`"),
        ("cut", whole.as_bytes()[..300].to_vec(), "line 1: not JSON"),
        ("middle", rubbish.join("\n").into_bytes(), "line 2: not JSON"),
        ("headless", lines[1..].join("\n").into_bytes(), "the first line must be of type \"run\""),
        ("twice", whole.repeat(2).into_bytes(), "line 4: a second line of type \"run\""),
        (
            "newer",
            whole.replace("dedup-harness-results/1", "dedup-harness-results/2").into_bytes(),
            "its schema is \"dedup-harness-results/2\"; this version reads dedup-harness-results/1",
        ),
        ("wrong", whole.replace("\"round\":0", "\"round\":-1").into_bytes(), "line 2: field round: "),
    ] {
        tool.write(&format!("{name}.jsonl"), content);
        let file = format!("{name}.jsonl");
        tool.refuses(&["compare", &file], &[&file, said]);
        tool.refuses_with(6, &["compare", "a", "--against", &file], &[&file, said]);
    }
    tool.write("cells.jsonl", format!("{}\n", lines[0]));
    tool.refuses(&["compare", "cells.jsonl"], &["no cell matches", "these runs hold no cell at all"]);
}

#[test]
fn places_without_a_result_are_refused() {
    let tool = recorded();
    std::fs::create_dir(tool.work().join("bare")).unwrap();
    tool.refuses(&["compare", "nowhere"], &["nowhere: no such file or directory"]);
    tool.refuses(&["compare", "bare"], &["bare: this directory holds no records.jsonl"]);
    tool.refuses(&["compare", ""], &["<RUN>"]);
    tool.refuses(&["compare", "a\x1b[31m"], &["a\\u{1b}[31m: no such file"]);
    tool.refuses_with(6, &["compare", "a", "--against", "nowhere"], &["nowhere: no such file"]);
    tool.refuses(&["compare", "a", "-s", "("], &["--strategy", "unclosed group"]);
    tool.refuses(&["compare", "a", "-f", ""], &["--scenario", "it is empty"]);
    tool.refuses(&["compare", "a", "-s", "redis"], &["no cell matches", "strategies exact, noop"]);
    tool.refuses(&["compare", "a", "--format", "xml"], &["xml", "table, markdown, csv, json"]);
}

#[test]
fn a_baseline_on_another_stream_is_not_comparable() {
    let tool = recorded();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "^noop$", "-p", "verify", "--seed", "6", "-o", "other"];
    tool.prints(&run);
    tool.refuses_with(6, &["compare", "a", "--against", "other"], &["scenario tiny", "not comparable"]);
}
