//! The job as a query, for the engine on which a team would run it.

use std::fmt::Write;

use super::columns::{ColumnName, Columns, Keep};
use super::day::Day;
use super::rows::{self, Read, Rows};
use super::table_name::TableName;

/// An engine's own SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// GoogleSQL
    Bigquery,
    /// Spark SQL, from 3.0 on
    Spark,
    /// Snowflake
    Snowflake,
    /// Amazon Redshift
    Redshift,
    /// ClickHouse, from 24.4 on
    Clickhouse,
    /// PostgreSQL, from 12 on
    Postgres,
    /// DuckDB, from 1.3 on; the one that `nightly-duckdb` runs
    Duckdb,
}

impl Dialect {
    /// A column as the dialect has it.
    pub(super) fn column(self, name: &ColumnName) -> String {
        match self {
            Dialect::Bigquery | Dialect::Spark | Dialect::Clickhouse => name.within('`'),
            Dialect::Redshift | Dialect::Postgres | Dialect::Duckdb => name.within('"'),
            Dialect::Snowflake => name.in_snowflake(),
        }
    }
}

/// Where the rows are, and where those go that stay, in the terms of an engine.
#[derive(Clone, Debug)]
pub enum Tables {
    /// Tables of BigQuery.
    Bigquery {
        /// The live one.
        live: TableName,
        /// The stable one.
        stable: TableName,
    },
    /// Tables of Spark.
    Spark {
        /// The live one.
        live: TableName,
        /// The stable one.
        stable: TableName,
    },
    /// Tables of Snowflake.
    Snowflake {
        /// The live one.
        live: TableName,
        /// The stable one.
        stable: TableName,
    },
    /// Tables of Redshift.
    Redshift {
        /// The live one.
        live: TableName,
        /// The stable one.
        stable: TableName,
    },
    /// Tables of ClickHouse.
    Clickhouse {
        /// The live one.
        live: TableName,
        /// The stable one.
        stable: TableName,
    },
    /// Tables of PostgreSQL.
    Postgres {
        /// The live one.
        live: TableName,
        /// The stable one.
        stable: TableName,
    },
    /// What DuckDB reads and writes.
    Duckdb {
        /// The live rows.
        live: Live,
        /// Where those that stay go.
        stable: Stable,
    },
}

/// What DuckDB reads.
#[derive(Clone, Debug)]
pub enum Live {
    /// Parquet files, or patterns of such.
    Files {
        /// Those of all days that count.
        all: Vec<String>,
        /// Those of the day alone.
        of_day: Vec<String>,
    },
    /// A table.
    Table(TableName),
}

/// What DuckDB writes.
#[derive(Clone, Debug)]
pub enum Stable {
    /// A Parquet file.
    File(String),
    /// A table.
    Table(TableName),
}

/// Which day of what.
#[derive(Clone, Debug)]
pub struct Query {
    /// Where the rows are and go.
    pub tables: Tables,
    /// The columns that count.
    pub columns: Columns,
    /// Which row of an id stays; the last is that of the whole day, without any before.
    pub keep: Keep,
    /// The day.
    pub day: Day,
    /// Days before it that are looked at.
    pub preceding_days: u32,
    /// Parts of the day.
    pub slices: u32,
}

