//! Traces in Parquet, written here and read back.

use std::sync::Arc;

use ::parquet::basic::Compression as Codec;
use ::parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArrayType, Int64Type};
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use super::tests::{Sample, events, fixture, named, sample};
use super::*;
use crate::stream::Id;

/// A file with an id and a time column, ids as bytes (none for null), in row groups of `group` rows.
fn parquet(schema: &str, rows: &[(Option<Vec<u8>>, i64)], group: usize, codec: Codec) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(codec).build());
    let mut file = SerializedFileWriter::new(Vec::new(), schema.clone(), properties).unwrap();
    let is_fixed = schema.get_fields()[0].get_physical_type() == ::parquet::basic::Type::FIXED_LEN_BYTE_ARRAY;
    for rows in rows.chunks(group) {
        let mut to = file.next_row_group().unwrap();
        let levels: Vec<i16> = rows.iter().map(|(id, _)| i16::from(id.is_some())).collect();
        let ids: Vec<ByteArray> = rows.iter().filter_map(|(id, _)| id.clone()).map(ByteArray::from).collect();
        let mut column = to.next_column().unwrap().unwrap();
        if is_fixed {
            let ids: Vec<_> = ids.into_iter().map(Into::into).collect();
            column.typed::<FixedLenByteArrayType>().write_batch(&ids, Some(&levels), None).unwrap();
        } else {
            column.typed::<ByteArrayType>().write_batch(&ids, Some(&levels), None).unwrap();
        }
        column.close().unwrap();
        let times: Vec<i64> = rows.iter().map(|(_, time)| *time).collect();
        let mut column = to.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
        column.close().unwrap();
        to.close().unwrap();
    }
    file.finish().unwrap();
    std::mem::take(file.inner_mut())
}

/// These ids and times in milliseconds.
pub(super) fn sample_file(pings: &[(String, u64)]) -> Vec<u8> {
    const SCHEMA: &str =
        "message m { optional binary id (STRING); required int64 t_ms (TIMESTAMP(MILLIS, true)); }";
    let rows: Vec<_> = pings.iter().map(|(id, t)| (Some(id.clone().into_bytes()), *t as i64)).collect();
    parquet(SCHEMA, &rows, 12, Codec::SNAPPY)
}

const UUIDS: &str = "message m { optional fixed_len_byte_array(16) document_id (UUID);
    required int64 t (TIMESTAMP(MILLIS, true)); }";
const TEXTS: &str = "message m { optional binary document_id (STRING); required int64 t_ms; }";
const BYTES: &str = "message m { optional binary document_id; required int64 t (TIMESTAMP(MICROS, true)); }";

/// The fixture's pings: key or none, and milliseconds.
fn pings() -> Vec<(Option<[u8; 16]>, i64)> {
    let ping = |event: crate::stream::Event| {
        let key = match event.id {
            Id::Key(key) => Some(key.0),
            Id::Missing | Id::Invalid(_) => None,
        };
        (key, (event.event_time.as_nanos() / 1_000_000) as i64)
    };
    events(&fixture("pings.csv", "publish_time_ms")).into_iter().map(ping).collect()
}

fn with_time(sample: Sample, field: &str) -> Sample {
    sample.with(|options| options.time_field = Some(field.to_string()))
}

