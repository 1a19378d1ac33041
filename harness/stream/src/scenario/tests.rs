//! Reading scenarios: what is refused, in which words, and that nothing makes the reader panic.

use std::fs;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const BASE: &str =
    "about = 'a test'\nwindow = '10m'\npings = 1000\narrival = { process = 'constant', rate = 10 }\n";

fn read(body: &str) -> Result<Scenario, ScenarioError> {
    Scenario::from_toml("scenarios/sample.toml", body)
}

/// The error for [`BASE`] with one line put in place of the line that begins alike, or added.
fn refusal(line: &str) -> String {
    let field = line.split(['=', ' ', '.']).next().unwrap();
    let mut lines: Vec<&str> = BASE.lines().filter(|base| !base.starts_with(field)).collect();
    lines.push(line);
    let text = lines.join("\n");
    match read(&text) {
        Ok(_) => panic!("not refused:\n{text}"),
        Err(error) => error.to_string(),
    }
}

fn repeat(fields: &str) -> String {
    format!("[[repeat]]\ncause = 'c'\n{fields}")
}

#[test]
fn defaults_are_filled_in() {
    let scenario = read(BASE).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.seed, scenario.payload_bytes), ("sample", 1, 4600));
    assert_eq!(scenario.start().to_string(), "1767225600.000000000s");
    assert_eq!(scenario.key(), KeyField::DocumentId);
    assert_eq!((scenario.pipeline.workers.get(), scenario.pipeline.batch.get()), (4, 64));
    assert_eq!(scenario.expected_pings(), 1000);
    assert!((scenario.virtual_length().as_secs_f64() - 100.0).abs() < 0.01);
}

#[test]
fn an_error_names_file_line_field_what_was_found_and_what_is_allowed() {
    let text = format!("{BASE}\n[[repeat]]\ncause = 'c'\nshare = 1.5\nlag.fixed = '1s'\n");
    assert_eq!(
        read(&text).unwrap_err().to_string(),
        "scenarios/sample.toml:8:9: repeat[1].share: found 1.5; allowed is a share above 0 and at most 1, such as 0.01"
    );
}

