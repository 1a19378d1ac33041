//! Tables whose sums are known, as DuckDB reads them; their schemas.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::columns::Data;
use super::*;
use crate::compare::Comparison;
use crate::counts::{Counts, Kind, Ping};
use crate::duckdb;
use crate::shape::{Dimension, Newcomers, Shape};

const CLIENTS: u32 = 60;
const DAYS: u32 = 33;

fn shape() -> Arc<Shape> {
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    Arc::new(Shape {
        first_day: "2026-02-20".parse().unwrap(),
        days: DAYS,
        clients: CLIENTS,
        dimensions: vec![
            Dimension { name: "country".to_string(), values: names(&["DE", "a \"quoted\", value", "US"]) },
            Dimension { name: "channel".to_string(), values: names(&["release", "nightly"]) },
        ],
        steps: names(&["ready", "installed", "succeeded"]),
        newcomers: Newcomers::ByPing,
    })
}

/// Each client sends on some days; of the table so many pings in a hundred are lost, and as many are there twice.
fn counts(percent: u32, order: impl Iterator<Item = u32>) -> Counts {
    let mut counts = Counts::new(shape());
    for client in order {
        let values = [Some((client % 3) as u16), (client % 7 > 0).then_some((client % 2) as u16)];
        // Nobody in the US sends a crash ping: a rate of nothing, and of no client at all on some days.
        for day in (client % 9..DAYS).filter(|day| (client + day * day) % 5 < 2) {
            for ping in 0..4u32 {
                let draw = (client * 7919 + day * 104_729 + ping * 1_299_709) % 100;
                let kind = match ping {
                    0 if day < 9 => Kind::NewProfile,
                    1 if client % 3 != 2 => Kind::Crash,
                    _ => Kind::Main,
                };
                let step = Some(ping as u8).filter(|step| *step < 3);
                let ping = Ping {
                    day,
                    client: Some(client),
                    kind,
                    values: &values,
                    session: ping == 2,
                    step,
                    again: false,
                };
                if draw >= percent {
                    counts.add(&ping);
                }
                if draw >= 100 - percent {
                    counts.add(&Ping { again: true, ..ping });
                }
            }
        }
    }
    counts
}

fn made(order: fn() -> Box<dyn Iterator<Item = u32>>) -> [Table; 4] {
    let [truth, live, stable] = [0, 6, 3].map(|percent| counts(percent, order()));
    let named = |name, seen| Seen::of(["usage", "pubsubio", name], &Comparison::new(&truth, seen).unwrap());
    all(&[named("live", &live), named("stable", &stable)])
}

#[test]
fn the_same_counts_make_the_same_bytes() {
    let [one, other] = [made(|| Box::new(0..CLIENTS)), made(|| Box::new((0..CLIENTS).rev()))];
    for (one, other) in one.iter().zip(&other) {
        assert!(one.rows() > 1, "{}", one.schema.name);
        assert_eq!((one.csv(), one.parquet()), (other.csv(), other.parquet()), "{}", one.schema.name);
    }
}

/// Two sums of each column: days, letters, counts or numbers added up, and how many are different, or there.
fn sums(table: &Table) -> Vec<(String, f64)> {
    let mut sums = vec![("rows".to_string(), table.rows() as f64)];
    for (column, data) in table.schema.columns.iter().zip(&table.columns) {
        let (one, two) = match data {
            Data::Dates(days) => {
                let first = *days.iter().min().unwrap();
                let since: u32 = days.iter().map(|day| day.since(first).unwrap()).sum();
                (f64::from(since), days.iter().collect::<BTreeSet<_>>().len())
            }
            Data::Texts(texts) => {
                let letters: usize = texts.iter().map(|text| text.len()).sum();
                (letters as f64, texts.iter().collect::<BTreeSet<_>>().len())
            }
            Data::Counts(counts) => {
                (counts.iter().sum::<u64>() as f64, counts.iter().collect::<BTreeSet<_>>().len())
            }
            Data::Numbers(numbers) => (numbers.iter().flatten().sum(), numbers.iter().flatten().count()),
        };
        sums.extend([(format!("{}_1", column.name), one), (format!("{}_2", column.name), two as f64)]);
    }
    sums
}

/// The same of a file, as DuckDB reads it in one line.
fn query(schema: &Schema, file: &Path) -> String {
    let each = schema.columns.iter().map(|Column { name, kind, .. }| {
        let (one, two) = match kind {
            Type::Date => {
                (format!("SUM({name} - (SELECT MIN({name}) FROM t))"), format!("COUNT(DISTINCT {name})"))
            }
            Type::Text => (format!("SUM(LENGTH({name}))"), format!("COUNT(DISTINCT {name})")),
            Type::Count => (format!("SUM({name})"), format!("COUNT(DISTINCT {name})")),
            Type::Number => (format!("COALESCE(SUM({name}), 0)"), format!("COUNT({name})")),
        };
        format!("CAST({one} AS DOUBLE) AS {name}_1, {two} AS {name}_2")
    });
    let each: Vec<String> = each.collect();
    format!(
        "CREATE OR REPLACE TABLE t AS FROM '{}';\nSELECT COUNT(*) AS rows, {} FROM t;\nSELECT column_name, column_type FROM (DESCRIBE t)",
        file.display(),
        each.join(", ")
    )
}

