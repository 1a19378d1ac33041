//! Whole traces, from bytes to truth.

mod columns;
mod json;
mod keys;
mod mutated;
mod refused;
mod senders;
mod several;
mod writers;

use std::collections::HashMap;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use dedup_files::NEVER;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::stream::{CauseId, Event, Id, Source};

/// The id of these fields together.
pub(super) fn named(fields: &[&str]) -> IdFields {
    IdFields::Named(fields.iter().map(|field| field.to_string()).collect())
}

/// A file that lives as long as the test.
pub(super) struct Sample {
    _dir: TempDir,
    pub(super) options: TraceOptions,
}

pub(super) fn sample(content: impl AsRef<[u8]>) -> Sample {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trace");
    std::fs::write(&path, content).unwrap();
    Sample { _dir: dir, options: TraceOptions::new(path) }
}

impl Sample {
    pub(super) fn with(mut self, set: impl FnOnce(&mut TraceOptions)) -> Self {
        set(&mut self.options);
        self
    }

    pub(super) fn survey(&self) -> TraceSurvey {
        TraceSurvey::scan(&self.options).unwrap()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        events(&self.options)
    }

    /// The message of the error, which both ways to read the trace must give.
    pub(super) fn error(&self) -> String {
        let survey = TraceSurvey::scan(&self.options).unwrap_err().to_string();
        let source = TraceSource::open(&self.options).map(|_| ()).unwrap_err().to_string();
        assert_eq!(survey, source);
        survey
    }
}

pub(super) fn events(options: &TraceOptions) -> Vec<Event> {
    let mut source = TraceSource::open(options).unwrap();
    let mut events = Vec::new();
    loop {
        let before = events.len();
        source.fill(7, &mut events).unwrap();
        if events.len() == before {
            return events;
        }
    }
}

/// Distinct ids in the fixture, and how far its times go back in milliseconds: counted when it was written.
const DISTINCT: u64 = 160;
const BACK: u64 = 4845;

