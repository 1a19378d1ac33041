//! The queries for engines that cannot be had here: read by a parser of their dialect, translated to DuckDB's, and run
//! over the same days as our own job.

use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[path = "../../../tests/common/python.rs"]
mod python;

const TRANSLATOR: &str = include_str!("to_duckdb.py");

/// Whether there is a translator; where checks are run for a change to land, one that is missing is a failure.
fn has_sqlglot() -> bool {
    match python::run(&["-c", "import sqlglot"], "") {
        Ok(_) => true,
        Err(missing) if std::env::var_os("CI").is_some() => {
            panic!("{missing}: pip install sqlglot, and name its Python in {}", python::VARIABLE)
        }
        Err(missing) => {
            eprintln!("not compared: {missing}");
            false
        }
    }
}

fn translated(dialect: &str, time: &ColumnName, sql: &str) -> String {
    python::run(&["-c", TRANSLATOR, dialect, &time.within('"')], sql)
        .unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

/// The stable table before: a copy of the live one, so that a day that is not replaced as a whole keeps its copies, and
/// another day that is touched loses some.
fn tables_of(live: &Path, columns: &Columns) -> String {
    let (id, time) = (columns.id.within('"'), columns.time.within('"'));
    let files = sql::read_parquet(&[live.join("*/*.parquet").to_string_lossy().into_owned()]);
    format!(
        "SET TimeZone = 'UTC';\nCREATE MACRO FARM_FINGERPRINT(value) AS hash(value);\nCREATE MACRO XXHASH64(value) AS hash(value);\n\
         CREATE SCHEMA telemetry_live;\nCREATE SCHEMA telemetry_stable;\n\
         CREATE TABLE telemetry_live.main_v5 AS SELECT document_id AS {id}, submission_timestamp AS {time}, truth_unique, truth_cause FROM {files};\n\
         CREATE TABLE telemetry_stable.main_v5 AS FROM telemetry_live.main_v5;\n"
    )
}

#[derive(Deserialize)]
struct Left {
    unique: u64,
}

/// The rows of the stable table after the query was run as often as this, each by the number of its ping.
fn left_by(duckdb: &Duckdb, live: &Path, columns: &Columns, translated: &str, times: usize) -> Vec<u64> {
    let sql = tables_of(live, columns)
        + &translated.repeat(times)
        + "SELECT truth_unique AS \"unique\" FROM telemetry_stable.main_v5 ORDER BY truth_unique;\n";
    let answer = duckdb.run(&sql, &NEVER).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let rows = answer.lines().filter(|line| line.starts_with("{\"unique\""));
    rows.map(|line| serde_json::from_str::<Left>(line).unwrap().unique).collect()
}

/// Ids and times: of equal times any row would do, and each engine takes one of its own.
fn seen(rows: &[LiveRow], uniques: impl IntoIterator<Item = u64>) -> Vec<(i64, Option<[u8; 16]>)> {
    let row = |unique: u64| (rows[unique as usize].submission_us, rows[unique as usize].document_id);
    let mut seen: Vec<_> = uniques.into_iter().map(row).collect();
    seen.sort_unstable();
    seen
}

proptest! {
    // Each case starts Python and DuckDB for each of its days and dialects.
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn the_queries_leave_what_we_leave(
        rows in live_rows(),
        preceding_days in 0u32..3,
        slices in prop_oneof![Just(1u32), Just(7)],
        (keep, version) in prop_oneof![Just((Keep::First, None)), Just((Keep::Last, None)), Just((Keep::Last, Some("truth_unique"))), Just((Keep::Last, Some("truth_cause")))],
        other_names in any::<bool>(),
    ) {
        let Some(duckdb) = duckdb().filter(|_| has_sqlglot()) else { return Ok(()) };
        let dir = tempfile::tempdir().unwrap();
        let live_dir = dir.path().join("live");
        let live = write_live(&live_dir, rows.iter().copied());
        let (preceding_days, slices) = if keep == Keep::Last { (0, 1) } else { (preceding_days, slices) };
        let named = |name: &str| name.parse::<ColumnName>().unwrap();
        let usual = Columns { version: version.map(named), ..Columns::default() };
        let columns = match other_names {
            true => Columns { id: named("order"), time: named("it's \"when\""), ..usual.clone() },
            false => usual.clone(),
        };
        let night = Night { preceding_days, slices, keep, columns: usual, ..night(dir.path()) };
        for (number, day) in live.days.keys().enumerate() {
            let stable = dir.path().join(format!("stable-{number}"));
            copy_deduplicated(&live, *day, &stable, &night).unwrap();
            let of_day = |unique: &u64| Day::of_micros(rows[*unique as usize].submission_us) == *day;
            let ours = seen(&rows, uniques(&stable_rows(&stable)[day]));
            let others: Vec<u64> = (0..rows.len() as u64).filter(|unique| !of_day(unique)).collect();
            let query = |tables| {
                let columns = columns.clone();
                Query { tables, columns, keep, day: *day, preceding_days, slices }.text()
            };
            let names = || ["telemetry_live.main_v5", "telemetry_stable.main_v5"].map(|name| name.parse::<TableName>().unwrap());
            let [live, stable] = names();
            for dialect in ["bigquery", "spark", "snowflake", "redshift", "duckdb"] {
                let (live, stable) = (live.clone(), stable.clone());
                let in_its_own = match dialect {
                    // Spark replaces the partitions that it writes to: one of which nothing is left stays.
                    "spark" if ours.is_empty() => continue,
                    "spark" => query(Tables::Spark { live, stable }),
                    "bigquery" => query(Tables::Bigquery { live, stable }),
                    "snowflake" => query(Tables::Snowflake { live, stable }),
                    "redshift" => query(Tables::Redshift { live, stable }),
                    _ => query(Tables::Duckdb { live: Live::Table(live), stable: Stable::Table(stable) }),
                };
                let sql = match dialect {
                    "duckdb" => in_its_own,
                    _ => translated(dialect, &columns.time, &in_its_own),
                };
                let once = left_by(&duckdb, &live_dir, &columns, &sql, 1);
                let (theirs, untouched): (Vec<u64>, Vec<u64>) = once.iter().copied().partition(of_day);
                prop_assert_eq!(seen(&rows, theirs), ours.clone(), "{:?}", dialect);
                prop_assert_eq!(&untouched, &others, "{:?}", dialect);
                let twice = left_by(&duckdb, &live_dir, &columns, &sql, 2);
                match dialect {
                    // It has no digest of a row, by which the same of equal ones would stay.
                    "redshift" => prop_assert_eq!(seen(&rows, twice), seen(&rows, once)),
                    _ => prop_assert_eq!(twice, once, "a second run changes nothing"),
                }
            }
        }
    }
}
