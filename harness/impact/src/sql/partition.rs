//! Tables that have a part a day, which is replaced as a whole.

use super::Statement;
use super::dialect::Dialect;
use crate::day::Day;

/// Rows of one day: columns beside the day, each an expression and its name, and where they come from.
pub(super) struct Rows {
    pub(super) date: String,
    pub(super) columns: Vec<(String, String)>,
    pub(super) from: String,
    /// Whether they come from the table into which they go.
    pub(super) of_itself: bool,
}

impl Rows {
    fn select(&self, date: Date) -> String {
        let mut columns: Vec<String> =
            self.columns.iter().map(|(expression, name)| format!("{expression} AS {name}")).collect();
        let of_date = format!("{} AS submission_date", self.date);
        match date {
            Date::First => columns.insert(0, of_date),
            Date::Last => columns.push(of_date),
            Date::Nowhere => {}
        }
        format!("SELECT\n  {}\n{}", columns.join(",\n  "), self.from)
    }

    fn names(&self) -> String {
        let names = self.columns.iter().map(|(_, name)| name.as_str());
        std::iter::once("submission_date").chain(names).collect::<Vec<_>>().join(", ")
    }
}

/// Where the day stands among the columns.
#[derive(Clone, Copy)]
enum Date {
    First,
    Last,
    Nowhere,
}

/// Makes the table of such rows, without any, where there is none.
pub(super) fn make(dialect: Dialect, table: &str, rows: Rows) -> String {
    let kept = match dialect {
        Dialect::Duckdb => "",
        Dialect::Bigquery => "\nPARTITION BY submission_date",
        Dialect::Spark => "\nUSING PARQUET\nPARTITIONED BY (submission_date)",
        Dialect::Clickhouse => "\nENGINE = MergeTree PARTITION BY submission_date ORDER BY submission_date",
    };
    let select = indented(&rows.select(Date::First));
    format!(
        "CREATE TABLE IF NOT EXISTS {table}{kept} AS\nSELECT made.*\nFROM (\n{select}\n) AS made\nWHERE FALSE"
    )
}

/// The rows of a day of one table.
pub(super) struct Part {
    /// What is done.
    pub(super) about: &'static str,
    /// The table, as the engine writes it.
    pub(super) table: String,
    pub(super) rows: Rows,
}

/// A table of DuckDB's session that is there where all that a day needs was seen to be.
const CHECKED: &str = "temp.day_checked";

/// Sees that nothing is missing before anything is written: what `first` fails for, if anything. Other engines end a script at its first error.
/// DuckDB's command line goes on with the next statement of what it reads from its input, and a name that is not there does not undo what a
/// transaction has deleted before it; therefore what writes needs a table that is there only where every statement of the day can be.
pub(super) fn checked(dialect: Dialect, first: Option<Statement>, parts: &[Part]) -> Vec<Statement> {
    if dialect != Dialect::Duckdb {
        return first.into_iter().collect();
    }
    let first = first
        .unwrap_or_else(|| Statement::new("Fails where a column is missing.", "SELECT TRUE AS is_sound"));
    let fits = |Part { table, rows, .. }: &Part| {
        let both = format!("SELECT {}\nFROM {table}\nUNION ALL\n{}", rows.names(), rows.select(Date::First));
        format!("NOT EXISTS (SELECT * FROM (\n{}\n) AS fitting WHERE FALSE)", indented(&both))
    };
    let fit: Vec<String> = parts.iter().map(fits).collect();
    vec![
        Statement::new("Nothing of an earlier day.", format!("DROP TABLE IF EXISTS {CHECKED}")),
        Statement::new(
            first.about,
            format!(
                "CREATE TEMP TABLE day_checked AS\nSELECT checked.*\nFROM (\n{}\n) AS checked\nWHERE {}",
                indented(&first.sql),
                fit.join("\nAND ")
            ),
        ),
    ]
}

/// Replaces the rows of the day.
pub(super) fn replace(dialect: Dialect, day: Day, part: Part) -> Vec<Statement> {
    let Part { about, table, rows } = part;
    let (names, date) = (rows.names(), dialect.date(day));
    let insert = || format!("INSERT INTO {table} ({names})\n{}", rows.select(Date::First));
    match dialect {
        // In one transaction, so that no reader sees half of a day.
        Dialect::Duckdb => {
            let made = indented(&rows.select(Date::First));
            vec![
                Statement::new(about, "BEGIN"),
                Statement::new(
                    "",
                    format!(
                        "DELETE FROM {table}\nWHERE submission_date = {date} AND EXISTS (FROM {CHECKED})"
                    ),
                ),
                Statement::new(
                    "",
                    format!(
                        "INSERT INTO {table} ({names})\nSELECT made.*\nFROM (\n{made}\n) AS made, {CHECKED}"
                    ),
                ),
                Statement::new("", "COMMIT"),
            ]
        }
        // In one statement, for the same reason; a condition that is never true replaces.
        Dialect::Bigquery => {
            let merge = format!(
                "MERGE INTO {table} AS old\nUSING (\n{}\n) AS made\nON FALSE\n\
                 WHEN NOT MATCHED BY SOURCE AND old.submission_date = {date} THEN\n  DELETE\n\
                 WHEN NOT MATCHED BY TARGET THEN\n  INSERT ({names})\n  VALUES ({names})",
                indented(&rows.select(Date::First))
            );
            vec![Statement::new(about, merge)]
        }
        // The part is named: it is replaced by nothing, too, and its day is no column of the rows.
        Dialect::Spark => {
            let (part, select) = match rows.of_itself {
                false => (format!("submission_date = {date}"), rows.select(Date::Nowhere)),
                // A table may be read and written at once only where rows say which parts are replaced.
                true => ("submission_date".to_string(), rows.select(Date::Last)),
            };
            vec![Statement::new(
                about,
                format!("INSERT OVERWRITE TABLE {table} PARTITION ({part})\n{select}"),
            )]
        }
        // There is no transaction around both: for a moment the day is empty. Its part is dropped at once, where rows that are
        // deleted would be written anew.
        Dialect::Clickhouse => {
            let drop = format!("ALTER TABLE {table} DROP PARTITION '{day}'");
            vec![Statement::new(about, drop), Statement::new("", insert())]
        }
    }
}

pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