impl Query {
    /// The statement that replaces the day's partition.
    pub fn text(&self) -> String {
        let slices: Vec<String> =
            self.day.cuts(self.slices).map(|(start, end)| self.slice(start, end)).collect();
        let rows = slices.join("\nUNION ALL\n");
        let dialect = self.dialect();
        let [start, end] = [self.day.start_us(), self.day.end_us()].map(|us| literal(dialect, us));
        let time = dialect.column(&self.columns.time);
        // In one transaction, so that no reader sees half of a day.
        let replaced = |session: &str, table: String| {
            format!(
                "{session}\nBEGIN;\nDELETE FROM {table}\nWHERE {time} >= {start} AND {time} < {end};\n\
                 INSERT INTO {table}\n{rows};\nCOMMIT;\n"
            )
        };
        match &self.tables {
            // One statement, for the same reason; a condition that is never true replaces.
            Tables::Bigquery { stable, .. } => format!(
                "MERGE INTO {} AS stable\nUSING (\n{}\n) AS kept\nON FALSE\n\
                 WHEN NOT MATCHED BY SOURCE AND stable.{time} >= {start} AND stable.{time} < {end} THEN\n  \
                 DELETE\nWHEN NOT MATCHED BY TARGET THEN\n  INSERT ROW;\n",
                stable.in_bigquery(),
                indented(&rows),
            ),
            Tables::Spark { stable, .. } => format!(
                "SET spark.sql.session.timeZone = UTC;\nSET spark.sql.sources.partitionOverwriteMode = dynamic;\n\
                 INSERT OVERWRITE TABLE {}\n{rows};\n",
                stable.in_spark()
            ),
            Tables::Snowflake { stable, .. } => {
                replaced("ALTER SESSION SET TIMEZONE = 'UTC';", stable.in_snowflake())
            }
            Tables::Redshift { stable, .. } | Tables::Postgres { stable, .. } => {
                replaced("SET timezone TO 'UTC';", stable.in_duckdb())
            }
            Tables::Clickhouse { stable, .. } => {
                let table = stable.in_clickhouse();
                format!(
                    "-- There is no transaction around both: for a moment the day is empty.\n\
                     DELETE FROM {table}\nWHERE {time} >= {start} AND {time} < {end};\nINSERT INTO {table}\n{rows};\n"
                )
            }
            Tables::Duckdb { stable: Stable::File(file), .. } => format!(
                "SET TimeZone = 'UTC';\nCOPY (\n{}\n) TO {} (FORMAT parquet);\n",
                indented(&rows),
                quoted(file)
            ),
            Tables::Duckdb { stable: Stable::Table(table), .. } => {
                replaced("SET TimeZone = 'UTC';", table.in_duckdb())
            }
        }
    }

    fn dialect(&self) -> Dialect {
        match self.tables {
            Tables::Bigquery { .. } => Dialect::Bigquery,
            Tables::Spark { .. } => Dialect::Spark,
            Tables::Snowflake { .. } => Dialect::Snowflake,
            Tables::Redshift { .. } => Dialect::Redshift,
            Tables::Clickhouse { .. } => Dialect::Clickhouse,
            Tables::Postgres { .. } => Dialect::Postgres,
            Tables::Duckdb { .. } => Dialect::Duckdb,
        }
    }

    /// The rows that stay of one slice.
    fn slice(&self, start_us: i64, end_us: i64) -> String {
        let dialect = self.dialect();
        let [from, start, end] = [self.day.before(self.preceding_days).start_us(), start_us, end_us]
            .map(|us| literal(dialect, us));
        let rows = Rows::new(&self.columns, dialect, [from, start, end]);
        // Equal rows of files are told apart by their places, those of tables by what they hold.
        let in_table = |live: String, tie| rows.that_stay(self.keep, &Read::table(live), tie);
        match &self.tables {
            Tables::Bigquery { live, .. } => in_table(live.in_bigquery(), rows::FINGERPRINT),
            Tables::Spark { live, .. } => rows.that_stay_in_spark(self.keep, &live.in_spark()),
            Tables::Snowflake { live, .. } => in_table(live.in_snowflake(), rows::HASH_OF_ALL),
            Tables::Redshift { live, .. } => in_table(live.in_duckdb(), rows::TIME_ALONE),
            Tables::Clickhouse { live, .. } => rows.that_stay_in_clickhouse(self.keep, &live.in_clickhouse()),
            Tables::Postgres { live, .. } => rows.that_stay_in_postgres(self.keep, &live.in_duckdb()),
            Tables::Duckdb { live: Live::Table(live), .. } => in_table(live.in_duckdb(), rows::HASH),
            Tables::Duckdb { live: Live::Files { all, of_day }, .. } => {
                let read = Read {
                    what: "live.* EXCLUDE (filename, file_row_number)",
                    of_day: read_parquet(of_day),
                    all: read_parquet(all),
                };
                let tie = match self.keep {
                    Keep::First => rows::FIRST_OF_FILES,
                    Keep::Last => rows::LAST_OF_FILES,
                };
                rows.that_stay(self.keep, &read, tie)
            }
        }
    }
}

/// DuckDB's expression for the rows of these files, or patterns of files. Their numbers and names tell equal rows apart.
pub(super) fn read_parquet(files: &[String]) -> String {
    let files: Vec<String> = files.iter().map(|file| quoted(file)).collect();
    // Else the partition's directory would become a column.
    format!(
        "read_parquet([{}], hive_partitioning = false, filename = true, file_row_number = true)",
        files.join(", ")
    )
}

/// Text as SQL has it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn indented(text: &str) -> String {
    let mut indented = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let _ = writeln!(indented, "  {line}");
    }
    indented.truncate(indented.trim_end().len());
    indented
}

