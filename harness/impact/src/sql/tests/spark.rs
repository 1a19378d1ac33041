//! Spark on this machine, by its Python package: some days, for each statement takes it a while.

use super::*;

const SCRIPT: &str = include_str!("in_spark.py");

/// The first of the days, which is rebuilt; the others follow it from yesterday.
const FROM: u32 = DAYS - 4;

/// The last of them once more.
fn some_days() -> Vec<String> {
    let of = |day: u32, history| query(first_day().plus(day), history, Newcomers::ByPing);
    let mut rebuilt_first = of(FROM, History::Rebuilt);
    rebuilt_first.tables.clients_last_seen = "clients_last_seen".parse().unwrap();
    let mut all = session(Dialect::Spark);
    [History::Incremental, History::Rebuilt]
        .iter()
        .for_each(|history| all.extend(tables(Dialect::Spark, &of(0, *history)).unwrap()));
    all.extend(day(Dialect::Spark, &rebuilt_first).unwrap());
    (FROM + 1..DAYS).chain([DAYS - 1]).for_each(|number| {
        all.extend(day(Dialect::Spark, &of(number, History::Incremental)).unwrap());
    });
    (FROM..DAYS).for_each(|number| all.extend(day(Dialect::Spark, &of(number, History::Rebuilt)).unwrap()));
    // Of these days alone they are other numbers; they are read all the same.
    all.push(numbers(Dialect::Spark, &of(0, History::Incremental)).unwrap());
    all.extend(numbers_by_dimension(Dialect::Spark, &of(0, History::Incremental)).unwrap());
    let statements = all.into_iter().map(|statement| statement.sql);
    statements.chain([end()]).chain(asked(Dialect::Spark)).collect()
}

#[test]
fn spark_has_what_rust_counts() {
    if !python::has("pyspark") {
        return;
    }
    let raw = make_raw(["TIMESTAMP", "STRING", "STRING"], Dialect::Spark, " USING PARQUET");
    let input = serde_json::to_string(&[raw, some_days()].concat()).unwrap();
    let said = python::run(&["-c", SCRIPT], &input).unwrap();
    // The numbers come first.
    let (numbers, tables) = said.split_once(MARKER).unwrap();
    let rows = numbers.lines().filter(|line| line.contains("retention_week_3"));
    let (by_dimension, whole): (Vec<&str>, Vec<&str>) = rows.partition(|row| row.contains("dimension_value"));
    assert_eq!((whole.len(), by_dimension.len()), (4, 4 * 6), "{numbers}");
    let first = first_day().plus(FROM).to_string();
    let of_days = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|row| row.as_str() >= first.as_str()).collect()
    };
    let Expected { daily, last_seen, .. } = expected();
    let [daily, last_seen] = [daily, last_seen].map(of_days);
    are(tables, &[daily, last_seen.clone(), last_seen], "Spark");
}
