//! What a page is told of a strategy, so that it can say what it comes to at any rate, any lags and any window.

use serde::Serialize;

use super::pieces::Pieces;
use crate::candidate::{Marks, Place};
use crate::forgetting::Forgetting;

/// A strategy.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Its name.
    pub strategy: String,
    /// One line that says what it is.
    pub about: String,
    /// The system that it is a model of.
    pub model_of: Option<String>,
    /// What has to be operated for it.
    pub operates: String,
    /// Where its state is.
    pub place: Place,
    /// When it marks an id as seen.
    pub marks: Marks,
    /// Round trips for a batch.
    pub round_trips: u32,
    /// The window, where it is its own.
    pub own_window_s: Option<f64>,
    /// Whether it has a window at all: what has none remembers everything, or nothing.
    pub has_window: bool,
    /// Whether every id counts that ever comes.
    pub forever: bool,
    /// Whether its window begins with the mark.
    pub since_marked: bool,
    /// Whether all copies of an id come to one worker.
    pub by_key: bool,
    /// Whether a setting says how many ids it is sized for, which are those expected and headroom.
    pub with_headroom: bool,
    /// Settings that are typed: their names, and what they follow.
    pub settings: Vec<(String, &'static str)>,
    /// How large it is: for each choice of how much it may take for copies by mistake.
    pub sizes: Vec<Sizes>,
    /// Ids, nanoseconds a ping and of a batch at the 99th percentile, as measured.
    pub curve: Option<Points>,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Points {
    /// Ids, nanoseconds a ping, nanoseconds of a batch at the 99th percentile.
    pub points: Vec<(u64, f64, f64)>,
    /// Pings a batch.
    pub batch: u32,
}

/// How large a strategy is with a rate of mistakes, and how it forgets. Ids are those that it is sized for.
#[derive(Clone, Debug, Serialize)]
pub struct Sizes {
    /// The setting that was chosen; none where it is its default.
    pub rate: Option<f64>,
    /// Uniques that it takes for copies: so many, and so many more with each id.
    pub false_positives: (f64, f64),
    /// How it forgets.
    pub forgets: Forgetting,
    /// What pings with several copies each are another case for.
    pub several: Vec<Several>,
    /// Whether its times were measured with these settings.
    pub same_settings: bool,
    /// Bytes in the memory of a worker, for the ids of one.
    pub of_worker: Pieces,
    /// Bytes in the memory of all workers together, for all ids: what they share.
    pub of_all: Pieces,
    /// Bytes in the server, for all ids.
    pub server: Pieces,
    /// Bytes on the disks of all workers together, for all ids.
    pub disk: Pieces,
}

/// A window in seconds, and by how much what was sampled of pings with several copies each differs from what formulas say of
/// one: of the share let through, and of that which the nightly job leaves.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Several(pub f64, pub f64, pub Option<f64>);
