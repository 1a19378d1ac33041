//! What strategies are run on: a scenario's stream, or somebody's trace.

use std::time::Duration;

use dedup_strategies::{Sizing, Timestamp};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::clients::Clients;
use crate::faults::Placed;
use crate::scenario::{NightlyConfig, PipelineConfig, Scenario, Submission};
use crate::stream::{KeyShare, OfShare, Source, SourceError};
use crate::trace::{Doubt, TraceError, TraceOptions, TraceSenders, TraceSource, TraceSurvey};

/// A scenario or a trace, ready to be read any number of times.
#[derive(Clone, Debug)]
pub enum Workload {
    /// Generated from a seed.
    Scenario(Box<Scenario>),
    /// Read from a file.
    Trace(Box<Trace>),
}

/// A trace and what one reading of it found: small enough to hand to every cell, so that none has to survey it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trace {
    /// How to read it.
    pub options: TraceOptions,
    /// What makes figures measured on it doubtful.
    #[serde(default)]
    pub doubts: Vec<Doubt>,
    digest: String,
    window: Duration,
    ids_in_window: u64,
    ids_total: u64,
    start_ns: u64,
    end_ns: u64,
    pings: u64,
    /// The pipeline that it is sent through.
    pub pipeline: PipelineConfig,
}

impl Trace {
    /// The trace that `survey` is about.
    pub fn new(options: TraceOptions, survey: &TraceSurvey) -> Self {
        Trace {
            digest: digest(&options, survey),
            options,
            doubts: survey.doubts.clone(),
            window: survey.sizing.window,
            ids_in_window: survey.sizing.ids_in_window,
            ids_total: survey.sizing.ids_total,
            start_ns: survey.first_at.as_nanos(),
            end_ns: survey.last_at.as_nanos(),
            pings: survey.pings_count,
            pipeline: PipelineConfig::default(),
        }
    }

    /// Who sent its pings; none where its options name no fields that say it.
    pub fn senders(&self) -> Result<Option<TraceSenders>, TraceError> {
        TraceSenders::read(&self.options, self.pings)
    }

    fn sizing(&self) -> Sizing {
        Sizing { window: self.window, ids_in_window: self.ids_in_window, ids_total: self.ids_total }
    }

    fn start(&self) -> Timestamp {
        Timestamp::from_nanos(self.start_ns)
    }
}

/// That of its pings, and of the fields that say who sent them: by others other numbers are counted.
fn digest(options: &TraceOptions, survey: &TraceSurvey) -> String {
    let Some(who) = &options.who else { return survey.digest.clone() };
    let fields = serde_json::to_string(who).expect("names of fields are JSON");
    format!("{:032x}", xxh3_128(format!("{} {fields}", survey.digest).as_bytes()))
}

impl Workload {
    /// Its name in tables and records.
    pub fn name(&self) -> &str {
        match self {
            Workload::Scenario(scenario) => &scenario.name,
            Workload::Trace(trace) => &trace.options.name,
        }
    }

    /// Digest of everything that determines the stream but the seed.
    pub fn digest(&self) -> String {
        match self {
            Workload::Scenario(scenario) => scenario.digest(),
            Workload::Trace(trace) => trace.digest.clone(),
        }
    }

    /// What makes figures measured on it doubtful; nothing on a scenario.
    pub fn doubts(&self) -> &[Doubt] {
        match self {
            Workload::Scenario(_) => &[],
            Workload::Trace(trace) => &trace.doubts,
        }
    }

    /// The load to size strategies for.
    pub fn sizing(&self) -> Sizing {
        match self {
            Workload::Scenario(scenario) => scenario.sizing(),
            Workload::Trace(trace) => trace.sizing(),
        }
    }

    /// The seed to use where none is given.
    pub fn seed(&self) -> u64 {
        match self {
            Workload::Scenario(scenario) => scenario.seed,
            Workload::Trace(_) => 1,
        }
    }

    /// The pipeline's shape.
    pub fn pipeline(&self) -> &PipelineConfig {
        match self {
            Workload::Scenario(scenario) => &scenario.pipeline,
            Workload::Trace(trace) => &trace.pipeline,
        }
    }

    /// The pipeline's shape, to change it.
    pub fn pipeline_mut(&mut self) -> &mut PipelineConfig {
        match self {
            Workload::Scenario(scenario) => &mut scenario.pipeline,
            Workload::Trace(trace) => &mut trace.pipeline,
        }
    }

