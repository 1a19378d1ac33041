//! What a fault changes: the one measure of how bad a fault was, wherever a worst one is named.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use dedup_records::compare::{Block, Comparison, Row, Standing, VerifySummary};
use dedup_records::units::thousands;

/// The measure in words, for wherever a worst fault is named: beyond what it counts, as far as that is known of these.
pub(crate) fn definition(known: impl IntoIterator<Item = Known>) -> String {
    let known: BTreeSet<Known> = known.into_iter().collect();
    let has = |one| known.contains(&one);
    let (beyond, it) = match (has(Known::Run) || known.is_empty(), has(Known::Mildest)) {
        (true, false) => (" beyond the same stream without it", " beyond it"),
        (true, true) => (
            " beyond the same stream without it, or, where that was not run, beyond what the mildest fault left of it",
            " beyond it",
        ),
        (false, true) => (
            " beyond what the mildest fault left of the same stream, which was not run without one",
            " beyond it",
        ),
        (false, false) => ("", ""),
    };
    let whole = match (has(Known::Nothing), beyond.is_empty()) {
        (false, _) => "",
        (true, true) => " Nothing is known of the same stream without it: all is counted.",
        (true, false) => {
            " Where neither is known all is counted (\"in all\"), and it stands behind the others."
        }
    };
    format!(
        "Worst fault: of those that happened, the one that cost the largest share of unique pings{beyond}; where none \
         cost any, the one that let the largest share of copies through{it}.{whole}"
    )
}

/// What is no change, in words.
pub(crate) const CHANCE: &str = "below 30 copies more, and below 10 pings where some are lost anyway, it may be chance and counts as none";

/// So many copies more may be chance: others come in time, or late, where workers change.
const FEW_COPIES: u64 = 30;

/// So many pings more may be chance where some are lost without the fault too.
const FEW_PINGS: u64 = 10;

/// What a stream with a fault comes to without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Without {
    /// Copies let through.
    pub(crate) missed_count: u64,
    /// Uniques lost, but for those whose id another ping had.
    pub(crate) lost_count: u64,
    /// How that is known.
    pub(crate) known: Known,
}

/// How it is known what a stream comes to without its fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// It was run without it, or there is no fault.
    #[default]
    Run,
    /// It is what the mildest of several faults left of it.
    Mildest,
    /// It is not known: all is counted.
    Nothing,
}

/// So many faults of one stream are needed to know what it comes to under the mildest.
const FAULTS: usize = 3;

impl Without {
    /// As it was run without the fault; else, of faults on the same stream, what the mildest left of it.
    pub(crate) fn of(block: &Block, row: &Row, comparison: &Comparison) -> Option<Without> {
        let verify = row.summary.verify.as_ref()?;
        if let Some(known) = verify.faultless {
            let lost_count = known.lost_count - known.lost_shared_key_count;
            return Some(Without { missed_count: known.missed_count, lost_count, known: Known::Run });
        }
        if block.stream.faults.is_empty() && verify.faults.is_empty() {
            return None;
        }
        // By uniques alone: a fault makes copies of its own.
        let same =
            |other: &&VerifySummary| !other.faults.is_empty() && other.unique_count == verify.unique_count;
        let rows = comparison.blocks.iter().flat_map(|block| &block.rows);
        let alike = rows.filter(|other| (&other.strategy, &other.run) == (&row.strategy, &row.run));
        let alike: Vec<&VerifySummary> =
            alike.filter_map(|row| row.summary.verify.as_ref()).filter(same).collect();
        let least = |count: fn(&VerifySummary) -> u64| alike.iter().map(|verify| count(verify)).min();
        let missed_count = least(|verify| verify.missed_count)?;
        let lost_count = least(VerifySummary::told_apart_lost_count)?;
        (alike.len() >= FAULTS).then_some(Without { missed_count, lost_count, known: Known::Mildest })
    }
}

/// What a fault did to a strategy. Ordered by harm: the share of uniques lost, then the share of copies let through.
/// What is counted whole is behind all that is known to be the fault's doing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    /// Uniques lost.
    pub(crate) lost: u64,
    /// Of so many.
    pub(crate) uniques: u64,
    /// Copies let through.
    pub(crate) copies: u64,
    /// Of so many.
    pub(crate) duplicates: u64,
    /// Uniques lost without the fault, on top of which it comes.
    lost_anyway: u64,
    /// Copies let through without it.
    copies_anyway: u64,
    /// How these are known.
    pub(crate) known: Known,
}

