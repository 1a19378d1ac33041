//! What to do: the lines to type and to put into files.

use serde::Serialize;

use crate::candidate::{Candidate, Place};
use crate::decision::Decision;
use crate::loss::Assessment;

/// Lines, each group under its heading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recipe {
    /// How to see it run.
    pub run: String,
    /// Lines for `redis.conf`; none where there is no server.
    pub redis_conf: Vec<String>,
    /// Lines for Flink SQL; none where no engine keeps the window.
    pub flink_sql: Vec<String>,
    /// Lines for Spark; none where no engine keeps the window.
    pub spark: Vec<String>,
}

/// Where the window goes, in seconds.
pub(crate) const WINDOW: &str = "{window}";

/// State is written with the first row of an id alone, so that it lives so long from there.
pub(crate) const FLINK_SQL: [&str; 5] = [
    "-- pings has the columns id, and proctime AS PROCTIME()",
    "-- the window is counted from the first ping of an id; no copy prolongs it",
    "SET 'table.exec.state.ttl' = '{window} s';",
    "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (",
    "  PARTITION BY id ORDER BY proctime ASC) AS n FROM pings) WHERE n = 1;",
];

/// In Python; copies are dropped that come within the watermark's delay of the first.
pub(crate) const SPARK: [&str; 2] = [
    "first = (pings.withWatermark(\"received\", \"{window} seconds\")",
    "         .dropDuplicatesWithinWatermark([\"id\"]))",
];

/// What to do for a candidate.
pub fn recipe(candidate: &Candidate, found: &Assessment, _: &Decision) -> Recipe {
    let window = candidate.window_s.unwrap_or(0.0).round() as u64;
    let redis_conf = match candidate.place.is_server() {
        true => vec![
            format!("maxmemory {}mb", (found.maxmemory / 1_048_576.0).ceil() as u64),
            "maxmemory-policy noeviction".to_string(),
        ],
        false => Vec::new(),
    };
    let engine = candidate.place == Place::Engine && window > 0;
    let lines = |lines: &[&str]| -> Vec<String> {
        let shown = lines.iter().filter(|_| engine);
        shown.map(|line| line.replace(WINDOW, &window.to_string())).collect()
    };
    Recipe {
        run: format!("dedup-harness run -p verify -f '^quick$' -s {}", candidate.spec),
        redis_conf,
        flink_sql: lines(&FLINK_SQL),
        spark: lines(&SPARK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::decide;
    use crate::needs::Needs;
    use crate::testing::{candidate, traffic};

    #[test]
    fn lines_for_an_engine_have_the_window_in_them_and_can_be_pasted() {
        let recipe_of = |place: Place| {
            let mut candidate = candidate("model", place);
            candidate.window_s = Some(600.0);
            let decision = decide(&traffic(), &Needs::default(), std::slice::from_ref(&candidate));
            let judged = decision.survivors.iter().chain(&decision.excluded).next().unwrap();
            recipe(&candidate, &judged.assessment, &decision)
        };
        let Recipe { flink_sql, spark, .. } = recipe_of(Place::Engine);
        assert!(flink_sql.contains(&"SET 'table.exec.state.ttl' = '600 s';".to_string()), "{flink_sql:?}");
        assert!(spark[0].contains("\"600 seconds\""), "{spark:?}");
        for lines in [&flink_sql, &spark] {
            let text = lines.join("\n");
            let count = |letter: char| text.matches(letter).count();
            assert_eq!((count('('), count('[')), (count(')'), count(']')), "{text}");
            assert!(!text.contains('{') && lines.iter().all(|line| line.len() <= 78), "{text}");
        }
        // A method that begins a line of Python stands in parentheses.
        assert!(spark[0].starts_with("first = (") && spark[1].trim_start().starts_with('.'), "{spark:?}");
        assert!(recipe_of(Place::Disk).spark.is_empty());
    }
}
