//! `clients_last_seen`: the pattern of each client that was seen within 28 days.

use super::dialect::Dialect;
use super::partition::Rows;
use super::{Query, Statement};
use crate::day::Day;
use crate::pattern::DAYS;

const MASK: u32 = (1 << DAYS) - 1;

fn rows(dialect: Dialect, query: &Query, pattern: String, from: String, of_itself: bool) -> Rows {
    let client = ("seen.client_id".to_string(), "client_id".to_string());
    let columns = vec![client, (pattern, "days_seen_bits".to_string())];
    Rows { date: dialect.date(query.day), columns, from, of_itself }
}

/// From yesterday's, shifted by a day, and today's bit. No join: a client that is on one side alone is no special case.
pub(super) fn incremental(dialect: Dialect, query: &Query) -> Rows {
    let shifted = dialect.masked(&dialect.shifted("old.days_seen_bits", "1"), MASK);
    let pattern = dialect.any_of("seen.bits");
    let from = format!(
        "FROM (\n  SELECT old.client_id AS client_id, {shifted} AS bits\n  FROM {} AS old\n  WHERE old.submission_date = {}\n  \
         UNION ALL\n  SELECT daily.client_id AS client_id, {} AS bits\n  FROM {} AS daily\n  \
         WHERE daily.submission_date = {} AND daily.client_id IS NOT NULL\n) AS seen\n\
         GROUP BY seen.client_id\nHAVING {pattern} <> 0",
        query.tables.clients_last_seen.within(dialect),
        dialect.date(before(query.day, 1)),
        dialect.today(),
        query.tables.clients_daily.within(dialect),
        dialect.date(query.day),
    );
    rows(dialect, query, pattern, from, true)
}

/// The same from raw rows alone.
pub(super) fn rebuilt(dialect: Dialect, query: &Query) -> Rows {
    let [time, client] =
        [&query.columns.time, &query.columns.client].map(|column| format!("live.{}", column.within(dialect)));
    let ago = dialect.days_after(&dialect.date(query.day), "seen.day");
    let pattern = dialect.any_of(&dialect.shifted(dialect.today(), &ago));
    let from = format!(
        "FROM (\n  SELECT {client} AS client_id, {} AS day\n  FROM {} AS live\n  \
         WHERE {time} >= {} AND {time} < {} AND {client} IS NOT NULL\n) AS seen\nGROUP BY seen.client_id",
        dialect.day_of(&time),
        query.tables.source.within(dialect),
        dialect.start_of(before(query.day, DAYS - 1)),
        dialect.start_of(query.day.plus(1)),
    );
    rows(dialect, query, pattern, from, false)
}

/// Fails where there are patterns, and those of yesterday are none of them: shifted by one day, older ones would be wrong, and
/// without any everybody would be new. Fails, too, where yesterday's column holds what is no pattern, or is of a type that has no bits.
pub(super) fn no_gap(dialect: Dialect, query: &Query) -> Statement {
    let yesterday = before(query.day, 1);
    let table = &query.tables.clients_last_seen;
    let message = format!("days have a gap: {table} has no rows of {yesterday}; rebuild it from raw rows");
    let gap = format!("COUNT(*) > 0 AND MAX(old.submission_date) < {}", dialect.date(yesterday));
    let none = format!(
        "{table} has something in days_seen_bits that is no pattern of 28 days: allowed are 0 to {MASK}"
    );
    let bits = "old.days_seen_bits";
    let is_none = format!("COUNT(CASE WHEN {} <> {bits} THEN 1 END) > 0", dialect.masked(bits, MASK));
    Statement::new(
        "Fails where yesterday is missing, or its patterns are none.",
        format!(
            "SELECT {} AS gap, {} AS no_pattern\nFROM {} AS old\nWHERE old.submission_date < {}",
            dialect.fail_where(&gap, &message),
            dialect.fail_where(&is_none, &none),
            table.within(dialect),
            dialect.date(query.day)
        ),
    )
}

fn before(day: Day, days: u32) -> Day {
    Day(day.0 - days as i32)
}
