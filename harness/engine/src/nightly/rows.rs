//! The rows of a day that stay, as a query.

use super::columns::{Columns, Keep};
use super::sql::{Dialect, indented};

/// How rows are told apart that are equal in what counts: what is said of it, and what they are ordered by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tie {
    said: &'static str,
    by: &'static str,
}

/// By what they hold.
pub(super) const FINGERPRINT: Tie = Tie {
    said: "the fingerprint makes it the same one in every run",
    by: "FARM_FINGERPRINT(TO_JSON_STRING(live))",
};
pub(super) const HASH: Tie = Tie { said: "the hash makes it the same one in every run", by: "hash(live)" };
pub(super) const HASH_OF_ALL: Tie =
    Tie { said: "the hash makes it the same one in every run", by: "HASH(live.*)" };
/// Not at all: the engine has no digest of a row.
pub(super) const TIME_ALONE: Tie =
    Tie { said: "which one is not said, and may differ from run to run", by: "" };
/// By their places.
pub(super) const FIRST_OF_FILES: Tie =
    Tie { said: "this is the first of the files", by: "filename, file_row_number" };
pub(super) const LAST_OF_FILES: Tie =
    Tie { said: "this is the last of the files", by: "filename DESC, file_row_number DESC" };

/// Where rows are read from.
pub(super) struct Read {
    /// What of them is taken.
    pub(super) what: &'static str,
    /// Those of the day.
    pub(super) of_day: String,
    /// Those of all days that count.
    pub(super) all: String,
}

impl Read {
    /// A table.
    pub(super) fn table(name: String) -> Read {
        Read { what: "live.*", of_day: name.clone(), all: name }
    }
}

/// The rows of a slice, in an engine's terms.
pub(super) struct Rows {
    id: String,
    time: String,
    version: Option<String>,
    from: String,
    start: String,
    end: String,
}

impl Rows {
    /// Those between the last two of these moments, where the first is the earliest that is looked at.
    pub(super) fn new(columns: &Columns, dialect: Dialect, [from, start, end]: [String; 3]) -> Rows {
        let [id, time] = [&columns.id, &columns.time].map(|name| dialect.column(name));
        let version = columns.version.as_ref().map(|name| dialect.column(name));
        Rows { id, time, version, from, start, end }
    }

    /// Those that stay.
    pub(super) fn that_stay(&self, keep: Keep, read: &Read, tie: Tie) -> String {
        let Rows { id, time, .. } = self;
        let Tie { said, by } = tie;
        let Read { what, of_day, all } = read;
        let of_slice = self.of_slice();
        match keep {
            Keep::First => {
                let by = if by.is_empty() { time } else { by };
                format!(
                    "SELECT {what}\nFROM {of_day} AS live\nJOIN (\n{}) AS first_seen\nUSING ({id}, {time})\nWHERE {of_slice}\n\
                     -- Equal times: any row would do; {said}.\n\
                     QUALIFY ROW_NUMBER() OVER (PARTITION BY {id} ORDER BY {by}) = 1",
                    self.first_seen(all)
                )
            }
            Keep::Last => {
                let (equal, order) = self.last_first(by);
                format!(
                    "SELECT {what}\nFROM {of_day} AS live\nWHERE {of_slice} AND live.{id} IS NOT NULL\n\
                     -- {equal}: any row would do; {said}.\n\
                     QUALIFY ROW_NUMBER() OVER (PARTITION BY live.{id} ORDER BY {order}) = 1"
                )
            }
        }
    }

    /// The order in which the row that stays is the first, with `by` for those that are equal in what counts, and what is
    /// said of these.
    fn last_first(&self, by: &str) -> (&'static str, String) {
        let latest = format!("live.{} DESC NULLS LAST", self.time);
        let (equal, order) = match &self.version {
            None => ("Equally late", latest),
            Some(version) => (
                "Of equal versions the latest. Equally late",
                format!("live.{version} DESC NULLS LAST, {latest}"),
            ),
        };
        (equal, if by.is_empty() { order } else { format!("{order}, {by}") })
    }

