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
    let lines = |lines: [String; 2]| if engine { lines.to_vec() } else { Vec::new() };
    Recipe {
        run: format!("dedup-harness run -p verify -f '^quick$' -s {}", candidate.spec),
        redis_conf,
        flink_sql: lines([
            format!("SET 'table.exec.state.ttl' = '{window} s';"),
            "SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY proctime) AS n FROM pings) \
             WHERE n = 1;"
                .to_string(),
        ]),
        spark: lines([
            format!("pings.withWatermark(\"received\", \"{window} seconds\")"),
            "     .dropDuplicatesWithinWatermark([\"id\"])".to_string(),
        ]),
    }
}
