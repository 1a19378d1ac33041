//! What became of one strategy over all scenarios.

use std::collections::BTreeMap;

use dedup_records::compare::{Standing, VerifySummary};
use dedup_records::record::Role;
use dedup_records::stats::rule_of_three;

use crate::change::{self, Change, Known};
use crate::panel::{Entry, Panel};

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
    pub(crate) verify: &'a VerifySummary,
}

/// The worst that became of a candidate, and where.
#[derive(Clone, Copy)]
pub(crate) struct Worst<'a> {
    pub(crate) panel: &'a Panel<'a>,
    pub(crate) cause: Cause,
    pub(crate) change: Change,
}

/// Whose doing it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The panel's fault's.
    Fault,
    /// Nobody's: the panel's stream comes to that without a fault.
    Stream,
}

/// The candidates of all panels, the worst first.
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
    let by_harm = |one: &Life<'_>, other: &Life<'_>| {
        let change = |life: &Life<'_>| life.worst().map(|worst| worst.change);
        change(other).cmp(&change(one))
    };
    lives.sort_by(by_harm);
    lives
}

impl<'a> Life<'a> {
    /// Where its pings were counted.
    pub(crate) fn counted(&self) -> impl Iterator<Item = Counted<'a>> + '_ {
        self.stations.iter().filter_map(|station| {
            let verify = station.entry.row.summary.verify.as_ref()?;
            Some(Counted { panel: station.panel, verify })
        })
    }

    /// The worst of all: of what faults changed, and of what was lost without any. Copies that come through without a fault
    /// count where no fault did harm: they come through under every fault, too.
    pub(crate) fn worst(&self) -> Option<Worst<'a>> {
        let lost = self.worst_loss_anyway();
        let fault = self.worst_fault();
        let worst = match (fault, lost) {
            (Some(fault), Some(lost)) if lost.change > fault.change => Some(lost),
            (fault, lost) => fault.or(lost),
        };
        worst.filter(|worst| !worst.change.is_none()).or_else(|| self.of_streams(|change| change))
    }

    /// The fault that did most harm to it; none where no fault happened to it.
    pub(crate) fn worst_fault(&self) -> Option<Worst<'a>> {
        let faulty = self.stations.iter().filter(|station| !station.panel.faults().is_empty());
        let changes = faulty.filter_map(|station| Some((station.panel, station.entry.change()?)));
        change::worst(changes).map(|(panel, change)| Worst { panel, cause: Cause::Fault, change })
    }

    /// Where it lost the largest share of its uniques without a fault.
    fn worst_loss_anyway(&self) -> Option<Worst<'a>> {
        let twin = |station: &Station<'a>| {
            let without = station.entry.without.filter(|without| without.known == Known::Run)?;
            let verify = station.entry.row.summary.verify.as_ref()?;
            Some((station.panel, Change::lost_anyway(without, verify)))
        };
        let of_twins = change::worst(self.stations.iter().filter_map(twin));
        let of_twins = of_twins.map(|(panel, change)| Worst { panel, cause: Cause::Stream, change });
        // Where both are as bad, a scenario of its own is more plainly without a fault.
        let own = self.of_streams(Change::of_losses);
        let worst = match (own, of_twins) {
            (Some(own), Some(twin)) if twin.change > own.change => Some(twin),
            (own, twin) => own.or(twin),
        };
        worst.filter(|worst| worst.change.lost > 0)
    }

    /// The worst of the scenarios without a fault.
    fn of_streams(&self, counted: impl Fn(Change) -> Change) -> Option<Worst<'a>> {
        let faultless = self.stations.iter().filter(|station| station.panel.faults().is_empty());
        let changes = faultless.filter_map(|station| Some((station.panel, counted(station.entry.change()?))));
        change::worst(changes).map(|(panel, change)| Worst { panel, cause: Cause::Stream, change })
    }

    /// Whether it was seen to lose any.
    pub(crate) fn is_lossy(&self) -> bool {
        self.counted().any(|counted| counted.lost() > 0)
    }

    /// The largest share of copies that came through anywhere.
    pub(crate) fn most_missed(&self) -> f64 {
        self.counted().map(|counted| counted.missed_ratio()).fold(0.0, f64::max)
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

impl Worst<'_> {
    /// Where it was, as the end of a sentence.
    pub(crate) fn within(&self) -> String {
        match (self.cause, self.panel.faults().is_empty()) {
            (Cause::Stream, false) => {
                format!("without any fault, on the stream of {}", self.panel.short_title())
            }
            _ => self.panel.within(),
        }
    }
}

impl Counted<'_> {
    /// Uniques lost, but for those whose id another ping had: no strategy could tell these apart.
    pub(crate) fn lost(&self) -> u64 {
        self.verify.told_apart_lost_count()
    }

    /// Copies that came through, of all.
    pub(crate) fn missed_ratio(&self) -> f64 {
        self.verify.missed_count as f64 / self.verify.duplicate_count.max(1) as f64
    }

    /// What is left behind the nightly job, of all copies.
    pub(crate) fn stable_ratio(&self) -> Option<f64> {
        let stable = self.verify.stable?;
        Some(stable.missed_count as f64 / self.verify.duplicate_count.max(1) as f64)
    }
}
