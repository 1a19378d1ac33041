//! How late duplicates come.

use super::dialect::Dialect;
use super::query::Step;
use crate::lags::{LAG_BINS, SHORTEST_US, lag_floor_us};

/// More than any lag.
const END_US: i64 = 1_000_000_000_000_000_000;

pub(super) fn steps(dialect: &dyn Dialect) -> Vec<Step> {
    vec![
        Step::new(
            "p_clocks",
            "1: lags from the ping before, 2: from the first one.",
            dialect.table(&["clock"], &[vec![1], vec![2]]),
        ),
        Step::new(
            "p_lag_bounds",
            "The bins of lags, in microseconds.",
            dialect.table(&["bin", "from_us", "to_us"], &bounds()),
        ),
        Step::new(
            "p_late",
            "Both lags of each duplicate.",
            "SELECT clock, CASE WHEN clock = 1 THEN at_us - previous_us ELSE at_us - first_us END AS lag_us\n\
             FROM p_seen CROSS JOIN p_clocks\nWHERE previous_us IS NOT NULL",
        ),
        Step::new("p_guessed", "A logarithm tells the bin, or the one beside it.", guessed(dialect)),
        Step::new(
            "p_lags",
            "Whole bounds tell which; bin -1 is below a millisecond.",
            "SELECT clock, guess + CASE WHEN lag_us < from_us THEN -1 WHEN lag_us >= to_us THEN 1 ELSE 0 END AS lag_bin,\n  \
             COUNT(*) AS lag_count\nFROM p_guessed JOIN p_lag_bounds ON p_lag_bounds.bin = p_guessed.guess\nGROUP BY 1, 2",
        ),
        Step::new("p_lag_lists", "One row.", lists(dialect)),
    ]
}

fn bounds() -> Vec<Vec<i64>> {
    let to = |bin| if bin + 1 == LAG_BINS { END_US } else { lag_floor_us(bin + 1) as i64 };
    (0..LAG_BINS).map(|bin| vec![bin as i64, lag_floor_us(bin) as i64, to(bin)]).collect()
}

fn guessed(dialect: &dyn Dialect) -> String {
    let (real, whole) = (dialect.real(), dialect.whole());
    let width = libm::log(1.05);
    let bin = format!("FLOOR(LN(CAST(GREATEST(lag_us, {SHORTEST_US}) AS {real}) / {SHORTEST_US}) / {width})");
    format!("SELECT clock, lag_us, LEAST(CAST({bin} AS {whole}), {}) AS guess\nFROM p_late", LAG_BINS - 1)
}

fn lists(dialect: &dyn Dialect) -> String {
    let text = dialect.text();
    let sum = |which: &str| format!("COALESCE(SUM(CASE WHEN {which} THEN lag_count ELSE 0 END), 0)");
    let bins = |clock: u8| {
        let pair = format!("'[' || CAST(lag_bin AS {text}) || ',' || CAST(lag_count AS {text}) || ']'");
        let pair = format!("CASE WHEN clock = {clock} AND lag_bin >= 0 THEN {pair} END");
        format!("COALESCE({}, '')", dialect.list(&pair, "lag_bin"))
    };
    let of = |clock: u8, name: &str| {
        let below = sum(&format!("clock = {clock} AND lag_bin < 0"));
        format!("{below} AS {name}_below,\n  {} AS {name}_bins", bins(clock))
    };
    format!(
        "SELECT {} AS duplicate_count,\n  {},\n  {}\nFROM p_lags",
        sum("clock = 1"),
        of(1, "previous"),
        of(2, "first")
    )
}