/// A moment, with its offset, so that no session's time zone matters.
fn literal(dialect: Dialect, us: i64) -> String {
    let day = Day::of_micros(us);
    let within = us - day.start_us();
    let (seconds, micros) = (within / 1_000_000, within % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let fraction = if micros > 0 { format!(".{micros:06}") } else { String::new() };
    let moment = |gap| format!("'{day}{gap}{hour:02}:{minute:02}:{second:02}{fraction}+00:00'");
    match dialect {
        Dialect::Bigquery | Dialect::Spark => format!("TIMESTAMP {}", moment(" ")),
        Dialect::Duckdb | Dialect::Postgres => format!("TIMESTAMPTZ {}", moment(" ")),
        Dialect::Clickhouse => {
            format!("toDateTime64('{day} {hour:02}:{minute:02}:{second:02}.{micros:06}', 6, 'UTC')")
        }
        Dialect::Snowflake => format!("{}::TIMESTAMP_TZ", moment("T")),
        Dialect::Redshift => format!("{}::TIMESTAMPTZ", moment(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(tables: Tables, preceding_days: u32, slices: u32) -> String {
        let (columns, keep) = (Columns::default(), Keep::First);
        Query { tables, columns, keep, day: "2026-03-01".parse().unwrap(), preceding_days, slices }.text()
    }

    /// The last row of each id, by a column of versions, with columns of other names.
    fn last(tables: Tables) -> String {
        let [id, time, version] = ["id", "order", "it's \"new\""].map(|name| name.parse().unwrap());
        let columns = Columns { id, time, version: Some(version) };
        let day = "2026-03-01".parse().unwrap();
        Query { tables, columns, keep: Keep::Last, day, preceding_days: 0, slices: 1 }.text()
    }

    fn names() -> [TableName; 2] {
        ["telemetry_live.main_v5", "telemetry_stable.main_v5"].map(|name| name.parse().unwrap())
    }

    #[test]
    fn the_queries_read_as_they_should() {
        let [live, stable] = names();
        let bigquery = Tables::Bigquery { live: live.clone(), stable: stable.clone() };
        insta::assert_snapshot!("bigquery", query(bigquery.clone(), 0, 1));
        insta::assert_snapshot!("bigquery_sliced", query(bigquery, 1, 7));
        let spark = Tables::Spark { live: live.clone(), stable: stable.clone() };
        insta::assert_snapshot!("spark", query(spark, 0, 1));
        let files = || vec!["live/submission_date=2026-03-01/*.parquet".to_string()];
        let files = Live::Files { all: files(), of_day: files() };
        let file = Stable::File("stable/submission_date=2026-03-01.parquet".to_string());
        insta::assert_snapshot!("duckdb", query(Tables::Duckdb { live: files, stable: file }, 0, 1));
        let tables = Tables::Duckdb { live: Live::Table(live), stable: Stable::Table(stable) };
        insta::assert_snapshot!("duckdb_tables", query(tables, 0, 1));
        let [live, stable] = names();
        let snowflake = Tables::Snowflake { live: live.clone(), stable: stable.clone() };
        insta::assert_snapshot!("snowflake", query(snowflake, 1, 1));
        let redshift = Tables::Redshift { live: live.clone(), stable: stable.clone() };
        insta::assert_snapshot!("redshift", query(redshift, 1, 1));
        let clickhouse = Tables::Clickhouse { live: live.clone(), stable: stable.clone() };
        insta::assert_snapshot!("clickhouse", query(clickhouse, 1, 2));
        insta::assert_snapshot!("postgres", query(Tables::Postgres { live, stable }, 1, 2));
    }

    #[test]
    fn the_last_row_and_columns_of_other_names_read_as_they_should() {
        let [live, stable] = names();
        let of = |tables: fn(TableName, TableName) -> Tables| last(tables(live.clone(), stable.clone()));
        let all = [
            of(|live, stable| Tables::Bigquery { live, stable }),
            of(|live, stable| Tables::Spark { live, stable }),
            of(|live, stable| Tables::Snowflake { live, stable }),
            of(|live, stable| Tables::Redshift { live, stable }),
            of(|live, stable| Tables::Clickhouse { live, stable }),
            of(|live, stable| Tables::Postgres { live, stable }),
            of(|live, stable| Tables::Duckdb { live: Live::Table(live), stable: Stable::Table(stable) }),
        ];
        insta::assert_snapshot!("last", all.join("\n"));
    }

    #[test]
    fn quotes_in_names_of_files_stay_within_them() {
        assert!(read_parquet(&["it's.parquet".to_string()]).starts_with("read_parquet(['it''s.parquet'], "));
    }
}
