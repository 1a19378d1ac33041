//! Why a run cannot begin, or cannot go on.

use dedup_files::with_remedy;
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
    #[error("{}", chain(.0))]
    Records(anyhow::Error),
}

/// An error and its causes in one line, with the remedy where too many files are open. Some errors say their cause
/// themselves: nothing is said twice.
pub fn chain(error: &anyhow::Error) -> String {
    with_remedy(error.chain().map(ToString::to_string).reduce(joined).unwrap_or_default())
}

fn joined(said: String, cause: String) -> String {
    if said.contains(&cause) { said } else { format!("{said}: {cause}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error =
            anyhow::anyhow!("disk full").context("a.txt: cannot be written: disk full").context("sorry");
        assert_eq!(chain(&error), "sorry: a.txt: cannot be written: disk full");
    }
}
