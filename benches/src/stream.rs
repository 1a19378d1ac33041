//! Pings without end: fresh keys, and a share of repeats from the last part of them.

use std::time::Duration;

use dedup_strategies::hash::mix;
use dedup_strategies::{DeliveryId, Ping, PingKey, Timestamp};

/// Pings judged in one call.
pub const BATCH: usize = 256;

/// Share of pings that repeat an earlier one.
pub const DUPLICATES: f64 = 0.1;

/// Set in the delivery id of a ping that repeats an earlier one.
const REPEAT: u64 = 1 << 63;

/// Whether a ping repeats an earlier one.
pub fn repeats(ping: &Ping) -> bool {
    ping.delivery.0 & REPEAT != 0
}

/// A stream at a fixed rate of fresh ids a window.
#[derive(Clone)]
pub struct Stream {
    seed: u64,
    /// Fresh ids a window.
    ids: u64,
    window: Duration,
    /// Repeats are of one of this many last fresh ids.
    reach: u64,
    fresh: u64,
    sent: u64,
}

/// A window's length in virtual time.
pub const WINDOW: Duration = Duration::from_secs(600);

impl Stream {
    /// A stream of `ids` fresh ids a window.
    pub fn new(seed: u64, ids: u64) -> Self {
        Stream { seed, ids, window: WINDOW, reach: ids * 9 / 10, fresh: 0, sent: 0 }
    }

    /// The time that it has reached.
    pub fn now(&self) -> Timestamp {
        let nanos = self.window.as_nanos() * u128::from(self.fresh) / u128::from(self.ids);
        Timestamp::from_secs(1_700_000_000).plus(Duration::from_nanos(nanos as u64))
    }

    /// The next pings, in batches that share their time, until there are `count` fresh ones among them.
    pub fn take_fresh(&mut self, count: u64, pings: &mut Vec<Ping>) {
        let end = self.fresh + count;
        pings.clear();
        let mut some = Vec::new();
        while self.fresh < end {
            self.take(BATCH.min((end - self.fresh) as usize), &mut some);
            pings.extend_from_slice(&some);
        }
    }

    /// The next pings, `count` of them, in batches that share their time.
    pub fn take(&mut self, count: usize, pings: &mut Vec<Ping>) {
        pings.clear();
        while pings.len() < count {
            let now = self.now();
            for _ in 0..BATCH.min(count - pings.len()) {
                let fresh_before = self.fresh;
                let key = self.next_key();
                let repeat = if self.fresh == fresh_before { REPEAT } else { 0 };
                pings.push(Ping {
                    key,
                    event_time: now,
                    arrival: now,
                    delivery: DeliveryId(self.sent | repeat),
                });
            }
        }
    }

    fn next_key(&mut self) -> PingKey {
        self.sent += 1;
        let drawn = mix(mix(self.seed ^ self.sent));
        if self.fresh > self.reach && (drawn as f64) < DUPLICATES * u64::MAX as f64 {
            let back = ((u128::from(mix(drawn)) * u128::from(self.reach)) >> 64) as u64;
            return key(self.seed, self.fresh - 1 - back);
        }
        self.fresh += 1;
        key(self.seed, self.fresh - 1)
    }

    /// The first `count` fresh keys of the stream once more, at `now`.
    pub fn first(&self, count: usize, now: Timestamp) -> Vec<Ping> {
        let key = |at| key(self.seed, at);
        (0..count as u64)
            .map(|at| Ping { key: key(at), event_time: now, arrival: now, delivery: DeliveryId(at) })
            .collect()
    }

    /// Keys that the stream never sends.
    pub fn unknown(&self, count: usize) -> Vec<Ping> {
        let now = self.now();
        let ping = |at: u64| Ping {
            key: key(!self.seed, at),
            event_time: now,
            arrival: now,
            delivery: DeliveryId(at),
        };
        (0..count as u64).map(ping).collect()
    }
}

fn key(seed: u64, number: u64) -> PingKey {
    let high = mix(seed.wrapping_mul(0x9e37_79b9).wrapping_add(number));
    PingKey::from_u128(u128::from(high) << 64 | u128::from(mix(high ^ number)))
}
