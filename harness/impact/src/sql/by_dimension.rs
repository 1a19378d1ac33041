//! `clients_by_dimension`, what a client did on a day with a value of a dimension, and the numbers of each value.
//!
//! Each ping counts for its own value, where `clients_daily` has one value a client and day: who moves within a day is a user of
//! both countries, and no ping counts for the other one.

use super::Query;
use super::dialect::Dialect;
use super::names::ColumnName;
use super::number::{WEEKS, days, newcomers, window};
use super::partition::Rows;
use crate::numbers::Number;
use crate::pattern::metric_date_ago;

/// What tells values apart.
const CELL: [&str; 2] = ["dimension", "dimension_value"];

/// A row a client, dimension and value.
pub(super) fn rows(dialect: Dialect, query: &Query) -> Rows {
    let crash = query.types.crash.literal();
    let columns = [
        ("raw.client_id", "client_id"),
        ("raw.dimension", "dimension"),
        ("raw.dimension_value", "dimension_value"),
        ("COUNT(*)", "pings"),
        // A session is one of the value with which it began, whatever its later pings say.
        (
            "COUNT(DISTINCT CASE WHEN raw.begun_with = raw.dimension_value THEN raw.session_id END)",
            "sessions",
        ),
        (&format!("COUNT(CASE WHEN raw.kind = {crash} THEN 1 END)"), "crashes"),
    ];
    // Of several pings at the first time the greatest value, so that it is the same one in every run.
    let from = format!(
        "FROM (\n  SELECT\n    of_value.client_id AS client_id,\n    of_value.session_id AS session_id,\n    \
         of_value.kind AS kind,\n    of_value.dimension AS dimension,\n    of_value.dimension_value AS dimension_value,\n    \
         MAX(CASE WHEN of_value.sent_at = of_value.begun_at THEN of_value.dimension_value END) \
         OVER (PARTITION BY of_value.client_id, of_value.session_id, of_value.dimension) AS begun_with\n  \
         FROM (\n{}\n  ) AS of_value\n) AS raw\nWHERE raw.dimension_value IS NOT NULL\n\
         GROUP BY raw.client_id, raw.dimension, raw.dimension_value",
        of_value(dialect, query)
    );
    let columns = columns.map(|(expression, name)| (expression.to_string(), name.to_string())).to_vec();
    Rows { date: dialect.date(query.day), columns, from, of_itself: false }
}

/// Raw rows of the day, once for each dimension; they are read once.
fn of_value(dialect: Dialect, query: &Query) -> String {
    let columns = &query.columns;
    let [time, client, session, kind] = [&columns.time, &columns.client, &columns.session, &columns.kind]
        .map(|column| format!("live.{}", column.within(dialect)));
    let name = |dimension: &ColumnName| format!("'{}'", dimension.as_str());
    let named = columns.dimensions.iter().map(|dimension| format!("SELECT {} AS dimension", name(dimension)));
    let value = |dimension: &ColumnName| {
        let column = dialect.text(&format!("live.{}", dimension.within(dialect)));
        format!("WHEN dimensions.dimension = {} THEN {column}", name(dimension))
    };
    let values: Vec<String> = columns.dimensions.iter().map(value).collect();
    format!(
        "    SELECT\n      {client} AS client_id,\n      {time} AS sent_at,\n      {session} AS session_id,\n      \
         {kind} AS kind,\n      MIN({time}) OVER (PARTITION BY {client}, {session}) AS begun_at,\n      \
         dimensions.dimension AS dimension,\n      CASE {} END AS dimension_value\n    FROM {} AS live\n    \
         CROSS JOIN ({}) AS dimensions\n    WHERE {time} >= {} AND {time} < {}",
        values.join(" "),
        query.tables.source.within(dialect),
        named.collect::<Vec<_>>().join(" UNION ALL "),
        dialect.start_of(query.day),
        dialect.start_of(query.day.plus(1)),
    )
}

/// Numbers, a row a day and value.
pub(super) fn select(dialect: Dialect, query: &Query) -> String {
    let of = query.tables.clients_by_dimension.within(dialect);
    let parts = [
        days(dialect, query),
        format!("newcomers AS (\n{}\n)", newcomers(dialect, query)),
        format!(
            "cells AS (\n  SELECT DISTINCT cell.dimension AS dimension, cell.dimension_value AS dimension_value\n  FROM {of} AS cell\n)"
        ),
        // Rows without a client count as pings, and as no client.
        format!(
            "of_day AS (\n  SELECT\n    cell.submission_date AS submission_date,\n{CELLS}    SUM(cell.pings) AS pings,\n    \
             SUM(cell.sessions) AS sessions,\n    SUM(cell.crashes) AS crashes,\n    COUNT(cell.client_id) AS dau\n  \
             FROM {of} AS cell\n  GROUP BY cell.submission_date, cell.dimension, cell.dimension_value\n)"
        ),
        of_window(dialect, &of),
        // Who is new is of each value with which it was seen on its first day.
        format!(
            "cohorts AS (\n  SELECT\n    newcomers.first_date AS first_date,\n{CELLS}    COUNT(*) AS new_profiles\n  \
             FROM newcomers\n  INNER JOIN {of} AS cell ON cell.client_id = newcomers.client_id AND \
             cell.submission_date = newcomers.first_date\n  \
             GROUP BY newcomers.first_date, cell.dimension, cell.dimension_value\n)"
        ),
        retained(dialect, query, &of),
    ];
    format!("WITH {}\n{}", parts.join(",\n"), outer(dialect))
}

