//! What would change the answer: each assumption is varied by itself, all others held, until another strategy wins. Windows and
//! sizes are chosen anew each time, as whoever asks that question has them chosen.

mod assumptions;
mod question;
mod search;
mod winner;

use serde::Serialize;

use crate::candidate::Candidate;
use crate::needs::Needs;
use crate::traffic::Traffic;
use assumptions::ASSUMPTIONS;
use search::{Search, Way};

pub use assumptions::Unit;
pub use question::Question;
pub use winner::Ladder;

/// How far an assumption moves before another strategy wins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The assumption.
    pub assumption: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Its value as it was given.
    pub from: f64,
    /// A value of few digits at which another strategy is the answer, by a hundredth at most beyond where that begins.
    pub to: f64,
    /// How many times the given one that is.
    pub factor: f64,
    /// Who wins then; none where nothing survives.
    pub winner: Option<String>,
    /// What comes further on.
    pub beyond: Beyond,
}

/// What the answer is beyond where it changes, as far as is looked.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// The same.
    Same,
    /// Another one.
    Ends {
        /// A value of few digits up to which the answer holds, by a hundredth at most before where it ends.
        until: f64,
        /// Who wins then; none where nothing survives.
        then: Option<String>,
        /// What comes behind that.
        further: Further,
    },
    /// Several come and go: they cost about as much, and windows are rounded. These were seen, in their order.
    Turns(Vec<Option<String>>),
}

/// What the answer is behind the one that follows, as far as is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Further {
    /// The same.
    Same,
    /// Others as well.
    Others,
}

impl Change {
    /// The question with another value for this assumption, of that for which the change was found.
    pub fn question(&self, asked: &Question, value: f64) -> Question {
        let mut varied = asked.clone();
        if let Some(assumption) = ASSUMPTIONS.iter().find(|one| one.name == self.assumption) {
            (assumption.set)(&mut varied, value);
        }
        varied
    }
}

/// What there is to choose from where the question is another.
pub trait Otherwise {
    /// A ladder for each strategy and size, in the order of the strategies.
    fn ladders<'a>(&'a self, asked: &'a Question) -> Vec<Ladder<'a>>;
}