#[test]
fn errors_read_well() {
    let errors: Vec<String> = [
        "window = '0s'",
        "window = 'ten minutes'",
        "window = 600",
        "windw = '10m'",
        "pings = 0",
        "pings = -5",
        "pings = 1.5",
        "pings = 99999999999999999999",
        "pings = 9999999999999999999999999999999999999999999",
        "seed = 'abc'",
        "seed = -1",
        "key = 'documentid'",
        "payload = '4.6 bananas'",
        "payload = '5000MB'",
        "start = 2026-01-01",
        "about = '  '",
        "about = 5",
        "arrival = { process = 'constant', rate = 0 }",
        "arrival = { process = 'constant', rate = nan }",
        "arrival = { process = 'constant', rate = '5/week' }",
        "arrival = { process = 'constnt', rate = 1 }",
        "arrival = { process = 'constant' }",
        "arrival = { process = 'constant', rate = 1, peak = '14h' }",
        "arrival = { process = 'daily', rate = 1, amplitude = 0.5 }",
        "arrival = { process = 'daily', rate = 1, amplitude = 1.5, peak = '14h' }",
        "arrival = { process = 'daily', rate = 1, amplitude = 0.5, peak = '30h' }",
        "arrival = { process = 'hourly', rate = 1 }",
        "arrival = { process = 'hourly', rate = 1, hours = [1, 2, 3] }",
        "arrival = { process = 'hourly', rate = 1, hours = [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0] }",
        "arrival = { process = 'hourly', rate = 1, hours = [-1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1] }",
        "arrival = { process = 'bursts', rate = 1, burst_rate = 9, every = '1m', for = '2m' }",
        "arrival = { process = 'poisson', rate = 1, ramp = { factor = 0, between = ['1m', '2m'] } }",
        "arrival = { process = 'poisson', rate = 1, ramp = { factor = 2, between = ['2m', '2m'] } }",
        "arrival = { process = 'constant', rate = '1/day' }\npings = 1_000_000",
        "duration = '1h'",
        "duration = '99years'\nrate = 1",
        "pipeline = { workers = 0 }",
        "pipeline = { linger = '-1s' }",
        "bad_id = { missing = 0.7, short = 0.7 }",
        "event_time = { skew = { backoff = { first = '1s', factor = 2, max = '1m' } } }",
        "fault = 3",
        "[[fault]]\nat = '10s'",
        "[[fault]]\nkind = 'worker-crsh'\nat = '10s'",
        "[[fault]]\nkind = 'worker-crash'\nat = '10s'",
        "[[fault]]\nkind = 'worker-crash'\nat = '10s'\npoint = 'before-lunch'",
        "[[fault]]\nkind = 'worker-crash'\nat = '10s'\npoint = 'before-ack'\nfor = '1m'",
        "[[fault]]\nkind = 'ack-timeout'\nat = '10s'",
        "[[fault]]\nkind = 'ack-timeout'\nat = '10s'\nfor = '0s'",
        "[[fault]]\nkind = 'ack-timeout'\nat = '2h'\nfor = '1m'",
        "[[fault]]\nkind = 'ack-timeout'\nat = 10\nfor = '1m'",
        "[[fault]]\nkind = 'eviction'\nat = '10s'\nfor = '1m'\nshare = 1.5",
        "[[fault]]\nkind = 'workers-added'\nat = '10s'\ncount = 0",
        "[[fault]]\nkind = 'workers-added'\nat = '10s'\ncount = 9_999_999",
        "pipeline = { ack_deadline = '0s' }",
        "pipeline = { mark_lag = '-1s' }",
        "pipeline = { extend_deadlines = 'no' }",
        "pipeline = { routing = 'robin' }",
        "window = '10m",
        "window = = 3",
        "repeat = 3",
        &repeat("lag.fixed = '1s'"),
        &repeat("share = 0.1\nids = 3\nlag.fixed = '1s'"),
        &repeat("share = 0.1"),
        &repeat("share = 0.1\nlag = '1s'"),
        &repeat("share = 0.1\nlag.fxed = '1s'"),
        &repeat("share = 0.1\nlag = { fixed = '1s', exponential = '2s' }"),
        &repeat("share = 0.1\nlag.uniform = ['2s', '1s']"),
        &repeat("share = 0.1\nlag.cdf = []"),
        &repeat("share = 0.1\nlag.cdf = [['1m', 0.5], ['2m', 0.9]]"),
        &repeat("share = 0.1\nlag.cdf = [['2m', 0.5], ['1m', 1.0]]"),
        &repeat("share = 0.1\nlag.cdf = [['1m', 0.5], ['2m', 0.4], ['3m', 1.0]]"),
        &repeat("share = 0.1\nlag.cdf = [['1m', 0.5], ['2m', 1.2]]"),
        &repeat("share = 0.1\nlag.lognormal = { median = '1m', sgma = 2 }"),
        &repeat("share = 0.1\nlag.backoff = { first = '5m', factor = 2, max = '1m' }"),
        &repeat("share = 0.1\nlag.backoff = { first = '1m', factor = 0.5, max = '2m' }"),
        &repeat("share = 0.1\nfrom = 'first'\nlag.backoff = { first = '1m', factor = 2, max = '2m' }"),
        &repeat("share = 0.1\ncopies = 0\nlag.fixed = '1s'"),
        &repeat("share = 0.1\ncopies = { mean = 0.5 }\nlag.fixed = '1s'"),
        &repeat("share = 0.1\ncopies = { 1 = 5, two = 3 }\nlag.fixed = '1s'"),
        &repeat("share = 0.1\ncopies = {}\nlag.fixed = '1s'"),
        &repeat("share = 0.1\nbetween = ['5m', '1m']\nlag.fixed = '1s'"),
        &repeat("share = 0.1\nidentity = 'other'\nlag.fixed = '1s'"),
        "[[repeat]]\ncause = 'first'\nshare = 0.1\nlag.fixed = '1s'",
        "[[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '1s'\n[[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '1s'",
        "clients = 5",
        "[clients]\nnumber = 5",
        "[clients]\ncount = 0",
        "[clients]\ncount = 9\nactive = 1.5",
        "[clients]\ncount = 9\nactive = [1, 1, 1]",
        "[clients]\ncount = 9\nactive = [1, 1, 1, 1, 1, 0, 0]",
        "[clients]\ncount = 9\nsessions = 0.5",
        "[clients]\ncount = 9\nheavy = { share = 0.5, pings = 0.1 }",
        "[clients]\ncount = 9\ntypes = {}",
        "[clients]\ncount = 9\ntypes = { main = 0 }",
        "[clients]\ncount = 9\nfirst_day = { new-profile = 0.5 }",
        "[clients]\ncount = 9\nnew_a_day = 1\nfirst_day = { main = 0.5 }",
        "[clients]\ncount = 9\ndimensions = { Country = { DE = 1 } }",
        "[clients]\ncount = 9\ndimensions = { client_id = { DE = 1 } }",
        "[clients]\ncount = 9\nlost = [{ share = 1.0 }]",
        "[clients]\ncount = 9\nlost = [{ share = 0.1, only = { country = 'DE' } }]",
        "[clients]\ncount = 9\nactive = 0.1\nheavy = { share = 0.01, pings = 0.5 }",
        "[[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '1s'\nonly = { type = 'crash' }",
        "[clients]\ncount = 9\n[[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '1s'\nonly = { type = 'crash' }",
        "[clients]\ncount = 9\n[[repeat]]\ncause = 'c'\nids = 1\nlag.fixed = '1s'\nonly = { type = 'main' }",
        "[clients]\ncount = 9\n[[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '1s'\nonly = { contry = 'DE' }",
    ]
    .iter()
    .map(|line| format!("{}\n    {}", line.replace('\n', " | "), refusal(line)))
    .collect();
    insta::assert_snapshot!("errors", errors.join("\n"));
}

