//! The impact pass on a trace that names its clients: numbers that were counted by hand.

use serde_json::{Value, json};

use crate::tool::Tool;

/// Three days: two copies of one crash, of which one comes on a day on which its client is not active, a copy of another ping, and a
/// client that moves.
pub(crate) const PINGS: [[&str; 6]; 9] = [
    ["a1", "2026-01-01T01:00:00Z", "c1", "DE", "first-run", "s1"],
    ["a2", "2026-01-01T02:00:00Z", "c1", "DE", "main", "s1"],
    ["a3", "2026-01-01T03:00:00Z", "c2", "US", "segfault", "s2"],
    ["a3", "2026-01-01T04:00:00Z", "c2", "US", "segfault", "s2"],
    ["b1", "2026-01-02T01:00:00Z", "c1", "DE", "main", "s3"],
    ["a2", "2026-01-02T02:00:00Z", "c1", "DE", "main", "s1"],
    ["a3", "2026-01-02T03:00:00Z", "c2", "US", "segfault", "s2"],
    ["b2", "2026-01-02T05:00:00Z", "c3", "", "main", ""],
    ["d1", "2026-01-03T01:00:00Z", "c1", "US", "segfault", "s4"],
];

const FIELDS: [&str; 6] = ["id", "at", "client", "country", "type", "session"];

const RUN: [&str; 8] = ["run", "-q", "-p", "impact", "--time-field", "at", "--client-field", "client"];

const MORE: [&str; 12] = [
    "--dimension-field",
    "country",
    "--type-field",
    "type",
    "--session-field",
    "session",
    "--crash-type",
    "segfault",
    "--new-profile-type",
    "first-run",
    "--funnel",
    "first-run,main",
];

pub(crate) fn csv<'a>(pings: impl IntoIterator<Item = &'a [&'a str; 6]>) -> String {
    let rows = pings.into_iter().map(|ping| ping.join(","));
    [FIELDS.join(",")].into_iter().chain(rows).map(|row| row + "\n").collect()
}

pub(crate) fn ndjson() -> String {
    let object = |ping: &[&str; 6]| -> String {
        let fields = FIELDS.iter().zip(ping).filter(|(_, value)| !value.is_empty());
        let object: serde_json::Map<String, Value> =
            fields.map(|(name, value)| (name.to_string(), json!(value))).collect();
        Value::from(object).to_string() + "\n"
    };
    PINGS.iter().map(object).collect()
}

/// What a run finds, for `noop`, with these files and options.
pub(crate) fn impact(tool: &Tool, into: &str, more: &[&str]) -> Value {
    tool.prints(&[&RUN[..], &["--id-field", "id", "-s", "^noop$", "-o", into], more, &MORE[..]].concat());
    tool.records(into)[1]["result"]["impact"].clone()
}

/// Of a number the truth, and what live and stable tables have too much of it.
fn counts(impact: &Value, number: &str, country: Option<&str>) -> [Value; 3] {
    let is_it = |of: &&Value| of["number"] == number && of["value"].as_str() == country;
    let of = impact["numbers"].as_array().unwrap().iter().find(is_it).unwrap();
    [of["truth_count"].clone(), of["live"]["extra_count"].clone(), of["stable"]["extra_count"].clone()]
}

#[test]
fn numbers_of_a_trace_are_those_that_a_hand_counts() {
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    let found = impact(&tool, "out", &["--trace", "pings.csv"]);
    assert_eq!((&found["first_day"], &found["days_count"]), (&json!("2026-01-01"), &json!(3)));
    assert_eq!((&found["clients_count"], &found["unique_count"]), (&json!(3), &json!(6)));
    assert_eq!(found["live"]["rows_count"], 9);
    // The job looks at a day by itself: of two rows of a day the first stays, of two days both.
    assert_eq!(found["stable"]["rows_count"], 8);
    let none = Value::Null;
    let of = |number, country| counts(&found, number, country);
    assert_eq!(of("pings", None), [json!([3, 2, 1]), json!([1, 2, 0]), json!([0, 2, 0])]);
    assert_eq!(of("pings", Some("DE")), [json!([2, 1, 0]), json!([0, 1, 0]), json!([0, 1, 0])]);
    assert_eq!(of("pings", Some("US")), [json!([1, 0, 1]), json!([1, 1, 0]), json!([0, 1, 0])]);
    assert_eq!(of("crashes", None), [json!([1, 0, 1]), json!([1, 1, 0]), json!([0, 1, 0])]);
    // A session is its first ping: a1, a3, b1 and d1, of which a3 comes three times.
    assert_eq!(of("sessions", None), [json!([2, 1, 1]), json!([1, 1, 0]), json!([0, 1, 0])]);
    // The copy of the second day makes c2 active on it.
    assert_eq!(of("dau", None), [json!([2, 2, 1]), json!([0, 1, 0]), json!([0, 1, 0])]);
    assert_eq!(of("mau", None), [json!([2, 3, 3]), none.clone(), none.clone()]);
    assert_eq!(of("new-profiles", None), [json!([1, 0, 0]), none.clone(), none]);
    let funnel =
        found["numbers"].as_array().unwrap().iter().find(|of| of["number"] == "funnel-step-1").unwrap();
    assert_eq!((&funnel["truth_count"], &funnel["truth_of_count"]), (&json!([1, 2, 0]), &json!([1, 0, 0])));
}

