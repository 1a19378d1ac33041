//! Scenarios: one TOML file each, read into a [`Scenario`] that holds nothing but valid values.
//!
//! `file` mirrors the TOML, `check` looks at fields together and builds the [`Scenario`], `library` knows the
//! scenarios that the binary carries. See `docs/SCENARIOS.md` for the format.

mod arrival;
mod check;
mod copies;
mod error;
mod estimate;
mod file;
mod lag;
mod library;
mod units;

#[cfg(test)]
mod tests;

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use dedup_strategies::{Sizing, Timestamp};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::faults::Placed;

pub use arrival::{Arrival, Process, Ramp, Segment};
pub use copies::Copies;
pub use error::ScenarioError;
pub use lag::{Lag, Point};
pub use library::{embedded, find, find_all};
pub use units::parse_bytes;

/// A stream of pings and the pipeline it is meant for, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The TOML text that it was read from.
    pub text: String,
    /// Its name: the file's name without `.toml`; for an embedded one the path below `scenarios/`.
    pub name: String,
    /// What it is, which mistake it brings to light, and where its figures come from.
    pub about: String,
    /// The seed where none is given on the command line.
    pub seed: u64,
    /// How far back duplicates should be recognised: the default of every strategy's window.
    pub window: Duration,
    /// Bytes of one ping's payload; pings that a strategy holds are weighed with it.
    pub payload_bytes: u64,
    /// The pipeline.
    pub pipeline: PipelineConfig,
    /// The nightly job behind the pipeline, where the scenario asks for one.
    pub nightly: Option<NightlyConfig>,
    /// What goes wrong in it, in the order of the file.
    pub faults: Vec<Placed>,
    /// What determines the pings themselves.
    pub shape: Shape,
}

/// What, with a seed, determines every ping.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shape {
    /// What copies have in common.
    pub key: KeyField,
    /// When the stream begins.
    #[serde(serialize_with = "as_nanos")]
    pub start: Timestamp,
    /// When it ends.
    pub length: Length,
    /// When unique pings first arrive.
    pub arrival: Arrival,
    /// Why pings are repeated.
    pub repeats: Vec<Repeat>,
    /// Ids that are broken.
    pub bad_ids: BadIds,
    /// How long before its arrival an event happened; not at all where this is none.
    pub skew: Option<Lag>,
}

/// The pipeline's shape and delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineConfig {
    /// Workers that judge at the same time.
    pub workers: NonZeroUsize,
    /// Pings a batch, at most.
    pub batch: NonZeroUsize,
    /// How long a batch waits to be filled.
    pub linger: Duration,
    /// Time from the verdict to the sink's acknowledgement.
    pub publish_latency: Duration,
    /// Time after which the source delivers again what was refused; it doubles with each further refusal.
    pub redelivery_delay: Duration,
    /// Time after which the source delivers again of what it hears nothing any more. Only matters under faults.
    #[serde(default = "default_ack_deadline", skip_serializing_if = "is_default_ack_deadline")]
    pub ack_deadline: Duration,
    /// How long after a publish a second job marks what it reads back; zero where the worker that published settles.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub mark_lag: Duration,
}

fn default_ack_deadline() -> Duration {
    PipelineConfig::default().ack_deadline
}

fn is_default_ack_deadline(deadline: &Duration) -> bool {
    *deadline == default_ack_deadline()
}

impl Default for PipelineConfig {
    fn default() -> Self {
        check::pipeline(&file::PipelineTable::default())
    }
}

/// The attribute by which copies recognise each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyField {
    /// The UUID that the client gave the ping.
    #[default]
    DocumentId,
    /// The path that the ping was submitted to, which ends in the same UUID where all is well.
    Uri,
}

/// Where a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// After this many pings, copies included.
    Pings(u64),
    /// After this much virtual time.
    Duration(Duration),
}

/// One reason for which pings are repeated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeat {
    /// What it is called in results.
    pub cause: String,
    /// Which unique pings are repeated.
    pub pick: Pick,
    /// Only unique pings that first arrive in this stretch, counted from the start, in nanoseconds.
    pub between_ns: Option<(u64, u64)>,
    /// How often each is repeated.
    pub copies: Copies,
    /// How much later each copy arrives.
    pub lag: Lag,
    /// What the lag is counted from.
    pub from: LagFrom,
    /// The copies' event time.
    pub event_time: EventTime,
    /// The time that the edge stamped on the copies.
    #[serde(skip_serializing_if = "Submission::is_fresh")]
    pub submission: Submission,
    /// Whether they are copies at all.
    pub identity: Identity,
}

/// Which unique pings a cause repeats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// Each with this probability.
    Share(f64),
    /// The first so many.
    First(u64),
}