#[test]
fn the_same_pings_in_parquet_are_the_same_trace_whatever_the_columns_types() {
    let csv = TraceSurvey::scan(&fixture("pings.csv", "publish_time_ms")).unwrap();
    let bytes = |factor: i64| {
        pings()
            .into_iter()
            .map(move |(key, ms)| (key.map(|key| key.to_vec()), ms * factor))
            .collect::<Vec<_>>()
    };
    let text = |(key, ms): (Option<[u8; 16]>, i64)| {
        (key.map(|key| uuid::Uuid::from_bytes(key).to_string().into_bytes()), ms)
    };
    let texts: Vec<_> = pings().into_iter().map(text).collect();
    for (content, time, from) in [
        (parquet(UUIDS, &bytes(1), 50, Codec::UNCOMPRESSED), "t", UnitFrom::Type),
        (parquet(UUIDS, &bytes(1), 1, Codec::SNAPPY), "t", UnitFrom::Type),
        (parquet(TEXTS, &texts, 1000, Codec::ZSTD(Default::default())), "t_ms", UnitFrom::Name),
        (parquet(BYTES, &bytes(1000), 64, Codec::LZ4_RAW), "t", UnitFrom::Type),
    ] {
        let sample = with_time(sample(content), time);
        let survey = sample.survey();
        assert_eq!((survey.format, survey.bad_count), (Format::Parquet, 0));
        assert_eq!((&survey.digest, survey.sizing), (&csv.digest, csv.sizing));
        assert_eq!(survey.time.unwrap().unit_from, from);
        assert_eq!(sample.events(), events(&fixture("pings.csv", "publish_time_ms")));
    }
}

#[test]
fn columns_that_cannot_be_used_are_named_with_what_they_are() {
    let rows = [(Some(vec![7; 16]), 5)];
    let uuids = || parquet(UUIDS, &rows, 1, Codec::UNCOMPRESSED);
    let error = with_time(sample(uuids()), "when").error();
    assert!(
        error.contains("--time-field when: no line has it; the first line has: document_id, t"),
        "{error}"
    );
    let error = with_time(sample(uuids()), "document_id").error();
    assert!(
        error.contains("--time-field document_id: the column is bytes; allowed is a timestamp"),
        "{error}"
    );
    let error = with_time(sample(uuids()), "t").with(|options| options.time_unit = TimeUnit::S).error();
    assert!(error.contains("--time-unit: found s; allowed is none: the column's type says it"), "{error}");
    let small = with_time(sample(parquet(&TEXTS.replace("t_ms", "t"), &rows, 1, Codec::UNCOMPRESSED)), "t");
    assert!(small.error().contains("--time-unit s, ms, us or ns"));
}

#[test]
fn times_of_a_clock_on_a_wall_take_the_zone_that_is_given_and_others_refuse_it() {
    const HOUR: u64 = 3_600_000;
    let rows = [(Some(vec![7; 16]), 1_769_860_800_000)];
    let first = |kind: &str, zone: Option<&str>| {
        let schema = UUIDS.replace("TIMESTAMP(MILLIS, true)", kind);
        let sample = with_time(sample(parquet(&schema, &rows, 1, Codec::UNCOMPRESSED)), "t");
        sample.with(|options| options.time_zone = zone.map(str::to_string))
    };
    let at = |sample: Sample| sample.survey().first_at.as_millis();
    let (wall, utc) = ("TIMESTAMP(MILLIS, false)", "TIMESTAMP(MILLIS, true)");
    assert_eq!(at(first(wall, None)), 1_769_860_800_000);
    assert_eq!(at(first(wall, Some("Europe/Berlin"))), 1_769_860_800_000 - HOUR);
    let error = first(utc, Some("Europe/Berlin")).error();
    assert!(
        error.contains("--time-zone: found Europe/Berlin; allowed is none: the column's type"),
        "{error}"
    );
}

#[test]
fn a_time_of_the_day_is_no_time_and_may_be_a_part_of_an_id() {
    for (kind, said) in [
        ("int64 t (TIME(MICROS,true))", "time64[us]"),
        ("int64 t (TIME(NANOS,false))", "time64[ns]"),
        ("int32 t (TIME(MILLIS,true))", "time32[ms]"),
        ("int64 t (TIME_MICROS)", "time64[us]"),
    ] {
        let schema = format!("message m {{ required binary id (UTF8); required {kind}; }}");
        let error = with_time(sample(without_rows(&schema)), "t").error();
        let expected =
            format!("--time-field t: the column is a time of the day, without a date ({said}); allowed is");
        assert!(error.contains(&expected), "{error}");
        let id = sample(without_rows(&schema)).with(|o| o.id = named(&["id", "t"])).error();
        assert!(id.contains("has no pings"), "{id}");
    }
}

