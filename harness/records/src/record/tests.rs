use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::reader::parse_run;
use super::*;

fn cell() -> CellRecord {
    sample::exact().remove(0)
}

/// A result file with the whole sample.
fn file() -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let run = sample::run();
    let mut writer = RecordWriter::create(directory.path(), &run.run).unwrap();
    for cell in &run.cells {
        writer.append(cell).unwrap();
    }
    fs::read(writer.path()).unwrap()
}

/// What reading these bytes says.
fn error(bytes: &[u8]) -> String {
    parse_run(PathBuf::from("r.jsonl"), bytes).unwrap_err().to_string()
}

/// The file of one run line and one cell line, each changed.
fn with(change_run: &[(&str, &str)], change_cell: &[(&str, &str)]) -> Vec<u8> {
    let change = |line: &Line, changes: &[(&str, &str)]| {
        let text = serde_json::to_string(line).unwrap();
        changes.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{from} is not in {text}");
            text.replacen(from, to, 1)
        })
    };
    let run = change(&Line::Run(Box::new(sample::run_record())), change_run);
    let cell = change(&Line::Cell(Box::new(cell())), change_cell);
    format!("{run}\n{cell}\n").into_bytes()
}

#[test]
fn what_is_written_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let results = directory.path().join("results/monday");
    let run = sample::run();
    let mut writer = RecordWriter::create(&results, &run.run).unwrap();
    for cell in &run.cells {
        writer.append(cell).unwrap();
    }
    let read = read_run(&results).unwrap();
    assert_eq!((&read.run, &read.cells, read.truncated), (&run.run, &run.cells, None));
    assert_eq!(read.label(), "monday");
    assert_eq!(read_run(&results.join(FILE_NAME)).unwrap(), read);
}

#[test]
fn a_line_is_in_the_file_as_soon_as_it_is_appended() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = RecordWriter::create(directory.path(), &sample::run_record()).unwrap();
    for cells in 0..3 {
        assert_eq!(read_run(directory.path()).unwrap().cells.len(), cells);
        writer.append(&cell()).unwrap();
    }
}

#[test]
fn results_are_replaced_only_when_asked_to() {
    let directory = tempfile::tempdir().unwrap();
    RecordWriter::create(directory.path(), &sample::run_record()).unwrap().append(&cell()).unwrap();
    let refused = RecordWriter::create(directory.path(), &sample::run_record()).unwrap_err().to_string();
    assert!(refused.ends_with("choose another directory, or replace them with --force"), "{refused}");
    assert_eq!(read_run(directory.path()).unwrap().cells.len(), 1);
    RecordWriter::replace(directory.path(), &sample::run_record()).unwrap();
    assert_eq!(read_run(directory.path()).unwrap().cells.len(), 0);
}

#[test]
fn where_nothing_can_be_written_nothing_is_left_behind() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for results in [file.clone(), file.join("a/b"), PathBuf::from("/proc/dedup/results")] {
        let message = RecordWriter::create(&results, &sample::run_record()).unwrap_err().to_string();
        assert!(message.contains("cannot be written"), "{message}");
        let message = RecordWriter::replace(&results, &sample::run_record()).unwrap_err().to_string();
        assert!(message.contains("cannot be written"), "{message}");
    }
    // The run's own line is refused after the directory was made.
    let mut run = sample::run_record();
    run.machine.cpu = "fine".into();
    fs::create_dir_all(directory.path().join("d/records.jsonl")).unwrap();
    RecordWriter::create(&directory.path().join("d"), &run).unwrap_err();
    let left: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_run_that_is_discarded_leaves_only_what_was_there_before() {
    let directory = tempfile::tempdir().unwrap();
    let results = directory.path().join("a/b");
    RecordWriter::create(&results, &sample::run_record()).unwrap().discard();
    assert!(directory.path().exists() && !directory.path().join("a").exists());
    fs::create_dir_all(&results).unwrap();
    RecordWriter::create(&results, &sample::run_record()).unwrap().discard();
    assert!(results.exists() && !results.join(FILE_NAME).exists());
}

#[test]
fn a_rate_that_is_no_number_is_refused_on_writing() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = RecordWriter::create(directory.path(), &sample::run_record()).unwrap();
    let mut broken = cell();
    broken.time_factor = f64::NAN;
    let message = writer.append(&broken).unwrap_err().to_string();
    assert!(message.contains("refused to write a record that could not be read back"), "{message}");
    assert_eq!(read_run(directory.path()).unwrap().cells.len(), 0);
}

#[test]
fn a_last_line_that_breaks_off_is_reported_and_left_out() {
    let whole = file();
    let lines = whole.iter().filter(|byte| **byte == b'\n').count();
    let read = parse_run(PathBuf::new(), &whole[..whole.len() - 10]).unwrap();
    assert_eq!((read.cells.len(), read.truncated), (lines - 2, Some(lines)));
    let read = parse_run(PathBuf::new(), &whole[..whole.len() - 1]).unwrap();
    assert_eq!((read.cells.len(), read.truncated), (lines - 1, None));
}

