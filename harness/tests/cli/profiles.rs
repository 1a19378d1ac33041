//! Profiles: answers from pings, a file that holds no id, and a scenario that brings the traffic back.

use std::path::PathBuf;

use serde_json::Value;

use crate::tool::Tool;

fn data(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "stream", "tests", "data", name].iter().collect();
    path.to_str().unwrap().to_string()
}

fn stored(tool: &Tool, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(tool.work().join(name)).unwrap()).unwrap()
}

#[test]
fn a_trace_gives_answers_and_a_small_file_without_an_id() {
    let tool = Tool::new();
    let pings = data("pings.ndjson");
    let said = tool.prints(&["profile", &pings, "--time-field", "publish_time", "-o", "p.json"]);
    assert!(
        said.contains("18.6 % of 199 pings are duplicates. To catch 99 % of them keep ids for"),
        "{said}"
    );
    assert!(said.contains("keep ids for") && said.contains("100 % |"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 110), "{said}");
    let file = std::fs::read_to_string(tool.work().join("p.json")).unwrap();
    let profile = stored(&tool, "p.json");
    for (field, count) in [
        ("pings_count", 199),
        ("duplicate_count", 37),
        ("without_id_count", 2),
        ("ids_count", 160),
        ("unreadable_count", 1),
    ] {
        assert_eq!(profile[field], count, "{field}");
    }
    let trace = std::fs::read_to_string(&pings).unwrap();
    let ids = trace.split("\"document_id\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ids: Vec<&str> = ids.filter(|id| id.len() > 30).collect();
    assert!(ids.len() > 100 && ids.iter().all(|id| !file.contains(id)), "{file}");
    assert!(file.len() < 64 << 10);
}

#[test]
fn what_makes_a_key_doubtful_is_said_first_and_kept() {
    let tool = Tool::new();
    let line = |(id, source, data)| format!("{{\"id\":\"{id}\",\"source\":\"{source}\",\"data\":{data}}}\n");
    let lines = [(1, "/a", 1), (1, "/b", 2), (2, "/a", 3), (2, "/b", 4)].map(line).concat();
    tool.write("events.ndjson", lines);
    let said = tool.prints(&["profile", "events.ndjson", "--id-field", "id", "-o", "p.json"]);
    assert!(said.starts_with("doubtful: 2 of 2 copies differ from their first in"), "{said}");
    let doubts = stored(&tool, "p.json")["doubts"].to_string();
    assert!(doubts.contains("`source`") && doubts.contains("this may not be the key"), "{doubts}");
    let told = tool.prints(&["profile", "events.ndjson", "--id-field", "source", "--id-field", "id"]);
    assert!(told.starts_with("None of 4 pings is a duplicate."), "{told}");
}

#[test]
fn the_form_of_a_trace_and_its_way_in_make_no_difference() {
    let tool = Tool::new();
    tool.prints(&[
        "profile",
        &data("pings.csv"),
        "--time-field",
        "publish_time_ms",
        "--name",
        "x",
        "-o",
        "a.json",
    ]);
    let csv = std::fs::read(data("pings.csv")).unwrap();
    let args = ["profile", "-", "--time-field", "publish_time_ms", "--name", "x", "-o", "b.json"];
    tool.command(&args).write_stdin(csv).assert().success();
    assert_eq!(stored(&tool, "a.json"), stored(&tool, "b.json"));
}

#[test]
fn a_stored_profile_is_shown_as_when_it_was_made_also_from_standard_input() {
    let tool = Tool::new();
    let made =
        tool.prints(&["profile", &data("pings.ndjson"), "--time-field", "publish_time", "-o", "p.json"]);
    assert_eq!(tool.prints(&["profile", "p.json"]), made);
    let file = std::fs::read(tool.work().join("p.json")).unwrap();
    let piped = tool.command(&["profile", "-"]).write_stdin(file.clone()).assert().success();
    assert_eq!(String::from_utf8_lossy(&piped.get_output().stdout), made);
    assert_eq!(tool.prints(&["profile", "p.json", "--format", "json"]).as_bytes(), file);
}

#[test]
fn letters_beyond_ascii_are_drawn_where_the_locale_has_them() {
    let tool = Tool::new();
    let pings = data("pings.ndjson");
    let drawn = |locale: &str| {
        let args = ["profile", &pings, "--time-field", "publish_time"];
        let output = tool.command(&args).env("LC_ALL", locale).assert().success().get_output().clone();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(drawn("C").is_ascii());
    assert!(drawn("C.UTF-8").contains('█'));
}

#[test]
fn what_is_no_profile_and_no_trace_is_refused_with_what_to_do() {
    let tool = Tool::new();
    tool.prints(&["profile", &data("pings.ndjson"), "--time-field", "publish_time", "-o", "p.json"]);
    let good = std::fs::read_to_string(tool.work().join("p.json")).unwrap();
    tool.write("wrong.json", good.replace("\"ids_count\": 160", "\"ids_count\": 161"));
    tool.write("newer.json", good.replace("\"profile\": 1", "\"profile\": 2"));
    tool.write("one.csv", "id\na\n");
    for (args, said) in [
        (&["wrong.json"][..], "wrong.json: pings_count: found 199; allowed is without_id_count + ids_count"),
        (&["newer.json"], "newer.json: profile: found version 2; allowed is 1"),
        (&["missing.json"], "trace missing.json: cannot be opened"),
        (&["one.csv", "--scenario", "s.toml"], "one.csv: its pings have no length of time"),
        (&["p.json", "--scale", "0.1"], "--scenario <FILE>"),
        (
            &["p.json", "-o", "./p.json"],
            "--output: found ./p.json, which is what is read; allowed is another file",
        ),
        (&["p.json", "-o", "s.toml", "--scenario", "s.toml"], "--scenario: found s.toml, which is --output"),
        (&["p.json", "--scenario", "s.toml", "--scale", "0"], "allowed is a factor from"),
        (&["p.json", "--scenario", "s.toml", "--scale", "0.001"], "less than one ping is left"),
    ] {
        let output = tool.output(&[&["profile"], args].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(said), "{args:?}: {error}");
        assert!(!tool.work().join("s.toml").exists(), "{args:?}");
    }
    assert_eq!(std::fs::read_to_string(tool.work().join("p.json")).unwrap(), good);
}

#[test]
fn memory_that_does_not_hold_all_ids_gives_a_sample_with_its_error() {
    let tool = Tool::new();
    let lines: String =
        (0..40_000).map(|ping| format!("{},{}\n", ping % 30_000, 1_772_323_200 + ping)).collect();
    tool.write("pings.csv", format!("id,t\n{lines}"));
    let args = ["profile", "pings.csv", "--time-field", "t", "--memory", "100KB", "-o", "p.json"];
    let said = tool.prints(&args);
    assert!(said.contains("looked at, duplicates to within"), "{said}");
    let profile = stored(&tool, "p.json");
    assert_eq!((&profile["origin"], &profile["pings_count"]), (&"sampled".into(), &40_000.into()));
    let duplicates = profile["duplicate_count"].as_f64().unwrap();
    assert!((8_000.0..12_000.0).contains(&duplicates), "{duplicates}");
}

#[test]
fn several_files_are_one_trace_however_they_are_named() {
    let tool = Tool::new();
    let part = |first: u64| {
        (0..50).map(|n| format!("{},{}\n", n % 30, 1_772_323_200 + first + 2 * n)).collect::<String>()
    };
    for (name, first) in [("parts/p-1.csv", 0), ("parts/p-2.csv", 1)] {
        tool.write(name, format!("id,t\n{}", part(first)));
    }
    let profile = |named: &[&str]| {
        let args = [&["profile"], named, &["--time-field", "t", "--name", "x", "-o", "p.json"]].concat();
        tool.prints(&args);
        stored(&tool, "p.json")
    };
    let both = profile(&["parts/p-1.csv", "parts/p-2.csv"]);
    assert_eq!((&both["pings_count"], &both["ids_count"]), (&100.into(), &30.into()));
    // Each id comes a second later in the other file.
    assert_eq!(both["order"]["back_count"], 0);
    assert_eq!(profile(&["parts"]), both);
    assert_eq!(profile(&["parts/p-*.csv"]), both);
    tool.refuses(
        &["profile", "parts/p-1.csv", "p.json"],
        &["p.json: is a stored profile among other files; allowed is one by itself"],
    );
    tool.refuses(
        &["profile", "parts", "-o", "parts/p-2.csv"],
        &["--output: found parts/p-2.csv, which is what is read"],
    );
    tool.refuses(
        &["profile", "parts/p-1.csv", "parts/*"],
        &["trace parts/p-1.csv: is named twice; allowed is each file once"],
    );
}

#[test]
fn what_has_to_come_through_standard_input_is_told_the_name_of_that() {
    let tool = Tool::new();
    tool.write("pings.xz", b"\xfd7zXZ\0");
    for path in ["/dev/null", "pings.xz"] {
        let output = tool.output(&["profile", path]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            !error.contains("--trace") && (error.contains("whose name is -") || error.contains("with - for")),
            "{error}"
        );
    }
}

#[test]
fn a_scenario_that_is_written_of_a_profile_brings_the_traffic_back() {
    let tool = Tool::with_tiny();
    let pings = tool.prints(&["stream", "tiny.toml"]);
    tool.write("pings.ndjson", pings);
    let read = ["--id-field", "document_id", "--time-field", "time"];
    let said = tool.prints(
        &[&["profile", "pings.ndjson"][..], &read, &["-o", "p.json", "--scenario", "mine.toml"]].concat(),
    );
    assert!(said.contains("duplicates"), "{said}");
    let toml = std::fs::read_to_string(tool.work().join("mine.toml")).unwrap();
    assert!(toml.contains("It does not carry:"), "{toml}");
    tool.write("again.ndjson", tool.prints(&["stream", "mine.toml"]));
    tool.prints(&[&["profile", "again.ndjson"][..], &read, &["-o", "q.json"]].concat());
    let (before, after) = (stored(&tool, "p.json"), stored(&tool, "q.json"));
    for (field, tolerance) in [("pings_count", 0.1), ("duplicate_count", 0.2)] {
        let (was, is) = (before[field].as_f64().unwrap(), after[field].as_f64().unwrap());
        assert!((is / was - 1.0).abs() < tolerance, "{field}: {is} for {was}");
    }
    tool.prints(&["run", "-q", "-f", "mine.toml", "-s", "^exact$", "-p", "verify"]);
}
