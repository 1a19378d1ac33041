//! What was predicted beside what was seen.

use serde::Serialize;

use crate::candidate::Candidate;

/// A candidate put to the test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// Its strategy.
    pub strategy: String,
    /// Its window in seconds; none where it has none.
    pub window_s: Option<f64>,
    /// The stream, in words.
    pub stream: String,
    /// What came of it.
    pub outcome: Outcome<Seen>,
    /// What came of a failover of its server; none where it has none, or none is asked for.
    pub failover: Option<Outcome<FailedOver>>,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome<T> {
    /// It was run.
    Seen(T),
    /// It was not, and why.
    NotRun(String),
}

/// Figures of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// Pings that came.
    pub pings: u64,
    /// Copies among them.
    pub copies: u64,
    /// The share of the copies that was let through.
    pub live: Beside,
    /// The share of the copies that the nightly job left, where there is one.
    pub stable: Option<Beside>,
    /// Unique pings that were lost; what is predicted is an upper bound where false positives are in it.
    pub lost: Beside,
}

/// Figures of a failover, each of what it added to the same stream without it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FailedOver {
    /// Seconds of the stream that a primary was away.
    pub outage_s: f64,
    /// Seconds of the stream that passed in a real one.
    pub time_factor: f64,
    /// Pings that came.
    pub pings: u64,
    /// Duplicates delivered.
    pub delivered: Beside,
    /// Unique pings lost.
    pub lost: Beside,
}

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// What the formulas say.
    pub predicted: f64,
    /// What was counted.
    pub seen: f64,
}

impl Checked {
    /// Of a candidate.
    pub fn of(candidate: &Candidate, stream: String, outcome: Outcome<Seen>) -> Checked {
        let (strategy, window_s) = (candidate.strategy.clone(), candidate.window_s);
        Checked { strategy, window_s, stream, outcome, failover: None }
    }
}