#[test]
fn a_broken_line_elsewhere_is_an_error_that_names_file_line_and_field() {
    let wrong = with(&[], &[("\"pings_count\":500000", "\"pings_count\":-5")]);
    assert_eq!(
        error(&wrong),
        "r.jsonl: line 2: field result.verify.pings_count: invalid value: integer `-5`, expected u64"
    );
    let missing = with(&[], &[("\"seed\":7000,", "")]);
    assert_eq!(error(&missing), "r.jsonl: line 2: missing field `seed`");
    let machine = with(&[("\"cores_count\":2", "\"cores_count\":\"two\"")], &[]);
    assert_eq!(
        error(&machine),
        "r.jsonl: line 1: field machine.cores_count: invalid type: string \"two\", expected u32"
    );
    let kind = with(&[], &[("\"type\":\"cell\"", "\"type\":\"sell\"")]);
    assert_eq!(error(&kind), "r.jsonl: line 2: field type: found \"sell\", allowed are \"run\" and \"cell\"");
    let cut = with(&[], &[("}}", "")]);
    assert_eq!(error(&cut), "r.jsonl: line 2: not JSON; a result file holds one JSON object a line");
}

#[test]
fn a_file_of_another_major_version_is_refused_before_its_fields_are_looked_at() {
    let newer = br#"{"type":"run","schema":"dedup-harness-results/2","other":1}"#;
    let message = error(newer);
    assert!(
        message.contains("\"dedup-harness-results/2\"; this version reads dedup-harness-results/1"),
        "{message}"
    );
    assert!(error(br#"{"type":"run","schema":"dedup-harness-results/11"}"#).contains("this version reads"));
    assert!(error(br#"{"type":"run","schema":"else/1"}"#).contains("this version reads"));
}

#[test]
fn a_newer_minor_version_and_fields_that_are_unknown_are_read() {
    let bytes = with(
        &[("dedup-harness-results/1", "dedup-harness-results/1.4")],
        &[("\"scenario\":", "\"colour\":{\"of\":\"bikeshed\"},\"scenario\":")],
    );
    assert_eq!(parse_run(PathBuf::new(), &bytes).unwrap().cells, [cell()]);
}

#[test]
fn files_that_are_no_result_files_each_get_a_clear_error() {
    assert!(error(b"").contains("the file is empty"));
    assert!(error(b"\n\n").contains("the file is empty"));
    assert!(error(b"\x7fELF\x02\x01\0\0\xff\xfe").contains("line 1: not JSON"));
    assert!(error(b"[1,2]").contains("line 1: "));
    assert!(error(br#"{"schema":"dedup-harness-results/1"}"#).contains("line 1: missing field `type`"));
    assert!(error(br#"{"type":"cell"}"#).contains("the first line must be of type \"run\""));
    let twice = with(&[], &[]).repeat(2);
    assert!(error(&twice).contains("line 3: a second line of type \"run\""));
}

#[test]
fn paths_that_lead_nowhere_each_get_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let message = |path: &Path| read_run(path).unwrap_err().to_string();
    let (round, below) = (directory.path().join("round"), directory.path().join("below"));
    std::os::unix::fs::symlink("round", &round).unwrap();
    std::fs::create_dir(&below).unwrap();
    std::os::unix::fs::symlink("records.jsonl", below.join("records.jsonl")).unwrap();
    for there in [&round, &below] {
        assert!(message(there).contains("cannot be read: Too many levels of symbolic links"));
    }
    assert!(message(&directory.path().join("no")).contains("no such file or directory"));
    assert!(message(directory.path()).contains("holds no records.jsonl"));
    fs::create_dir(directory.path().join(FILE_NAME)).unwrap();
    assert!(message(directory.path()).contains("cannot be read"));
}

#[test]
fn every_line_that_is_written_is_valid_by_the_schema_and_a_changed_one_is_not() {
    let schema = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in file().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut line: serde_json::Value = serde_json::from_slice(line).unwrap();
        let errors: Vec<String> = validator.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        line["seed"] = "seven".into();
        assert!(!validator.is_valid(&line));
    }
}

#[test]
fn the_examples_in_the_docs_are_valid_lines() {
    let docs = include_str!("../../../../docs/RESULTS-FORMAT.md");
    let schema = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let examples: Vec<&str> =
        docs.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 6);
    for example in examples {
        let value: serde_json::Value = serde_json::from_str(example).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?} in {example}");
        serde_json::from_value::<Line>(value).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_cut_anywhere_after_its_first_line_is_read_up_to_the_cut(share in 0.0_f64..1.0) {
        let whole = small();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let cut = first + ((whole.len() - first) as f64 * share) as usize;
        let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
        let read = parse_run(PathBuf::new(), &whole[..cut]).unwrap();
        // A cut just before a line feed leaves that line whole.
        let complete = lines - 1 + usize::from(whole[cut] == b'\n' && !whole[..cut].ends_with(b"\n"));
        prop_assert_eq!(read.cells.len(), complete);
    }

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..20)) {
        let mut bytes = small();
        for (share, byte) in changes {
            let at = (bytes.len() as f64 * share) as usize;
            bytes[at] = byte;
        }
        let _ = parse_run(PathBuf::new(), &bytes);
    }

    #[test]
    fn rubbish_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_run(PathBuf::new(), &bytes);
    }
}

/// A file of three cells, made once: cases are many.
fn small() -> Vec<u8> {
    static SMALL: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    SMALL
        .get_or_init(|| {
            let lines = file();
            let end = lines.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(3).unwrap().0;
            lines[..=end].to_vec()
        })
        .clone()
}