#[test]
fn a_duration_is_no_time_though_it_is_a_whole_number_but_for_what_arrow_says() {
    let schema = "message m { optional int64 t; optional int64 n; optional group g { optional int64 d; optional binary s (UTF8); } }";
    let arrow = KeyValue::new("ARROW:schema".to_string(), super::arrow_types::WRITTEN.to_string());
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![arrow])).build();
    let file = written(schema, properties);
    for (field, said) in [("t", "duration[us]"), ("g.d", "duration[s]")] {
        let error = with_time(sample(&file), field).with(|o| o.id = named(&["n"])).error();
        let expected = format!(
            "--time-field {field}: the column is a length of time, and no point in it ({said}); allowed is a timestamp, \
             a date, a number or text, as in: n, g.s"
        );
        assert!(error.replace("g.s, n", "n, g.s").contains(&expected), "{error}");
        let id = sample(&file).with(|o| o.id = named(&[field])).error();
        assert!(id.contains("has no pings"), "{id}");
    }
    assert!(with_time(sample(&file), "n").with(|o| o.id = named(&["g.s"])).error().contains("has no pings"));
    // Without what Arrow says nothing tells a duration from a time.
    assert!(
        with_time(sample(without_rows(schema)), "t")
            .with(|o| o.id = named(&["n"]))
            .error()
            .contains("has no pings")
    );
}

/// A file with these columns and no rows.
fn without_rows(schema: &str) -> Vec<u8> {
    written(schema, WriterProperties::default())
}

fn written(schema: &str, properties: WriterProperties) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, properties.into()).unwrap();
    file.finish().unwrap();
    std::mem::take(file.inner_mut())
}

#[test]
fn columns_without_one_value_a_row_are_named_with_what_they_are_and_what_would_do() {
    let file = without_rows(
        "message m { optional binary key (STRING); optional int32 day (DATE); optional boolean ok; optional fixed_len_byte_array(2) f16 (FLOAT16);
           optional group li (LIST) { repeated group list { optional binary element (STRING); } }
           optional group mp (MAP) { repeated group key_value { required binary key (STRING); optional int64 value; } }
           repeated int64 many; optional group st { optional int64 k; optional group deep { optional binary x; } } }",
    );
    let inside = "the column is inside a list or a map, so that a row may have several; allowed is text, bytes or a number, as in: key, st.k, st.deep.x";
    for (field, said) in [
        ("li", "the column is a list; allowed is text, bytes or a number, as in: key, st.k, st.deep.x"),
        ("many", "the column is a list; allowed is text, bytes or a number, as in: key, st.k, st.deep.x"),
        ("mp", "the column is a map; allowed is text, bytes or a number, as in: key, st.k, st.deep.x"),
        (
            "st",
            "the column is a group of columns; allowed is text, bytes or a number, as in: st.k, st.deep.x, key",
        ),
        (
            "st.deep",
            "the column is a group of columns; allowed is text, bytes or a number, as in: st.deep.x, key, st.k",
        ),
        ("li.list.element", inside),
        ("mp.key_value.value", inside),
        (
            "ok",
            "the column is true or false; allowed is text, bytes or a number, as in: key, st.k, st.deep.x",
        ),
        (
            "f16",
            "the column is a floating number of 16 bits; allowed is text, bytes or a number, as in: key, st.k, st.deep.x",
        ),
        ("day", "the column is a date; allowed is text, bytes or a number, as in: key, st.k, st.deep.x"),
        ("none", "no line has it; the first line has: key, day, ok, f16, st.k, st.deep.x"),
    ] {
        let error = sample(&file).with(|o| o.id = IdFields::Named(vec![field.into()])).error();
        assert!(error.contains(&format!("--id-field {field}: {said}")), "{error}");
    }
    let key = sample(&file).with(|o| o.id = IdFields::Named(vec!["key".into()]));
    for (field, said) in [
        (
            "li",
            "the column is a list; allowed is a timestamp, a date, a number or text, as in: key, day, st.k",
        ),
        (
            "st",
            "the column is a group of columns; allowed is a timestamp, a date, a number or text, as in: st.k, key, day",
        ),
        (
            "st.deep.x",
            "the column is bytes; allowed is a timestamp, a date, a number or text, as in: key, day, st.k",
        ),
    ] {
        let error =
            TraceSurvey::scan(&TraceOptions { time_field: Some(field.into()), ..key.options.clone() });
        let error = error.unwrap_err().to_string();
        assert!(error.contains(&format!("--time-field {field}: {said}")), "{error}");
    }
    let none = sample(without_rows("message m { repeated int64 many; }"));
    let error = none.with(|o| o.id = IdFields::Named(vec!["many".into()])).error();
    assert!(
        error.contains("the column is a list; allowed is text, bytes or a number, which no column"),
        "{error}"
    );
}

