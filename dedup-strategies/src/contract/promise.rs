//! What a strategy claims about its own errors, in a form that a run can be judged against.

use std::time::Duration;

pub use super::bound::Bound;

/// The bounds that a strategy declares. The harness counts, and a bound that does not hold is a broken promise,
/// whatever the speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Promise {
    /// Which copies it claims to recognise.
    pub window: Window,
    /// The share of those copies that it may still let through (false negatives).
    pub missed: Bound,
    /// The share of unique pings, with keys of their own, that it may drop (false positives).
    pub lost: Bound,
    /// The bounds hold while no more than this many distinct ids arrive within the window.
    pub capacity: Option<u64>,
    /// The bounds hold while every ping that was let through is settled (see [`Worker::settle`](crate::Worker::settle))
    /// sooner than this after its check.
    pub settled_within: Option<Duration>,
    /// Whether memory stops growing once the window has filled.
    pub memory: Memory,
    /// What still holds while workers crash, stores fail and acks are late. The bounds above are for a pipeline in
    /// which nothing breaks.
    pub under_faults: UnderFaults,
}

impl Promise {
    /// To remember a window whatever comes in it, in bounded memory, and to miss and lose nothing as long as nothing
    /// breaks. Of a strategy that promises less, set what differs.
    pub const fn remembering(window: Window) -> Promise {
        Promise {
            window,
            missed: Bound::Never,
            lost: Bound::Never,
            capacity: None,
            settled_within: None,
            memory: Memory::Bounded,
            under_faults: UnderFaults::UNBOUNDED,
        }
    }
}

/// The bounds that hold under faults too, in the place of [`Promise::missed`] and [`Promise::lost`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnderFaults {
    /// The share of copies in the window that may be let through.
    pub missed: Bound,
    /// The share of unique pings, with keys of their own, that may be dropped.
    pub lost: Bound,
}

impl UnderFaults {
    /// No claim: what marks at the check and knows nothing of deliveries can make none.
    pub const UNBOUNDED: UnderFaults = UnderFaults { missed: Bound::Unbounded, lost: Bound::Unbounded };
    /// Duplicates may pass, and no unique is lost: what marks only what was delivered.
    pub const LOSES_NOTHING: UnderFaults = UnderFaults { missed: Bound::Unbounded, lost: Bound::Never };
}

/// Which copies of a ping a strategy claims to recognise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// None at all.
    Nothing,
    /// Every copy, however late.
    Forever,
    /// A copy judged less than this long after the last copy that was let through.
    Since(Duration),
    /// A copy judged less than this long after the last copy that was judged, let through or not: each copy extends the
    /// window.
    SinceSeen(Duration),
    /// A copy judged after the delivery of an earlier copy was settled (see [`Worker::settle`](crate::Worker::settle)),
    /// and less than this long after the last such settlement: what marks after delivery knows.
    SinceMarked(Duration),
    /// A copy whose event time falls into the same window, of this length, counted from the Unix epoch.
    Tumbling(Duration),
}

impl Window {
    /// The window's length; `None` where it has none.
    pub fn length(self) -> Option<Duration> {
        match self {
            Window::Nothing | Window::Forever => None,
            Window::Since(length)
            | Window::SinceSeen(length)
            | Window::SinceMarked(length)
            | Window::Tumbling(length) => Some(length),
        }
    }
}

/// How memory behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Does not grow beyond what a full window needs.
    Bounded,
    /// Fills a budget of so many bytes first, whatever the window (the buffers and the cache of a store), and then does
    /// not grow beyond what a full window needs.
    Budgeted(u64),
    /// Grows with every distinct id.
    Grows,
}
