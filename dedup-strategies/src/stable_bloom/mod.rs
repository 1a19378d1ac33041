//! A Stable Bloom filter: fixed memory for ever, forgetting at random, the older the likelier.

mod filter;

pub use filter::{Shape, StableBloom};

use crate::by_key::{ByKey, State, verdict};
use crate::contract::{Footprint, Ping, Strategy, Verdict};
use crate::definition::{BuildError, Context, Definition, Needs, Role};
use crate::hash::KeyHasher;
use crate::promise::{Bound, Memory, Promise, UnderFaults, Window};
use crate::settings::{Default, Kind, SettingDef, Settings};
use crate::shards::{Shards, share_of};
use crate::time::Timestamp;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "stable-bloom",
    about: "Stable Bloom filter: never full, loses a few uniques and misses duplicates, the later the more",
    role: Role::Candidate,
    settings: FORGETFUL_SETTINGS,
    needs: Needs::Nothing,
    build,
};

/// The settings of every filter that forgets at random.
pub(crate) const FORGETFUL_SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "window",
        about: "the time in which no more than so many ids arrive; nothing is forgotten by time alone",
        kind: Kind::Time,
        default: Default::ScenarioWindow,
    },
    SettingDef {
        name: "ids",
        about: "distinct ids in any one window: so many later, a duplicate is missed with the share given",
        kind: Kind::Count(1 << 40),
        default: Default::IdsInWindow,
    },
    SettingDef {
        name: "rate",
        about: "largest share of uniques that may be lost, once the filter has become as full as it gets",
        kind: Kind::Share,
        default: Default::Text("0.001"),
    },
    SettingDef {
        name: "missed",
        about: "largest share of duplicates at the window's edge that may be missed; half of it costs twice the memory",
        kind: Kind::Share,
        default: Default::Text("0.1"),
    },
];

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let (ids, rate, missed) = (settings.count("ids"), settings.share("rate"), settings.share("missed"));
    let shape = shape_for(share_of(ids, context.workers), rate, missed);
    let bytes = shape.bytes().saturating_mul(context.workers.get() as u64);
    context.admit(DEFINITION.name, "ids", format!("cells for {ids} ids in a window"), bytes)?;
    let mut worker = 0;
    let shards = Shards::new(context.workers, || {
        worker += 1;
        Stable {
            filter: StableBloom::new(shape, context.seed ^ worker),
            hasher: KeyHasher::new(context.seed, worker),
            ids: 0,
            most_ids: ids / context.workers.get() as u64,
        }
    });
    Ok(Box::new(ByKey { promise: forgetful_promise(settings), shards }))
}

/// What filters that forget at random promise: bounds on both errors, at the window's edge and once they are full.
pub(crate) fn forgetful_promise(settings: &Settings) -> Promise {
    Promise {
        window: Window::Since(settings.time("window")),
        missed: Bound::AtMost(settings.share("missed")),
        lost: Bound::AtMost(settings.share("rate")),
        capacity: Some(settings.count("ids")),
        memory: Memory::Bounded,
        under_faults: UnderFaults::UNBOUNDED,
    }
}

/// Elements that a filter has to outlast for `ids` distinct ids and a share of `missed`: an id that is missed is
/// written again, and ages the others once more.
pub(crate) fn elements(ids: u64, missed: f64) -> u64 {
    (ids as f64 / (1.0 - missed)).ceil() as u64
}

/// The shape of least memory that loses at most a share of `rate`, and misses at most a share of `missed` of
/// duplicates that come `ids` ids later.
pub fn shape_for(ids: u64, rate: f64, missed: f64) -> Shape {
    let gap = elements(ids, missed).max(1);
    let shapes = [1, 3, 15].into_iter().flat_map(|max| (1..=24).map(move |hashes| (hashes, max)));
    let least = shapes
        .filter_map(|(hashes, max)| least_cells(gap, rate, missed, hashes, max))
        .min_by_key(Shape::bytes);
    // Rates that no shape reaches: more than any machine has, which is refused.
    least.unwrap_or(Shape { cells: u64::MAX / 64, hashes: 1, max: 1, decrements: 1 })
}

/// The fewest cells for the bounds with so many hashes and such a maximum.
fn least_cells(gap: u64, rate: f64, missed: f64, hashes: u32, max: u32) -> Option<Shape> {
    let with = |cells: u64| {
        // One more than the formula's, which rounds down: the rate is a bound.
        let decrements = Shape::decrements_for(rate, cells, hashes, max).saturating_add(1);
        Shape { cells, hashes, max, decrements }
    };
    let enough = |cells: u64| {
        let shape = with(cells);
        u64::from(shape.decrements) * 4 < cells && shape.false_negative_rate(gap) <= missed
    };
    let mut cells = 64;
    while !enough(cells) {
        cells *= 2;
        if cells > 1 << 52 {
            return None;
        }
    }
    let (mut few, mut many) = (cells / 2, cells);
    while many - few > (many / 1000).max(1) {
        let middle = few + (many - few) / 2;
        match enough(middle) {
            true => many = middle,
            false => few = middle,
        }
    }
    Some(with(many))
}

/// Bytes for `ids` ids in a window, at most a share of `rate` lost, and at most a share of `missed` missed.
pub fn bytes_for(ids: u64, rate: f64, missed: f64) -> u64 {
    shape_for(ids, rate, missed).bytes()
}

/// Pings whose cells are fetched at once.
pub(crate) const BATCH: usize = 16;

struct Stable {
    filter: StableBloom,
    hasher: KeyHasher,
    ids: u64,
    most_ids: u64,
}

impl State for Stable {
    /// Ages the filter with what is new only. The paper does with every element; then copies of one key without end
    /// would push out all others, and no bound could be stated in distinct ids. What is known is written again, which
    /// keeps it.
    fn judge(&mut self, pings: &[Ping], _now: Timestamp, verdicts: &mut Vec<Verdict>) {
        for pings in pings.chunks(BATCH) {
            let mut hashes = [0; BATCH];
            pings.iter().zip(&mut hashes).for_each(|(ping, hash)| *hash = self.hasher.of(ping.key));
            let hashes = &hashes[..pings.len()];
            hashes.iter().for_each(|hash| self.filter.prefetch(*hash));
            for hash in hashes {
                let known = self.filter.contains(*hash);
                match known {
                    true => self.filter.refresh(*hash),
                    false => {
                        self.filter.insert(*hash);
                        self.ids = (self.ids + 1).min(self.most_ids);
                    }
                }
                verdicts.push(verdict(known));
            }
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.ids, bytes: self.filter.bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_both_bounds_by_the_formulas() {
        for (ids, rate, missed) in
            [(1000, 0.001, 0.1), (1_000_000, 0.01, 0.3), (50_000, 0.2, 0.01), (1, 0.5, 0.5)]
        {
            let shape = shape_for(ids, rate, missed);
            assert!(shape.stable_false_positive_rate() <= rate * 1.000_001, "{shape:?}");
            assert!(shape.false_negative_rate(ids) <= missed, "{shape:?}");
        }
    }

    #[test]
    fn forgetting_at_random_costs_ten_times_what_forgetting_by_generations_does() {
        let bits = |bytes: u64| bytes as f64 * 8.0 / 1e6;
        let stable = bits(bytes_for(1_000_000, 0.001, 0.1));
        let generations = bits(crate::split_block::bytes_for(1_000_000, 0.001, 3));
        assert!((4.0..12.0).contains(&(stable / generations)), "{stable} bits an id, and {generations}");
    }
}
