//! Traces: exact counts from good ones, one clear error from bad ones.

use std::path::PathBuf;

use crate::tool::Tool;

const VERIFY: [&str; 6] = ["-s", "^exact$", "-p", "verify", "--window", "365d"];

fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "stream", "tests", "data", name].iter().collect()
}

fn run<'a>(trace: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["run", "--trace", trace][..], &VERIFY, more].concat()
}

/// 200 lines: 199 pings, two of them without an id, 162 uniques, 37 copies.
fn is_what_is_in_the_file(tool: &Tool) {
    let records = tool.records("out");
    let verify = &records[1]["result"]["verify"];
    for (field, count) in [
        ("pings_count", 199),
        ("unique_count", 162),
        ("duplicate_count", 37),
        ("duplicate_in_window_count", 37),
        ("missed_count", 0),
        ("lost_count", 0),
        ("unjudged_count", 2),
    ] {
        assert_eq!(verify[field], count, "{field}");
    }
}

#[test]
fn the_counts_of_a_trace_are_exact_whatever_its_form() {
    for (file, more) in [
        ("pings.csv", &["--id-field", "document_id", "--time-field", "publish_time_ms"][..]),
        ("pings.csv.zst", &[]),
        ("pings.ndjson", &["--time-field", "publish_time", "--id-field", "attributeMap.document_id"]),
    ] {
        let tool = Tool::new();
        let path = data(file);
        tool.prints(&run(path.to_str().unwrap(), &[more, &["-o", "out"]].concat()));
        is_what_is_in_the_file(&tool);
    }
}

#[test]
fn a_trace_may_come_from_standard_input() {
    let tool = Tool::new();
    let pings = std::fs::read(data("pings.ndjson")).unwrap();
    let output = tool.command(&run("-", &["-o", "out"])).write_stdin(pings).assert().success();
    is_what_is_in_the_file(&tool);
    let survey = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        survey.contains("standard input (NDJSON)") && survey.contains("line 101: not a JSON"),
        "{survey}"
    );
}

#[test]
fn what_cannot_be_a_trace_is_refused_with_what_to_do() {
    let tool = Tool::new();
    let whole = std::fs::read(data("pings.csv.zst")).unwrap();
    tool.write("cut.csv.zst", &whole[..200]);
    tool.write("empty", "");
    tool.write("binary", b"\x80\x01\x00\x1b[31m\xff rubbish\n more\n");
    tool.write("header.csv", "id\n");
    tool.write("nameless.csv", "a,b\n1,2\n");
    tool.write("bad.ndjson", format!("{{\"id\":1}}\n{}", "no\n".repeat(8)));
    tool.write("evil.csv", "a\x1b[31mb,<script>\n1,2\n");
    for (trace, said) in [
        ("missing", "trace missing: cannot be opened: No such file"),
        ("empty", "trace empty: has no pings: the file is empty"),
        (".", "bad.ndjson: 8 of 9 lines (88.89 %) cannot be read"),
        ("/dev/null", "trace /dev/null: is a pipe or a device"),
        ("binary", "trace binary: is no UTF-8 text; allowed are CSV, NDJSON and other JSON"),
        ("header.csv", "trace header.csv: has no pings"),
        ("nameless.csv", "name it with --id-field; the first line has: a, b"),
        ("bad.ndjson", "8 of 9 lines (88.89 %) cannot be read; allowed are 1.00 % (--max-bad 0.01)"),
        ("cut.csv.zst", "the compressed data ends early"),
        ("evil.csv", "a\\u{1b}[31mb, <script>"),
        ("-", "trace standard input: has no pings"),
        ("", "--trace <FILE>"),
    ] {
        tool.refuses(&run(trace, &["-o", "out"]), &[said]);
    }
}

#[test]
fn fields_that_a_trace_does_not_have_are_refused_with_those_that_it_has() {
    let tool = Tool::new();
    let path = data("pings.csv");
    let trace = path.to_str().unwrap();
    tool.write("clock.csv", "id,t\na,5\nb,6\n");
    let has = "the first line has: publish_time_ms, document_id, document_type";
    tool.refuses(&run(trace, &["--id-field", "nope"]), &["--id-field nope: no line has it", has]);
    tool.refuses(&run(trace, &["--time-field", "nope"]), &["--time-field nope: no line has it", has]);
    tool.refuses(&run(trace, &["--id-field", "\x1b[31m"]), &["--id-field \\u{1b}[31m: no line has it"]);
    tool.refuses(&run(trace, &["--id-field", ""]), &["--id-field: found an empty name"]);
    tool.refuses(&run(trace, &["--time-unit", "ms"]), &["--time-unit", "--time-field"]);
    tool.refuses(&run(trace, &["--time-unit", "years"]), &["years", "auto, s, ms, us, ns, rfc3339"]);
    tool.refuses(&run("clock.csv", &["--time-field", "t"]), &["line 2: field t: found 5", "--time-unit"]);
}

/// By CloudEvents there is no duplicate here; by `id` alone there are two.
const CLOUD_EVENTS: &str = "\
{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":\"1\",\"source\":\"/a\",\"data\":1}
{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":\"1\",\"source\":\"/b\",\"data\":2}
{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":\"2\",\"source\":\"/a\",\"data\":3}
{\"specversion\":\"1.0\",\"type\":\"t\",\"id\":\"2\",\"source\":\"/b\",\"data\":4}
";

#[test]
fn a_key_that_is_none_is_doubted_everywhere_and_the_right_one_is_proposed() {
    let doubt = "2 of 2 copies differ from their first in `source`, `data`: this may not be the key";
    let remedy = "--id-field source --id-field id (the key of CloudEvents)";
    let tool = Tool::new();
    tool.write("events.ndjson", CLOUD_EVENTS);
    let output = tool.command(&run("events.ndjson", &["-o", "out", "-q"])).assert().success();
    let output = output.get_output();
    let shown =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    let (table, error) = (shown(&output.stdout), shown(&output.stderr));
    for text in [&table, &error] {
        assert!(text.contains(&format!("doubt: {doubt}: {remedy}")), "{text}");
    }
    let run_record = &tool.records("out")[0];
    assert_eq!(run_record["doubts"][0], serde_json::json!({"kind": "key", "text": doubt, "remedy": remedy}));
    assert!(tool.prints(&["report", "out"]).contains("this may not be the key"));

    let right = ["--id-field", "source", "--id-field", "id", "-o", "right"];
    let output = tool.command(&run("events.ndjson", &right)).assert().success();
    let survey = shown(&output.get_output().stderr);
    assert!(
        survey.contains("id fields source, id") && survey.contains("duplicates 0 of 4 pings"),
        "{survey}"
    );
    assert!(!survey.contains("doubt"), "{survey}");
    assert!(tool.records("right")[0].get("doubts").is_none());

    let digest = ["--id-all-but", "specversion", "type"];
    let output = tool.command(&run("events.ndjson", &digest)).assert().success();
    assert!(shown(&output.get_output().stderr).contains("id digest of all fields but specversion, type"));
    tool.refuses(
        &run("events.ndjson", &["--id-all-but", "x", "--id-field", "id"]),
        &["--id-all-but", "--id-field"],
    );
}
