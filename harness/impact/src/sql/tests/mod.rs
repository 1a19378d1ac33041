//! The statements on real engines, row for row against what Rust counts of the same pings; what they read like; what is refused.

mod clickhouse;
mod duckdb;
mod expected;
mod python;
mod raw;
mod refused;
mod snapshots;
mod spark;
mod translated;

use serde_json::Value;

use self::expected::{Expected, expected};
use self::raw::{DAYS, Raw, first_day};
use super::*;

/// Stands between the answers of queries.
const MARKER: &str = "-end-of-answer-";

/// Where checks are run for a change to land, an engine that is missing is a failure.
fn missing(what: &str, remedy: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what}: {remedy}");
    eprintln!("not compared: {what}: {remedy}");
}

fn query(day: Day, history: History, newcomers: Newcomers) -> Query {
    let last_seen = match history {
        History::Incremental => "clients_last_seen",
        History::Rebuilt => "rebuilt",
    };
    let [source, clients_daily, clients_last_seen, clients_by_dimension] =
        ["live", "clients_daily", last_seen, "by_dimension"].map(|name| name.parse().unwrap());
    let dimensions = ["country", "order"].map(|name| name.parse().unwrap()).to_vec();
    Query {
        tables: Tables { source, clients_daily, clients_last_seen, clients_by_dimension },
        columns: Columns { dimensions, ..Columns::default() },
        types: Types::default(),
        newcomers,
        day,
        history,
    }
}

/// All days, one after the other, each from yesterday and rebuilt; some once more. Then every table is asked for, each answer ended by a
/// marker: daily, incremental, rebuilt; then numbers, and those by dimension, by newcomers' pings and by their first days.
fn all_days(dialect: Dialect) -> Vec<String> {
    let of = |day: u32, history| query(first_day().plus(day), history, Newcomers::ByPing);
    let both = [History::Incremental, History::Rebuilt];
    let mut all = session(dialect);
    // Once more changes nothing.
    (0..2)
        .for_each(|_| both.iter().for_each(|history| all.extend(tables(dialect, &of(0, *history)).unwrap())));
    for number in 0..DAYS {
        both.iter().for_each(|history| all.extend(day(dialect, &of(number, *history)).unwrap()));
    }
    // The last day once more, and one of weeks before.
    all.extend(day(dialect, &of(DAYS - 1, History::Incremental)).unwrap());
    all.extend(day(dialect, &of(9, History::Rebuilt)).unwrap());
    let mut all: Vec<String> = all.into_iter().map(|statement| statement.sql).collect();
    all.extend(asked(dialect));
    for newcomers in [Newcomers::ByPing, Newcomers::FirstSeen] {
        let query = query(first_day(), History::Incremental, newcomers);
        let by_dimension = numbers_by_dimension(dialect, &query).unwrap().unwrap();
        for statement in [numbers(dialect, &query).unwrap(), by_dimension] {
            all.extend([format!("SELECT * FROM (\n{}\n) AS numbers", statement.sql), end()]);
        }
    }
    all
}

fn end() -> String {
    format!("SELECT '{MARKER}' AS marker")
}

/// Asks for what tables hold: daily, incremental, rebuilt.
fn asked(dialect: Dialect) -> Vec<String> {
    let mut all = Vec::new();
    let mut ask = |sql: String| all.extend([sql, end()]);
    let text = if dialect == Dialect::Clickhouse { "Nullable(String)" } else { "VARCHAR(64)" };
    let order = ColumnName::known("order").within(dialect);
    ask(format!(
        "SELECT CAST(submission_date AS {text}) AS a, CAST(client_id AS {text}) AS b, pings, sessions, crashes, \
         CASE WHEN new_profile THEN 1 ELSE 0 END AS c, country, {order} FROM clients_daily"
    ));
    for table in ["clients_last_seen", "rebuilt"] {
        ask(format!(
            "SELECT CAST(submission_date AS {text}) AS a, CAST(client_id AS {text}) AS b, days_seen_bits FROM {table}"
        ));
    }
    all
}

/// What an engine printed: rows of JSON, as text that is the same whoever wrote it, in their order.
fn tables_of(printed: &str) -> Vec<Vec<String>> {
    let mut tables = vec![Vec::new()];
    for line in printed.lines().filter(|line| line.starts_with('{') && !line.contains("\"gap\"")) {
        match line.contains(MARKER) {
            true => tables.push(Vec::new()),
            false => tables.last_mut().unwrap().push(row(line)),
        }
    }
    tables.pop();
    tables.iter_mut().for_each(|table| table.sort());
    tables
}

/// Values alone: keys are in the order of the columns, which a map would sort.
fn row(line: &str) -> String {
    let values: Vec<(String, Value)> = serde_json::from_str::<raw::Pairs>(line).unwrap().0;
    let plain = |value: &Value| match value {
        Value::Null => "-".to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().unwrap().to_string(),
        other => panic!("{other} in {line}"),
    };
    values.iter().map(|(_, value)| plain(value)).collect::<Vec<_>>().join("|")
}