impl Change {
    /// Beyond the same stream without the fault, where that is known; all of it where that is not, or where there is no fault.
    /// None where nothing was counted to the end, and of a fault that never happened.
    pub(crate) fn of(row: &Row, without: Option<Without>) -> Option<Change> {
        let verify = row.summary.verify.as_ref()?;
        let never = !verify.faults.is_empty() && verify.faults.iter().all(|fault| fault.fired_count == 0);
        if never || matches!(row.standing, Standing::Inconclusive | Standing::Failed) {
            return None;
        }
        let beyond = |count: u64, without: u64, few: u64| {
            let more = count.saturating_sub(without);
            if more < few { 0 } else { more }
        };
        let (anyway, passed) = without.map_or((0, 0), |without| (without.lost_count, without.missed_count));
        let few_copies = without.map_or(0, |_| FEW_COPIES);
        let lost = beyond(verify.told_apart_lost_count(), anyway, if anyway == 0 { 0 } else { FEW_PINGS });
        Some(Change {
            lost,
            uniques: verify.unique_count,
            copies: beyond(verify.missed_count, passed, few_copies),
            duplicates: verify.duplicate_count,
            lost_anyway: anyway,
            copies_anyway: passed,
            known: match without {
                Some(without) => without.known,
                None if verify.faults.is_empty() => Known::Run,
                None => Known::Nothing,
            },
        })
    }

    /// What is lost without any fault.
    pub(crate) fn lost_anyway(without: Without, verify: &VerifySummary) -> Change {
        Change { lost: without.lost_count, uniques: verify.unique_count, ..Change::default() }
    }

    /// The same without what was lost.
    pub(crate) fn of_copies(self) -> Change {
        Change { lost: 0, ..self }
    }

    /// The same without what came through.
    pub(crate) fn of_losses(self) -> Change {
        Change { copies: 0, ..self }
    }

    /// Whether it did any harm.
    pub(crate) fn is_none(&self) -> bool {
        (self.lost, self.copies) == (0, 0)
    }

    /// Of uniques.
    pub(crate) fn lost_ratio(&self) -> f64 {
        self.lost as f64 / self.uniques.max(1) as f64
    }

    /// Of copies.
    pub(crate) fn copies_ratio(&self) -> f64 {
        self.copies as f64 / self.duplicates.max(1) as f64
    }

    /// ` more`, where some were lost, or came through, without the fault too.
    pub(crate) fn more(&self) -> &'static str {
        let anyway = if self.lost > 0 { self.lost_anyway } else { self.copies_anyway };
        if anyway > 0 { " more" } else { "" }
    }

    /// What it is more than, behind ` more`.
    pub(crate) fn than(&self) -> &'static str {
        match (self.more(), self.known) {
            ("", _) => "",
            (_, Known::Mildest) => " than under the mildest fault",
            (_, Known::Run | Known::Nothing) => " than without it",
        }
    }

    /// In words, the same in every table: `lost 435`, or `let 2,488 more through`.
    pub(crate) fn words(&self) -> String {
        let more = self.more();
        let whole = if self.known == Known::Nothing { " in all" } else { "" };
        match (self.lost, self.copies) {
            (0, 0) => "no harm seen".to_string(),
            (0, copies) => format!("let {}{more} through{whole}", thousands(copies)),
            (lost, _) => format!("lost {}{more}{whole}", thousands(lost)),
        }
    }

    /// No harm, then harm that may not be the fault's, then the fault's own.
    fn rank(&self) -> u8 {
        match (self.is_none(), self.known) {
            (true, _) => 0,
            (false, Known::Nothing) => 1,
            (false, Known::Run | Known::Mildest) => 2,
        }
    }
}

/// The worst of these; of equals the first.
pub(crate) fn worst<T>(changes: impl Iterator<Item = (T, Change)>) -> Option<(T, Change)> {
    changes.reduce(|worst, other| if other.1 > worst.1 { other } else { worst })
}

impl Ord for Change {
    fn cmp(&self, other: &Change) -> Ordering {
        let lost = self.lost_ratio().total_cmp(&other.lost_ratio());
        self.rank()
            .cmp(&other.rank())
            .then(lost)
            .then_with(|| self.copies_ratio().total_cmp(&other.copies_ratio()))
    }
}

impl PartialOrd for Change {
    fn partial_cmp(&self, other: &Change) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Change {
    fn eq(&self, other: &Change) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Change {}