/// What a copy's lag is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LagFrom {
    /// The first copy.
    First,
    /// The copy before, of the same cause.
    Previous,
}

/// The event time of a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventTime {
    /// That of the first copy.
    #[default]
    Same,
    /// Taken anew on arrival.
    Fresh,
}

/// The `submission_timestamp` of a copy, by which tables are partitioned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Submission {
    /// Stamped anew: the client sent it again.
    #[default]
    Fresh,
    /// That of the first copy: the edge published it again, or the broker delivered it again, as it was.
    Same,
}

impl Submission {
    // For serde, which asks by reference.
    fn is_fresh(&self) -> bool {
        *self == Submission::Fresh
    }
}

/// What a nightly job looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightlyConfig {
    /// Days before its own at which each night looks.
    pub preceding_days: u32,
    /// Parts in which a day is worked off.
    pub slices: u32,
}

impl Default for NightlyConfig {
    fn default() -> Self {
        NightlyConfig { preceding_days: 0, slices: 1 }
    }
}

/// What a repeat is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// A true copy: a duplicate.
    #[default]
    Same,
    /// A different ping that happens to carry the same key: dropping it is a loss.
    Distinct,
}

/// Shares of unique pings with an unusual id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BadIds {
    /// No id at all.
    pub missing: f64,
    /// `foo`.
    pub not_an_id: f64,
    /// `1-1-1-1-1`.
    pub short: f64,
    /// A valid id in upper-case letters: share of all arrivals, copies included, and the same key.
    pub upper_case: f64,
}

impl BadIds {
    /// The share of pings whose id is missing or broken.
    pub fn unusable(&self) -> f64 {
        self.missing + self.not_an_id + self.short
    }

    /// The share of pings whose id a strategy can judge.
    pub fn usable(&self) -> f64 {
        (1.0 - self.unusable()).max(0.0)
    }
}

impl Scenario {
    /// Reads a scenario from the text of a TOML file; `file_label` is what errors call the file, and its last part
    /// without `.toml` becomes the name.
    pub fn from_toml(file_label: &str, text: &str) -> Result<Scenario, ScenarioError> {
        check::scenario(file_label, text)
    }

    /// Reads a scenario from a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Scenario, ScenarioError> {
        let path = path.as_ref();
        let label = path.display().to_string();
        let bytes = fs::read(path).map_err(|cause| ScenarioError::unreadable(&label, &cause.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| ScenarioError::not_utf8(&label, &error))?;
        Scenario::from_toml(&label, &text)
    }

    /// When the stream begins.
    pub fn start(&self) -> Timestamp {
        self.shape.start
    }

    /// What copies have in common.
    pub fn key(&self) -> KeyField {
        self.shape.key
    }

    /// Digest, in hex, of everything but the seed that determines a run's figures: the pings, the window, the
    /// payload, the pipeline and its faults. Name, prose, comments and layout do not change it.
    pub fn digest(&self) -> String {
        // Raised when the same scenario would no longer give the same pings.
        const GENERATION: u32 = 1;
        let parts = (GENERATION, &self.shape, self.window, self.payload_bytes, &self.pipeline);
        let mut canonical = serde_json::to_vec(&parts).expect("plain data always becomes JSON");
        if let Some(nightly) = &self.nightly {
            canonical.extend(serde_json::to_vec(nightly).expect("plain data always becomes JSON"));
        }
        if !self.faults.is_empty() {
            canonical.extend(serde_json::to_vec(&self.faults).expect("plain data always becomes JSON"));
        }
        format!("{:032x}", xxh3_128(&canonical))
    }

    /// About how many pings will come, copies included; exact where the length is a number of pings.
    pub fn expected_pings(&self) -> u64 {
        match self.shape.length {
            Length::Pings(pings) => pings,
            Length::Duration(length) => estimate::pings(&self.shape, length.as_secs_f64()).round() as u64,
        }
    }

    /// About how many of them will be copies of pings that came before.
    pub fn expected_duplicates(&self) -> u64 {
        estimate::duplicates(&self.shape, self.virtual_length().as_secs_f64()).round() as u64
    }

    /// How much virtual time the stream covers; an estimate where the length is a number of pings.
    pub fn virtual_length(&self) -> Duration {
        match self.shape.length {
            Length::Pings(pings) => Duration::from_secs_f64(estimate::seconds(&self.shape, pings)),
            Length::Duration(length) => length,
        }
    }

    /// The load that an engineer would size for: the ordinary traffic at its busiest. A ramp, a replay or a hot key
    /// is not in it: these break what was sized before them.
    pub fn sizing(&self) -> Sizing {
        estimate::sizing(&self.shape, self.window, self.virtual_length())
    }
}

fn as_nanos<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_nanos())
}
