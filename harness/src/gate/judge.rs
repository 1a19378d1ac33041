//! From rounds to verdicts: a pure function.

use super::design::{Decision, Design, Limits};
use super::stats::{Estimate, FEWEST};
use super::verdict::{About, Evidence, MetricVerdict, Rounds};

/// The rounds of one metric, and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The scenario.
    pub scenario: String,
    /// The strategy.
    pub strategy: String,
    /// What is compared.
    pub metric: String,
    /// What a change may be.
    pub limits: Limits,
    /// Rounds of the screen.
    pub screen: Vec<f64>,
    /// Rounds of the confirmation; empty where it passed the screen.
    pub confirmation: Vec<f64>,
    /// Why there are no more rounds than these, where there should be.
    pub cut_short: Option<String>,
}

/// The verdict on `measured`, of which `confirmed` metrics had to be confirmed.
pub fn judge(design: &Design, confirmed: usize, measured: &Measured) -> MetricVerdict {
    let Measured { limits, screen, confirmation, .. } = measured;
    let look = design.confirm(*limits, confirmed, confirmation);
    let passed = screen.len() >= design.screen_rounds && design.passes_screen(*limits, screen);
    let decision = match (&look, passed) {
        (Some(look), _) => look.decision.unwrap_or(Decision::Inconclusive),
        (None, true) if confirmation.is_empty() => Decision::Pass,
        (None, _) => Decision::Inconclusive,
    };
    let decisive = match &look {
        Some(look) => &confirmation[..look.rounds],
        None if confirmation.len() >= FEWEST => confirmation,
        None => screen,
    };
    let estimate = Estimate::of(decisive);
    MetricVerdict {
        scenario: measured.scenario.clone(),
        strategy: measured.strategy.clone(),
        metric: measured.metric.clone(),
        about: About::Speed,
        decision,
        reason: reason(decision, *limits, estimate, measured),
        evidence: Evidence::Rounds(Rounds {
            limits: *limits,
            screen: screen.clone(),
            confirmation: confirmation.clone(),
            change_ratio: estimate.map(|estimate| estimate.mean.exp_m1()),
            interval_ratio: estimate.map(|estimate| {
                let (low, high) = estimate.interval(0.95);
                [low.exp_m1(), high.exp_m1()]
            }),
            p: look.map(|look| look.p).or_else(|| Some(estimate?.p_above(limits.tolerated()))),
        }),
        accepted: None,
    }
}

fn reason(decision: Decision, limits: Limits, estimate: Option<Estimate>, measured: &Measured) -> String {
    let Some(estimate) = estimate else {
        let why = measured.cut_short.as_deref().unwrap_or("there are too few rounds");
        return format!("not measured: {why}");
    };
    let change = change(estimate.mean.exp_m1());
    match decision {
        Decision::Fail => {
            format!("{change}, more than the {} that is tolerated", percent(limits.tolerated_ratio))
        }
        Decision::Pass => format!("{change}; {} would not have passed", percent(limits.unacceptable_ratio)),
        Decision::Inconclusive => {
            let why = measured.cut_short.as_deref().unwrap_or("too much noise to tell, after the last look");
            format!("{change}: {why}")
        }
    }
}

/// A change in words: `5.1 % slower`.
pub fn change(ratio: f64) -> String {
    match ratio {
        ratio if ratio >= 0.0005 => format!("{} slower", percent(ratio)),
        ratio if ratio <= -0.0005 => format!("{} faster", percent(-ratio)),
        _ => "no change".to_string(),
    }
}

/// A share as a percentage.
pub fn percent(ratio: f64) -> String {
    let percent = 100.0 * ratio;
    let digits = if (percent - percent.round()).abs() < 1e-9 { 0 } else { 1 };
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { tolerated_ratio: 0.02, unacceptable_ratio: 0.05 };

    fn around(centre: f64, count: usize) -> Vec<f64> {
        (0..count).map(|i| centre + 0.002 * ((i % 7) as f64 - 3.0)).collect()
    }

    fn of(screen: Vec<f64>, confirmation: Vec<f64>, cut_short: Option<&str>) -> MetricVerdict {
        let measured = Measured {
            scenario: "quick".into(),
            strategy: "exact".into(),
            metric: "p50".into(),
            limits: LIMITS,
            screen,
            confirmation,
            cut_short: cut_short.map(str::to_string),
        };
        judge(&Design::default(), 1, &measured)
    }

    #[test]
    fn a_metric_that_passes_its_screen_is_not_confirmed() {
        let verdict = of(around(0.0, 15), vec![], None);
        assert_eq!(verdict.decision, Decision::Pass);
        assert_eq!(verdict.reason, "no change; 5 % would not have passed");
    }

    #[test]
    fn a_slow_metric_fails_only_by_fresh_rounds() {
        let screened = of(around(0.1, 15), vec![], None);
        assert_eq!(screened.decision, Decision::Inconclusive);
        let confirmed = of(around(0.1, 15), around(0.06, 20), None);
        assert_eq!(confirmed.decision, Decision::Fail);
        assert!(
            confirmed.reason.contains("slower, more than the 2 % that is tolerated"),
            "{}",
            confirmed.reason
        );
    }

    #[test]
    fn the_screen_of_a_metric_that_is_confirmed_as_well_is_forgotten() {
        let verdict = of(around(0.1, 15), around(0.0, 20), None);
        assert_eq!(verdict.decision, Decision::Pass);
        let Evidence::Rounds(rounds) = verdict.evidence else { panic!("speed rests on rounds") };
        assert!(rounds.change_ratio.unwrap().abs() < 0.01 && rounds.screen.len() == 15);
    }

    #[test]
    fn without_enough_rounds_nothing_is_decided_and_it_is_said_why() {
        for (screen, confirmation) in
            [(vec![], vec![]), (around(0.0, 14), vec![]), (around(0.06, 15), around(0.06, 19))]
        {
            let verdict = of(screen, confirmation, Some("the budget of 5 s is used up"));
            assert_eq!(verdict.decision, Decision::Inconclusive);
            assert!(verdict.reason.contains("the budget of 5 s is used up"), "{}", verdict.reason);
        }
    }

    #[test]
    fn changes_are_said_in_words() {
        assert_eq!(
            (change(0.051), change(-0.1), change(0.0001)),
            ("5.1 % slower".into(), "10 % faster".into(), "no change".into())
        );
    }
}