const CELLS: &str = "    cell.dimension AS dimension,\n    cell.dimension_value AS dimension_value,\n";

/// Who was active with a value in the days of a window that end with each day.
fn of_window(dialect: Dialect, of: &str) -> String {
    let since = |number: Number| {
        let before = dialect.days_before("days.submission_date", number.window_days());
        format!("cell.submission_date > {before}")
    };
    format!(
        "of_window AS (\n  SELECT\n    days.submission_date AS submission_date,\n{CELLS}    \
         COUNT(DISTINCT CASE WHEN {} THEN cell.client_id END) AS wau,\n    COUNT(DISTINCT cell.client_id) AS mau\n  \
         FROM {of} AS cell\n  CROSS JOIN days\n  \
         WHERE cell.submission_date <= days.submission_date AND {}\n  \
         GROUP BY days.submission_date, cell.dimension, cell.dimension_value\n)",
        since(Number::Wau),
        since(Number::Mau),
    )
}

/// Of who was new with a value those who are active in the week that ends with each day, whatever their value is then.
fn retained(dialect: Dialect, query: &Query, of: &str) -> String {
    let week = dialect.masked("seen.days_seen_bits", window(Number::Wau));
    let counts = WEEKS.map(|number| {
        let ago = dialect.days_before("seen.submission_date", metric_date_ago(number).expect("there is one"));
        format!("COUNT(CASE WHEN newcomers.first_date = {ago} THEN 1 END) AS retained_{number}")
    });
    format!(
        "retained AS (\n  SELECT\n    seen.submission_date AS submission_date,\n{CELLS}    {}\n  FROM newcomers\n  \
         INNER JOIN {of} AS cell ON cell.client_id = newcomers.client_id AND cell.submission_date = newcomers.first_date\n  \
         INNER JOIN {} AS seen ON seen.client_id = newcomers.client_id\n  WHERE {week} <> 0\n  \
         GROUP BY seen.submission_date, cell.dimension, cell.dimension_value\n)",
        counts.join(",\n    "),
        query.tables.clients_last_seen.within(dialect),
    )
}

fn outer(dialect: Dialect) -> String {
    let count = |table: &str, name: &str| format!("COALESCE({table}.{name}, 0) AS {name}");
    let mut columns = vec!["days.submission_date AS submission_date".to_string()];
    columns.extend(CELL.map(|name| format!("cells.{name} AS {name}")));
    columns.extend(["pings", "sessions", "crashes"].map(|name| count("of_day", name)));
    columns.push("of_day.crashes / NULLIF(of_day.dau, 0) AS crash_rate".to_string());
    columns.push(count("of_day", "dau"));
    columns.extend(["wau", "mau"].map(|name| count("of_window", name)));
    columns.push(count("cohorts", "new_profiles"));
    columns.extend(WEEKS.map(|week| {
        format!(
            "COALESCE(retained.retained_{week}, 0) / NULLIF(cohorts_{week}.new_profiles, 0) AS retention_week_{week}"
        )
    }));
    let join = |table: &str, name: &str, date: &str, day: &str| {
        let cell = CELL.map(|column| format!("{name}.{column} = cells.{column}")).join(" AND ");
        format!("LEFT JOIN {table} AS {name} ON {name}.{date} = {day} AND {cell}")
    };
    let day = "days.submission_date";
    let mut joins = vec![
        join("of_day", "of_day", "submission_date", day),
        join("of_window", "of_window", "submission_date", day),
        join("retained", "retained", "submission_date", day),
        join("cohorts", "cohorts", "first_date", day),
    ];
    joins.extend(WEEKS.map(|week| {
        let ago = dialect.days_before(day, metric_date_ago(week).expect("there is one"));
        join("cohorts", &format!("cohorts_{week}"), "first_date", &ago)
    }));
    format!(
        "SELECT\n  {}\nFROM days\nCROSS JOIN cells\n{}\nORDER BY days.submission_date, cells.dimension, cells.dimension_value",
        columns.join(",\n  "),
        joins.join("\n")
    )
}