#[test]
fn the_form_of_a_trace_and_how_it_is_cut_into_files_change_no_number() {
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    tool.write("pings.ndjson", ndjson());
    tool.write("days/1.csv", csv(&PINGS[..4]));
    tool.write("days/2.csv", csv(&PINGS[4..]));
    let mut jumbled = PINGS;
    jumbled.reverse();
    tool.write("jumbled.csv", csv(&jumbled));
    let first = impact(&tool, "csv", &["--trace", "pings.csv"]);
    assert_eq!(first, impact(&tool, "again", &["--trace", "pings.csv"]));
    assert_eq!(first, impact(&tool, "ndjson", &["--trace", "pings.ndjson"]));
    assert_eq!(first, impact(&tool, "days", &["--trace", "days"]));
    assert_eq!(first, impact(&tool, "jumbled", &["--trace", "jumbled.csv", "--sort"]));
}

#[test]
fn pings_without_an_id_have_senders_too() {
    let tool = Tool::new();
    let mut pings = PINGS;
    (pings[0][0], pings[7][0]) = ("", "");
    tool.write("pings.csv", csv(&pings));
    let found = impact(&tool, "out", &["--trace", "pings.csv"]);
    assert_eq!(counts(&found, "new-profiles", None)[0], json!([1, 0, 0]));
    assert_eq!(counts(&found, "dau", None)[0], json!([2, 2, 1]));
    // Put in order, nothing says which of them is which.
    let sorted = [&RUN[..], &["--id-field", "id", "--trace", "pings.csv", "--sort"]].concat();
    tool.refuses(&sorted, &["pings.csv", "line 2", "--client-field", "a ping without an id", "allowed"]);
}

#[test]
fn who_sent_pings_is_asked_for_beside_the_impact_pass_and_a_time() {
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    let run = |more: &[&str]| -> Vec<String> {
        let all = [&["run", "-q", "--trace", "pings.csv", "--id-field", "id", "-s", "^noop$"], more].concat();
        all.into_iter().map(str::to_string).collect()
    };
    let client = ["--client-field", "client"];
    let refused = |more: &[&str], said: &[&str]| tool.refuses(&run(more), said);
    refused(&[&client[..], &["--time-field", "at"]].concat(), &["--client-field", "add --pass impact"]);
    refused(
        &[&client[..], &["-p", "impact"]].concat(),
        &["--client-field", "no --time-field", "on what day"],
    );
    refused(&["-p", "impact", "--dimension-field", "country"], &["--client-field"]);
    refused(&[&client[..], &["-p", "impact", "--crash-type", "segfault"]].concat(), &["--type-field"]);
    // Without them the pass is left out, and says how to have it.
    let shown = tool.prints(&run(&["-p", "impact", "--time-field", "at"]));
    assert!(
        shown.contains("does not say who sends its pings") && shown.contains("--client-field"),
        "{shown}"
    );
}