/// For each assumption the nearest change upwards and downwards, the nearest of all first.
pub fn changes(
    traffic: &Traffic,
    needs: &Needs,
    candidates: &[Candidate],
    otherwise: &impl Otherwise,
) -> Vec<Change> {
    let asked = Question { traffic: traffic.clone(), needs: needs.clone() };
    let now = winner::of_candidates(&asked, candidates);
    let search = Search { asked, candidates, otherwise, now };
    let both_ways = |assumption| [Way::Up, Way::Down].map(|way| (assumption, way));
    let mut changes: Vec<Change> = ASSUMPTIONS
        .iter()
        .flat_map(both_ways)
        .filter_map(|(assumption, way)| search.change(assumption, way))
        .collect();
    changes.sort_by(|a, b| a.factor.ln().abs().total_cmp(&b.factor.ln().abs()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Marks, Place, modelled};
    use crate::testing::{candidate, traffic};

    const GIB: f64 = (1u64 << 30) as f64;

    /// The same ones whatever is asked, but for what they let through.
    struct Fixed(Vec<Candidate>);

    impl Otherwise for Fixed {
        fn ladders<'a>(&'a self, asked: &'a Question) -> Vec<Ladder<'a>> {
            let anew = |candidate: &Candidate| {
                let mut anew = candidate.clone();
                anew.missed_live = modelled(1.0 - asked.traffic.lags.within(candidate.remembers_s()));
                Ladder { strategy: anew.strategy.clone().leak(), candidates: Box::new(std::iter::once(anew)) }
            };
            self.0.iter().map(anew).collect()
        }
    }

    fn found(needs: &Needs, candidates: Vec<Candidate>) -> Vec<Change> {
        changes(&traffic(), needs, &candidates.clone(), &Fixed(candidates))
    }

    #[test]
    fn the_answer_changes_where_a_hand_finds_it() {
        let mut memory = candidate("memory", Place::Disk);
        let mut server = candidate("server", Place::Server);
        memory.marks = Marks::AfterDelivery;
        server.marks = Marks::AfterDelivery;
        // 4 workers of 1 GiB at 3 are 12; 2 GiB and a tenth at 10 are 22.
        memory.worker_bytes = modelled(GIB);
        server.server_bytes = modelled(2.0 * GIB);
        let found = found(&Needs::default(), vec![memory, server]);
        let of = |name: &str| found.iter().find(|change| change.assumption == name).cloned();
        let redis = of("price of redis").unwrap();
        // 12 / 2.2 is 5.4545: below it the server pays, and 5.45 has three digits.
        assert!((5.4..=5.4545).contains(&redis.to), "{redis:?}");
        assert_eq!(redis.winner.as_deref(), Some("server"));
        let memory = of("price of memory").unwrap();
        assert!((5.5..5.56).contains(&memory.to), "{memory:?}");
        assert_eq!(of("duplicates"), None);
        assert!((0.99 * GIB..GIB).contains(&of("memory").unwrap().to));
    }

    #[test]
    fn late_copies_make_a_longer_window_pay() {
        let sized = |name: &str, window_s: f64, missed: f64, bytes: f64| {
            let mut set = candidate(name, Place::Disk);
            set.marks = Marks::AfterDelivery;
            (set.window_s, set.missed_live, set.worker_bytes) =
                (Some(window_s), modelled(missed), modelled(bytes));
            set
        };
        // Half of the copies come after an hour, and a tenth of all pings are copies: the short one lets 5 of 95 through.
        let short = sized("short", 3600.0, 0.5, GIB);
        let long = sized("long", 172_800.0, 0.0, 2.0 * GIB);
        let needs = Needs { missed: 0.0625, ..Needs::default() };
        let found = found(&needs, vec![short, long]);
        let late = found.iter().find(|change| change.assumption == "copies after 1 h").unwrap();
        assert!((0.6..0.606).contains(&late.to) && late.winner.as_deref() == Some("long"), "{late:?}");
    }

    #[test]
    fn an_answer_that_holds_for_a_stretch_only_is_said_with_its_end_and_who_comes_behind() {
        let sized = |name: &str, window_s: f64, bytes: f64| {
            let mut set = candidate(name, Place::Disk);
            set.marks = Marks::AfterDelivery;
            (set.window_s, set.worker_bytes) = (Some(window_s), modelled(bytes));
            set.missed_live = modelled(1.0 - traffic().lags.within(window_s));
            set
        };
        let candidates = vec![
            sized("hour", 3600.0, GIB),
            sized("day", 20_000.0, 1.5 * GIB),
            sized("days", 172_800.0, 2.0 * GIB),
        ];
        let needs = Needs { missed: 0.0625, ..Needs::default() };
        let found = found(&needs, candidates.clone());
        let late = found.iter().find(|change| change.assumption == "copies after 1 h").unwrap();
        let Beyond::Ends { until, then, further } = &late.beyond else { panic!("{late:?}") };
        assert_eq!((late.winner.as_deref(), then.as_deref()), (Some("day"), Some("days")), "{late:?}");
        assert_eq!(*further, Further::Same);
        let asked = Question { traffic: traffic(), needs: needs.clone() };
        let fixed = Fixed(candidates.clone());
        let at = |value: f64| {
            let asked = late.question(&asked, value);
            winner::of_ladders(&asked, fixed.ladders(&asked), None)
        };
        for (value, expected) in [
            (late.to / 1.01, "hour"),
            (late.to, "day"),
            ((late.to * until).sqrt(), "day"),
            (*until, "day"),
            (until * 1.02, "days"),
        ] {
            assert_eq!(at(value).as_deref(), Some(expected), "{value} {late:?}");
        }
    }

    #[test]
    fn a_threshold_has_three_digits_as_it_is_shown_and_lies_beyond() {
        let rounded = |unit: Unit, value: f64| [false, true].map(|up| unit.rounded(value, up));
        assert_eq!(rounded(Unit::PingsPerSecond, 12_345.0), [12_300.0, 12_400.0]);
        assert_eq!(rounded(Unit::Share, 0.001_234_5), [0.001_23, 0.001_24]);
        assert_eq!(rounded(Unit::Bytes, 1.2345 * GIB), [1.23 * GIB, 1.24 * GIB]);
        assert_eq!(rounded(Unit::Seconds, 0.004), [0.004, 0.004]);
        assert_eq!(rounded(Unit::Money, 0.5), [0.5, 0.5]);
    }
}
