//! What a profile says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lags::LagHistogram;

/// The version that is written, and the only one that is read. Fields may be added within it, and are ignored by who
/// does not know them; it is raised when an old reader could misread a file.
pub const VERSION: u32 = 1;

/// The windows for which ids are counted, in seconds: 1 s to 30 days.
pub const WINDOW_LENGTHS_S: [u64; 21] = [
    1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400, 172_800,
    259_200, 604_800, 1_209_600, 2_592_000,
];

/// What traffic is like, without an id and without a payload. Times are whole microseconds; those of day are UTC.
///
/// Counts add up: `pings_count` = `without_id_count` + `ids_count` + `duplicate_count`; each lag histogram holds
/// `duplicate_count` copies. In a sampled profile ids, duplicates and what counts them are estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The version of this format: 1.
    pub profile: u32,
    /// What the traffic is called: a file's name, or what the user says.
    #[schemars(length(max = 200))]
    pub name: String,
    /// How the figures were got.
    pub origin: Origin,
    /// The part of the ids that was looked at, where it is not all of them.
    #[serde(default)]
    pub sampling: Option<Sampling>,
    /// What times are; without times, a ping counts as a millisecond.
    pub times: Times,
    /// When the first ping came, in microseconds since 1970.
    pub first_at_us: u64,
    /// When the last ping came.
    pub last_at_us: u64,
    /// Pings.
    pub pings_count: u64,
    /// Pings without an id, which are copies of nothing.
    pub without_id_count: u64,
    /// Distinct ids.
    pub ids_count: u64,
    /// Pings whose id came before.
    pub duplicate_count: u64,
    /// Lines that could not be read; no pings.
    #[serde(default)]
    pub unreadable_count: u64,
    /// How late a duplicate comes after the ping before it with the same id: what a window catches that each copy
    /// renews.
    pub lag_from_previous: LagHistogram,
    /// How late a duplicate comes after the first ping with its id.
    pub lag_from_first: LagHistogram,
    /// How often an id comes, ascending by the number of its pings.
    pub copies: Vec<Copies>,
    /// Pings by the hour of the day.
    pub by_hour: HourCounts,
    /// Pings in the minute (of the clock) that has most of them.
    pub busiest_minute_count: u64,
    /// Distinct ids in windows of many lengths, ascending; windows as long as the traffic or longer are left out.
    pub windows: Vec<WindowIds>,
    /// What share of all pings each of the heaviest ids has, largest first.
    #[schemars(length(max = 20))]
    pub heaviest: Vec<f64>,
    /// Pings whose own time is before that of an earlier one; none where there is no order of arrival, as in a table: then pings
    /// count in the order of their times.
    #[serde(default)]
    pub order: Option<Order>,
    /// What speaks against these figures, in sentences.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub doubts: Vec<String>,
}

/// How the figures of a profile were got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Every ping was looked at.
    Exact,
    /// Every ping was counted, and some of the ids were looked at.
    Sampled,
    /// A query made it, where the data is.
    Sql,
}

/// What the times of a profile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// Times of the pings.
    Given,
    /// Those at which the pings were read, as they came.
    Clock,
    /// None: a millisecond stands for a ping, and all lags are numbers of pings.
    Order,
}

/// Which ids were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sampling {
    /// The share of ids at the end; larger before, where memory filled on the way.
    pub rate: f64,
    /// Ids that were looked at at the end.
    pub ids_count: u64,
    /// Half the width of the 95 % interval of the share of duplicates, relative to it; none where no duplicate was seen.
    pub duplicates_error: Option<f64>,
}

/// Ids that come about as often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Copies {
    /// The fewest pings of such an id: exact below 20, else the start of a bin, `20 * 1.1^k` rounded up.
    pub least: u64,
    /// Ids that come so often.
    pub ids: u64,
    /// Their pings.
    pub pings: u64,
}

/// Pings by the hour of the day (UTC), from midnight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HourCounts {
    /// All pings.
    pub pings: [u64; 24],
    /// Those that are no duplicates.
    pub firsts: [u64; 24],
}

/// How many distinct ids a window holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WindowIds {
    /// How long the window is.
    pub length_s: u64,
    /// The most ids in any such window: counted in slices of a 32nd of it that begin with 1970, of which a window
    /// touches 33, so at most a slice too high.
    pub peak_ids: u64,
    /// The mean over all windows that lie within the traffic.
    pub mean_ids: f64,
}

/// How far pings are from being in order of their own times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    /// Pings whose own time is before that of an earlier one. They count as coming at the latest time so far.
    pub back_count: u64,
    /// How far the time goes back at most.
    pub furthest_back_us: u64,
}
