//! What became of one strategy over all scenarios.

use std::collections::BTreeMap;

use dedup_records::compare::{Standing, VerifySummary};
use dedup_records::record::Role;
use dedup_records::stats::rule_of_three;

use crate::panel::{Entry, Panel, Without};

/// A candidate over all scenarios.
pub(crate) struct Life<'a> {
    /// What it is called.
    pub(crate) name: String,
    /// Its index in the palette.
    pub(crate) strategy: usize,
    /// Where it ran, in the order of the scenarios.
    pub(crate) stations: Vec<Station<'a>>,
}

/// A candidate in one scenario.
#[derive(Clone, Copy)]
pub(crate) struct Station<'a> {
    pub(crate) panel: &'a Panel<'a>,
    pub(crate) entry: &'a Entry<'a>,
}

/// A station whose pings were counted.
#[derive(Clone, Copy)]
pub(crate) struct Counted<'a> {
    pub(crate) panel: &'a Panel<'a>,
    pub(crate) without: Option<Without>,
    pub(crate) verify: &'a VerifySummary,
}

/// The candidates of all panels, the worst first: who lost most of its uniques, then who let most copies through.
pub(crate) fn lives<'a>(panels: &'a [Panel<'a>]) -> Vec<Life<'a>> {
    let repeated = panels.iter().any(Panel::has_a_strategy_twice);
    let mut lives: BTreeMap<(usize, Option<&str>), Life<'a>> = BTreeMap::new();
    for panel in panels {
        for entry in panel.rows.iter().filter(|entry| entry.row.role == Role::Candidate) {
            let run = repeated.then_some(entry.row.run.as_str());
            let name = match run {
                Some(run) => format!("{} @{run}", entry.row.strategy),
                None => entry.row.strategy.clone(),
            };
            let life = lives.entry((entry.strategy, run));
            let life = life.or_insert(Life { name, strategy: entry.strategy, stations: Vec::new() });
            life.stations.push(Station { panel, entry });
        }
    }
    let mut lives: Vec<Life<'a>> = lives.into_values().collect();
    let lost = |life: &Life<'_>| life.worst_loss().map_or(0.0, |loss| loss.lost_ratio());
    let missed = |life: &Life<'_>| life.worst_leak().map_or(0.0, |leak| leak.more_missed_ratio());
    let by_harm = |one: &Life<'_>, other: &Life<'_>| {
        lost(other).total_cmp(&lost(one)).then(missed(other).total_cmp(&missed(one)))
    };
    lives.sort_by(by_harm);
    lives
}

impl<'a> Life<'a> {
    /// Where its pings were counted.
    pub(crate) fn counted(&self) -> impl Iterator<Item = Counted<'a>> + '_ {
        self.stations.iter().filter_map(|station| {
            let verify = station.entry.row.summary.verify.as_ref()?;
            Some(Counted { panel: station.panel, without: station.entry.without, verify })
        })
    }

    /// Where it lost the largest share of its uniques; none where it lost none.
    pub(crate) fn worst_loss(&self) -> Option<Counted<'a>> {
        let lossy = self.counted().filter(|counted| counted.lost() > 0);
        lossy.reduce(|one, other| if other.lost_ratio() > one.lost_ratio() { other } else { one })
    }

    /// Where most copies came through that would not have without the fault, where that is known.
    pub(crate) fn worst_leak(&self) -> Option<Counted<'a>> {
        let leaky = self.counted().filter(|counted| counted.verify.missed_count > 0);
        leaky.reduce(
            |one, other| {
                if other.more_missed_ratio() > one.more_missed_ratio() { other } else { one }
            },
        )
    }

    /// How often it stood like this.
    pub(crate) fn standings(&self, standing: Standing) -> impl Iterator<Item = &Station<'a>> {
        self.stations.iter().filter(move |station| station.entry.row.standing == standing)
    }

    /// The bound on what it lost where it was seen to lose none, in every scenario.
    pub(crate) fn bound(&self) -> Option<f64> {
        self.counted().map(|counted| counted.verify.unique_count).min().map(rule_of_three)
    }
}

impl Counted<'_> {
    /// Uniques lost, but for those whose id another ping had: no strategy could tell these apart.
    pub(crate) fn lost(&self) -> u64 {
        self.verify.lost_count - self.verify.lost_shared_key_count
    }

    /// The same, of all uniques.
    pub(crate) fn lost_ratio(&self) -> f64 {
        self.lost() as f64 / self.verify.unique_count.max(1) as f64
    }

    /// The same in the stream without its faults; none where that was not run.
    pub(crate) fn lost_without(&self) -> Option<u64> {
        self.without.map(|without| without.lost_count)
    }

    /// Copies that came through, of all.
    pub(crate) fn missed_ratio(&self) -> f64 {
        self.verify.missed_count as f64 / self.verify.duplicate_count.max(1) as f64
    }

    /// Copies that came through beyond those of the stream without its faults, where that was run.
    pub(crate) fn more_missed(&self) -> u64 {
        let without = self.without.map_or(0, |without| without.missed_count);
        self.verify.missed_count.saturating_sub(without)
    }

    /// The same, of all copies.
    fn more_missed_ratio(&self) -> f64 {
        self.more_missed() as f64 / self.verify.duplicate_count.max(1) as f64
    }

    /// What is left behind the nightly job, of all copies.
    pub(crate) fn stable_ratio(&self) -> Option<f64> {
        let stable = self.verify.stable?;
        Some(stable.missed_count as f64 / self.verify.duplicate_count.max(1) as f64)
    }
}
