//! Why a cell did not come to its end.

use dedup_files::with_remedy;
use dedup_strategies::driver::{BrokenContract, DriveError};
use dedup_strategies::{BuildError, Unavailable};
use dedup_stream::stream::SourceError;

use crate::faults::FaultError;
use crate::pipeline::PipelineError;
use crate::record::{CellResult, Failure};
use crate::servers::ServerError;

/// Why a cell did not come to its end.
#[derive(Debug)]
pub enum CellError {
    /// A setting or size that is not allowed: the user's to mend, before anything is run.
    Refused(String),
    /// It cannot run here.
    Skipped {
        /// Why.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// It failed.
    Failed(Failure, String),
}

impl CellError {
    /// What is not allowed, for the reason that `error` gives.
    pub fn refused(error: impl ToString) -> CellError {
        CellError::Refused(error.to_string())
    }

    /// How it is written down; a refusal never gets that far.
    pub fn into_result(self) -> CellResult {
        match self {
            CellError::Refused(reason) => CellResult::Failed { how: Failure::Died, reason },
            CellError::Skipped { reason, remedy } => CellResult::Skipped { reason, remedy },
            CellError::Failed(how, reason) => CellResult::Failed { how, reason: with_remedy(reason) },
        }
    }
}

impl From<BuildError> for CellError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Setting(_) | BuildError::TooLarge { .. } => CellError::Refused(error.to_string()),
            BuildError::Missing { reason, remedy } => CellError::Skipped { reason, remedy },
            BuildError::Server(_) => CellError::Failed(Failure::Unavailable, error.to_string()),
            BuildError::Io(_) => CellError::Failed(Failure::Died, error.to_string()),
        }
    }
}

impl From<PipelineError> for CellError {
    fn from(error: PipelineError) -> Self {
        if let PipelineError::Fault(FaultError::Store(ServerError::NoSuchFault { .. })) = &error {
            return CellError::Skipped {
                reason: format!("it does not apply: {error}"),
                remedy: "nothing; it is as it should be".into(),
            };
        }
        let how = match &error {
            PipelineError::Contract(_) => Failure::Contract,
            PipelineError::Unavailable(_) | PipelineError::Fault(_) => Failure::Unavailable,
            PipelineError::Source(_) => Failure::Died,
        };
        CellError::Failed(how, error.to_string())
    }
}

impl From<DriveError> for CellError {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::Contract(broken) => broken.into(),
            DriveError::Unavailable { error, .. } => error.into(),
        }
    }
}

impl From<BrokenContract> for CellError {
    fn from(error: BrokenContract) -> Self {
        CellError::Failed(Failure::Contract, error.to_string())
    }
}

impl From<Unavailable> for CellError {
    fn from(error: Unavailable) -> Self {
        CellError::Failed(Failure::Unavailable, error.to_string())
    }
}

impl From<SourceError> for CellError {
    fn from(error: SourceError) -> Self {
        CellError::Failed(Failure::Died, error.to_string())
    }
}

impl From<ServerError> for CellError {
    fn from(error: ServerError) -> Self {
        let remedy = error.remedy().to_string();
        match error {
            ServerError::MissingBeside { what: reason, .. } | ServerError::Missing { reason } => {
                CellError::Skipped { reason, remedy }
            }
            other => CellError::Failed(Failure::Unavailable, other.to_string()),
        }
    }
}
