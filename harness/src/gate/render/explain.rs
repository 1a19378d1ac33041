//! The rounds behind a verdict, as numbers and as a chart made of characters.

use crate::gate::design::{Design, Look};
use crate::gate::judge::percent;
use crate::gate::stats::Estimate;
use crate::gate::verdict::{Evidence, MetricVerdict, Rounds, Verdict};
use crate::printable::printable;

/// Columns of a chart.
const WIDTH: usize = 61;

/// Explains the metrics of `verdict` that `chosen` chooses.
pub fn explain(verdict: &Verdict, chosen: impl Fn(&MetricVerdict) -> bool) -> String {
    let metrics = verdict.metrics.iter().filter(|metric| chosen(metric));
    metrics.map(|metric| one(verdict, metric)).collect::<Vec<_>>().join("\n")
}

fn one(verdict: &Verdict, metric: &MetricVerdict) -> String {
    let mut lines =
        vec![format!("{}  {}", metric.decision.word(), metric.name()), format!("  {}", metric.reason)];
    match (&metric.evidence, &verdict.design) {
        (Evidence::Rounds(rounds), Some(design)) => {
            lines.extend(of_rounds(design, verdict.confirmed_count, rounds))
        }
        (Evidence::Rounds(_), None) => {
            lines.push("  the file does not say how its rounds were planned".into())
        }
        (Evidence::Exact { baseline, found, tolerance_ratio }, _) => {
            let found = found.map_or("not measured".to_string(), crate::units::thousands);
            lines.push(format!("  baseline {}, found {found}", crate::units::thousands(*baseline)));
            lines.push(match tolerance_ratio {
                0.0 => "  exact: no difference for the worse is tolerated".to_string(),
                tolerance => format!("  {} more are tolerated", percent(*tolerance)),
            });
        }
    }
    lines.iter().map(|line| format!("{}\n", printable(line))).collect()
}

fn of_rounds(design: &Design, confirmed: usize, rounds: &Rounds) -> Vec<String> {
    let limits = rounds.limits;
    let mut lines = vec![format!(
        "  tolerated {}, unacceptable {}",
        percent(limits.tolerated_ratio),
        percent(limits.unacceptable_ratio)
    )];
    if let Some(estimate) = Estimate::of(&rounds.screen) {
        let p = estimate.p_below(limits.unacceptable());
        let passes = if design.passes_screen(limits, &rounds.screen) { "passes" } else { "to be confirmed" };
        lines.push(format!(
            "  screen: {} rounds, {}; P(so low | at the unacceptable limit) = {p:.2e}, {passes}",
            rounds.screen.len(),
            spread(&estimate)
        ));
    }
    for look in design.looks_at(limits, confirmed, &rounds.confirmation) {
        lines.push(format!("  {}", of_look(design, confirmed, &look)));
    }
    let scale = Scale::of(rounds);
    lines.push(String::new());
    lines.extend(chart("screen", &rounds.screen, &scale));
    lines.extend(chart("confirmation", &rounds.confirmation, &scale));
    lines.push(format!("  {}", scale.axis()));
    lines.push(format!("  {}", scale.legend()));
    lines
}

fn of_look(design: &Design, confirmed: usize, look: &Look) -> String {
    let decision = look.decision.map_or("open", |decision| decision.word());
    format!(
        "look at {} rounds: {}; P(so high | tolerable) = {:.2e}, to fail below {:.2e}: {decision}",
        look.rounds,
        spread(&look.estimate),
        look.p,
        design.level(confirmed)
    )
}

fn spread(estimate: &Estimate) -> String {
    format!(
        "trimmed mean {:+.2} % (standard error {:.2})",
        100.0 * estimate.mean.exp_m1(),
        100.0 * estimate.se
    )
}

/// From changes to columns.
struct Scale {
    low: f64,
    high: f64,
    marks: [(f64, char); 3],
}

impl Scale {
    /// Wide enough for the limits and for nine rounds in ten at each end; what is beyond stands at the edge.
    fn of(rounds: &Rounds) -> Scale {
        let mut all: Vec<f64> = rounds.screen.iter().chain(&rounds.confirmation).copied().collect();
        all.sort_by(f64::total_cmp);
        let at = |share: f64| all.get(((all.len() as f64 - 1.0) * share) as usize).copied().unwrap_or(0.0);
        let marks = [(0.0, '0'), (rounds.limits.tolerated(), 'T'), (rounds.limits.unacceptable(), 'U')];
        let (low, high) = (at(0.05).min(-0.01), at(0.95).max(rounds.limits.unacceptable()));
        let margin = 0.1 * (high - low);
        Scale { low: low - margin, high: high + margin, marks }
    }

    fn column(&self, value: f64) -> usize {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        (share * (WIDTH - 1) as f64).round() as usize
    }

    fn axis(&self) -> String {
        let mut line: Vec<char> = vec!['-'; WIDTH];
        for (value, mark) in self.marks {
            line[self.column(value)] = mark;
        }
        line.into_iter().collect()
    }

    fn legend(&self) -> String {
        let percent = |value: f64| format!("{:+.1} %", 100.0 * value.exp_m1());
        format!(
            "{} .. {}, slower to the right; T tolerated, U unacceptable; a digit counts rounds, # is ten and more",
            percent(self.low),
            percent(self.high)
        )
    }
}

/// How many rounds fall into each column.
fn chart(name: &str, rounds: &[f64], scale: &Scale) -> Vec<String> {
    if rounds.is_empty() {
        return Vec::new();
    }
    let mut counts = [0u32; WIDTH];
    rounds.iter().for_each(|value| counts[scale.column(*value)] += 1);
    let line: String = counts
        .iter()
        .map(|count| match count {
            0 => ' ',
            1..=9 => char::from_digit(*count, 10).unwrap_or('#'),
            _ => '#',
        })
        .collect();
    vec![format!("  {line}  {name}")]
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_rounds_the_looks_and_the_limits_are_shown() {
        let text = explain(&sample(), |metric| metric.metric == "throughput");
        insta::assert_snapshot!("explained", text);
    }

    #[test]
    fn a_round_that_is_far_off_stands_at_the_edge() {
        let scale = Scale { low: -0.1, high: 0.1, marks: [(0.0, '0'), (0.02, 'T'), (0.05, 'U')] };
        assert_eq!((scale.column(-9.0), scale.column(9.0), scale.column(0.0)), (0, WIDTH - 1, WIDTH / 2));
    }
}
