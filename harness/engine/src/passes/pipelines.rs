//! Which pipelines of a cell are run.

use std::num::NonZeroU32;
use std::ops::Range;

use dedup_stream::stream::KeyShare;
use serde::{Deserialize, Serialize};

/// The pipelines of a cell, and which of them are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipelines {
    /// How many there are.
    pub of: NonZeroU32,
    /// Those that are run, from 0.
    pub own: Range<u32>,
}

impl Pipelines {
    /// One, which has all keys.
    pub const ONE: Pipelines = Pipelines { of: NonZeroU32::MIN, own: 0..1 };

    /// The keys of the first of those that are run; none where none is.
    pub(crate) fn first(&self) -> Option<KeyShare> {
        KeyShare::new(self.own.start, self.of).filter(|_| !self.own.is_empty())
    }
}
