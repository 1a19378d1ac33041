//! `report` and `trend`: pages and data from stored runs, and what is refused.

use predicates::prelude::*;
use predicates::str::contains;

use crate::tool::Tool;

/// A tool with a run of two strategies, `a`.
fn recorded() -> Tool {
    let tool = Tool::with_tiny();
    tool.prints(&["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact)$", "-p", "verify", "-o", "a"]);
    tool
}

fn read(tool: &Tool, name: &str) -> String {
    std::fs::read_to_string(tool.work().join(name)).unwrap()
}

#[test]
fn each_format_is_made_from_records_alone() {
    let tool = recorded();
    let html = tool.prints(&["report", "a"]);
    assert!(html.starts_with("<!DOCTYPE html>") && html.contains("default-src 'none'"));
    tool.prints(&["report", "a", "--format", "slides", "-o", "talk.html"]);
    assert!(read(&tool, "talk.html").contains("class=\"slide"));
    let csv = tool.prints(&["report", "a", "--format", "csv"]);
    assert!(csv.starts_with("run,started_at,commit,"), "{csv}");
    let json: serde_json::Value =
        serde_json::from_str(&tool.prints(&["report", "a", "--format", "json"])).unwrap();
    assert!(json["sentence"].as_str().is_some_and(|sentence| sentence.contains("tiny")), "{json}");
    tool.prints(&["report", "a", "--assets", "files", "--hgrm", "percentiles", "-o", "page.html"]);
    assert!(tool.work().join("files/lag-p1.svg").exists() && tool.work().join("files/lag-p1.csv").exists());
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let tool = recorded();
    for format in ["html", "slides", "csv", "json"] {
        let page = || tool.prints(&["report", "a", "--format", format]);
        assert_eq!(page(), page(), "{format}");
    }
}

#[test]
fn a_trend_is_made_of_records_alone_and_is_the_same_again() {
    let tool = recorded();
    tool.prints(&["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact)$", "-p", "verify", "-o", "b"]);
    let records =
        || ["a", "b"].map(|run| std::fs::read(tool.work().join(run).join("records.jsonl")).unwrap());
    let before = records();
    assert_eq!(tool.prints(&["trend", "a", "b"]), tool.prints(&["trend", "a", "b"]));
    for format in ["html", "table"] {
        let made = |name: &str| {
            tool.prints(&["trend", "a", "b", "--format", format, "-o", name]);
            std::fs::read(tool.work().join(name)).unwrap()
        };
        let first = made("trend");
        assert!(!first.is_empty() && first == made("again"), "{format}: other bytes");
        assert!(first == made("trend"), "{format}: other bytes where the file was replaced");
    }
    assert!(before == records(), "records were changed");
}

#[test]
fn markdown_is_spliced_between_markers_and_says_how_it_was_made() {
    let tool = recorded();
    tool.write("README.md", "# Mine\n\n<!-- report -->\n<!-- /report -->\n\nThe end.\n");
    let splice = ["report", "a", "--splice", "README.md"];
    tool.prints(&splice);
    let first = read(&tool, "README.md");
    assert!(first.contains("<!-- made by: dedup-harness report a --splice README.md -->"), "{first}");
    assert!(first.starts_with("# Mine\n") && first.ends_with("<!-- /report -->\n\nThe end.\n"), "{first}");
    tool.prints(&splice);
    assert_eq!(read(&tool, "README.md"), first);
}

#[test]
fn a_brief_report_is_the_table_of_seven_columns_and_little_else() {
    let tool = recorded();
    let brief = tool.prints(&["report", "a", "--brief"]);
    assert!(brief.contains("<!-- made by: dedup-harness report a --brief -->"), "{brief}");
    let head = "| strategy | missed, % of duplicates | lost, % of uniques | pings a second | p99 | bytes an id | verdict |";
    assert!(brief.contains(head), "{brief}");
    let tables = |text: &str| text.lines().filter(|line| line.starts_with("| ---")).count();
    let headings = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!((tables(&brief), headings(&brief)), (1, 0), "{brief}");
    let whole = tool.prints(&["report", "a", "--format", "markdown"]);
    assert!(headings(&whole) > 0 && brief.len() < whole.len(), "{brief}\n{whole}");
}

#[test]
fn without_markers_or_with_another_format_nothing_is_written() {
    let tool = recorded();
    tool.write("README.md", "# Mine\n");
    for (words, said) in [
        (&["report", "a", "--splice", "README.md"][..], "README.md: has no line <!-- report -->"),
        (&["report", "a", "--splice", "missing.md"], "missing.md: cannot be read"),
        (&["report", "a", "--splice", "README.md", "--format", "csv"], "--splice puts Markdown"),
        (&["report", "a", "--brief", "--format", "csv"], "--brief makes Markdown"),
        (&["report", "a", "--splice", "README.md", "--marker", "a-->b"], "allowed are letters"),
        (&["report", "a", "-o", "nowhere/page.html"], "nowhere/page.html"),
        (&["report", "a", "-s", "nothing"], "no cell matches"),
        (&["trend", "a", "-s", "nothing"], "no cell matches"),
    ] {
        tool.command(words).assert().code(2).stdout("").stderr(contains(said));
    }
    assert_eq!(read(&tool, "README.md"), "# Mine\n");
}

#[test]
fn broken_records_are_one_error_with_file_and_line_and_a_line_cut_off_is_left_out() {
    let tool = recorded();
    let whole = read(&tool, "a/records.jsonl");
    let mut lines: Vec<&str> = whole.lines().collect();
    lines[1] = "rubbish";
    let other_schema = whole.replacen("dedup-harness-results/1", "dedup-harness-results/2", 1);
    tool.write("broken/records.jsonl", lines.join("\n") + "\n");
    tool.write("empty/records.jsonl", "");
    tool.write("newer/records.jsonl", other_schema);
    for command in ["report", "trend"] {
        for (run, said) in [
            ("broken", "broken/records.jsonl: line 2: not JSON"),
            ("empty", "empty/records.jsonl: the file is empty"),
            ("newer", "newer/records.jsonl: its schema is"),
            ("nowhere", "nowhere: no such file or directory"),
        ] {
            let assert = tool.command(&[command, "a", run]).assert().code(2).stdout("");
            assert.stderr(contains(said).and(contains("error:").count(1)));
        }
    }
    tool.write("killed/records.jsonl", &whole[..whole.len() - 50]);
    let assert = tool.command(&["report", "killed", "--format", "csv"]).assert().success();
    assert
        .stdout(contains("noop"))
        .stderr(contains("killed/records.jsonl: line 3 breaks off and is left out"));
}

#[test]
fn a_trend_shows_every_run_in_the_order_of_time() {
    let tool = recorded();
    let later = read(&tool, "a/records.jsonl").replacen("\"started_at\":\"2", "\"started_at\":\"3", 1);
    tool.write("later/records.jsonl", later);
    let text = tool.prints(&["trend", "later", "a"]);
    assert!(text.starts_with("2 runs from 2"), "{text}");
    assert!(contains("exact").eval(&text) && contains("missed").eval(&text), "{text}");
    assert!(tool.prints(&["trend", "a", "later", "--format", "html"]).starts_with("<!DOCTYPE html>"));
}
