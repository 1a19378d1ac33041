//! Time in millionths of a window, as a mark of four bytes holds it.

use std::time::Duration;

use crate::time::{Timestamp, saturating_nanos};

/// Ticks in a window. A mark holds 31 bits of a tick, so two thousand windows go by before they repeat.
const TICKS_A_WINDOW: u64 = 1 << 20;

/// The time of an id, to a millionth of a window. Never zero: that is a slot without an id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u32);

impl Mark {
    pub(super) fn new(tick: u64) -> Self {
        Mark((tick as u32) << 1 | 1)
    }

    /// The mark of a slot, if there is an id.
    pub(super) fn of_slot(word: u32) -> Option<Self> {
        (word != 0).then_some(Mark(word))
    }

    /// What a slot holds.
    pub(super) fn word(self) -> u32 {
        self.0
    }

    /// Ticks from this mark to `tick`.
    #[inline]
    pub(super) fn age(self, tick: u64) -> u64 {
        u64::from((tick as u32).wrapping_sub(self.0 >> 1) & (u32::MAX >> 1))
    }
}

/// Counts time in millionths of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    grain_ns: u64,
    window: u64,
}

impl Ticks {
    pub(super) fn new(window: Duration) -> Self {
        let grain_ns = (saturating_nanos(window) / TICKS_A_WINDOW).max(1);
        Ticks { grain_ns, window: saturating_nanos(window).div_ceil(grain_ns) }
    }

    pub(super) fn of(self, at: Timestamp) -> u64 {
        at.as_nanos() / self.grain_ns
    }

    /// A whole window fits between the ticks of two times that are less than a window apart, so nothing is forgotten
    /// early; at most one tick late.
    #[inline]
    pub(super) fn remembers(self, age: u64) -> bool {
        age <= self.window
    }

    /// When `tick` began.
    pub(super) fn time(self, tick: u64) -> Timestamp {
        Timestamp::from_nanos(tick.saturating_mul(self.grain_ns))
    }

    /// A window, rounded up to whole ticks.
    pub(super) fn window_ns(self) -> u64 {
        self.window.saturating_mul(self.grain_ns)
    }
}
