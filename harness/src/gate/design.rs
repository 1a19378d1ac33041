//! When a metric passes, fails, or cannot be told: pure functions of its rounds.
//!
//! First every metric is screened, with few rounds. What is clearly no worse than allowed passes there. The rest is
//! confirmed with fresh rounds: those of the screen are thrown away, so that a metric that was picked because chance
//! made it look bad starts anew. What is left open after the last look is inconclusive.
//!
//! A metric fails only where "it is no slower than tolerated" is rejected at alpha / (metrics under confirmation x
//! looks): over all metrics and looks of one gate, a false alarm comes with a probability of at most alpha.

use serde::{Deserialize, Serialize};

use super::stats::Estimate;

/// How unlikely a metric at the unacceptable limit is to pass, over all looks.
const FALSE_PASS: f64 = 0.01;

/// What a change may be, as ratios: 0.02 is 2 % slower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Limits {
    /// Changes up to this are never a failure.
    pub tolerated_ratio: f64,
    /// Changes from this on must not pass.
    pub unacceptable_ratio: f64,
}

/// How many rounds, and how sure one has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Design {
    /// The probability of any false alarm in one gate.
    pub alpha: f64,
    /// Rounds of the screen.
    pub screen_rounds: usize,
    /// After how many fresh rounds the open metrics are looked at.
    pub looks: Vec<usize>,
}

/// What a metric comes to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// No worse than allowed.
    Pass,
    /// Not to be told.
    Inconclusive,
    /// Worse than tolerated.
    Fail,
}

impl Default for Design {
    /// As simulated under typical noise: see docs/GATE.md.
    fn default() -> Self {
        Design { alpha: 0.01, screen_rounds: 15, looks: vec![20, 50, 100] }
    }
}

impl Limits {
    /// The tolerated change as a log ratio.
    pub fn tolerated(&self) -> f64 {
        self.tolerated_ratio.ln_1p()
    }

    /// The unacceptable change as a log ratio.
    pub fn unacceptable(&self) -> f64 {
        self.unacceptable_ratio.ln_1p()
    }
}

impl Design {
    /// Whether a metric is clearly well after its screen.
    pub fn passes_screen(&self, limits: Limits, rounds: &[f64]) -> bool {
        Estimate::of(rounds).is_some_and(|estimate| estimate.p_below(limits.unacceptable()) < FALSE_PASS)
    }

    /// What `rounds` of confirmation decide, where `metrics` are confirmed; none while they leave it open. The first
    /// look that decides counts, whatever was measured afterwards.
    pub fn confirm(&self, limits: Limits, metrics: usize, rounds: &[f64]) -> Option<Look> {
        self.looks_at(limits, metrics, rounds).into_iter().find(|look| look.decision.is_some())
    }

    /// Every look that `rounds` allow.
    pub fn looks_at(&self, limits: Limits, metrics: usize, rounds: &[f64]) -> Vec<Look> {
        let reached = self.looks.iter().filter(|look| **look <= rounds.len());
        reached.filter_map(|look| self.look(limits, metrics, &rounds[..*look])).collect()
    }

    fn look(&self, limits: Limits, metrics: usize, rounds: &[f64]) -> Option<Look> {
        let estimate = Estimate::of(rounds)?;
        let p = estimate.p_above(limits.tolerated());
        let decision = if p < self.level(metrics) {
            Some(Decision::Fail)
        } else if estimate.p_below(limits.unacceptable()) < FALSE_PASS / self.looks.len() as f64 {
            Some(Decision::Pass)
        } else {
            None
        };
        Some(Look { rounds: rounds.len(), estimate, p, decision })
    }

    /// The level of one test among those of `metrics` under confirmation.
    pub fn level(&self, metrics: usize) -> f64 {
        self.alpha / (metrics.max(1) * self.looks.len()) as f64
    }

    /// Rounds of a whole confirmation.
    pub fn most_rounds(&self) -> usize {
        self.looks.last().copied().unwrap_or(0)
    }

    /// The smallest change, as a ratio, that is seen as a failure 19 times in 20, at the last look of a gate with one
    /// metric under confirmation, where rounds differ as `rounds` do.
    pub fn smallest_seen(&self, limits: Limits, rounds: &[f64]) -> Option<f64> {
        let estimate = Estimate::of(rounds)?;
        let se = estimate.se * (rounds.len() as f64 / self.most_rounds() as f64).sqrt();
        let at_the_end = Estimate { df: 0.6 * self.most_rounds() as f64 - 1.0, ..estimate };
        let reach = at_the_end.quantile(1.0 - self.level(1)) + at_the_end.quantile(0.95);
        Some((limits.tolerated() + reach * se).exp_m1())
    }
}

/// One look at a metric under confirmation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Rounds so far.
    pub rounds: usize,
    /// What they say.
    pub estimate: Estimate,
    /// How likely they are where the change is tolerable.
    pub p: f64,
    /// What follows.
    pub decision: Option<Decision>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { tolerated_ratio: 0.02, unacceptable_ratio: 0.05 };

    fn around(centre: f64, count: usize) -> Vec<f64> {
        (0..count).map(|i| centre + 0.002 * ((i % 7) as f64 - 3.0)).collect()
    }

    #[test]
    fn what_is_clearly_slower_fails_and_what_is_clearly_not_passes() {
        let design = Design::default();
        assert_eq!(design.confirm(LIMITS, 3, &around(0.06, 20)).unwrap().decision, Some(Decision::Fail));
        assert_eq!(design.confirm(LIMITS, 3, &around(0.0, 20)).unwrap().decision, Some(Decision::Pass));
        assert!(design.passes_screen(LIMITS, &around(0.0, 15)));
        assert!(!design.passes_screen(LIMITS, &around(0.06, 15)));
    }

    #[test]
    fn being_much_faster_passes() {
        assert!(Design::default().passes_screen(LIMITS, &around(-0.5, 15)));
    }

    #[test]
    fn nothing_is_decided_between_looks_or_without_rounds() {
        let design = Design::default();
        assert_eq!(design.confirm(LIMITS, 1, &around(0.06, 19)), None);
        assert_eq!(design.confirm(LIMITS, 1, &[]), None);
        assert!(!design.passes_screen(LIMITS, &[]));
    }

    #[test]
    fn the_first_look_that_decides_counts() {
        let rounds = [around(0.06, 20), around(-0.5, 30)].concat();
        let look = Design::default().confirm(LIMITS, 1, &rounds).unwrap();
        assert_eq!((look.rounds, look.decision), (20, Some(Decision::Fail)));
    }

    #[test]
    fn the_more_metrics_are_confirmed_the_surer_each_has_to_be() {
        let design = Design::default();
        assert!((design.level(40) - 0.01 / 120.0).abs() < 1e-12);
        assert!(design.level(1) > design.level(2));
    }

    #[test]
    fn less_noise_shows_smaller_changes() {
        let design = Design::default();
        let wide: Vec<f64> = around(0.0, 15).iter().map(|d| d * 10.0).collect();
        let (fine, coarse) =
            (design.smallest_seen(LIMITS, &around(0.0, 15)), design.smallest_seen(LIMITS, &wide));
        assert!(fine.unwrap() > 0.02 && fine < coarse);
    }
}
