//! Why a run cannot begin, or cannot go on.

use dedup_stream::workload::Workload;

/// Why a run cannot begin: the user's to mend.
#[derive(Debug, thiserror::Error)]
#[error("{scenario}: {reason}")]
pub struct Refusal {
    scenario: String,
    reason: String,
}

impl Refusal {
    pub(super) fn new(workload: &Workload, reason: impl ToString) -> Refusal {
        Refusal { scenario: workload.name().to_string(), reason: reason.to_string() }
    }
}

/// A run that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Before it began: something that was asked for is not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A process could not be started, or a directory not be made.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The records could not be written.
    #[error("{}", crate::exit::chain(.0))]
    Records(anyhow::Error),
}