#[test]
fn what_could_never_run_is_refused() {
    let endless =
        "about = 'x'\nwindow = '1m'\nduration = '90years'\narrival = { process = 'constant', rate = 1e9 }";
    let error = read(endless).unwrap_err().to_string();
    assert!(error.contains(":3:12: duration") && error.contains("at most 1000000000000 pings"), "{error}");
    let crowded = "about = 'x'\nwindow = '1m'\nduration = '10days'\narrival = { process = 'constant', rate = 10_000 }\n\
                   [[repeat]]\ncause = 'c'\nshare = 1\nlag.fixed = '9days'";
    let error = read(crowded).unwrap_err().to_string();
    assert!(error.contains("repeat[1]") && error.contains("waiting to be repeated"), "{error}");
}

#[test]
fn a_cause_of_which_no_copy_comes_in_time_is_refused_with_the_reason() {
    let hour = |repeat: &str| {
        let text = format!(
            "about = 'x'\nwindow = '1m'\nduration = '1h'\narrival = {{ process = 'constant', rate = 1 }}\n\
             [[repeat]]\ncause = 'c'\nshare = 1\n{repeat}"
        );
        read(&text).map(drop).map_err(|error| error.to_string())
    };
    for lag in [
        "lag.fixed = '99y'",
        "lag.fixed = '1h'",
        "lag = { uniform = ['2h', '3h'] }",
        "lag.lognormal = { median = '50y', sigma = 0.1 }",
        "lag.cdf = [['61m', 0], ['2h', 1]]",
        "lag.backoff = { first = '1h', factor = 2, max = '2h' }",
        "between = ['30m', '40m']\nlag.fixed = '31m'",
    ] {
        let error = hour(lag).unwrap_err();
        assert!(error.contains("repeat[1].lag: found no lag below"), "{error}");
        assert!(
            error.contains("no copy comes before the stream ends")
                && error.contains("after about 1h, or a longer duration"),
            "{error}"
        );
    }
    for lag in
        ["lag.exponential = '99y'", "lag.lognormal = { median = '50y', sigma = 3 }", "lag.cdf = [['2y', 1]]"]
    {
        let error = hour(lag).unwrap_err();
        assert!(
            error.contains(
                "repeat[1].lag: found lags so long that of 3600 copies fewer than 1 come before the stream ends; \
                 allowed is a lag shorter than the stream, which ends after about 1h, or a longer duration"
            ),
            "{error}"
        );
    }
    let error = hour("between = ['1h', '2h']\nlag.fixed = '1s'").unwrap_err();
    assert!(
        error.contains(
            ":8:11: repeat[1].between: found ['1h', '2h']; allowed is a stretch that begins before"
        ),
        "{error}"
    );
    for lag in ["lag.fixed = '59m'", "lag.exponential = '1day'", "between = ['30m', '2h']\nlag.fixed = '29m'"]
    {
        assert_eq!(hour(lag), Ok(()));
    }
}

