//! The two jobs against each other and against what a day's rows say, on days made at random.

mod dialects;
mod last;
mod senders;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use dedup_files::NEVER;
use parquet::file::reader::{FileReader, SerializedFileReader};
use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 2026-01-01, the second of three days.
const START: i64 = 1_767_225_600 * SECOND;

/// A row as people see it, to be compared.
fn rows(files: &[PathBuf]) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for file in files {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        rows.extend(reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()));
    }
    rows.sort();
    rows
}

fn stable_rows(dir: &Path) -> BTreeMap<Day, Vec<String>> {
    table(dir, &Layout::default()).unwrap().days.into_iter().map(|(day, files)| (day, rows(&files))).collect()
}

fn night(dir: &Path) -> Night {
    // DuckDB takes some of it for each slice, however small.
    Night {
        preceding_days: 0,
        slices: 1,
        columns: Columns::default(),
        keep: Keep::First,
        memory_bytes: 1 << 28,
        threads: 2,
        scratch: dir.to_path_buf(),
        stop: Arc::default(),
    }
}

fn write_live(dir: &Path, rows: impl IntoIterator<Item = LiveRow>) -> Table {
    std::fs::create_dir_all(dir).unwrap();
    let mut writer = LiveWriter::new(dir);
    rows.into_iter().for_each(|row| writer.push(row).unwrap());
    writer.finish().unwrap();
    table(dir, &Layout::default()).unwrap()
}

