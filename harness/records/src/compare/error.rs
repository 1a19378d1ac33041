//! Why records cannot be put beside each other.

use crate::record::HistogramError;

/// Records that cannot be put beside each other.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The cells of one scenario in one run belong to different streams.
    #[error(
        "run {run}, scenario {scenario}: {difference}: not comparable; run the scenario again as a whole"
    )]
    Unlike {
        /// The run.
        run: String,
        /// The scenario.
        scenario: String,
        /// What differs between its cells.
        difference: String,
    },
    /// The baseline saw another stream.
    #[error("scenario {scenario}, run {run}: {difference} in the baseline {baseline}: not comparable")]
    Baseline {
        /// The scenario.
        scenario: String,
        /// The run.
        run: String,
        /// The baseline.
        baseline: String,
        /// What differs.
        difference: String,
    },
    /// The baseline shares no cell with what is shown.
    #[error("the baseline {baseline} holds none of these scenarios and strategies")]
    NoBaseline {
        /// The baseline.
        baseline: String,
    },
    /// Nothing is left to show.
    #[error("no cell matches; these runs hold {there}")]
    Nothing {
        /// What there is.
        there: String,
    },
    /// A distribution cannot be read.
    #[error("run {run}, scenario {scenario}, strategy {strategy}: {source}")]
    Histogram {
        /// The run.
        run: String,
        /// The scenario.
        scenario: String,
        /// The strategy.
        strategy: String,
        /// Why.
        source: HistogramError,
    },
}
