//! One Bloom filter for all ids: small, and full one day.

use std::sync::Arc;

use crate::contract::{
    Bound, BuildError, Context, Definition, Estimate, Footprint, Forgets, Hears, Needs, Operation, Ping,
    Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp,
    Unavailable, Verdict, Window, Worker,
};
use crate::structures::bloom::{BloomFilter, BloomPlan, BloomSeed};
use crate::structures::shards::{Shards, share_of};
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "bloom",
    about: "one Bloom filter that never forgets: loses a few uniques, and all of them once it is over-full",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "ids",
            about: "distinct ids that it is sized for; beyond them the share of lost uniques rises towards all",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::IdsTotal,
        },
        SettingDef {
            name: "rate",
            about: "largest share of uniques that may be lost; a tenth of it costs 4.8 more bits an id",
            kind: SettingKind::Share,
            default: SettingDefault::Text("0.001"),
        },
    ],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::Never,
    estimate: Some(estimate),
    prospect: Some(prospect),
    build: &build,
};

fn plan(settings: &Settings, context: &Context) -> BloomPlan {
    BloomPlan::new(share_of(settings.count("ids"), context.workers), settings.share("rate"))
}

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    Estimate {
        setting: "ids",
        what: format!("a filter for {} ids", settings.count("ids")),
        bytes: plan(settings, context).bytes.saturating_mul(context.workers.get() as u64),
    }
}

/// What it promises.
fn promise(ids: u64, rate: f64) -> Promise {
    Promise { lost: Bound::AtMost(rate), capacity: Some(ids), ..Promise::remembering(Window::Forever) }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let promise = promise(settings.count("ids"), settings.share("rate"));
    Prospect::in_process(promise, Routing::ByKey, estimate(settings, context).bytes)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    context.admit(DEFINITION.name, estimate(settings, context))?;
    let (ids, rate) = (settings.count("ids"), settings.share("rate"));
    let plan = plan(settings, context);
    let mut worker = 0;
    let shards = Shards::new(context.workers, || {
        worker += 1;
        plan.build(BloomSeed::new(context.seed, worker, 0))
    });
    Ok(Box::new(OneBloom { ids, rate, shards }))
}

/// A filter of its own for each worker: one filter for all would need a lock that all contend for, and the sum of the
/// small filters is hardly larger.
struct OneBloom {
    ids: u64,
    rate: f64,
    shards: Shards<BloomFilter>,
}

impl Strategy for OneBloom {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(BloomWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        promise(self.ids, self.rate)
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.shards.sum(BloomFilter::ids), bytes: self.shards.sum(BloomFilter::bytes) }
    }
}

struct BloomWorker(Arc<Mutex<BloomFilter>>);

impl Worker for BloomWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut filter = self.0.lock();
        verdicts.extend(pings.iter().map(|ping| match filter.insert(ping.key) {
            true => Verdict::New,
            false => Verdict::Duplicate,
        }));
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{agrees, keys};

    #[test]
    fn uniques_are_lost_as_often_as_the_formula_says_while_it_fills() {
        const IDS: u64 = 100_000;
        let plan = BloomPlan::new(IDS, 0.02);
        let mut filter = plan.build(BloomSeed::new(1, 1, 0));
        let lost = keys(3).take(IDS as usize).filter(|key| !filter.insert(*key)).count() as u64;
        let mean_rate = (0..IDS).map(|written| plan.false_positive_rate(written)).sum::<f64>() / IDS as f64;
        assert!(mean_rate < 0.02);
        assert!(agrees(lost, IDS, mean_rate), "lost {lost} of {IDS}; expected a share of {mean_rate}");
        assert_eq!(filter.ids(), IDS - lost);
    }

    #[test]
    fn over_full_it_loses_nearly_all() {
        let mut filter = BloomPlan::new(1000, 0.001).build(BloomSeed::new(1, 1, 0));
        let fresh: Vec<bool> = keys(3).take(20_000).map(|key| filter.insert(key)).collect();
        let lost = fresh[15_000..].iter().filter(|fresh| !**fresh).count();
        assert!(lost > 4_900, "{lost} of 5,000");
    }
}
