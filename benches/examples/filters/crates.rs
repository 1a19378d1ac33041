//! The strategy `split-block` beside the Bloom filters that people take from crates.io.

use dedup_strategies::Ping;

use crate::Table;
use dedup_benches::judge::{Judge, judge};
use dedup_benches::stream::Stream;
use dedup_benches::{cpu_ns, median};

const ROUNDS: usize = 10;

/// Two keys of SipHash, which must differ: the crate derives a bit from each, and all others from those two.
const SEED: [u8; 32] = *b"two keys of sixteen bytes, apart";

const PROBES: usize = 1_000_000;

/// One contestant: judges pings, and says how many it found to be duplicates.
pub(crate) trait Contestant {
    fn judge(&mut self, pings: &[Ping]) -> usize;
    fn bytes(&self) -> u64;
}

struct Bloomfilter(bloomfilter::Bloom<u128>);

impl Contestant for Bloomfilter {
    fn judge(&mut self, pings: &[Ping]) -> usize {
        pings.iter().filter(|ping| self.0.check_and_set(&ping.key.as_u128())).count()
    }

    fn bytes(&self) -> u64 {
        self.0.len() / 8
    }
}

struct Fastbloom(fastbloom::BloomFilter);

impl Contestant for Fastbloom {
    fn judge(&mut self, pings: &[Ping]) -> usize {
        pings.iter().filter(|ping| self.0.insert(&ping.key.0)).count()
    }

    fn bytes(&self) -> u64 {
        self.0.num_bits() as u64 / 8
    }
}

impl Contestant for Judge {
    fn judge(&mut self, pings: &[Ping]) -> usize {
        judge(self, pings)
    }

    fn bytes(&self) -> u64 {
        self.strategy.footprint().bytes
    }
}

/// Fills each with `ids` ids less the last `pings`, and times those in turns.
pub(crate) fn compare(ids: u64, pings: usize, rate: f64) -> Table {
    let bloomfilter: bloomfilter::Bloom<u128> =
        bloomfilter::Bloom::new_for_fp_rate_with_seed(ids as usize, rate, &SEED).expect("a seed");
    let fastbloom = fastbloom::BloomFilter::with_false_pos(rate).seed(&7).expected_items(ids as usize);
    let settings = [("ids", ids.to_string()), ("rate", rate.to_string())];
    let mut contestants: Vec<(&str, Box<dyn Contestant>)> = vec![
        ("split-block", Box::new(Judge::new("split-block", &settings, ids, 1))),
        ("fastbloom", Box::new(Fastbloom(fastbloom))),
        ("bloomfilter", Box::new(Bloomfilter(bloomfilter))),
    ];
    let mut stream = Stream::new(1, ids);
    let mut batch = Vec::new();
    let fresh_timed = (pings as f64 * 0.9) as u64;
    let mut left = ids.saturating_sub(fresh_timed) as usize;
    while left > 0 {
        let some = left.min(1 << 20);
        stream.take(some, &mut batch);
        left -= some;
        for (_, contestant) in &mut contestants {
            contestant.judge(&batch);
        }
    }
    let mut times = vec![Vec::new(); contestants.len()];
    for _ in 0..ROUNDS {
        stream.take(pings / ROUNDS, &mut batch);
        for ((_, contestant), times) in contestants.iter_mut().zip(&mut times) {
            let start = cpu_ns();
            contestant.judge(&batch);
            times.push((cpu_ns() - start) / batch.len() as f64);
        }
    }
    let unknown = stream.unknown(PROBES);
    let times: Vec<f64> = times.into_iter().map(median).collect();
    let mut table = Table::new(&["", "ns a ping", "times slower", "error", "bits an id"]);
    for ((name, contestant), time) in contestants.iter_mut().zip(&times) {
        let error = contestant.judge(&unknown) as f64 / PROBES as f64;
        let bits = contestant.bytes() as f64 * 8.0 / ids as f64;
        table.row(&[
            name.to_string(),
            format!("{time:.1}"),
            format!("{:.2}", time / times[0]),
            format!("{:.4} %", 100.0 * error),
            format!("{bits:.1}"),
        ]);
    }
    table
}
