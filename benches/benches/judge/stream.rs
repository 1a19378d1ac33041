//! Pings without end: random keys, and a share of them repeats one of the last half window.

use std::time::Duration;

use dedup_strategies::{DeliveryId, Ping, PingKey, Timestamp};

/// Virtual time between two pings.
pub(crate) const INTERVAL: Duration = Duration::from_micros(10);

pub(crate) struct Stream {
    duplicates: u64,
    random: u64,
    recent: Vec<PingKey>,
    sent: u64,
    made: Vec<Ping>,
}

impl Stream {
    pub(crate) fn new(ids: u64) -> Self {
        let recent = vec![PingKey::from_u128(0); ids as usize / 2];
        Stream { duplicates: 0, random: 1, recent, sent: 0, made: Vec::new() }
    }

    /// How many of a hundred pings are repeats from now on.
    pub(crate) fn repeat(&mut self, duplicates: u64) {
        self.duplicates = duplicates;
    }

    /// The next `count` pings.
    pub(crate) fn take(&mut self, count: usize) -> &[Ping] {
        let mut made = std::mem::take(&mut self.made);
        made.clear();
        made.extend((0..count).map(|_| self.next_ping()));
        self.made = made;
        &self.made
    }

    fn next_ping(&mut self) -> Ping {
        let since = Duration::from_nanos(INTERVAL.as_nanos() as u64 * self.sent);
        let now = Timestamp::from_secs(1_700_000_000).plus(since);
        let kept = self.recent.len() as u64;
        let place = (self.sent % kept) as usize;
        let key = if self.next_random() % 100 < self.duplicates && self.sent >= kept {
            let of = self.next_random() % kept;
            self.recent[of as usize]
        } else {
            PingKey::from_u128(u128::from(self.next_random()) << 64 | u128::from(self.next_random()))
        };
        self.recent[place] = key;
        self.sent += 1;
        Ping { key, event_time: now, arrival: now, delivery: DeliveryId(self.sent) }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