#[test]
fn a_cause_most_of_whose_copies_come_too_late_is_known_with_its_share() {
    let text = "about = 'x'\nwindow = '1m'\nduration = '1h'\narrival = { process = 'constant', rate = 1 }\n\
                [[repeat]]\ncause = 'days later'\nshare = 1\nlag.exponential = '1day'\n\
                [[repeat]]\ncause = 'soon'\nshare = 1\nlag.exponential = '1m'";
    let scenario = read(text).unwrap();
    // Of a ping at time t of an hour 1 - exp(-(1 - t) / 24), half of a 24th on average.
    assert!(
        matches!(scenario.mostly_too_late()[..], [("days later", share)] if (share - 0.0206).abs() < 0.0003),
        "{:?}",
        scenario.mostly_too_late()
    );
}

/// Every field with a value of its own, however its table is written: its path, and where the value stands.
fn leaves(table: &toml::de::DeTable<'_>, path: &str, found: &mut Vec<(String, std::ops::Range<usize>)>) {
    use toml::de::DeValue;
    for (name, value) in table {
        let path =
            if path.is_empty() { name.get_ref().to_string() } else { format!("{path}.{}", name.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) => leaves(inner, &path, found),
            DeValue::Array(items) if items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))) => {
                for (index, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        leaves(inner, &format!("{path}[{}]", index + 1), found);
                    }
                }
            }
            _ => found.push((path, value.span())),
        }
    }
}

