//! A run shared out among several machines: which cells are whose.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;
use std::str::FromStr;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::cell::Turn;
use super::plan::Plan;
use super::task::Place;
use crate::passes::Pipelines;
use crate::record::{MOST_SHARES, Share};

/// One of several shares: `3/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    index: u32,
    of: u32,
}

impl Partition {
    /// Whether a cell belongs to it. A cell's share follows from its own name alone, so that it stays where it is whatever
    /// else is run.
    pub(super) fn holds(self, cell: &str) -> bool {
        xxh3_64(cell.as_bytes()) % u64::from(self.of) == u64::from(self.index - 1)
    }

    /// Which of so many pipelines are the share's: neighbours, and no share has more than one more than another.
    pub(super) fn part_of(self, pipelines: u32) -> Range<u32> {
        let before = |share: u32| (u64::from(pipelines) * u64::from(share) / u64::from(self.of)) as u32;
        before(self.index - 1)..before(self.index)
    }

    /// The share as one of so many clients.
    pub(super) fn client(self) -> Pipelines {
        let of = NonZeroU32::new(self.of).unwrap_or(NonZeroU32::MIN);
        Pipelines { of, own: self.index - 1..self.index }
    }

    /// Which one it is, from 1.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many shares there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// What the records of the share say of it, in a run of so many cells.
    pub fn share(self, plans: &[&Plan]) -> Share {
        Share {
            index: self.index,
            of: self.of,
            cells_count: plans.iter().map(|plan| plan.all_cells()).sum::<usize>() as u32,
            plan_digest: digest(plans),
        }
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Partition, String> {
        let numbers = text.split_once('/').and_then(|(index, of)| Some((number(index)?, number(of)?)));
        match numbers {
            Some((index, of)) if (1..=MOST_SHARES).contains(&of) && (1..=of).contains(&index) => {
                Ok(Partition { index, of })
            }
            _ => {
                Err(format!("allowed is SHARE/SHARES, from 1/1 to {MOST_SHARES}/{MOST_SHARES}, such as 3/8"))
            }
        }
    }
}

/// Digits alone: a sign or a blank is a slip of the pen in a file for CI.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Plan {
    /// What a cell is called, whatever else is in the run.
    pub(super) fn name(&self, place: Place, turn: Turn) -> String {
        let (workload, strategy) = self.at(place);
        [workload.name(), &strategy.label(), turn.pass.name(), &turn.round.to_string()].join("\0")
    }
}

/// Digest of every cell of the run, and of what determines its figures.
fn digest(plans: &[&Plan]) -> String {
    let mut hasher = Xxh3::new();
    for plan in plans {
        for (place, turn) in plan.all_turns() {
            let (workload, _) = plan.at(place);
            let seed = super::seed_of(plan.seed.unwrap_or(workload.seed()), turn.round);
            let (name, stream, pipeline) = (plan.name(place, turn), workload.digest(), workload.pipeline());
            hasher.update(format!("{name}\0{stream}\0{seed}\0{pipeline:?}\n").as_bytes());
        }
        let how = (plan.options, plan.nightly, plan.pacing.asked, plan.without_faults, plan.pipelines);
        hasher.update(format!("{how:?}\n").as_bytes());
    }
    format!("{:016x}", hasher.digest())
}

#[cfg(test)]
mod tests {
    use dedup_stream::scenario;
    use dedup_stream::workload::Workload;

    use super::*;
    use crate::select::select;

    fn plan(scenarios: &str, strategies: &[&str], partition: Option<&str>) -> Plan {
        let found = scenario::find(scenarios).unwrap().into_iter();
        let workloads = found.map(|scenario| Workload::Scenario(Box::new(scenario))).collect();
        let patterns: Vec<String> = strategies.iter().map(|pattern| pattern.to_string()).collect();
        let mut plan =
            Plan::new(workloads, select(dedup_strategies::STRATEGIES, &patterns).unwrap(), "/nowhere".into());
        plan.rounds = 2;
        plan.partition = partition.map(|partition| partition.parse().unwrap());
        plan
    }

    fn names(plan: &Plan) -> Vec<String> {
        plan.turns().map(|(place, turn)| plan.name(place, turn)).collect()
    }

    #[test]
    fn every_cell_is_in_exactly_one_share_and_keeps_its_position() {
        let whole = plan("^(quick|twins)$", &[], None);
        let mut dealt: Vec<(u32, String)> = Vec::new();
        for index in 1..=8 {
            let share = plan("^(quick|twins)$", &[], Some(&format!("{index}/8")));
            assert!(share.cells() > 0 && share.all_cells() == whole.cells());
            dealt.extend(share.turns().map(|(place, turn)| (turn.position, share.name(place, turn))));
        }
        dealt.sort();
        assert_eq!(dealt, (0..).zip(names(&whole)).collect::<Vec<_>>());
    }

    #[test]
    fn a_cell_stays_in_its_share_whatever_else_is_run() {
        let many = names(&plan("^(quick|twins)$", &[], Some("3/8")));
        let few = names(&plan("^twins$", &["^noop$", "^exact", "lru:capacity=7"], Some("3/8")));
        let asked = names(&plan("^twins$", &["^noop$", "^exact"], None));
        let expected: Vec<&String> = many.iter().filter(|name| asked.contains(name)).collect();
        let of_these: Vec<&String> = few.iter().filter(|name| asked.contains(name)).collect();
        assert_eq!(of_these, expected);
        assert!(!expected.is_empty());
    }

    #[test]
    fn shares_are_those_of_every_version() {
        let held = |cell: &str| (1..=8).find(|index| Partition { index: *index, of: 8 }.holds(cell)).unwrap();
        let cells = [
            ["quick", "exact", "verify", "0"],
            ["quick", "exact", "time", "0"],
            ["twins", "lru:capacity=7", "weigh", "1"],
        ];
        let cells = cells.map(|cell| cell.join("\0"));
        assert_eq!(cells.map(|cell| held(&cell)), [2, 8, 5]);
    }

    #[test]
    fn what_determines_figures_is_in_the_digest_and_the_share_and_the_jobs_are_not() {
        let digest = |plan: &Plan| digest(&[plan]);
        let one = plan("^quick$", &["^exact$"], None);
        let mut same = plan("^quick$", &["^exact$"], Some("2/3"));
        same.jobs = std::num::NonZeroUsize::MAX;
        assert_eq!(digest(&one), digest(&same));
        same.seed = Some(99);
        assert_ne!(digest(&one), digest(&same));
        let mut other = plan("^quick$", &["^exact$"], None);
        other.options.time.seconds = 9.0;
        assert_ne!(digest(&one), digest(&other));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        assert_eq!("3/8".parse(), Ok(Partition { index: 3, of: 8 }));
        assert_eq!("1/1".parse(), Ok(Partition { index: 1, of: 1 }));
        for wrong in
            ["0/8", "9/8", "3/0", "x", "", "3", "/", "3/", "/8", "-1/8", "+1/8", " 1/8", "1/8/2", "1/10001"]
        {
            assert!(wrong.parse::<Partition>().unwrap_err().contains("such as 3/8"), "{wrong}");
        }
    }
}
