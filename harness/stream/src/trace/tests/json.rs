//! JSON in which records are not one a line.

use super::*;

const LINES: &str =
    "{\"id\":12345678901234567890123,\"t\":5}\n{\"id\":\"b\",\"t\":6}\n{\"id\":\"b\",\"t\":7}\n";

fn timed(content: impl AsRef<[u8]>) -> Sample {
    sample(content).with(|o| (o.time_field, o.time_unit) = (Some("t".into()), TimeUnit::S))
}

#[test]
fn the_same_records_are_the_same_trace_however_they_are_spread() {
    let lines = timed(LINES).survey();
    assert_eq!((lines.pings_count, lines.duplicate_count), (3, 1));
    let objects: Vec<_> = LINES.lines().collect();
    let pretty = objects.join("").replace(['{'], "{\n  ").replace(',', ",\n  ").replace('}', "\n}\n");
    for content in [
        format!("[{}]", objects.join(",")),
        format!(" [\n{}\n]\n", objects.join(",\n")),
        objects.join(""),
        pretty,
        format!("{{\"Records\":[{}]}}", objects.join(",")),
        format!("{{\"Records\": [\n{}]}}\n{{\"Records\":[{}]}}", objects[..2].join(",\n"), objects[2]),
    ] {
        for content in [content.as_bytes().to_vec(), gzip(content.as_bytes())] {
            let survey = timed(&content).survey();
            let text = String::from_utf8_lossy(&content);
            assert_eq!((&survey.digest, survey.bad_count), (&lines.digest, 0), "{text}");
            assert_eq!(timed(&content).events(), timed(LINES).events());
        }
    }
    let inside = format!("{{\"meta\":{{\"id\":9}},\"data\":{{\"events\":[{}]}}}}", objects.join(","));
    let inside = timed(inside).with(|o| o.records = Some("data.events".into()));
    assert_eq!(inside.survey().digest, lines.digest);
}

#[test]
fn json_that_is_cut_short_or_holds_no_records_is_an_error() {
    for content in ["[{\"id\":1},{\"id\":2}", "[{\"id\":1},{\"id\"", "{\n\"id\":1}{\"id\":2"] {
        let error = sample(content).with(|o| o.max_bad = 1.0).error();
        assert!(error.contains("cut short"), "{content}: {error}");
    }
    assert!(sample("[]").error().contains("has no pings"));
    let none = sample("{\"data\":[{\"id\":1}]}").with(|o| o.records = Some("date".into()));
    assert!(none.error().contains("has no pings"), "{}", none.error());
    let empty = sample("{\"id\":1}").with(|o| o.records = Some("a..b".into()));
    assert!(empty.error().starts_with("--records"));
    let csv = sample("id\na\n").with(|o| o.records = Some("data".into()));
    assert!(csv.error().contains("--records: found data; allowed is none: the trace is no JSON"));
    // What is no object among them is a bad line.
    let scalars = sample("[{\"id\":1},7,{\"id\":2}]").with(|o| o.max_bad = 0.5).survey();
    assert_eq!((scalars.pings_count, scalars.bad_count), (2, 1));
}

#[test]
fn objects_that_lead_to_no_records_are_bad_lines_among_those_that_do() {
    let survey = |content: &str, records: Option<&str>| {
        let trace = sample(content).with(|o| (o.max_bad, o.records) = (0.9, records.map(str::to_string)));
        let survey = trace.survey();
        let first = survey.first_bad.first().map(|bad| bad.to_string()).unwrap_or_default();
        (survey.pings_count, survey.bad_count, first)
    };
    let plain = format!("{{\"Records\":[{{\"id\":1}},{{\"id\":2}}]}}\n{}", "{\"id\":3}\n".repeat(4));
    let why = "line 3: no record: no Records in an object that has id";
    assert_eq!(survey(&plain, None), (2, 4, why.to_string()));
    let inside = "{\"b\":{\"e\":[{\"id\":1},{\"id\":2}]}}\n{\"b\":{}}\n{\"x\":1}\n";
    let why = "line 3: no record: no b.e in an empty object";
    assert_eq!(survey(inside, Some("b.e")), (2, 2, why.to_string()));
    let span = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"id\":1}]}]}]}\n";
    let log = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"id\":1},{\"id\":2}]}]}]}\n";
    assert_eq!(survey(&format!("{span}{}", log.repeat(3)), None), (7, 0, String::new()));
}

#[test]
fn what_opentelemetry_writes_is_read_log_by_log_and_its_key_is_proposed() {
    let log = |time: u64, trace: &str| {
        format!(
            "{{\"timeUnixNano\":\"{time}\",\"observedTimeUnixNano\":\"{time}\",\"traceId\":\"{trace}\",\"spanId\":\"b\",\
             \"attributes\":[{{\"key\":\"k\"}}],\"body\":{{\"stringValue\":\"x\"}}}}"
        )
    };
    let logs =
        |logs: &[String]| format!("\"scopeLogs\":[{{\"scope\":{{}},\"logRecords\":[{}]}}]", logs.join(","));
    let early = 1_700_000_000_000_000_000;
    let lines: String = [[log(early, "a"), log(early + 1, "b")], [log(early, "a"), log(early + 2, "a")]]
        .iter()
        .map(|batch| format!("{{\"resourceLogs\":[{{\"resource\":{{}},{}}}]}}\n", logs(batch)))
        .collect();
    let fields = "--id-field traceId --id-field spanId --id-field timeUnixNano --id-field observedTimeUnixNano \
                  --id-field body.stringValue";
    let unnamed = sample(&lines).error();
    assert!(unnamed.contains(&format!("those of OpenTelemetry (logs): {fields})")), "{unnamed}");
    let keyed = |o: &mut TraceOptions| {
        let names = fields.split(' ').filter(|word| !word.starts_with("--"));
        o.id = IdFields::Named(names.map(str::to_string).collect());
        o.time_field = Some("observedTimeUnixNano".into());
    };
    let survey = sample(&lines).with(keyed).survey();
    assert_eq!((survey.pings_count, survey.duplicate_count, survey.doubts.len()), (4, 1, 0));
    let part = sample(&lines).with(|o| o.id = named(&["traceId"])).survey();
    assert!(part.doubts[0].to_string().contains("(the key of OpenTelemetry (logs))"), "{:?}", part.doubts);
    // Where something else comes first, it is said where the records are.
    let hidden = lines.replace("{\"resourceLogs", "{\"v\":1,\"resourceLogs");
    let hidden = sample(hidden).error();
    assert!(hidden.contains("further in: --records resourceLogs.scopeLogs.logRecords"), "{hidden}");
}
