//! Small streams of keys, made to measure for a promise.

use std::time::Duration;

use crate::contract::{PingKey, Promise, Timestamp, saturating_nanos};

/// No law uses more distinct ids at once.
const MOST_IDS: u64 = 4096;

/// Random numbers: SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A key that was never given out before.
    pub(super) fn key(&mut self) -> PingKey {
        PingKey::from_u128(u128::from(self.next()) << 64 | u128::from(self.next()))
    }

    pub(super) fn keys(&mut self, count: u64) -> Vec<PingKey> {
        (0..count).map(|_| self.key()).collect()
    }
}

/// Pings that arrive together.
pub(super) struct Batch {
    pub(super) now: Timestamp,
    pub(super) keys: Vec<PingKey>,
}

/// What a promise covers, as the scale of every stream.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// The window, or an hour where it has no length.
    pub(super) window: Duration,
    /// Distinct ids that may arrive in a window.
    pub(super) ids: u64,
    /// Distinct ids that may arrive in all.
    pub(super) ids_total: u64,
}

impl Scale {
    pub(super) fn of(promise: &Promise) -> Self {
        let ids = promise.capacity.unwrap_or(MOST_IDS).min(MOST_IDS);
        let length = promise.window.length();
        Scale {
            window: length.unwrap_or(Duration::from_secs(3600)),
            ids,
            // Without a length, the whole stream is the window.
            ids_total: if length.is_some() { u64::MAX } else { ids },
        }
    }

    /// When every stream starts: at the start of a tumbling window, in 2023.
    pub(super) fn start(&self) -> Timestamp {
        let year_2023 = Timestamp::from_secs(1_700_000_000);
        let width = saturating_nanos(self.window).max(1);
        Timestamp::from_nanos(year_2023.as_nanos().div_ceil(width).saturating_mul(width))
    }

    /// `numerator / denominator` of a window.
    pub(super) fn part(&self, numerator: u64, denominator: u64) -> Duration {
        let nanos =
            u128::from(saturating_nanos(self.window)) * u128::from(numerator) / u128::from(denominator);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// `batches` of keys spread evenly over `span` from `from`.
    pub(super) fn spread(&self, keys: &[PingKey], from: Timestamp, span: Duration) -> Vec<Batch> {
        let chunks = keys.chunks(32);
        let step = span / chunks.len().max(1) as u32;
        let at = |index: usize| from.plus(step * index as u32);
        chunks.enumerate().map(|(index, keys)| Batch { now: at(index), keys: keys.to_vec() }).collect()
    }

    /// Six windows of random repeats: at lags from nothing to two windows and more, in batches of 1 to 40 pings.
    ///
    /// Time goes in halves of a window, and a window touches three of them: with a third of `ids` used in each, none
    /// sees more than `ids`.
    pub(super) fn random(&self, seed: u64) -> Vec<Batch> {
        const HALVES: u64 = 12;
        let mut random = Random::new(seed);
        let per_half = (self.ids / 3).max(1);
        let fresh_per_half = (per_half * 2 / 3).max(1).min((self.ids_total / HALVES).max(1));
        let half = saturating_nanos(self.window) / 2;
        let mut known: Vec<PingKey> = Vec::new();
        let mut batches = Vec::new();
        for index in 0..HALVES {
            let mut used = random.keys(fresh_per_half);
            known.extend(&used);
            let recent = &known[known.len().saturating_sub((5 * per_half) as usize)..];
            let again = per_half - fresh_per_half;
            used.extend((0..again).map(|_| recent[random.below(recent.len() as u64) as usize]));
            batches.extend(shuffled(
                &mut random,
                &used,
                self.start().plus(Duration::from_nanos(index * half)),
                half,
            ));
        }
        batches
    }
}

/// About two and a half pings for each of `keys`, at random times within `length` nanoseconds.
fn shuffled(random: &mut Random, keys: &[PingKey], from: Timestamp, length: u64) -> Vec<Batch> {
    let mut left = keys.len() * 5 / 2;
    let mut offsets = Vec::new();
    let mut sizes = Vec::new();
    while left > 0 {
        let size = (1 + random.below(40) as usize).min(left);
        left -= size;
        sizes.push(size);
        offsets.push(random.below(length.max(1)));
    }
    offsets.sort_unstable();
    let mut pick = || keys[random.below(keys.len() as u64) as usize];
    let batch = |(offset, size): (u64, usize)| Batch {
        now: from.plus(Duration::from_nanos(offset)),
        keys: (0..size).map(|_| pick()).collect(),
    };
    offsets.into_iter().zip(sizes).map(batch).collect()
}
