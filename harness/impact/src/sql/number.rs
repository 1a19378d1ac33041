//! The numbers that people read, from both tables.

use super::Query;
use super::dialect::Dialect;
use crate::numbers::Number;
use crate::pattern::metric_date_ago;
use crate::shape::Newcomers;

/// Weeks of which patterns can tell retention.
pub(super) const WEEKS: [u32; 3] = [1, 2, 3];

/// The days of a number's window, as a mask.
pub(super) fn window(number: Number) -> u32 {
    (1 << number.window_days()) - 1
}

/// A row a day.
pub(super) fn select(dialect: Dialect, query: &Query) -> String {
    let daily = query.tables.clients_daily.within(dialect);
    let seen = query.tables.clients_last_seen.within(dialect);
    let week = dialect.masked("seen.days_seen_bits", window(Number::Wau));
    let retained = WEEKS.map(|number| {
        let ago = dialect.days_before("seen.submission_date", metric_date_ago(number).expect("there is one"));
        format!(
            "COUNT(CASE WHEN newcomers.first_date = {ago} AND {week} <> 0 THEN 1 END) AS retained_{number}"
        )
    });
    let parts = [
        days(dialect, query),
        // Rows without a client count as pings, and as no client.
        format!(
            "of_day AS (\n  SELECT\n    daily.submission_date AS submission_date,\n    SUM(daily.pings) AS pings,\n    \
             SUM(daily.sessions) AS sessions,\n    SUM(daily.crashes) AS crashes,\n    COUNT(daily.client_id) AS dau\n  \
             FROM {daily} AS daily\n  GROUP BY daily.submission_date\n)"
        ),
        format!("newcomers AS (\n{}\n)", newcomers(dialect, query)),
        "cohorts AS (\n  SELECT newcomers.first_date AS first_date, COUNT(*) AS new_profiles\n  FROM newcomers\n  \
         GROUP BY newcomers.first_date\n)"
            .to_string(),
        format!(
            "of_window AS (\n  SELECT\n    seen.submission_date AS submission_date,\n    \
             COUNT(CASE WHEN {week} <> 0 THEN 1 END) AS wau,\n    COUNT(*) AS mau,\n    {}\n  FROM {seen} AS seen\n  \
             LEFT JOIN newcomers ON newcomers.client_id = seen.client_id\n  GROUP BY seen.submission_date\n)",
            retained.join(",\n    ")
        ),
    ];
    format!("WITH {}\n{}", parts.join(",\n"), outer(dialect))
}

/// Every day that either table has.
pub(super) fn days(dialect: Dialect, query: &Query) -> String {
    let daily = query.tables.clients_daily.within(dialect);
    let seen = query.tables.clients_last_seen.within(dialect);
    format!(
        "days AS (\n  SELECT daily.submission_date AS submission_date FROM {daily} AS daily\n  UNION DISTINCT\n  \
         SELECT seen.submission_date AS submission_date FROM {seen} AS seen\n)"
    )
}

/// A row a client that was new, with the day.
pub(super) fn newcomers(dialect: Dialect, query: &Query) -> String {
    let daily = query.tables.clients_daily.within(dialect);
    let first = |condition: &str| {
        format!(
            "SELECT daily.client_id AS client_id, MIN(daily.submission_date) AS first_date\n    FROM {daily} AS daily\n    \
             WHERE daily.client_id IS NOT NULL{condition}\n    GROUP BY daily.client_id"
        )
    };
    let (inner, outer) = match query.newcomers {
        Newcomers::ByPing => (first(" AND daily.new_profile"), String::new()),
        // On the first day of all everybody would be new.
        Newcomers::FirstSeen => (
            first(""),
            format!(
                "\n  WHERE first_seen.first_date > (SELECT MIN(daily.submission_date) FROM {daily} AS daily)"
            ),
        ),
    };
    format!(
        "  SELECT first_seen.client_id AS client_id, first_seen.first_date AS first_date\n  FROM (\n    {inner}\n  ) AS first_seen{outer}"
    )
}

fn outer(dialect: Dialect) -> String {
    let count = |table: &str, name: &str| format!("COALESCE({table}.{name}, 0) AS {name}");
    let mut columns = vec!["days.submission_date AS submission_date".to_string()];
    columns.extend(["pings", "sessions", "crashes"].map(|name| count("of_day", name)));
    columns.push("of_day.crashes / NULLIF(of_day.dau, 0) AS crash_rate".to_string());
    columns.push(count("of_day", "dau"));
    columns.extend(["wau", "mau"].map(|name| count("of_window", name)));
    columns.push(count("cohorts", "new_profiles"));
    columns.extend(WEEKS.map(|week| {
        format!("of_window.retained_{week} / NULLIF(cohorts_{week}.new_profiles, 0) AS retention_week_{week}")
    }));
    let mut joins = [
        ("of_day", "of_day.submission_date"),
        ("of_window", "of_window.submission_date"),
        ("cohorts", "cohorts.first_date"),
    ]
    .map(|(table, date)| format!("LEFT JOIN {table} ON {date} = days.submission_date"))
    .to_vec();
    joins.extend(WEEKS.map(|week| {
        let ago = dialect.days_before("days.submission_date", metric_date_ago(week).expect("there is one"));
        format!("LEFT JOIN cohorts AS cohorts_{week} ON cohorts_{week}.first_date = {ago}")
    }));
    format!(
        "SELECT\n  {}\nFROM days\n{}\nORDER BY days.submission_date",
        columns.join(",\n  "),
        joins.join("\n")
    )
}