#[test]
fn what_is_cut_short_and_a_compression_that_is_not_read_are_named_with_the_remedy() {
    let rows: Vec<_> = (0..40u8).map(|n| (Some(vec![n; 16]), i64::from(n))).collect();
    let whole = parquet(UUIDS, &rows, 15, Codec::SNAPPY);
    for end in 4..whole.len() {
        let error = sample(&whole[..end]).error();
        assert!(
            error.contains("cut short: its end is missing") && error.contains("copy it again"),
            "{end}: {error}"
        );
    }
    // There is no writer of brotli here: each place of the footer that may say snappy is made to say brotli.
    let length = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let places = (whole.len() - 8 - length..whole.len() - 9).filter(|at| whole[*at..*at + 2] == [0x15, 0x02]);
    let errors = places.map(|at| {
        let mut other = whole.clone();
        other[at + 1] = 0x08;
        TraceSurvey::scan(&sample(other).options).err().map(|error| error.to_string()).unwrap_or_default()
    });
    let said = |error: &String| {
        error.contains("whose column document_id is compressed with brotli, where plain, snappy, gzip, zstd and LZ4 are read")
            && error.contains("write_table")
    };
    assert!(errors.filter(said).count() >= 3, "one for each row group");
}

#[test]
fn decimals_of_256_bits_are_ids_with_all_their_digits() {
    let schema =
        "message m { optional fixed_len_byte_array(32) document_id (DECIMAL(76, 0)); required int64 t_ms; }";
    let number = |low: u8| [vec![0; 8], vec![1], vec![0; 22], vec![low]].concat();
    let rows = [(Some(number(0)), 1), (Some(number(1)), 2), (Some(number(0)), 3)];
    let survey = sample(parquet(schema, &rows, 5, Codec::UNCOMPRESSED)).survey();
    assert_eq!((survey.pings_count, survey.duplicate_count, survey.bad_count), (3, 1, 0));
}

#[test]
fn a_file_without_rows_or_without_ids_says_so() {
    assert!(sample(parquet(UUIDS, &[], 1, Codec::UNCOMPRESSED)).error().contains("has no pings"));
    let error = sample(parquet(UUIDS, &[(None, 1), (None, 2)], 1, Codec::UNCOMPRESSED)).error();
    assert!(error.contains("field document_id") && error.contains("--id-field"), "{error}");
    assert!(error.contains("all 2 values are empty or null"), "{error}");
}

#[test]
fn text_that_is_no_utf8_is_a_bad_line() {
    let rows = [(Some(vec![0xff, 0xfe]), 1), (Some(b"a".to_vec()), 2)];
    let sample = sample(parquet(TEXTS, &rows, 5, Codec::UNCOMPRESSED)).with(|options| options.max_bad = 0.5);
    let survey = sample.survey();
    assert_eq!((survey.pings_count, survey.bad_count), (1, 1));
    assert_eq!(survey.first_bad[0].to_string(), "line 1: not UTF-8");
}