#[test]
fn nonsense_in_any_field_is_answered_with_the_fields_full_path_and_what_was_found() {
    let whole = "about = 'x'\nseed = 1\npings = 1000\nwindow = '10m'\nkey = 'uri'\npayload = 5\nstart = 2026-01-01T00:00:00Z\n\
        bad_id = { missing = 0.1, not_an_id = 0.1, short = 0.1, upper_case = 0.1 }\nevent_time.skew.exponential = '1s'\n\
        nightly = { preceding_days = 1, slices = 2 }\n\
        [pipeline]\nworkers = 1\nbatch = 1\nlinger = '1s'\npublish_latency = '1s'\nredelivery_delay = '1s'\nack_deadline = '1s'\n\
        extend_deadlines = false\nrouting = 'random'\nmark_lag = '1s'\n\
        [arrival]\nprocess = 'daily'\nrate = 1\namplitude = 0.5\npeak = '1h'\nramp = { factor = 2, between = ['1m', '2m'] }\n\
        [[repeat]]\ncause = 'a'\nshare = 0.1\ncopies = 2\nlag.fixed = '1s'\nfrom = 'first'\nbetween = ['1s', '2s']\n\
        event_time = 'fresh'\nsubmission_timestamp = 'same'\nidentity = 'same'\n\
        [[repeat]]\ncause = 'b'\nids = 5\ncopies = { mean = 2 }\nlag = { uniform = ['1s', '2s'] }\n\
        [[repeat]]\ncause = 'd'\nids = 5\ncopies = { 1 = 2 }\nlag = { exponential = '1s' }\n\
        [[repeat]]\ncause = 'e'\nids = 5\nlag.lognormal = { median = '1s', sigma = 3 }\n\
        [[repeat]]\ncause = 'f'\nids = 5\nlag.cdf = [['1s', 0.5], ['2s', 1]]\n\
        [[repeat]]\ncause = 'g'\nids = 5\n[repeat.lag.backoff]\nfirst = '1s'\nfactor = 2\nmax = '5s'\n\
        [[fault]]\nkind = 'store-slow'\nat = '1s'\nfor = '1s'\ndelay = '1s'\n";
    read(whole).unwrap();
    let mut fields = Vec::new();
    leaves(toml::de::DeTable::parse(whole).unwrap().get_ref(), "", &mut fields);
    assert!(fields.len() > 50, "{}", fields.len());
    let mut wrong = Vec::new();
    for (path, span) in fields {
        let line = whole[..span.start].lines().count();
        for nonsense in ["'0s '", "-1.5", "nan", "[]", "{}", "true"] {
            let text = format!("{}{nonsense}{}", &whole[..span.start], &whole[span.end..]);
            let Err(error) = read(&text) else { continue };
            let named = error.field.as_ref().is_some_and(|field| field.starts_with(&path));
            let words = nonsense.trim_matches(['\'', ' ']);
            let of_a_kind = ["map", "sequence", "boolean", "no distribution", "nothing"];
            let found = error.found.to_lowercase().contains(words)
                || of_a_kind.iter().any(|kind| error.found.contains(kind));
            if !named || !found || error.at.is_none_or(|(at, _)| at != line) {
                wrong.push(format!("{path} = {nonsense}: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_that_are_none_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary.toml");
    fs::write(&binary, b"about = 'x'\nwindow = '\xff'").unwrap();
    for path in [folder.path().to_path_buf(), folder.path().join("missing.toml"), binary] {
        let error = Scenario::load(&path).unwrap_err();
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
    let error = Scenario::load(folder.path().join("binary.toml")).unwrap_err();
    assert_eq!(error.at, Some((2, 11)));
}

#[test]
fn scenarios_are_found_by_name_by_pattern_and_by_path() {
    let names = |argument: &str| -> Vec<String> {
        find(argument).unwrap().into_iter().map(|scenario| scenario.name).collect()
    };
    assert_eq!(names("mozilla-client-retry"), ["mozilla-client-retry"]);
    assert_eq!(names("mozilla"), ["mozilla-client-retry", "mozilla-client-retry-beta"]);
    assert_eq!(names("^(quick|twins)$"), ["quick", "twins"]);
    assert_eq!(names(".").len(), embedded().count());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    fs::write(&path, BASE).unwrap();
    assert_eq!(names(path.to_str().unwrap()), ["mine"]);
}

#[test]
fn what_cannot_be_found_is_answered_with_the_nearest_name() {
    let error = find("metronom3").unwrap_err().to_string();
    assert!(error.contains("\"metronom3\"") && error.contains("metronome (the nearest name)"), "{error}");
    assert!(find("(").unwrap_err().to_string().contains("regular expression"));
    assert!(find("").unwrap_err().to_string().contains(". matches every name"));
    assert!(find("/").unwrap_err().to_string().starts_with("/: "));
    assert!(find("nowhere.toml").unwrap_err().to_string().starts_with("nowhere.toml: "));
}

#[test]
fn every_embedded_scenario_is_valid_and_explains_itself() {
    assert!(embedded().count() >= 14);
    for (name, text) in embedded() {
        let scenario = find(name).unwrap().remove(0);
        assert_eq!(scenario.name, name);
        assert!(scenario.about.len() > 200, "{name} says too little about itself");
        assert!(text.starts_with("about = \"\"\"\n"), "{name} begins with its explanation");
        let pings = scenario.expected_pings();
        // Under faults every strategy is run through every scenario, on real stores that are killed and cut off: a
        // cell has to take seconds. And a fault is counted in single pings: it takes no millions to see it.
        let few = if scenario.faults.is_empty() { 500_000..=5_000_000 } else { 50_000..=500_000 };
        assert!(few.contains(&pings), "{name}: {pings} pings");
        // What shows faults in the numbers of clients takes weeks: it stands beside those scenarios, and not where all are run.
        let in_folder = !scenario.faults.is_empty() && scenario.shape.clients.is_none();
        assert_eq!(name.starts_with("faults/"), in_folder, "{name} is in the wrong folder");
        // What a windowed strategy would hold at worst: two windows of payloads.
        let held = 2 * scenario.sizing().ids_in_window * scenario.payload_bytes;
        assert!(held < 4_000_000_000, "{name}: {held} bytes held");
    }
}

const DOCS: &str = include_str!("../../../../docs/SCENARIOS.md");

#[test]
fn the_example_in_the_docs_is_a_scenario_and_every_scenario_is_in_the_docs() {
    let example = DOCS.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(read(example).unwrap().shape.repeats.len(), 2);
    for (name, _) in embedded() {
        assert!(DOCS.contains(&format!("| `{name}` |")), "docs/SCENARIOS.md does not list {name}");
    }
}

#[test]
fn the_quick_scenario_stays_quick() {
    let quick = find("quick").unwrap().remove(0);
    assert_eq!(quick.expected_pings(), 600_000);
    assert!(quick.virtual_length() > 4 * quick.window);
    assert!(2 * quick.sizing().ids_in_window * quick.payload_bytes < 1_500_000_000);
}

#[test]
fn sizing_is_that_of_the_base_rate_at_its_busiest() {
    let sizing = |arrival: &str| {
        let text =
            format!("about = 'x'\nwindow = '10m'\nduration = '2days'\narrival = {{ rate = 10, {arrival} }}");
        read(&text).unwrap().sizing()
    };
    let constant = sizing("process = 'constant'");
    assert_eq!((constant.ids_in_window, constant.ids_total), (6000, 1_728_000));
    assert_eq!(sizing("process = 'constant', ramp = { factor = 10, between = ['1h', '2h'] }"), constant);
    assert_eq!(sizing("process = 'daily', amplitude = 0.5, peak = '12h'").ids_in_window, 9000);
    assert_eq!(constant.window, Duration::from_secs(600));
}

#[test]
fn late_copies_count_as_ids_of_the_window() {
    let text = format!("{BASE}[[repeat]]\ncause = 'c'\nshare = 0.1\ncopies = 2\nlag.fixed = '1h'")
        .replace("pings = 1000", "duration = '1day'");
    assert_eq!(read(&text).unwrap().sizing().ids_in_window, 7200);
    assert_eq!(read(&text.replace("1h", "1m")).unwrap().sizing().ids_in_window, 6000);
}

#[test]
fn the_digest_changes_with_the_pings_and_not_with_the_prose() {
    let digest = |text: &str| read(text).unwrap().digest();
    let base = digest(BASE);
    assert_eq!(base, digest(&format!("# a comment\n{}\nseed = 9", BASE.replace("a test", "another test"))));
    for changed in [
        BASE.replace("1000", "1001"),
        BASE.replace("rate = 10", "rate = 11"),
        BASE.replace("10m", "11m"),
        format!("{BASE}payload = 1"),
        format!("{BASE}pipeline.workers = 3"),
        format!("{BASE}bad_id.upper_case = 0.1"),
        format!("{BASE}[[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '1s'"),
    ] {
        assert_ne!(base, digest(&changed), "{changed}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    let deep = 20_000;
    for text in [
        format!("a = {}", "[".repeat(deep)),
        format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}b = 1", "a.".repeat(deep)),
        format!("[{}b]\nx = 1", "a.".repeat(deep)),
        format!("a = {}", "{ b = ".repeat(deep)),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.to_string().len() < 1000);
    }
}

fn names_the_file(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = read(text) {
        let shown = error.to_string();
        prop_assert!(shown.starts_with("scenarios/sample.toml"), "{}", shown);
        prop_assert!(shown.contains("found ") && shown.contains("; allowed is "), "{}", shown);
        prop_assert!(!shown.contains('\n'), "{}", shown);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        names_the_file(&text)?;
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        names_the_file(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn no_mutation_of_a_scenario_makes_the_reader_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..6, mutation()), 1..4),
    ) {
        let texts: Vec<&str> = embedded().map(|(_, text)| text).collect();
        // Without its prose, where an edit changes nothing.
        let text = which.get(&texts).rsplit("\"\"\"").next().unwrap();
        let mut chars: Vec<char> = format!("about = 'x'{text}").chars().collect();
        for (at, removed, inserted) in edits {
            let at = at.index(chars.len());
            let end = (at + removed).min(chars.len());
            chars.splice(at..end, inserted.chars());
            if chars.is_empty() {
                break;
            }
        }
        names_the_file(&chars.into_iter().collect::<String>())?;
    }
}

fn mutation() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,20}",
        "[\\[\\]{}='\",.#\n-]{1,3}",
        Just("\"\"\"".to_string()),
        Just("1e308".to_string()),
        Just("nan".to_string()),
        Just("[[repeat]]".to_string()),
        Just("true".to_string()),
        "\\PC{1,4}",
        Just(String::new()),
    ]
}