fn duckdb_type(kind: Type) -> &'static str {
    match kind {
        Type::Date => "DATE",
        Type::Text => "VARCHAR",
        Type::Count => "BIGINT",
        Type::Number => "DOUBLE",
    }
}

#[test]
fn duckdb_reads_every_file_in_one_line_and_its_sums_agree() {
    let dir = tempfile::tempdir().unwrap();
    for table in made(|| Box::new(0..CLIENTS)) {
        let name = table.schema.name;
        for (ending, bytes) in [("csv", table.csv()), ("parquet", table.parquet())] {
            let file = dir.path().join(format!("{name}.{ending}"));
            std::fs::write(&file, bytes).unwrap();
            let Some(said) = duckdb::run(&[query(&table.schema, &file)]) else { return };
            let said = said.unwrap();
            let mut lines = said.lines();
            let found: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
            for (column, sum) in sums(&table) {
                let theirs =
                    found[&column].as_f64().unwrap_or_else(|| panic!("{file:?}: {column} of {found}"));
                assert!(
                    (theirs - sum).abs() <= 1e-9 * sum.abs(),
                    "{file:?}: {column}: ours {sum}, theirs {theirs}"
                );
            }
            let types = lines.map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                ["column_name", "column_type"].map(|key| line[key].as_str().unwrap().to_string())
            });
            let wanted = table.schema.columns.iter();
            let wanted = wanted.map(|column| [column.name, duckdb_type(column.kind)].map(str::to_string));
            assert!(types.eq(wanted), "{file:?}: {said}");
        }
    }
}

#[test]
fn a_value_is_beside_what_it_should_be() {
    let [over_time, _, funnel, cohorts] =
        made(|| Box::new(0..CLIENTS)).map(|table| String::from_utf8(table.csv()).unwrap());
    let lines = |text: &str, with: &str| text.lines().filter(|line| line.contains(with)).count();
    // A number of each day, but retention, which begins after 13, 20 and 27 days.
    assert_eq!(lines(&over_time, ",live,dau,clients,"), DAYS as usize);
    assert_eq!(lines(&over_time, ",stable,retention-week-3,share,"), DAYS as usize - 27);
    // Three steps of two tables below the names; the first has no share.
    let steps: Vec<&str> = funnel.lines().collect();
    assert_eq!((steps.len(), steps[1].ends_with(",,,,,,"), steps[2].ends_with(',')), (7, true, false));
    // Of each day week 0, and those that the days reach.
    let weeks = [0, 13, 20, 27].map(|ago| DAYS as usize - ago);
    assert_eq!(cohorts.lines().count(), 1 + 2 * weeks.iter().sum::<usize>());
    let whole = cohorts.lines().find(|line| line.starts_with("usage,pubsubio,live,2026-02-20,0,")).unwrap();
    let fields: Vec<&str> = whole.split(',').collect();
    assert_eq!((fields[5], fields[7], fields[8], fields[10]), (fields[6], "1.0", fields[9], "1.0"));
    assert_ne!(fields[5], fields[8], "some are lost");
}

#[test]
fn what_is_there_where_nothing_should_be_is_an_absolute_error_of_no_relative_one() {
    let truth = Counts::new(shape());
    let mut seen = truth.clone();
    let crash = Ping {
        day: 0,
        client: Some(0),
        kind: Kind::Crash,
        values: &[],
        session: false,
        step: None,
        again: false,
    };
    (0..3).for_each(|_| seen.add(&crash));
    let seen = Seen::of(["usage", "exact", "live"], &Comparison::new(&truth, &seen).unwrap());
    let csv = String::from_utf8(over_time(&[seen]).csv()).unwrap();
    let row = csv.lines().find(|line| line.contains(",live,crashes,")).unwrap();
    assert!(row.ends_with(",3.0,0.0,3.0,,,"), "{row}");
}

#[test]
fn a_funnel_of_one_step_and_no_tables_are_no_rows() {
    let one = Shape { steps: vec!["ready".to_string()], ..(*shape()).clone() };
    let counts = Counts::new(Arc::new(one));
    let one = Seen::of(["usage", "exact", "live"], &Comparison::new(&counts, &counts).unwrap());
    assert_eq!(funnel(&[one]).rows(), 0);
    assert!(all(&[]).iter().all(|table| table.rows() == 0 && !table.parquet().is_empty()));
}

#[test]
fn the_schemas_read_as_they_should() {
    insta::assert_snapshot!("schema_json", schema_json());
    insta::assert_snapshot!("schema_markdown", schema_markdown());
}