    /// The same without QUALIFY, which Spark has not.
    pub(super) fn that_stay_in_spark(&self, keep: Keep, live: &str) -> String {
        const BY: &str = "XXHASH64(STRUCT(live.*))";
        const SAID: &str = "any row would do; the hash makes it the same one in every run";
        let Rows { id, time, .. } = self;
        let of_slice = self.of_slice();
        match keep {
            Keep::First => format!(
                "SELECT kept.*\nFROM (\n  -- Equal times: {SAID}.\n  SELECT MIN_BY(STRUCT(live.*), {BY}) AS kept\n  \
                 FROM {live} AS live\n  JOIN (\n{}\n  ) AS first_seen\n  \
                 ON live.{id} = first_seen.{id} AND live.{time} = first_seen.{time}\n  WHERE {of_slice}\n  GROUP BY live.{id}\n)",
                indented(self.first_seen(live).trim_end()),
            ),
            Keep::Last => {
                let (equal, order) = self.last_first(BY);
                format!(
                    "SELECT kept.*\nFROM (\n  -- {equal}: {SAID}.\n  SELECT STRUCT(live.*) AS kept,\n    \
                     ROW_NUMBER() OVER (PARTITION BY live.{id} ORDER BY {order}) AS place\n  FROM {live} AS live\n  \
                     WHERE {of_slice} AND live.{id} IS NOT NULL\n)\nWHERE place = 1"
                )
            }
        }
    }

    /// The same in ClickHouse, where the name of a minimum would stand for the column, too.
    pub(super) fn that_stay_in_clickhouse(&self, keep: Keep, live: &str) -> String {
        let (said, which, order) = self.one_of_each(keep, live, "toString(tuple(live.*))");
        format!(
            "SELECT kept.*\nFROM (\n  SELECT live.*\n  FROM {live} AS live\n  WHERE {which}\n  -- {said}\n  ORDER BY {order}\n  \
             LIMIT 1 BY live.{id}\n) AS kept",
            id = self.id,
        )
    }

    /// The same in PostgreSQL, which has no QUALIFY.
    pub(super) fn that_stay_in_postgres(&self, keep: Keep, live: &str) -> String {
        let (said, which, order) = self.one_of_each(keep, live, "CAST(live AS TEXT)");
        format!(
            "SELECT kept.*\nFROM (\n  SELECT DISTINCT ON (live.{id}) live.*\n  FROM {live} AS live\n  WHERE {which}\n  -- {said}\n  \
             ORDER BY live.{id}, {order}\n) AS kept",
            id = self.id,
        )
    }

    /// For engines that take the first row of each id by an order of their own: what is said of rows that are equal in what
    /// counts, the condition, and the order, in which `text` is a row as text.
    fn one_of_each(&self, keep: Keep, live: &str, text: &str) -> (String, String, String) {
        const SAID: &str = "any row would do; its text makes it the same one in every run.";
        let Rows { id, time, from, start, end, .. } = self;
        let of_slice = self.of_slice();
        match keep {
            Keep::First => {
                let first_seen = format!(
                    "    SELECT {id}, MIN({time})\n    FROM {live}\n    WHERE {time} >= {from} AND {time} < {end}\n    \
                     GROUP BY {id}\n    HAVING MIN({time}) >= {start}\n"
                );
                let which = format!("{of_slice} AND (live.{id}, live.{time}) IN (\n{first_seen}  )");
                (format!("Equal times: {SAID}"), which, text.to_string())
            }
            Keep::Last => {
                let (equal, order) = self.last_first(text);
                (format!("{equal}: {SAID}"), format!("{of_slice} AND live.{id} IS NOT NULL"), order)
            }
        }
    }

    fn of_slice(&self) -> String {
        let Rows { time, start, end, .. } = self;
        format!("live.{time} >= {start} AND live.{time} < {end}")
    }

    fn first_seen(&self, live: &str) -> String {
        let Rows { id, time, from, start, end, .. } = self;
        format!(
            "  SELECT {id}, MIN({time}) AS {time}\n  FROM {live}\n  WHERE {time} >= {from} AND {time} < {end}\n  \
             GROUP BY {id}\n  HAVING MIN({time}) >= {start}\n"
        )
    }
}
