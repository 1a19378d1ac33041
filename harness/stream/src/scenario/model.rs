//! What a scenario says, once it is read and checked.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use dedup_strategies::Timestamp;
use serde::{Deserialize, Serialize};

use super::arrival::Arrival;
use super::copies::Copies;
use super::lag::Lag;
use crate::clients::{ClientsSpec, Condition};
use crate::faults::Placed;

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
    /// Only one key in so many is left, with all its copies; all where this is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thin: Option<NonZeroU64>,
    /// Who sends the pings; nobody in particular where this is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientsSpec>,
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
    /// Time after which the source delivers again of what it hears nothing any more. Only matters under faults, and
    /// where deadlines are fixed.
    #[serde(default = "default_ack_deadline", skip_serializing_if = "is_default_ack_deadline")]
    pub ack_deadline: Duration,
    /// Whether workers extend the deadlines of what they have in hand.
    #[serde(default, skip_serializing_if = "Deadlines::are_extended")]
    pub deadlines: Deadlines,
    /// Which worker a ping goes to.
    #[serde(default, skip_serializing_if = "Routed::is_by_key")]
    pub routed: Routed,
    /// How long after a publish a second job marks what it reads back; zero where the worker that published settles.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub mark_lag: Duration,
}

impl PipelineConfig {
    /// Whether a ping is acked before its deadline, however long its batch waits, where nobody extends it.
    pub fn acks_in_time(&self) -> bool {
        self.linger.saturating_add(self.publish_latency) <= self.ack_deadline
    }
}

/// What becomes of the ack deadline of a delivery that a worker has in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadlines {
    /// The worker extends it for as long as it lives.
    #[default]
    Extended,
    /// It passes, and the source delivers the ping again, whatever the worker is about to do with it.
    Fixed,
}

impl Deadlines {
    // For serde, which asks by reference.
    fn are_extended(&self) -> bool {
        *self == Deadlines::Extended
    }
}

/// Which worker a ping goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Routed {
    /// To the one that its key names, where workers have state of their own; else to whoever pulls.
    #[default]
    ByKey,
    /// To any, by chance, as behind a balancer that knows nothing of keys.
    Random,
}

impl Routed {
    // For serde, which asks by reference.
    fn is_by_key(&self) -> bool {
        *self == Routed::ByKey
    }
}

fn default_ack_deadline() -> Duration {
    PipelineConfig::default().ack_deadline
}

fn is_default_ack_deadline(deadline: &Duration) -> bool {
    *deadline == default_ack_deadline()
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
    /// Which of the picked pings are repeated, by who sent them and what for; all where this is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Condition>,
}

impl Repeat {
    /// About which share of the pings that are picked is repeated.
    pub fn share_that_meets(&self) -> f64 {
        self.only.as_ref().map_or(1.0, |only| only.share)
    }
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

fn as_nanos<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_nanos())
}