#[test]
fn fields_that_say_nobody_or_nothing_readable_are_refused_before_anything_is_written() {
    let tool = Tool::new();
    let refused = |file: &str, content: String, fields: &[&str], said: &[&str]| {
        tool.write(file, content);
        let run = ["run", "-q", "-p", "impact", "--id-field", "id", "--time-field", "at", "--trace", file];
        tool.refuses(&[&run[..], &["-s", "^noop$", "-o", "out"], fields].concat(), said);
    };
    let client = ["--client-field", "client"];
    refused(
        "a.csv",
        csv(&PINGS),
        &["--client-field", "cleint"],
        &["a.csv", "--client-field", "cleint", "country"],
    );
    let wrong = [&client[..], &["--dimension-field", "land"]].concat();
    refused("a.csv", csv(&PINGS), &wrong, &["a.csv", "--dimension-field", "land", "country"]);
    refused(
        "a.ndjson",
        ndjson(),
        &["--client-field", "cleint"],
        &["a.ndjson, line 1", "cleint", "found nothing"],
    );
    let mut nobody = PINGS;
    nobody[4][2] = "";
    let said = ["b.csv, line 6: --client-field client: found nothing; allowed is a client in every record"];
    refused("b.csv", csv(&nobody), &client, &said);
    let gap: Vec<_> = PINGS.iter().filter(|ping| !ping[1].contains("01-02")).collect();
    let said =
        ["c.csv", "days have a gap", "no pings on 2026-01-02", "allowed are days that follow each other"];
    refused("c.csv", csv(gap), &client, &said);
    let object = ndjson().replace(r#""client":"c2""#, r#""client":{"name":"c2"}"#);
    let loose = [&client[..], &["--max-bad", "0.5"]].concat();
    let said = ["d.ndjson", "3 of 9 records that cannot be read", "line 3", "an object; allowed is text"];
    refused("d.ndjson", object, &loose, &said);
    let twice = [&client[..], &["--dimension-field", "country", "--dimension-field", "country"]].concat();
    refused("a.csv", csv(&PINGS), &twice, &["--dimension-field", "country twice", "each field once"]);
    let long = csv(&PINGS).replace("US", &"x".repeat(101));
    let dimension = [&client[..], &["--dimension-field", "country"]].concat();
    refused("e.csv", long, &dimension, &["e.csv, line 4", "--dimension-field country", "up to 100 bytes"]);
    let many: String = (0..1001).map(|n| format!("i{n},2026-01-01T00:00:00Z,c,v{n},m,s\n")).collect();
    let many = FIELDS.join(",") + "\n" + &many;
    refused("f.csv", many, &dimension, &["f.csv, line 1002", "more than 1000 values"]);
}

#[test]
fn what_has_too_many_clients_days_or_values_is_refused_before_anything_is_written() {
    let tool = Tool::new();
    let refused = |file: &str, rows: String, said: &[&str]| {
        tool.write(file, FIELDS.join(",") + "\n" + &rows);
        let with =
            ["--id-field", "id", "--trace", file, "--memory-limit", "32MiB", "--dimension-field", "country"];
        tool.refuses(&[&RUN[..], &with, &["-s", "^noop$", "-o", "out"]].concat(), said);
    };
    let values =
        (0..1000).map(|n| format!("i{n},2026-01-{:02}T00:00:00Z,c{n},v{n},m,s\n", 1 + n * 30 / 1000));
    let said = [
        "clients: 1000 over 30 days and their values would take about",
        "16 MiB are free",
        "allowed are fewer",
    ];
    refused("values.csv", values.collect(), &said);
    let day = |n: i64| 86_400 * n;
    let days = (0..3661).map(|n| format!("i{n},{},c,v,m,s\n", day(20_000 + n)));
    refused("days.csv", days.collect(), &["days.csv", "days: found 3661; allowed are 1 to 3660"]);
}

#[test]
fn shares_whose_clients_are_named_by_other_fields_are_of_other_runs() {
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    let share = |share: &str, client: &str, into: &str| {
        let run =
            ["run", "-q", "-p", "impact", "--time-field", "at", "--id-field", "id", "--trace", "pings.csv"];
        let of = ["-s", "^(noop|exact)$", "--partition", share, "--client-field", client, "-o", into];
        tool.prints(&[&run[..], &of].concat());
    };
    share("1/2", "client", "one");
    share("2/2", "type", "other");
    share("2/2", "client", "two");
    tool.refuses(&["merge", "one", "other", "-o", "whole"], &["is of another run", "what was to be run"]);
    tool.prints(&["merge", "one", "two", "-o", "whole"]);
    let digest = |folder: &str| tool.records(folder)[1]["scenario_digest"].clone();
    assert_eq!(digest("one"), digest("two"));
    assert_ne!(digest("one"), digest("other"));
}

#[test]
fn types_that_no_ping_has_are_named_and_others_are_not() {
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    let own = ["--trace", "pings.csv", "--id-field", "id", "--type-field", "type", "-s", "^noop$"];
    // Without -q, which leaves out what is said of a trace.
    let run = |more: &[&str]| {
        let ran = tool.command(&[&RUN[..1], &RUN[2..], &own, more].concat()).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stderr).unwrap()
    };
    let known = ["--crash-type", "segfault", "--new-profile-type", "first-run"];
    let spoilt = run(&[&known[..], &["--funnel", "first-run,mian"]].concat());
    assert!(spoilt.contains("types         of no ping: mian (--funnel)\n"), "{spoilt}");
    let meant = run(&[&known[..], &["--funnel", "first-run,main"]].concat());
    assert!(meant.contains("3 on 3 days") && !meant.contains("of no ping"), "{meant}");
}

#[test]
fn a_crash_on_a_day_that_has_none_is_an_absolute_error() {
    let tool = Tool::new();
    tool.write("pings.csv", csv(&PINGS));
    impact(&tool, "out", &["--trace", "pings.csv"]);
    tool.prints(&["impact", "out", "-o", "numbers"]);
    let csv = std::fs::read_to_string(tool.work().join("numbers/impact_over_time.csv")).unwrap();
    let is_it = |row: &&str| row.starts_with("2026-01-02,") && row.contains(",live,crashes,");
    assert!(csv.lines().find(is_it).unwrap().ends_with(",1.0,0.0,1.0,,,"), "{csv}");
}
