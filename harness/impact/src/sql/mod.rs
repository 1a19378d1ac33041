//! Usage histories as SQL, for the engine that holds a team's pings: the same tables, by the same definitions, as [`LastSeen`]
//! and [`Counts`] have them here.
//!
//! - `clients_daily`: a row a day and client: its pings, sessions and crashes, whether a new-profile ping of it came, and its value in each
//!   dimension, which is that of its latest ping. Pings that name no client make one more row, without a client.
//! - `clients_last_seen`: a row a day and client that was seen within 28 days: its [pattern](crate::Pattern). From yesterday's and
//!   today's `clients_daily`, or rebuilt from raw rows alone ([`History`]); both give the same rows.
//! - `clients_by_dimension`: a row a day, client, dimension and value: its pings with this value. Where there are dimensions only.
//! - [`numbers`]: a row a day with the numbers that people read; [`numbers_by_dimension`]: a row a day and value.
//!
//! A day is one of UTC, by the time at which pings were submitted. A day's rows are replaced as a whole: a day that is run twice, or once more
//! weeks later, leaves the same rows. Raw rows are only read.
//!
//! [`LastSeen`]: crate::LastSeen
//! [`Counts`]: crate::Counts

mod by_dimension;
mod daily;
mod dialect;
mod history;
mod names;
mod number;
mod partition;
#[cfg(test)]
mod tests;

use crate::day::Day;
use crate::shape::Newcomers;

pub use dialect::Dialect;
pub use names::{ColumnName, TableName, TypeName};

/// Columns that `clients_daily` has without any dimension.
const OWN: [&str; 6] = ["submission_date", "client_id", "pings", "sessions", "crashes", "new_profile"];

/// Names that the queries give to columns of their own.
const WITHIN: [&str; 4] = ["sent_at", "last_at", "session_id", "kind"];

/// Names of what the queries of numbers make of the tables first: a table that is called so, with no more before it, is not seen behind them.
const MADE: [&str; 7] = ["days", "of_day", "newcomers", "cohorts", "of_window", "cells", "retained"];

/// The tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Raw rows, one a ping: a live table or a stable one.
    pub source: TableName,
    /// Where a row a day and client goes.
    pub clients_daily: TableName,
    /// Where patterns go.
    pub clients_last_seen: TableName,
    /// Where a row a day, client and value of a dimension goes.
    pub clients_by_dimension: TableName,
}

impl Tables {
    fn all(&self) -> [&TableName; 4] {
        [&self.source, &self.clients_daily, &self.clients_last_seen, &self.clients_by_dimension]
    }
}

/// The columns of raw rows; those of our own live tables where nobody says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// When the ping was submitted: a moment.
    pub time: ColumnName,
    /// Who sent it, in any type that can be compared.
    pub client: ColumnName,
    /// Its session.
    pub session: ColumnName,
    /// What it is for: text.
    pub kind: ColumnName,
    /// By what numbers are split: text.
    pub dimensions: Vec<ColumnName>,
}

impl Default for Columns {
    fn default() -> Self {
        Columns {
            time: ColumnName::known("submission_timestamp"),
            client: ColumnName::known("client_id"),
            session: ColumnName::known("session_id"),
            kind: ColumnName::known("type"),
            dimensions: Vec::new(),
        }
    }
}

/// What types of pings are called that numbers count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Types {
    /// That something crashed.
    pub crash: TypeName,
    /// The first that a client sends.
    pub new_profile: TypeName,
}

impl Default for Types {
    fn default() -> Self {
        Types { crash: TypeName::known("crash"), new_profile: TypeName::known("new-profile") }
    }
}

/// How patterns come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum History {
    /// From yesterday's patterns and today's `clients_daily`: yesterday's rows have to be there, or it fails.
    #[default]
    Incremental,
    /// From the raw rows of 28 days.
    Rebuilt,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Where rows are and go.
    pub tables: Tables,
    /// The columns of raw rows.
    pub columns: Columns,
    /// What types of pings are called.
    pub types: Types,
    /// How new profiles are told.
    pub newcomers: Newcomers,
    /// Which day is written.
    pub day: Day,
    /// How its patterns come about.
    pub history: History,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it does; empty where it only begins or ends what others do.
    pub about: &'static str,
    /// Without a semicolon at its end.
    pub sql: String,
}

impl Statement {
    fn new(about: &'static str, sql: impl Into<String>) -> Statement {
        Statement { about, sql: sql.into() }
    }
}

/// No statement can be made of this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: found {found}; {allowed}")]
pub struct SqlError {
    /// What is wrong.
    pub what: &'static str,
    /// What it is.
    pub found: String,
    /// What it may be.
    pub allowed: String,
}

impl Query {
    fn has_dimensions(&self) -> bool {
        !self.columns.dimensions.is_empty()
    }

