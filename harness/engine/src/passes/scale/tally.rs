//! What is counted, timed and weighed on the way.

use std::time::Duration;

use dedup_strategies::Verdict;
use dedup_strategies::time::saturating_nanos;
use hdrhistogram::Histogram;

use crate::alloc;
use crate::environment::Instance;
use crate::record::MemoryOverTime;
use crate::stats::recorder;

/// A stretch of pings.
pub(super) struct Stretch {
    pub(super) pings: u64,
    pub(super) took: Duration,
    /// From call to verdicts, ns; one value a batch.
    pub(super) batches: Histogram<u64>,
    pub(super) copies: u64,
    pub(super) recognised: u64,
    pub(super) lost: u64,
}

impl Stretch {
    pub(super) fn new() -> Stretch {
        let (pings, took, batches) = (0, Duration::ZERO, recorder());
        Stretch { pings, took, batches, copies: 0, recognised: 0, lost: 0 }
    }

    /// A batch of `pings`.
    pub(super) fn add(&mut self, pings: usize, took: Duration, seen: Seen) {
        self.pings += pings as u64;
        self.took += took;
        let nanos = saturating_nanos(took).clamp(1, u64::MAX / 2);
        self.batches.record(nanos).expect("a recorder grows up to there");
        self.copies += seen.copies;
        self.recognised += seen.recognised;
        self.lost += seen.lost;
    }
}

/// What became of a batch.
#[derive(Default)]
pub(super) struct Seen {
    copies: u64,
    recognised: u64,
    lost: u64,
}

impl Seen {
    pub(super) fn of(verdicts: &[Verdict], is_copy: &[bool]) -> Seen {
        let mut seen = Seen::default();
        for (verdict, is_copy) in verdicts.iter().zip(is_copy) {
            seen.copies += u64::from(*is_copy);
            seen.recognised += u64::from(*is_copy && *verdict != Verdict::New);
            seen.lost += u64::from(!is_copy && *verdict == Verdict::Duplicate);
        }
        seen
    }
}

/// What the strategy and its store hold, beyond what was there before.
pub(super) struct Memory<'a> {
    instance: &'a Instance,
    before: u64,
    server_before: Option<u64>,
    pub(super) server_peak: Option<u64>,
    pub(super) over_time: MemoryOverTime,
}

impl<'a> Memory<'a> {
    /// `before` bytes were charged before the strategy was built.
    pub(super) fn new(instance: &'a Instance, before: u64) -> Self {
        let server_before = instance.server_used_bytes();
        let server_peak = server_before.map(|_| 0);
        Memory { instance, before, server_before, server_peak, over_time: MemoryOverTime::default() }
    }

    /// In this process.
    pub(super) fn own_bytes(&self) -> u64 {
        alloc::live_bytes().saturating_sub(self.before)
    }

    /// In this process and in the server.
    pub(super) fn bytes(&self) -> u64 {
        self.own_bytes() + self.server_bytes().unwrap_or(0)
    }

    fn server_bytes(&self) -> Option<u64> {
        Some(self.instance.server_used_bytes()?.saturating_sub(self.server_before?))
    }

    /// Looks at ids and bytes, as the weigh pass does: the ids first, for which a store lets go of what has expired.
    pub(super) fn sample(&mut self) {
        let ids = self.instance.strategy.footprint().ids;
        let server = self.server_bytes();
        self.server_peak = self.server_peak.max(server);
        self.over_time.t_ns.push(self.over_time.t_ns.len() as u64);
        self.over_time.live_bytes.push(self.own_bytes() + server.unwrap_or(0));
        self.over_time.ids_count.push(ids);
    }
}
