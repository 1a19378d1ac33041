//! What there is to choose from where the question is another: windows and sizes chosen anew, one after the other as they are
//! asked for.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use dedup_decide::page::Several;
use dedup_decide::{Candidate, Curves, Ladder, Missed, Needs, Question, Traffic};
use dedup_strategies::{Definition, Sizing};

use super::candidates::{HowSeveral, Theory, ids_of};
use super::offer::{Offer, chosen};

/// Strategies, for whatever question.
pub struct Otherwise<'a> {
    offers: Vec<Offer<'a>>,
    curves: &'a Curves,
    sampled: Sampled,
}

impl<'a> Otherwise<'a> {
    /// Of these, where `candidates` are what there is to choose from for this question.
    pub fn new(
        definitions: &'a [Definition],
        (traffic, needs): (&Traffic, &Needs),
        curves: &'a Curves,
        candidates: &[Candidate],
    ) -> Otherwise<'a> {
        let offers: Vec<Offer<'a>> =
            definitions.iter().filter_map(|definition| Offer::of(definition).ok()).collect();
        let sampled = Sampled::of(&offers, (traffic, needs), candidates);
        Otherwise { offers, curves, sampled }
    }
}

impl dedup_decide::Otherwise for Otherwise<'_> {
    fn ladders<'b>(&'b self, asked: &'b Question) -> Vec<Ladder<'b>> {
        let several = HowSeveral::Near(&self.sampled);
        let theory = Rc::new(Theory::new(&asked.traffic, &asked.needs, self.curves, several));
        // Nothing is worked out before it is asked for.
        let candidates = |offer: &'b Offer<'b>, rate: Option<f64>| {
            let theory = theory.clone();
            std::iter::once(rate).flat_map(move |rate| {
                let (theory, size) = (theory.clone(), offer.size(rate));
                let windows = theory.windows_from_the_shortest(offer, &size);
                windows.into_iter().filter_map(move |window| theory.candidate(offer, window, &size))
            })
        };
        let of_offer = |offer: &'b Offer<'b>| {
            let candidates = &candidates;
            offer.rates(&asked.needs).into_iter().map(move |rate| Ladder {
                strategy: offer.definition.name,
                candidates: Box::new(candidates(offer, rate)),
            })
        };
        self.offers.iter().flat_map(of_offer).collect()
    }
}

/// By how much what was sampled of pings with several copies each differs from what formulas say of one.
#[derive(Default)]
pub(super) struct Sampled(BTreeMap<(&'static str, Option<u64>), Vec<Several>>);

impl Sampled {
    /// For these candidates of this question.
    pub(super) fn of(
        offers: &[Offer<'_>],
        (traffic, needs): (&Traffic, &Needs),
        candidates: &[Candidate],
    ) -> Sampled {
        let mut sampled = Sampled::default();
        if traffic.copies <= 1.0 {
            return sampled;
        }
        for candidate in candidates {
            let Some(offer) = offers.iter().find(|offer| offer.definition.name == candidate.strategy) else {
                continue;
            };
            let rate = candidate.chosen.first().and_then(|(_, rate)| rate.parse().ok());
            if let Some(formula) = by_formula(offer, (traffic, needs), candidate, rate) {
                let stable = candidate.missed_stable.zip(formula.stable);
                let apart = Several(
                    candidate.window_s.unwrap_or(0.0),
                    candidate.missed_live.value - formula.live,
                    stable.map(|(sampled, formula)| sampled.value - formula),
                );
                sampled.0.entry((offer.definition.name, rate.map(f64::to_bits))).or_default().push(apart);
            }
        }
        sampled
    }

    /// All that is known of a strategy with this rate of mistakes.
    pub(super) fn all(&self, strategy: &'static str, rate: Option<f64>) -> &[Several] {
        self.0.get(&(strategy, rate.map(f64::to_bits))).map_or(&[], Vec::as_slice)
    }

    /// What formulas say, and the difference at the nearest window.
    pub(super) fn near(
        &self,
        strategy: &'static str,
        rate: Option<f64>,
        window: Duration,
        formula: Missed,
    ) -> Missed {
        let far = |several: &Several| ((several.0 + 1.0) / (window.as_secs_f64() + 1.0)).ln().abs();
        // What was sampled with one size of it goes for others, too.
        let of_another =
            || self.0.iter().find(|((name, _), _)| *name == strategy).map(|(_, all)| all.as_slice());
        let known = Some(self.all(strategy, rate)).filter(|all| !all.is_empty()).or_else(of_another);
        let nearest = known.and_then(|all| all.iter().min_by(|a, b| far(a).total_cmp(&far(b))));
        let Some(Several(_, live, stable)) = nearest else { return formula };
        let share = |share: f64| share.clamp(0.0, 1.0);
        Missed {
            live: share(formula.live + live),
            stable: formula.stable.map(|left| share(left + stable.unwrap_or(0.0))),
        }
    }
}

/// What formulas say of one copy.
fn by_formula(
    offer: &Offer<'_>,
    (traffic, needs): (&Traffic, &Needs),
    candidate: &Candidate,
    rate: Option<f64>,
) -> Option<Missed> {
    let window = Duration::from_secs_f64(candidate.window_s.unwrap_or(3600.0));
    let ids = candidate.ids as u64;
    let sizing = Sizing { window, ids_in_window: ids, ids_total: ids };
    let settings = offer.definition.resolve(&chosen(rate), &sizing).ok()?;
    let ids = ids_of(offer.definition, &settings).unwrap_or(ids);
    offer.size(rate).forgetting?.missed(traffic, needs, offer.sized_for(window, ids, needs))
}