    /// Sees that statements can be made of it.
    pub fn check(&self) -> Result<(), SqlError> {
        let wrong = |what, found: String, allowed: String| Err(SqlError { what, found, allowed });
        for (at, dimension) in self.columns.dimensions.iter().enumerate() {
            let name = dimension.as_str();
            let before = &self.columns.dimensions[..at];
            let same = |other: &str| other.eq_ignore_ascii_case(name);
            if before.iter().any(|other| same(other.as_str())) {
                return wrong(
                    "dimension column",
                    format!("{name:?} twice"),
                    "allowed is each once".to_string(),
                );
            }
            if OWN.iter().chain(&WITHIN).any(|own| same(own)) {
                let allowed = format!(
                    "allowed is any name but {}, {}, which clients_daily has itself",
                    OWN.join(", "),
                    WITHIN.join(", ")
                );
                return wrong("dimension column", format!("{name:?}"), allowed);
            }
        }
        let tables = self.tables.all();
        if (1..tables.len()).any(|at| tables[..at].contains(&tables[at])) {
            let found = tables.map(ToString::to_string).join(", ");
            return wrong("tables", found, "allowed are four different ones".to_string());
        }
        let is_hidden =
            |table: &&&TableName| MADE.iter().any(|made| table.to_string().eq_ignore_ascii_case(made));
        if let Some(hidden) = tables.iter().find(is_hidden) {
            let allowed = format!(
                "allowed is any name but {}, or one with its data set: analysis.{hidden}",
                MADE.join(", ")
            );
            return wrong("tables", hidden.to_string(), allowed);
        }
        // Beyond them no engine has dates, 27 days before and a day after among them.
        let years = |text: &str| text.parse::<Day>().expect("it is a day");
        let (first, last) = (years("1971-01-01"), years("2099-12-31"));
        match (first..=last).contains(&self.day) {
            true => Ok(()),
            false => wrong("day", self.day.to_string(), format!("allowed are {first} to {last}")),
        }
    }
}

/// All that there is to do on a day, in this order: tables are made where there are none, the day's rows are written, and the
/// numbers of all days are read.
pub fn statements(dialect: Dialect, query: &Query) -> Result<Vec<Statement>, SqlError> {
    let mut all = [session(dialect), tables(dialect, query)?, day(dialect, query)?].concat();
    all.push(numbers(dialect, query)?);
    all.extend(numbers_by_dimension(dialect, query)?);
    Ok(all)
}

/// What holds for all statements after it: that days are those of UTC, and that only those parts of a table are replaced of which there
/// are rows.
pub fn session(dialect: Dialect) -> Vec<Statement> {
    let utc = |sql| Statement::new("Days are those of UTC.", sql);
    match dialect {
        Dialect::Duckdb => vec![utc("SET TimeZone = 'UTC'")],
        Dialect::Spark => vec![
            utc("SET spark.sql.session.timeZone = UTC"),
            Statement::new(
                "Only days of which there are rows are replaced.",
                "SET spark.sql.sources.partitionOverwriteMode = dynamic",
            ),
        ],
        Dialect::Bigquery | Dialect::Clickhouse => Vec::new(),
    }
}

/// Makes the tables, where there are none, with the columns and types that their rows have.
pub fn tables(dialect: Dialect, query: &Query) -> Result<Vec<Statement>, SqlError> {
    query.check()?;
    let make = |about, table: &TableName, rows| {
        Statement::new(about, partition::make(dialect, &table.within(dialect), rows))
    };
    let Tables { clients_daily, clients_last_seen, clients_by_dimension, .. } = &query.tables;
    let mut all = vec![
        make("A row a day and client.", clients_daily, daily::rows(dialect, query)),
        make("A pattern a day and client.", clients_last_seen, history::rebuilt(dialect, query)),
    ];
    if query.has_dimensions() {
        let rows = by_dimension::rows(dialect, query);
        all.push(make("A row a day, client and value of a dimension.", clients_by_dimension, rows));
    }
    Ok(all)
}

/// Writes the day's rows of all tables.
pub fn day(dialect: Dialect, query: &Query) -> Result<Vec<Statement>, SqlError> {
    query.check()?;
    let Tables { clients_daily, clients_last_seen, clients_by_dimension, .. } = &query.tables;
    let (about, no_gap, patterns) = match query.history {
        History::Incremental => (
            "Yesterday's patterns shifted by a day, and today's bit; who was not seen for 28 days is out.",
            Some(history::no_gap(dialect, query)),
            history::incremental(dialect, query),
        ),
        History::Rebuilt => ("Patterns of 28 days, from raw rows.", None, history::rebuilt(dialect, query)),
    };
    let part = |about, table: &TableName, rows| partition::Part { about, table: table.within(dialect), rows };
    let mut parts = vec![
        part("The day's clients, from raw rows.", clients_daily, daily::rows(dialect, query)),
        part(about, clients_last_seen, patterns),
    ];
    if query.has_dimensions() {
        let rows = by_dimension::rows(dialect, query);
        parts.push(part("The day's clients by value, from raw rows.", clients_by_dimension, rows));
    }
    // First, so that nothing is written where it fails.
    let mut all = partition::checked(dialect, no_gap, &parts);
    all.extend(parts.into_iter().flat_map(|part| partition::replace(dialect, query.day, part)));
    Ok(all)
}

/// The numbers that people read, a row a day, of all days that the tables have: pings, sessions, crashes, crashes an active client, clients
/// active in 1, 7 and 28 days, new profiles, and the share of those new 13, 20 and 27 days before that were active in the last seven.
pub fn numbers(dialect: Dialect, query: &Query) -> Result<Statement, SqlError> {
    query.check()?;
    Ok(Statement::new("The numbers, a row a day.", number::select(dialect, query)))
}

/// The same a row a day and value of a dimension, of all days that the tables have and all values that were ever seen; nothing where there
/// is no dimension. Each ping counts for its own value, and so does who sent it: as [`Counts`](crate::Counts) has them.
pub fn numbers_by_dimension(dialect: Dialect, query: &Query) -> Result<Option<Statement>, SqlError> {
    query.check()?;
    let select = || {
        Statement::new(
            "The numbers, a row a day and value of a dimension.",
            by_dimension::select(dialect, query),
        )
    };
    Ok(query.has_dimensions().then(select))
}

/// A script of them.
pub fn text(statements: &[Statement]) -> String {
    let one = |statement: &Statement| {
        let about =
            if statement.about.is_empty() { String::new() } else { format!("-- {}\n", statement.about) };
        format!("{about}{};\n", statement.sql)
    };
    statements.iter().map(one).collect()
}
