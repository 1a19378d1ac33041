//! What engines say differently.

use std::fmt;
use std::str::FromStr;

use crate::day::Day;

/// An engine's own SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// DuckDB, from 1.3 on.
    Duckdb,
    /// GoogleSQL.
    Bigquery,
    /// Spark SQL, from 3.1 on.
    Spark,
    /// ClickHouse, from 24.4 on.
    Clickhouse,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 4] = [Dialect::Duckdb, Dialect::Bigquery, Dialect::Spark, Dialect::Clickhouse];

    /// What it is called on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Duckdb => "duckdb",
            Dialect::Bigquery => "bigquery",
            Dialect::Spark => "spark",
            Dialect::Clickhouse => "clickhouse",
        }
    }

    /// A name in its quotes.
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Dialect::Duckdb => format!("\"{name}\""),
            _ => format!("`{name}`"),
        }
    }

    /// What a column holds, as text.
    pub(super) fn text(self, column: &str) -> String {
        match self {
            Dialect::Duckdb => format!("CAST({column} AS VARCHAR)"),
            Dialect::Bigquery | Dialect::Spark => format!("CAST({column} AS STRING)"),
            // A cast to a type that cannot be empty fails on what is.
            Dialect::Clickhouse => format!("CAST({column} AS Nullable(String))"),
        }
    }

    /// A day.
    pub(super) fn date(self, day: Day) -> String {
        match self {
            Dialect::Clickhouse => format!("toDate('{day}')"),
            _ => format!("DATE '{day}'"),
        }
    }

    /// The moment at which a day begins, with its offset: no session's time zone matters.
    pub(super) fn start_of(self, day: Day) -> String {
        match self {
            Dialect::Duckdb => format!("TIMESTAMPTZ '{day} 00:00:00+00:00'"),
            Dialect::Bigquery | Dialect::Spark => format!("TIMESTAMP '{day} 00:00:00+00:00'"),
            Dialect::Clickhouse => format!("toDateTime64('{day} 00:00:00', 6, 'UTC')"),
        }
    }

    /// The day of a moment.
    pub(super) fn day_of(self, time: &str) -> String {
        match self {
            Dialect::Duckdb | Dialect::Spark => format!("CAST({time} AS DATE)"),
            Dialect::Bigquery => format!("DATE({time}, 'UTC')"),
            Dialect::Clickhouse => format!("toDate({time}, 'UTC')"),
        }
    }

    /// How many days one is after another.
    pub(super) fn days_after(self, later: &str, earlier: &str) -> String {
        match self {
            Dialect::Duckdb => format!("DATE_DIFF('day', {earlier}, {later})"),
            Dialect::Bigquery => format!("DATE_DIFF({later}, {earlier}, DAY)"),
            Dialect::Spark => format!("DATEDIFF({later}, {earlier})"),
            Dialect::Clickhouse => format!("dateDiff('day', {earlier}, {later})"),
        }
    }

    /// The day so many days before.
    pub(super) fn days_before(self, date: &str, days: u32) -> String {
        match self {
            Dialect::Duckdb => format!("{date} - {days}"),
            Dialect::Bigquery => format!("DATE_SUB({date}, INTERVAL {days} DAY)"),
            Dialect::Spark => format!("DATE_SUB({date}, {days})"),
            Dialect::Clickhouse => format!("subtractDays({date}, {days})"),
        }
    }

    /// The pattern of the day itself.
    pub(super) fn today(self) -> &'static str {
        match self {
            Dialect::Duckdb | Dialect::Spark => "CAST(1 AS BIGINT)",
            Dialect::Bigquery => "1",
            Dialect::Clickhouse => "toUInt32(1)",
        }
    }

    /// A pattern, shifted by so many days.
    pub(super) fn shifted(self, pattern: &str, days: &str) -> String {
        match self {
            Dialect::Duckdb | Dialect::Bigquery => format!("({pattern} << {days})"),
            Dialect::Spark => format!("SHIFTLEFT({pattern}, {days})"),
            Dialect::Clickhouse => format!("bitShiftLeft({pattern}, {days})"),
        }
    }

    /// Of a pattern those days that the mask has.
    pub(super) fn masked(self, pattern: &str, mask: u32) -> String {
        match self {
            Dialect::Clickhouse => format!("bitAnd({pattern}, {mask})"),
            _ => format!("({pattern} & {mask})"),
        }
    }

    /// The days that any pattern of a group has.
    pub(super) fn any_of(self, patterns: &str) -> String {
        match self {
            Dialect::Clickhouse => format!("groupBitOr({patterns})"),
            _ => format!("BIT_OR({patterns})"),
        }
    }

    /// An expression that fails with this message, which has no quotes, where the condition holds.
    pub(super) fn fail_where(self, condition: &str, message: &str) -> String {
        match self {
            Dialect::Duckdb => format!("CASE WHEN {condition} THEN ERROR('{message}') END"),
            Dialect::Bigquery => format!("IF({condition}, ERROR('{message}'), 0)"),
            Dialect::Spark => format!("IF({condition}, RAISE_ERROR('{message}'), 0)"),
            Dialect::Clickhouse => format!("throwIf({condition}, '{message}')"),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Dialect, String> {
        let names = || Dialect::ALL.map(Dialect::name).join(", ");
        let found = Dialect::ALL.into_iter().find(|dialect| dialect.name() == text);
        found.ok_or_else(|| format!("allowed are {}", names()))
    }
}