#[test]
fn files_glued_together_are_refused() {
    let rows: Vec<_> = (0..40u8).map(|n| (Some(vec![n; 16]), i64::from(n))).collect();
    let one = parquet(UUIDS, &rows, 15, Codec::SNAPPY);
    let other = parquet(UUIDS, &rows[..7], 15, Codec::SNAPPY);
    for files in [vec![&one, &one], vec![&other, &one], vec![&one, &other], vec![&one, &other, &one]] {
        let glued: Vec<u8> = files.into_iter().flatten().copied().collect();
        let error = sample(glued).error();
        assert!(error.contains("glued") && error.contains("--trace FILE --trace FILE"), "{error}");
    }
    assert_eq!(sample(&one).survey().pings_count, 40);
}

#[test]
fn decimals_are_read_with_all_their_digits() {
    const DECIMALS: &str =
        "message m { optional binary document_id (DECIMAL(38, 0)); required int64 t_s (DECIMAL(18, 3)); }";
    let number = 12_345_678_901_234_567_890_123_456_789_i128;
    let rows = [(Some(number.to_be_bytes().to_vec()), 1_700_000_000_250), (Some(vec![7]), 1_700_000_001_000)];
    let sample = with_time(sample(parquet(DECIMALS, &rows, 5, Codec::UNCOMPRESSED)), "t_s");
    let events = sample.events();
    assert_eq!(events[0].id, super::id::id_of(&number.to_string()));
    assert_eq!((events[1].id, events[0].at.as_millis()), (super::id::id_of("7"), 1_700_000_000_250));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_file_is_an_error_or_other_pings_and_never_a_panic(at in 0usize..1000, to: u8, cut in 0usize..1000) {
        let rows: Vec<_> = (0..40u8).map(|n| (Some(vec![n % 9; 16]), i64::from(n))).collect();
        let mut content = parquet(UUIDS, &rows, 15, Codec::SNAPPY);
        let at = 4 + at % (content.len() - 4);
        content[at] = to;
        let whole = with_time(sample(&content), "t");
        let _ = TraceSurvey::scan(&whole.options);
        let short = with_time(sample(&content[..4 + cut % (content.len() - 4)]), "t");
        prop_assert!(TraceSurvey::scan(&short.options).is_err());
    }
}

#[test]
fn all_columns_of_a_row_make_an_id_and_copies_are_compared_by_them() {
    let row = |id: &str, time: i64| (Some(id.as_bytes().to_vec()), time);
    let rows = [row("a", 1), row("b", 2), row("a", 1), row("a", 3), (None, 4)];
    let schema = "message m { optional binary document_id (STRING); required int64 size; }";
    for group in [1, 2, 5] {
        let trace = sample(parquet(schema, &rows, group, Codec::SNAPPY));
        let survey = trace.survey();
        assert_eq!((survey.compared.copies_count, survey.compared.differing_count), (2, 1));
        assert!(
            survey.doubts[0].text.contains("1 of 2 copies differs from their first in `size`"),
            "{survey:?}"
        );
        let all = trace.with(|o| o.id = IdFields::AllBut(vec!["document_id".into()]));
        assert_eq!((all.survey().duplicate_count, all.survey().missing_count), (1, 0));
        assert_eq!(all.events().len(), 5);
    }
}

#[test]
fn a_second_column_of_times_does_not_make_the_key_doubtful() {
    let row = |id: &str, at: i64| (Some(id.as_bytes().to_vec()), at);
    let rows = [row("a", 1_000), row("b", 2_000), row("a", 3_000)];
    for (kind, doubts) in [
        ("int64 received (TIMESTAMP(MILLIS, true))", 0),
        ("int64 received (TIMESTAMP_MICROS)", 0),
        ("int64 received", 1),
    ] {
        let schema = format!("message m {{ optional binary document_id (STRING); required {kind}; }}");
        let survey = sample(parquet(&schema, &rows, 5, Codec::SNAPPY)).survey();
        assert_eq!((survey.doubts.len(), survey.compared.fields.len()), (doubts, 1), "{kind}");
    }
}
