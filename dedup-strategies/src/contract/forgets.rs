//! How a strategy forgets: from when on it takes a copy for new.
//!
//! A promise says how long an id is known at least; this says when it is known no more. From it, the scenario and the
//! pipeline's delays the harness predicts which duplicates are missed, and sets that beside what it counts: who
//! declares another rule than the one that is followed is found out. The window, its kind and the capacity are those of
//! the [`Promise`](crate::Promise) and are not repeated here.

use std::time::Duration;

/// The rule by which a strategy forgets an id.
#[derive(Clone, Copy, Debug)]
pub enum Forgets {
    /// By none of these rules, or by one that pings of different ids disturb: nothing is predicted.
    Unknown,
    /// At once: nothing is remembered.
    AtOnce,
    /// Never.
    Never,
    /// When the promised window ends, to the nanosecond. Where the window begins with the mark
    /// ([`Window::SinceMarked`](crate::Window::SinceMarked)), a copy that comes between verdict and mark passes.
    AtWindowEnd,
    /// As [`AtWindowEnd`](Forgets::AtWindowEnd) with a window that begins with the mark; copies that come between verdict
    /// and mark are kept waiting (in flight), as long as the lease has not run out.
    AfterMark {
        /// How long the verdict keeps copies waiting; [`Duration::MAX`] where it is until the mark, whenever that comes.
        lease: Duration,
    },
    /// Slice by slice: time since the epoch is cut into slices, this many to the promised window, and an id is known up to the
    /// end of the last slice that lies in the window of its own. So it is known for up to one slice too long.
    InSlices {
        /// Slices of a window.
        a_window: u64,
    },
    /// A generation of ids at a time: when `kept` younger ones have begun, or one window after the generation ended,
    /// whichever comes first.
    InGenerations {
        /// Whole generations that are known behind the youngest.
        kept: u32,
        /// Ids of one, on each worker.
        ids: u64,
    },
    /// When the promised window ends, or once as many other ids as the promised capacity were seen since its last copy.
    LeastRecentlySeen,
    /// When the window of its event time has closed; what comes after that is refused as late, and does not pass.
    InEventTime,
    /// At random, as other ids are written.
    AtRandom(Eviction),
}

/// How ids that are written push out others. All figures are those of one worker.
#[derive(Clone, Copy, Debug)]
pub enum Eviction {
    /// Cells that count down, as in a Stable Bloom filter: an id is known while none of its cells is zero.
    CountDown {
        /// All cells.
        cells: u64,
        /// Cells of an id, each any of them.
        hashes: u32,
        /// What they are set to when it is written.
        max: u32,
        /// Cells, any of them, that count down by one for each id that is written.
        decrements: u32,
    },
    /// Bits that are reset, as in the filters of biased sampling: an id is known while all its bits are set.
    Reset {
        /// Filters, in each of which an id has one bit.
        filters: u32,
        /// Bits of each.
        bits: u64,
        /// How often a bit has been reset.
        resets: Resets,
    },
}

/// How often a bit of one of `filters` has been reset, on average, from empty filters on, after each of `steps` equal steps
/// of a stream that brings `turns` new ids a bit of a filter.
pub type Resets = fn(filters: u32, turns: f64, steps: usize) -> Vec<f64>;
