//! Files of every form with something changed in them: an error, or the pings that are there; never a panic or a hang.

use super::*;

/// Sets how many changed files are tried, where a check of its own is to try more.
const VARIABLE: &str = "DEDUP_MUTATIONS";
const USUAL: u32 = 3_000;

fn cases() -> u32 {
    std::env::var(VARIABLE).ok().and_then(|count| count.parse().ok()).unwrap_or(USUAL)
}

/// One thing done to a file.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    Repeat(usize, usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        let at = |index: usize| index % (content.len() + 1);
        match self {
            Change::Set(index, byte) if !content.is_empty() => {
                let index = index % content.len();
                content[index] = *byte;
            }
            Change::Set(..) => {}
            Change::Cut(end) => content.truncate(at(*end)),
            Change::Remove(start, count) => {
                let (start, end) = (at(*start), (at(*start) + count).min(content.len()));
                content.drain(start..end);
            }
            Change::Insert(index, bytes) => {
                let index = at(*index);
                content.splice(index..index, bytes.iter().copied());
            }
            Change::Repeat(start, count) => {
                let (start, end) = (at(*start), (at(*start) + count).min(content.len()));
                let again = content[start..end].to_vec();
                content.splice(start..start, again);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let tokens = prop::sample::select(vec![
        "{", "}", "[", "]", "\"", "\\", ",", "\n", "\t", ";", "\0", "9", "-", "\u{feff}",
    ]);
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => any::<usize>().prop_map(Change::Cut),
        2 => (any::<usize>(), 0usize..40).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (any::<usize>(), prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        2 => (any::<usize>(), tokens).prop_map(|(at, token)| Change::Insert(at, token.as_bytes().to_vec())),
        1 => (any::<usize>(), 0usize..200).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

/// Thirty pings in every form.
fn forms() -> Vec<Vec<u8>> {
    let pings: Vec<(String, u64)> =
        (0..30).map(|n| (format!("k{}", n % 11), 1_700_000_000_000 + n * 500)).collect();
    let csv = |delimiter: char| {
        let rows: String = pings.iter().map(|(id, t)| format!("\"{id}\"{delimiter}{t}\n")).collect();
        format!("id{delimiter}t_ms\n{rows}").into_bytes()
    };
    let objects: Vec<_> =
        pings.iter().map(|(id, t)| format!("{{\"id\":\"{id}\",\"t_ms\":{t},\"x\":[1,{{}}]}}")).collect();
    let lines = objects.join("\n").into_bytes();
    vec![
        csv(','),
        csv('\t'),
        gzip(&csv(';')),
        zstd(&lines),
        lines,
        format!("[{}]", objects.join(",\n")).into_bytes(),
        objects.join("").into_bytes(),
        format!("{{\"Records\":[{}]}}", objects.join(",")).into_bytes(),
        crate::trace::parquet_tests::sample_file(&pings),
        avro(&pings),
    ]
}

/// An Avro object file, written by hand from its specification.
pub(super) fn avro(pings: &[(String, u64)]) -> Vec<u8> {
    const SCHEMA: &str = r#"{"type":"record","name":"p","fields":[{"name":"id","type":["null","string"]},
        {"name":"t_ms","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;
    fn long(value: u64, to: &mut Vec<u8>) {
        let mut rest = value << 1;
        while rest >= 0x80 {
            to.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        to.push(rest as u8);
    }
    fn text(value: &str, to: &mut Vec<u8>) {
        long(value.len() as u64, to);
        to.extend(value.as_bytes());
    }
    let mut file = b"Obj\x01".to_vec();
    long(1, &mut file);
    text("avro.schema", &mut file);
    text(SCHEMA, &mut file);
    file.push(0);
    file.extend([7; 16]);
    let mut block = Vec::new();
    for (id, time) in pings {
        long(1, &mut block);
        text(id, &mut block);
        long(*time, &mut block);
    }
    long(pings.len() as u64, &mut file);
    long(block.len() as u64, &mut file);
    file.extend(block);
    file.extend([7; 16]);
    file
}

#[test]
fn every_form_holds_the_same_pings_before_anything_is_changed() {
    let timed = |content: &Vec<u8>| sample(content).with(|o| o.time_field = Some("t_ms".into())).survey();
    let surveys: Vec<_> = forms().iter().map(timed).collect();
    assert!(surveys.iter().all(|survey| survey.digest == surveys[0].digest && survey.pings_count == 30));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_changed_file_is_an_error_or_the_pings_that_are_there(
        form in 0usize..10,
        changes in prop::collection::vec(change(), 1..4),
        sort: bool,
    ) {
        let mut content = forms().swap_remove(form);
        changes.iter().for_each(|change| change.apply(&mut content));
        let trace = sample(&content).with(|o| {
            (o.time_field, o.max_bad, o.sort) = (Some("t_ms".into()), 1.0, sort);
        });
        let survey = TraceSurvey::scan(&trace.options);
        let source = TraceSource::open(&trace.options);
        prop_assert_eq!(survey.is_ok(), source.is_ok());
        let Ok(survey) = survey else { return Ok(()) };
        prop_assert_eq!(trace.events().len() as u64, survey.pings_count);
        // A ping takes at least a byte, and a line that cannot be read as well.
        prop_assert!(survey.compression != Compression::Plain || survey.pings_count <= content.len() as u64 * 8);
        prop_assert_eq!(survey.unique_count + survey.duplicate_count, survey.pings_count);
        // The same bytes say the same within a compression, where there is none yet.
        if matches!(survey.format, Format::Csv | Format::Ndjson | Format::Json) && survey.compression == Compression::Plain {
            let packed = sample(gzip(&content)).with(|o| *o = TraceOptions { path: o.path.clone(), ..trace.options.clone() });
            prop_assert_eq!(packed.survey().digest, survey.digest);
        }
    }
}