    /// The nightly job that the scenario asks for.
    pub fn nightly(&self) -> Option<NightlyConfig> {
        match self {
            Workload::Scenario(scenario) => scenario.nightly,
            Workload::Trace(_) => None,
        }
    }

    /// What the edge stamps on copies, by number of their cause. A trace's pings are stamped as they arrived.
    pub fn submissions(&self) -> Vec<Submission> {
        let first = std::iter::once(Submission::Fresh);
        match self {
            Workload::Scenario(scenario) => {
                first.chain(scenario.shape.repeats.iter().map(|repeat| repeat.submission)).collect()
            }
            Workload::Trace(_) => Vec::new(),
        }
    }

    /// Who sends the pings of this seed's stream, where it is known.
    pub fn clients(&self, seed: u64) -> Option<Clients> {
        match self {
            Workload::Scenario(scenario) => scenario.clients(seed),
            Workload::Trace(_) => None,
        }
    }

    /// Whether it is known who sends the pings.
    pub fn names_clients(&self) -> bool {
        match self {
            Workload::Scenario(scenario) => scenario.shape.clients.is_some(),
            Workload::Trace(_) => false,
        }
    }

    /// What goes wrong in the pipeline; nothing on a trace.
    pub fn faults(&self) -> &[Placed] {
        match self {
            Workload::Scenario(scenario) => &scenario.faults,
            Workload::Trace(_) => &[],
        }
    }

    /// The same stream through a pipeline in which nothing goes wrong.
    pub fn without_faults(&self) -> Workload {
        let mut faultless = self.clone();
        if let Workload::Scenario(scenario) = &mut faultless {
            scenario.faults.clear();
        }
        faultless
    }

    /// Bytes of a ping's payload; a trace's are not known and count as none.
    pub fn payload_bytes(&self) -> u64 {
        match self {
            Workload::Scenario(scenario) => scenario.payload_bytes,
            Workload::Trace(_) => 0,
        }
    }

    /// When the stream begins, in virtual time.
    pub fn start(&self) -> Timestamp {
        match self {
            Workload::Scenario(scenario) => scenario.start(),
            Workload::Trace(trace) => trace.start(),
        }
    }

    /// How long the stream is, in virtual time; an estimate for scenarios whose length is in pings.
    pub fn length(&self) -> Duration {
        match self {
            Workload::Scenario(scenario) => scenario.virtual_length(),
            Workload::Trace(trace) => Timestamp::from_nanos(trace.end_ns).since(trace.start()),
        }
    }

    /// Its last moment.
    pub fn last(&self) -> Timestamp {
        self.start().plus(self.length().saturating_sub(Duration::from_nanos(1)))
    }

    /// How many pings to expect.
    pub fn expected_pings(&self) -> u64 {
        match self {
            Workload::Scenario(scenario) => scenario.expected_pings(),
            Workload::Trace(trace) => trace.pings,
        }
    }

    /// The pings, from the first.
    pub fn source(&self, seed: u64) -> Result<Box<dyn Source>, SourceError> {
        self.source_of(seed, KeyShare::ALL)
    }

    /// Those that were sent: the same, with what is lost on its way ([`Clients::is_lost`]).
    pub fn sent(&self, seed: u64) -> Result<Box<dyn Source>, SourceError> {
        match self {
            Workload::Scenario(scenario) => Ok(Box::new(scenario.as_sent().stream(seed))),
            Workload::Trace(_) => self.source(seed),
        }
    }

    /// Those of them whose keys are in this share. A scenario's others cost next to nothing; a trace is read as a whole.
    pub fn source_of(&self, seed: u64, share: KeyShare) -> Result<Box<dyn Source>, SourceError> {
        match self {
            Workload::Scenario(scenario) => Ok(Box::new(scenario.stream_of(seed, share))),
            Workload::Trace(trace) => {
                let source =
                    TraceSource::open(&trace.options).map_err(|error| SourceError(error.to_string()))?;
                Ok(of_share(Box::new(source), share))
            }
        }
    }

    /// The same with the numbers that unique pings have in the whole stream, which is made as a whole.
    pub fn source_numbered_as_whole(
        &self,
        seed: u64,
        share: KeyShare,
    ) -> Result<Box<dyn Source>, SourceError> {
        Ok(of_share(self.source(seed)?, share))
    }
}

fn of_share(source: Box<dyn Source>, share: KeyShare) -> Box<dyn Source> {
    if share.is_all() { source } else { Box::new(OfShare::of(source, share)) }
}
