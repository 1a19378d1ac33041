//! The nightly job behind a verify pass.

use dedup_stream::clients::Clients;
use dedup_stream::workload::Workload;

use crate::environment::{CellError, Environment};
use crate::nightly::{Arrived, Behind, Choice, DaySink, INSTALL, NightlyError};
use crate::record::{Failure, StableFigures, VerifyFigures};

/// Opens the live tables that the pass writes, if a nightly job is to follow it.
pub(super) fn begin(
    environment: &Environment,
    workload: &Workload,
) -> Result<Option<(DaySink, Behind)>, CellError> {
    with_columns_for(workload.clients(environment.seed), environment.nightly.0, environment, workload)
}

/// The same where the job has to follow, and nobody reads who sent the pings: that is made anew for each unique ping.
pub(super) fn begin_bare(
    environment: &Environment,
    workload: &Workload,
) -> Result<(DaySink, Behind), CellError> {
    let choice = match environment.nightly.0 {
        Choice::Auto => Choice::Nightly,
        asked => asked,
    };
    with_columns_for(None, choice, environment, workload)?.ok_or_else(no_job)
}

/// Where no job stands behind a pass that shows its tables.
pub(super) fn no_job() -> CellError {
    let refused = "--nightly none: the impact pass shows live tables beside stable ones; leave it out";
    CellError::refused(refused)
}

fn with_columns_for(
    clients: Option<Clients>,
    choice: Choice,
    environment: &Environment,
    workload: &Workload,
) -> Result<Option<(DaySink, Behind)>, CellError> {
    let preceding_days = environment.nightly.1;
    let jobs = choice.jobs(workload, environment.disk_limit);
    let jobs = jobs.map_err(|error| CellError::Refused(error.to_string()))?;
    if !jobs.any() {
        return Ok(None);
    }
    let mut config = workload.nightly().unwrap_or_default();
    config.preceding_days = preceding_days.unwrap_or(config.preceding_days);
    let dir = environment.directory.join("tables");
    let sent = (workload.submissions(), clients);
    // A quarter: a strategy may take the rest.
    Ok(Some(Behind::new(jobs, config, sent, dir, environment.memory_limit / 4)?))
}

/// What the job leaves of what reached the sink. The pipeline, and with it the sink, is gone by now.
pub(super) fn finish(
    behind: Behind,
    live: &VerifyFigures,
    causes: &[String],
    alive: fn(),
) -> Result<StableFigures, CellError> {
    let uniques = live.unique_count - live.refused_unique_count;
    Ok(behind.finish(&Arrived { uniques, causes, by_cause: &live.by_cause }, alive)?)
}

impl From<NightlyError> for CellError {
    fn from(error: NightlyError) -> CellError {
        match error {
            NightlyError::NoDuckdb { reason } => CellError::Skipped {
                reason: format!("no duckdb for the nightly job found ({reason})"),
                remedy: format!("{INSTALL}; or give --nightly nightly"),
            },
            error => CellError::Failed(Failure::Died, format!("the nightly job: {error}")),
        }
    }
}
