//! Who builds the strategy that a pipeline is put around.

use dedup_strategies::{Strategy, Unavailable};

use crate::faults::State;
use crate::servers::StoreControl;

/// Where a pipeline gets its strategy from, and gets it again.
pub trait Host: Send {
    /// The strategy, as it is now.
    fn strategy(&self) -> &dyn Strategy;

    /// Drops the strategy and builds it again, in the directory that it had or in an empty one.
    fn restart(&mut self, state: State) -> Result<(), Unavailable>;

    /// What can be done to its store, where it has one.
    fn store(&mut self) -> Option<&mut dyn StoreControl>;
}