/// Sees that an engine has every table as Rust has it.
fn are_as_expected(printed: &str, engine: &str) {
    let Expected { daily, last_seen, numbers } = expected();
    let wanted = [vec![daily, last_seen.clone(), last_seen], numbers.concat()].concat();
    are(printed, &wanted, engine);
}

fn are(printed: &str, wanted: &[Vec<String>], engine: &str) {
    let tables = tables_of(printed);
    assert_eq!(tables.len(), wanted.len(), "{engine}");
    for (number, (found, wanted)) in tables.iter().zip(wanted).enumerate() {
        assert!(wanted.len() >= DAYS as usize, "{engine}: table {number} is worth nothing: {}", wanted.len());
        let lacking: Vec<&String> = wanted.iter().filter(|row| !found.contains(row)).take(5).collect();
        let extra: Vec<&String> = found.iter().filter(|row| !wanted.contains(row)).take(5).collect();
        assert!(
            lacking.is_empty() && extra.is_empty(),
            "{engine}, table {number}: lacks {lacking:?}, has {extra:?}"
        );
        assert_eq!(found, wanted, "{engine}, table {number}");
    }
}

#[test]
fn a_client_that_moves_within_a_day_is_a_user_of_each_value_and_of_its_latest_in_clients_daily() {
    let Expected { daily, numbers, .. } = expected();
    let columns = |row: &String| row.split('|').map(str::to_string).collect::<Vec<_>>();
    let of = |day: &str, country: &str| -> usize {
        let rows = daily.iter().map(columns).filter(|row| row[0] == day && row[1] != "-");
        rows.filter(|row| row[6] == country).count()
    };
    let by_value = numbers[0][1].iter().map(columns).filter(|row| row[1] == "country");
    let more = by_value.map(|row| row[7].parse::<usize>().unwrap() - of(&row[0], &row[2]));
    assert!(more.filter(|more| *more > 0).count() > 20, "nobody moves");
}

/// A day is left out, and the next but one is asked for.
fn with_a_gap(dialect: Dialect) -> Vec<String> {
    let of = |day: u32| query(first_day().plus(day), History::Incremental, Newcomers::ByPing);
    let mut all = session(dialect);
    all.extend(tables(dialect, &of(0)).unwrap());
    [0, 1, 3].iter().for_each(|number| all.extend(day(dialect, &of(*number)).unwrap()));
    all.into_iter().map(|statement| statement.sql).collect()
}

/// A column of patterns of this type, with this in it, and nothing else that could be wrong: then the next day, and what there is of it.
fn with_no_pattern(dialect: Dialect, kind: &str, value: &str) -> [Vec<String>; 2] {
    let of = |day: u32| query(first_day().plus(day), History::Incremental, Newcomers::ByPing);
    let sql = |statements: Vec<Statement>| statements.into_iter().map(|statement| statement.sql);
    let mut before: Vec<String> = sql(session(dialect)).collect();
    let [date, kept] = match dialect {
        Dialect::Clickhouse => {
            ["Date", " ENGINE = MergeTree PARTITION BY submission_date ORDER BY submission_date"]
        }
        _ => ["DATE", ""],
    };
    before.push(format!("CREATE TABLE clients_last_seen (submission_date {date}, client_id VARCHAR(64), days_seen_bits {kind}){kept}"));
    before.extend(sql(tables(dialect, &of(0)).unwrap()));
    before.push(format!("INSERT INTO clients_last_seen VALUES ('{}', 'c', {value})", first_day()));
    [before, sql(day(dialect, &of(1)).unwrap()).collect()]
}

const NO_PATTERN: &str = "clients_last_seen has something in days_seen_bits that is no pattern of 28 days: allowed are 0 to 268435455";

const GAP: &str = "days have a gap: clients_last_seen has no rows of 2026-02-01; rebuild it from raw rows";

/// Statements that make the raw table, with these types of columns and this behind it.
fn make_raw([moment, id, text]: [&str; 3], dialect: Dialect, kept: &str) -> Vec<String> {
    let order = ColumnName::known("order").within(dialect);
    let kind = ColumnName::known("type").within(dialect);
    let columns = format!(
        "submission_timestamp {moment}, client_id {id}, session_id BIGINT, {kind} {text}, country {text}, {order} {text}"
    );
    // Spark takes no text for a moment.
    let moment = if dialect == Dialect::Spark { "TIMESTAMP " } else { "" };
    let rows: Vec<String> = raw::rows().iter().map(|row| Raw::values(row, moment)).collect();
    vec![
        format!("CREATE TABLE live ({columns}){kept}"),
        format!("INSERT INTO live VALUES\n{}", rows.join(",\n")),
    ]
}
