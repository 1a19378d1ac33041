//! The first line of each side.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The version that this library speaks.
pub const VERSION: u32 = 1;

/// What the harness says first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol. A system that does not speak it answers with an error.
    #[serde(rename = "dedup-protocol")]
    pub version: u32,
    /// The handle that this process is: which worker, counted from 0. A worker that has crashed is asked for again.
    pub worker: usize,
    /// How many there are.
    pub workers: usize,
    /// Seed for every hash and random choice.
    pub seed: u64,
    /// A directory that all workers share, which outlives them but not the run.
    pub state_dir: PathBuf,
    /// Distinct ids to expect within the window, and in all.
    pub ids_in_window: u64,
    /// See [`Hello::ids_in_window`].
    pub ids_total: u64,
    /// How many seconds of `now` pass in one second of a clock on the wall.
    pub time_factor: f64,
    /// Every setting that the system's file declares: a length of time in nanoseconds, a count, a share, a word.
    pub settings: BTreeMap<String, Value>,
    /// The server that its file describes, if it does: the path of a Unix socket, or `127.0.0.1:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A count, or a length of time in nanoseconds.
    Whole(u64),
    /// A share, above 0 and below 1.
    Share(f64),
    /// A word.
    Word(String),
}

/// What the system answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// The version of the protocol that it speaks.
    #[serde(rename = "dedup-protocol")]
    pub version: u32,
    /// How it writes, and wants to be written to, from here on.
    pub frames: Frames,
    /// What it wants to hear of beside `judge`.
    #[serde(default)]
    pub calls: Calls,
    /// Its own version, as a record keeps it: `NATS 2.9.10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// How requests and replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Frames {
    /// See [`super::binary`].
    Binary,
    /// See [`super::json`].
    Json,
}

/// The calls that a system takes part in, beside `judge`, which is asked of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calls {
    /// It wants to know how pings that were let through ended.
    pub settle: bool,
    /// It wants to hear how time passes, and may hold pings.
    pub advance: bool,
    /// It can say what it holds.
    pub footprint: bool,
}