pub(super) fn fixture(name: &str, time_field: &str) -> TraceOptions {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    TraceOptions { time_field: Some(time_field.to_string()), ..TraceOptions::new(path) }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn the_fixture_holds_what_it_was_written_with() {
    let survey = TraceSurvey::scan(&fixture("pings.csv", "publish_time_ms")).unwrap();
    assert_eq!(survey.format, Format::Csv);
    assert_eq!((survey.pings_count, survey.bad_count), (199, 1));
    assert_eq!(survey.first_bad[0].to_string(), "line 102: 2 columns, where the first line has 3");
    assert_eq!(
        (survey.sizing.ids_total, survey.missing_count, survey.unique_count),
        (DISTINCT, 2, DISTINCT + 2)
    );
    assert_eq!(survey.duplicate_count, 199 - DISTINCT - 2);
    assert_eq!((survey.out_of_order_count, survey.furthest_back), (3, Duration::from_millis(BACK)));
    assert_eq!(survey.sizing.ids_in_window, DISTINCT, "the whole trace is shorter than the window");
}

#[test]
fn the_same_pings_are_the_same_trace_in_every_form() {
    let csv = TraceSurvey::scan(&fixture("pings.csv", "publish_time_ms")).unwrap();
    let zst = TraceSurvey::scan(&fixture("pings.csv.zst", "publish_time_ms")).unwrap();
    let json = TraceSurvey::scan(&fixture("pings.ndjson", "publish_time")).unwrap();
    assert_eq!((zst.compression, json.format), (Compression::Zstd, Format::Ndjson));
    assert_eq!(json.id, named(&["attributeMap.document_id"]));
    assert_eq!((&csv.digest, csv.sizing), (&zst.digest, zst.sizing));
    assert_eq!((&csv.digest, csv.sizing), (&json.digest, json.sizing));
    assert_eq!(
        events(&fixture("pings.csv", "publish_time_ms")),
        events(&fixture("pings.ndjson", "publish_time"))
    );
}

#[test]
fn compressed_traces_of_several_members_equal_the_plain_one() {
    let text = std::fs::read(fixture("pings.csv", "").path).unwrap();
    let (one, two) = text.split_at(4321);
    let skippable = [&b"\x50\x2a\x4d\x18\x03\0\0\0"[..], b"abc"].concat();
    let plain = sample(&text).with(|o| o.time_field = Some("publish_time_ms".into()));
    for packed in [
        gzip(&text),
        zstd(&text),
        [gzip(one), gzip(two)].concat(),
        [zstd(one), skippable.clone(), zstd(b""), zstd(two)].concat(),
        [skippable, zstd(&text)].concat(),
    ] {
        let packed = sample(&packed).with(|o| o.time_field = Some("publish_time_ms".into()));
        assert_ne!(packed.survey().compression, Compression::Plain);
        assert_eq!(packed.survey().digest, plain.survey().digest);
        assert_eq!(packed.events(), plain.events());
    }
}

#[test]
fn compressed_data_that_ends_early_or_is_damaged_is_one_clear_error() {
    let text = std::fs::read(fixture("pings.csv", "").path).unwrap();
    let cli = std::fs::read(fixture("pings.csv.zst", "").path).unwrap();
    for whole in [gzip(&text), zstd(&text), cli] {
        for keep in [5, 12, whole.len() / 2, whole.len() - 1] {
            let cut = sample(&whole[..keep]);
            let error = cut.error();
            assert!(error.contains("trace: cannot be read after line"), "{error}");
        }
        let mut damaged = whole.clone();
        let last = damaged.len() - 1;
        damaged[last] ^= 0xff;
        damaged[last / 2] ^= 0xff;
        let options = sample(&damaged).with(|o| o.max_bad = 0.5);
        assert!(options.error().contains("cannot be read"));
    }
}

#[test]
fn a_checksum_that_does_not_fit_is_an_error() {
    let text = std::fs::read(fixture("pings.csv", "").path).unwrap();
    for mut packed in [gzip(&text), std::fs::read(fixture("pings.csv.zst", "").path).unwrap()] {
        // Content ends before: the last bytes are gzip's length, and zstd's checksum.
        *packed.last_mut().unwrap() ^= 1;
        let error = sample(packed).error();
        assert!(error.contains("cannot be read after line 201: ") && error.contains("checksum"), "{error}");
    }
}

#[test]
fn every_copy_points_to_the_first() {
    let events =
        sample("{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":null}\n{\"id\":\"a\"}\n{}\n{\"id\":\"a\"}\n")
            .events();
    let told: Vec<_> = events
        .iter()
        .map(|e| (e.origin.unique, e.origin.cause, e.origin.first_at.as_millis(), e.origin.more_to_come))
        .collect();
    let (first, repeat) = (CauseId::FIRST, CauseId(1));
    assert_eq!(
        told,
        [
            (0, first, 0, true),
            (1, first, 1, false),
            (2, first, 2, false),
            (0, repeat, 0, true),
            (3, first, 4, false),
            (0, repeat, 0, false)
        ]
    );
    assert_eq!((events[2].id, events[4].id), (Id::Missing, Id::Missing));
}

#[test]
fn time_never_goes_backwards_but_each_ping_keeps_its_own() {
    let trace = sample("id,at\na,20\nb,10\nc,30\nd,29\n").with(|o| {
        o.time_field = Some("at".into());
        o.time_unit = TimeUnit::S;
    });
    let secs = |time: dedup_strategies::Timestamp| time.as_millis() / 1000;
    let times: Vec<_> = trace.events().iter().map(|e| (secs(e.at), secs(e.event_time))).collect();
    assert_eq!(times, [(20, 20), (20, 10), (30, 30), (30, 29)]);
    let survey = trace.survey();
    assert_eq!((survey.out_of_order_count, survey.furthest_back), (2, Duration::from_secs(10)));
    assert!(!survey.clock_is_doubtful());
    let short = trace.with(|o| o.window = Duration::from_secs(10)).survey();
    assert!(short.clock_is_doubtful());
}

#[test]
fn a_csv_file_without_header_names_its_columns_by_number() {
    let trace = sample("x,1\ny,2\nx,3\n").with(|o| {
        o.id = named(&["#1"]);
        o.time_field = Some("#2".into());
        o.time_unit = TimeUnit::S;
    });
    let survey = trace.survey();
    assert_eq!((survey.pings_count, survey.duplicate_count, survey.bad_count), (3, 1, 0));
}

#[test]
fn the_unit_of_time_is_the_one_given_or_else_found_in_the_first_good_line() {
    let text = "id,t\na,soon\nb,1546550779123\nc,1546550780\n";
    let trace = sample(text).with(|o| {
        o.time_field = Some("t".into());
        o.max_bad = 0.7;
    });
    let survey = trace.survey();
    let used = survey.time.unwrap();
    assert_eq!((used.unit, used.unit_from), (TimeUnit::Ms, UnitFrom::Magnitude));
    assert_eq!((survey.first_at.as_millis(), survey.bad_count), (1_546_550_779_123, 2));
    let other = survey.first_bad[1].reason.to_string();
    assert!(other.contains("is in s by its magnitude"), "the unit stays that of the first line: {other}");
    let given = trace.with(|o| o.time_unit = TimeUnit::Us).survey().time.unwrap();
    assert_eq!((given.unit, given.unit_from), (TimeUnit::Us, UnitFrom::Given));
}

#[test]
fn standard_input_is_copied_byte_by_byte() {
    let dir = tempfile::tempdir().unwrap();
    let content = gzip(b"id\na\na\n");
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(&content).and_then(|()| input.rewind()).unwrap();
    let path = spool::spool(&mut input, dir.path(), &NEVER).unwrap();
    let options = TraceOptions::new("-").spooled(path);
    assert_eq!(std::fs::read(&options.path).unwrap(), content);
    let survey = TraceSurvey::scan(&options).unwrap();
    assert_eq!((survey.name.as_str(), survey.duplicate_count), ("standard input", 1));
    assert!(spool::spool(&mut input, &dir.path().join("none"), &NEVER).is_err());
}

/// One line of a model trace: which id (none: missing), and the time in ms.
fn lines() -> impl Strategy<Value = Vec<(Option<u8>, u32)>> {
    prop::collection::vec((prop::option::weighted(0.9, 0u8..20), 0u32..10_000), 1..60)
}

fn ndjson_of(lines: &[(Option<u8>, u32)]) -> String {
    let id = |id: &Option<u8>| id.map_or("null".to_string(), |id| format!("\"id {id}\""));
    lines.iter().map(|(key, at)| format!("{{\"id\":{},\"at_ms\":{at}}}\n", id(key))).collect()
}

fn csv_of(lines: &[(Option<u8>, u32)]) -> String {
    let id = |id: &Option<u8>| id.map_or(String::new(), |id| format!("id {id}"));
    let rows: String = lines.iter().map(|(key, at)| format!("\"{}\",{at}\n", id(key))).collect();
    format!("id,at_ms\n{rows}")
}

proptest! {
    #[test]
    fn the_truth_is_that_of_a_table_of_all_ids(lines in lines()) {
        prop_assume!(lines.iter().any(|(key, _)| key.is_some()));
        let timed = |o: &mut TraceOptions| o.time_field = Some("at_ms".into());
        let json = sample(ndjson_of(&lines)).with(timed);
        let csv = sample(csv_of(&lines)).with(timed);
        let events = json.events();
        prop_assert_eq!(&events, &csv.events());
        prop_assert_eq!(json.survey().digest, csv.survey().digest);
        prop_assert_eq!(events.len(), lines.len());

        let mut firsts: HashMap<u8, (u64, u64)> = HashMap::new();
        let mut uniques = 0;
        let mut latest = 0;
        for (index, ((key, own), event)) in lines.iter().zip(&events).enumerate() {
            latest = latest.max(u64::from(*own));
            prop_assert_eq!(event.at.as_millis(), latest);
            prop_assert_eq!(event.event_time.as_millis(), u64::from(*own));
            prop_assert_eq!(event.id == Id::Missing, key.is_none());
            let known = key.and_then(|key| firsts.get(&key).copied());
            let (unique, first_at) = known.unwrap_or((uniques, latest));
            uniques += u64::from(known.is_none());
            if let Some(key) = key {
                firsts.insert(*key, (unique, first_at));
            }
            prop_assert_eq!((event.origin.unique, event.origin.first_at.as_millis()), (unique, first_at));
            prop_assert_eq!(event.origin.cause, CauseId(u8::from(known.is_some())));
            let later = key.is_some() && lines[index + 1..].iter().any(|(other, _)| other == key);
            prop_assert_eq!(event.origin.more_to_come, later);
        }
        let survey = json.survey();
        prop_assert_eq!((survey.unique_count, survey.sizing.ids_total), (uniques, firsts.len() as u64));
    }

    #[test]
    fn no_bytes_make_it_panic(
        magic in prop::sample::select(vec![
            &b""[..], b"{", b"{\"id\":", b"id,t\n", b"\"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"\xef\xbb\xbf",
        ]),
        content in prop::collection::vec(any::<u8>(), 0..300),
        format in prop::sample::select(vec![Format::Auto, Format::Ndjson, Format::Csv]),
        id_field in prop::option::of(prop::sample::select(vec!["id", "#1", "#0", ".", "a.b"])),
        time_field in prop::option::of(prop::sample::select(vec!["t", "#2", ".."])),
    ) {
        let trace = sample([magic, &content].concat()).with(|o| {
            o.format = format;
            o.max_bad = 1.0;
            o.id = id_field.map_or(IdFields::Usual, |field| named(&[field]));
            o.time_field = time_field.map(str::to_string);
        });
        let survey = TraceSurvey::scan(&trace.options);
        let opened = TraceSource::open(&trace.options);
        prop_assert_eq!(survey.is_ok(), opened.is_ok());
        if let (Ok(survey), Ok(_)) = (survey, opened) {
            prop_assert_eq!(trace.events().len() as u64, survey.pings_count);
        }
    }

    #[test]
    fn likely_text_makes_it_neither_panic_nor_miscount(
        text in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "\"id\"", ":", ",", "\"", "1", "-1", "1.5", "null", "\n", "\r\n", "[", "]", "\\", "t", "id", "é",
            ]),
            0..60,
        ),
        format in prop::sample::select(vec![Format::Ndjson, Format::Csv]),
    ) {
        let text = format!("id,t\n{}", text.concat());
        let trace = sample(&text).with(|o| {
            o.format = format;
            o.max_bad = 1.0;
            o.id = named(&["id"]);
        });
        if let Ok(survey) = TraceSurvey::scan(&trace.options) {
            let lines = text.lines().count() as u64;
            prop_assert!(survey.pings_count + survey.bad_count <= lines);
            prop_assert_eq!(trace.events().len() as u64, survey.pings_count);
        }
    }
}