fn id(number: u64) -> Option<[u8; 16]> {
    let mut id = [7; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    Some(id)
}

/// Few ids and few times, so that copies, copies over midnight and equal times are many.
fn live_rows() -> impl Strategy<Value = Vec<LiveRow>> {
    let second = prop_oneof![0i64..10, 43_190i64..43_210, 86_390i64..86_400];
    let row = (0i64..3, second, proptest::option::weighted(0.9, 0u64..40));
    proptest::collection::vec(row, 1..120).prop_map(|rows| {
        let row = |(unique, (day, second, number)): (usize, (i64, i64, Option<u64>))| LiveRow {
            submission_us: START + day * DAY + second * SECOND,
            document_id: number.and_then(id),
            unique: unique as u64,
            cause: (unique % 3) as u8,
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

/// What must be left, by a rule with no cleverness: of each id, in a day, the first of the earliest rows, unless there
/// is one in the days before that count.
fn expected(rows: &[LiveRow], preceding_days: u32) -> BTreeMap<Day, Vec<u64>> {
    let mut left = BTreeMap::new();
    for row in rows {
        let day = Day::of_micros(row.submission_us);
        let kept: &mut Vec<u64> = left.entry(day).or_default();
        let from = day.before(preceding_days).start_us();
        let before = |other: &LiveRow| {
            other.document_id == row.document_id
                && other.submission_us >= from
                && (other.submission_us, other.unique) < (row.submission_us, row.unique)
        };
        if row.document_id.is_some() && !rows.iter().any(before) {
            kept.push(row.unique);
        }
    }
    left
}

fn uniques(rows: &[String]) -> Vec<u64> {
    let unique = |row: &String| {
        let (_, after) = row.split_once("truth_unique: ").unwrap();
        after.split(',').next().unwrap().trim_matches(['}', ' ']).parse().unwrap()
    };
    let mut uniques: Vec<u64> = rows.iter().map(unique).collect();
    uniques.sort_unstable();
    uniques
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_stays_is_what_the_rule_says_whatever_memory_slices_and_threads(
        rows in live_rows(),
        preceding_days in 0u32..3,
        slices in prop_oneof![Just(1u32), Just(3), Just(24)],
        memory_bytes in prop_oneof![Just(1u64), Just(2_000), Just(1 << 20)],
        threads in 1usize..4,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let live = write_live(&dir.path().join("live"), rows.iter().copied());
        let stable = dir.path().join("stable");
        let night = Night { preceding_days, slices, memory_bytes, threads, ..night(dir.path()) };
        let expected = expected(&rows, preceding_days);
        for day in live.days.keys() {
            let done = copy_deduplicated(&live, *day, &stable, &night).unwrap();
            let of_day = rows.iter().filter(|row| Day::of_micros(row.submission_us) == *day);
            prop_assert_eq!(done.live_rows as usize, of_day.clone().count());
            prop_assert_eq!(done.without_id as usize, of_day.filter(|row| row.document_id.is_none()).count());
            prop_assert_eq!(done.stable_rows as usize, expected[day].len());
        }
        let left: BTreeMap<_, _> = stable_rows(&stable).into_iter().map(|(day, rows)| (day, uniques(&rows))).collect();
        prop_assert_eq!(left, expected);
    }
}

/// Without DuckDB there is nothing to compare with; where checks are run for a change to land, that is a failure.
fn duckdb() -> Option<Duckdb> {
    match Duckdb::find() {
        Ok(duckdb) => Some(duckdb),
        Err(missing) if std::env::var_os("CI").is_some() => panic!("{missing}"),
        Err(missing) => {
            eprintln!("not compared: {missing}");
            None
        }
    }
}

proptest! {
    // Each case starts DuckDB for each of its days.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn duckdb_and_we_leave_the_same_rows(
        rows in live_rows(),
        preceding_days in 0u32..3,
        slices in prop_oneof![Just(1u32), Just(7), Just(24)],
    ) {
        let Some(duckdb) = duckdb() else { return Ok(()) };
        let dir = tempfile::tempdir().unwrap();
        let live = write_live(&dir.path().join("it's live"), rows);
        let night = Night { preceding_days, slices, ..night(dir.path()) };
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        for day in live.days.keys() {
            let one = copy_deduplicated(&live, *day, &ours, &night).unwrap();
            let other = duckdb.copy_deduplicated(&live, *day, &theirs, &night).unwrap();
            prop_assert_eq!((one.live_rows, one.without_id, one.stable_rows), (other.live_rows, other.without_id, other.stable_rows));
        }
        prop_assert_eq!(stable_rows(&ours), stable_rows(&theirs));
    }
}

/// The library that reads Parquet panics at some of what may be in a damaged file.
#[test]
fn a_damaged_day_is_an_error_or_a_day_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..60).map(|at| LiveRow {
        submission_us: START + at,
        document_id: id(at as u64 % 20),
        unique: at as u64 % 20,
        cause: (at % 3) as u8,
    });
    let live = write_live(&dir.path().join("live"), rows);
    let (day, stable) = (Day::of_micros(START), dir.path().join("stable"));
    let file = &live.days[&day][0];
    let whole = std::fs::read(file).unwrap();
    let mut errors = 0;
    // Many a part of the file a second time, and many a byte another.
    for at in (0..whole.len()).step_by(5) {
        let again = &whole[at..(at + 40).min(whole.len())];
        let repeated = [&whole[..at], again, &whole[at..]].concat();
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        for bytes in [repeated, changed] {
            std::fs::write(file, bytes).unwrap();
            let night = Night { threads: 1, ..night(dir.path()) };
            errors += u32::from(copy_deduplicated(&live, day, &stable, &night).is_err());
        }
    }
    assert!(errors > 10, "{errors} errors");
}

/// Whichever engine does it, and whether there was a day before or not.
#[test]
fn a_night_that_is_asked_to_stop_leaves_the_day_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..30).map(|at| LiveRow {
        submission_us: START + at,
        document_id: id(at as u64 % 20),
        unique: 0,
        cause: 0,
    });
    let live = write_live(&dir.path().join("live"), rows);
    let (day, stable) = (Day::of_micros(START), dir.path().join("stable"));
    let stopped = Night { stop: Arc::new(true.into()), ..night(dir.path()) };
    let error = copy_deduplicated(&live, day, &stable, &stopped).unwrap_err();
    assert!(matches!(error, NightlyError::Stopped), "{error}");
    assert!(!stable.exists());
    copy_deduplicated(&live, day, &stable, &night(dir.path())).unwrap();
    let before = stable_rows(&stable);
    assert_eq!(before[&day].len(), 20);
    copy_deduplicated(&live, day, &stable, &stopped).unwrap_err();
    assert_eq!(stable_rows(&stable), before);
}
