//! Which strategy is the answer, as `decide` orders them, without judging all that there is to choose from.

use super::question::Question;
use crate::candidate::Candidate;
use crate::decision::{compare, failures, order};
use crate::loss::{assess, price};

/// A strategy in one size, from the shortest window on: what follows is as dear or dearer.
pub struct Ladder<'a> {
    /// Its name.
    pub strategy: &'static str,
    /// Its candidates; what lets too much through anyway may be left out.
    pub candidates: Box<dyn Iterator<Item = Candidate> + 'a>,
}

/// The best so far.
#[derive(Default)]
struct Best {
    found: Option<((f64, f64, f64), usize, String)>,
}

impl Best {
    /// Whether something costs more, to the cent.
    fn is_below(&self, cents: f64) -> bool {
        self.found.as_ref().is_some_and(|(key, ..)| key.0 < cents)
    }

    /// Takes it where it survives and comes before; what is the same goes by its place.
    fn meet(&mut self, candidate: &Candidate, place: usize, asked: &Question) {
        let found = assess(candidate, &asked.traffic, &asked.needs);
        let key = order(&found);
        let is_better = self
            .found
            .as_ref()
            .is_none_or(|(best, there, _)| compare(&key, best).then(place.cmp(there)).is_lt());
        if is_better && failures(candidate, &found, &asked.traffic, &asked.needs).is_empty() {
            self.found = Some((key, place, candidate.strategy.clone()));
        }
    }

    fn strategy(self) -> Option<String> {
        self.found.map(|(.., strategy)| strategy)
    }
}

fn cents(candidate: &Candidate, asked: &Question) -> f64 {
    (price(candidate, &asked.needs) * 100.0).round()
}

/// Of these: looked for from the cheapest on.
pub(super) fn of_candidates(asked: &Question, candidates: &[Candidate]) -> Option<String> {
    let priced = |(place, candidate)| (cents(candidate, asked), place, candidate);
    let mut by_price: Vec<(f64, usize, &Candidate)> = candidates.iter().enumerate().map(priced).collect();
    by_price.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best = Best::default();
    for (cents, place, candidate) in by_price {
        if best.is_below(cents) {
            break;
        }
        best.meet(candidate, place, asked);
    }
    best.strategy()
}

/// Of these: up each ladder as far as there may be something better. Who is likely to win comes `first`, so that most others are
/// left on their first step.
pub(super) fn of_ladders(asked: &Question, ladders: Vec<Ladder<'_>>, first: Option<&str>) -> Option<String> {
    let mut ladders: Vec<(usize, Ladder<'_>)> = ladders.into_iter().enumerate().collect();
    ladders.sort_by_key(|(_, ladder)| Some(ladder.strategy) != first);
    let mut best = Best::default();
    for (place, ladder) in ladders {
        for candidate in ladder.candidates {
            if best.is_below(cents(&candidate, asked)) {
                break;
            }
            best.meet(&candidate, place, asked);
        }
    }
    best.strategy()
}
