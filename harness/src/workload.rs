//! What strategies are run on: a scenario's stream, or somebody's trace.

use std::time::Duration;

use dedup_strategies::{Sizing, Timestamp};

use crate::scenario::{PipelineConfig, Scenario};
use crate::stream::{Source, SourceError};
use crate::trace::{TraceOptions, TraceSource, TraceSurvey};

/// A scenario or a trace, ready to be read any number of times.
#[derive(Clone, Debug)]
pub enum Workload {
    /// Generated from a seed.
    Scenario(Box<Scenario>),
    /// Read from a file.
    Trace(Box<Trace>),
}

/// A trace and what one reading of it found.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its name in tables and records: `trace:` and the file's name.
    pub name: String,
    /// How to read it.
    pub options: TraceOptions,
    /// What is in it.
    pub survey: TraceSurvey,
    /// The pipeline that it is sent through.
    pub pipeline: PipelineConfig,
}

impl Workload {
    /// Its name in tables and records.
    pub fn name(&self) -> &str {
        match self {
            Workload::Scenario(scenario) => &scenario.name,
            Workload::Trace(trace) => &trace.name,
        }
    }

    /// Digest of everything that determines the stream but the seed.
    pub fn digest(&self) -> String {
        match self {
            Workload::Scenario(scenario) => scenario.digest(),
            Workload::Trace(trace) => trace.survey.digest.clone(),
        }
    }

    /// The load to size strategies for.
    pub fn sizing(&self) -> Sizing {
        match self {
            Workload::Scenario(scenario) => scenario.sizing(),
            Workload::Trace(trace) => trace.survey.sizing,
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
            Workload::Trace(trace) => trace.survey.start,
        }
    }

    /// How long the stream is, in virtual time; an estimate for scenarios whose length is in pings.
    pub fn length(&self) -> Duration {
        match self {
            Workload::Scenario(scenario) => scenario.virtual_length(),
            Workload::Trace(trace) => trace.survey.end.since(trace.survey.start),
        }
    }

    /// How many pings to expect.
    pub fn expected_pings(&self) -> u64 {
        match self {
            Workload::Scenario(scenario) => scenario.expected_pings(),
            Workload::Trace(trace) => trace.survey.pings,
        }
    }

    /// The pings, from the first.
    pub fn source(&self, seed: u64) -> Result<Box<dyn Source>, SourceError> {
        match self {
            Workload::Scenario(scenario) => Ok(Box::new(scenario.stream(seed))),
            Workload::Trace(trace) => {
                let source = TraceSource::open(&trace.options).map_err(|error| SourceError(error.to_string()))?;
                Ok(Box::new(source))
            }
        }
    }
}
