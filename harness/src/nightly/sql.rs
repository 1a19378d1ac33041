//! The job as a query, for the engine on which a team would run it.

use std::fmt::Write;

use super::day::Day;
use super::table_name::TableName;

/// An engine's own SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dialect {
    /// GoogleSQL
    Bigquery,
    /// Spark SQL, from 3.0 on
    Spark,
    /// DuckDB, from 1.3 on; the one that `nightly-duckdb` runs
    Duckdb,
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
        match &self.tables {
            // One statement, so that no reader sees half of a day; a condition that is never true replaces.
            Tables::Bigquery { stable, .. } => format!(
                "MERGE INTO {} AS stable\nUSING (\n{}\n) AS kept\nON FALSE\n\
                 WHEN NOT MATCHED BY SOURCE AND stable.submission_timestamp >= {start} AND stable.submission_timestamp < {end} THEN\n  \
                 DELETE\nWHEN NOT MATCHED BY TARGET THEN\n  INSERT ROW;\n",
                stable.in_bigquery(),
                indented(&rows),
            ),
            Tables::Spark { stable, .. } => format!(
                "SET spark.sql.session.timeZone = UTC;\nSET spark.sql.sources.partitionOverwriteMode = dynamic;\n\
                 INSERT OVERWRITE TABLE {}\n{rows};\n",
                stable.in_spark()
            ),
            Tables::Duckdb { stable: Stable::File(file), .. } => format!(
                "SET TimeZone = 'UTC';\nCOPY (\n{}\n) TO {} (FORMAT parquet);\n",
                indented(&rows),
                quoted(file)
            ),
            // In one transaction, for the same reason.
            Tables::Duckdb { stable: Stable::Table(table), .. } => {
                let table = table.in_duckdb();
                format!(
                    "SET TimeZone = 'UTC';\nBEGIN;\nDELETE FROM {table}\nWHERE submission_timestamp >= {start} AND \
                     submission_timestamp < {end};\nINSERT INTO {table}\n{rows};\nCOMMIT;\n"
                )
            }
        }
    }

    fn dialect(&self) -> Dialect {
        match self.tables {
            Tables::Bigquery { .. } => Dialect::Bigquery,
            Tables::Spark { .. } => Dialect::Spark,
            Tables::Duckdb { .. } => Dialect::Duckdb,
        }
    }

    /// The rows that stay of one slice.
    fn slice(&self, start_us: i64, end_us: i64) -> String {
        let dialect = self.dialect();
        let [from, start, end] = [self.day.before(self.preceding_days).start_us(), start_us, end_us]
            .map(|us| literal(dialect, us));
        let first_seen = |live: &str| {
            format!(
                "  SELECT document_id, MIN(submission_timestamp) AS submission_timestamp\n  FROM {live}\n  \
                 WHERE submission_timestamp >= {from} AND submission_timestamp < {end}\n  \
                 GROUP BY document_id\n  HAVING MIN(submission_timestamp) >= {start}\n"
            )
        };
        let of_slice = format!("live.submission_timestamp >= {start} AND live.submission_timestamp < {end}");
        match &self.tables {
            Tables::Bigquery { live, .. } => {
                let live = live.in_bigquery();
                format!(
                    "SELECT live.*\nFROM {live} AS live\nJOIN (\n{}) AS first_seen\n\
                     USING (document_id, submission_timestamp)\nWHERE {of_slice}\n\
                     -- Equal times: any row would do; the fingerprint makes it the same one in every run.\n\
                     QUALIFY ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY FARM_FINGERPRINT(TO_JSON_STRING(live))) = 1",
                    first_seen(&live)
                )
            }
            Tables::Spark { live, .. } => {
                let live = live.in_spark();
                format!(
                    "SELECT kept.*\nFROM (\n  \
                     -- Equal times: any row would do; the hash makes it the same one in every run.\n  \
                     SELECT MIN_BY(STRUCT(live.*), XXHASH64(STRUCT(live.*))) AS kept\n  FROM {live} AS live\n  JOIN (\n{}\n  ) AS first_seen\n  \
                     ON live.document_id = first_seen.document_id AND live.submission_timestamp = first_seen.submission_timestamp\n  \
                     WHERE {of_slice}\n  GROUP BY live.document_id\n)",
                    indented(first_seen(&live).trim_end())
                )
            }
            Tables::Duckdb { live: Live::Files { all, of_day }, .. } => format!(
                "SELECT live.* EXCLUDE (filename, file_row_number)\nFROM {} AS live\nJOIN (\n{}) AS first_seen\n\
                 USING (document_id, submission_timestamp)\nWHERE {of_slice}\n\
                 -- Equal times: any row would do; this is the first of the files.\n\
                 QUALIFY ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY filename, file_row_number) = 1",
                read_parquet(of_day),
                first_seen(&read_parquet(all)),
            ),
            Tables::Duckdb { live: Live::Table(live), .. } => {
                let live = live.in_duckdb();
                format!(
                    "SELECT live.*\nFROM {live} AS live\nJOIN (\n{}) AS first_seen\n\
                     USING (document_id, submission_timestamp)\nWHERE {of_slice}\n\
                     -- Equal times: any row would do; the hash makes it the same one in every run.\n\
                     QUALIFY ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY hash(live)) = 1",
                    first_seen(&live)
                )
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

fn indented(text: &str) -> String {
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
    let kind = match dialect {
        Dialect::Bigquery | Dialect::Spark => "TIMESTAMP",
        Dialect::Duckdb => "TIMESTAMPTZ",
    };
    format!("{kind} '{day} {hour:02}:{minute:02}:{second:02}{fraction}+00:00'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(tables: Tables, preceding_days: u32, slices: u32) -> String {
        Query { tables, day: "2026-03-01".parse().unwrap(), preceding_days, slices }.text()
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
    }

    #[test]
    fn quotes_in_names_of_files_stay_within_them() {
        assert!(read_parquet(&["it's.parquet".to_string()]).starts_with("read_parquet(['it''s.parquet'], "));
    }
}
