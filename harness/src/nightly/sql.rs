//! The job as a query, for the engine on which a team would run it.

use std::fmt::Write;

use super::day::Day;

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

/// Which day of what.
#[derive(Clone, Debug)]
pub struct Query {
    /// The live table: a name; for DuckDB the expression that reads the files of the days that count.
    pub live: String,
    /// The same for the day alone; only DuckDB reads it apart.
    pub live_day: String,
    /// Where the result goes: a table's name; for DuckDB a file.
    pub stable: String,
    /// The day.
    pub day: Day,
    /// Days before it that are looked at.
    pub preceding_days: u32,
    /// Parts of the day.
    pub slices: u32,
}

impl Query {
    /// The statement that replaces the day's partition.
    pub fn text(&self, dialect: Dialect) -> String {
        let slices: Vec<String> =
            self.day.cuts(self.slices).map(|(start, end)| self.slice(dialect, start, end)).collect();
        let rows = slices.join("\nUNION ALL\n");
        let Query { stable, day, .. } = self;
        match dialect {
            // One statement, so that no reader sees half of a day; a condition that is never true replaces.
            Dialect::Bigquery => format!(
                "MERGE INTO `{stable}` AS stable\nUSING (\n{}\n) AS kept\nON FALSE\n\
                 WHEN NOT MATCHED BY SOURCE AND stable.submission_timestamp >= {} AND stable.submission_timestamp < {} THEN\n  \
                 DELETE\nWHEN NOT MATCHED BY TARGET THEN\n  INSERT ROW;\n",
                indented(&rows),
                literal(dialect, day.start_us()),
                literal(dialect, day.end_us()),
            ),
            Dialect::Spark => format!(
                "SET spark.sql.session.timeZone = UTC;\nSET spark.sql.sources.partitionOverwriteMode = dynamic;\n\
                 INSERT OVERWRITE TABLE {stable}\n{rows};\n"
            ),
            Dialect::Duckdb => format!(
                "SET TimeZone = 'UTC';\nCOPY (\n{}\n) TO {} (FORMAT parquet);\n",
                indented(&rows),
                quoted(stable)
            ),
        }
    }

    /// The rows that stay of one slice.
    fn slice(&self, dialect: Dialect, start_us: i64, end_us: i64) -> String {
        let [from, start, end] = [self.day.before(self.preceding_days).start_us(), start_us, end_us]
            .map(|us| literal(dialect, us));
        let live = match dialect {
            Dialect::Bigquery => format!("`{}`", self.live),
            Dialect::Spark | Dialect::Duckdb => self.live.clone(),
        };
        let first_seen = format!(
            "  SELECT document_id, MIN(submission_timestamp) AS submission_timestamp\n  FROM {live}\n  \
             WHERE submission_timestamp >= {from} AND submission_timestamp < {end}\n  \
             GROUP BY document_id\n  HAVING MIN(submission_timestamp) >= {start}\n"
        );
        let of_slice = format!("live.submission_timestamp >= {start} AND live.submission_timestamp < {end}");
        match dialect {
            Dialect::Bigquery => format!(
                "SELECT live.*\nFROM {live} AS live\nJOIN (\n{first_seen}) AS first_seen\n\
                 USING (document_id, submission_timestamp)\nWHERE {of_slice}\n\
                 -- Equal times: any row would do; the fingerprint makes it the same one in every run.\n\
                 QUALIFY ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY FARM_FINGERPRINT(TO_JSON_STRING(live))) = 1"
            ),
            Dialect::Spark => format!(
                "SELECT kept.*\nFROM (\n  \
                 -- Equal times: any row would do; the hash makes it the same one in every run.\n  \
                 SELECT MIN_BY(STRUCT(live.*), XXHASH64(STRUCT(live.*))) AS kept\n  FROM {live} AS live\n  JOIN (\n{}\n  ) AS first_seen\n  \
                 ON live.document_id = first_seen.document_id AND live.submission_timestamp = first_seen.submission_timestamp\n  \
                 WHERE {of_slice}\n  GROUP BY live.document_id\n)",
                indented(first_seen.trim_end())
            ),
            Dialect::Duckdb => format!(
                "SELECT live.* EXCLUDE (filename, file_row_number)\nFROM {} AS live\nJOIN (\n{first_seen}) AS first_seen\n\
                 USING (document_id, submission_timestamp)\nWHERE {of_slice}\n\
                 -- Equal times: any row would do; this is the first of the files.\n\
                 QUALIFY ROW_NUMBER() OVER (PARTITION BY document_id ORDER BY filename, file_row_number) = 1",
                self.live_day
            ),
        }
    }
}

/// DuckDB's expression for the rows of these files, or patterns of files. Their numbers and names tell equal rows apart.
pub fn read_parquet<T: AsRef<str>>(files: impl IntoIterator<Item = T>) -> String {
    let files: Vec<String> = files.into_iter().map(|file| quoted(file.as_ref())).collect();
    // Else the partition's directory would become a column.
    format!(
        "read_parquet([{}], hive_partitioning = false, filename = true, file_row_number = true)",
        files.join(", ")
    )
}

fn quoted(text: &str) -> String {
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
