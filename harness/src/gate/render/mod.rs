//! A verdict as people and their tools read it.

pub mod explain;
pub mod github;
mod junit;
mod markdown;
mod text;

use super::design::Decision;
use super::judge::percent;
use super::verdict::{Evidence, MetricVerdict, Verdict};
use crate::units::thousands;

pub use junit::junit;
pub use markdown::markdown;
pub use text::text;

/// How to print a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For a pull request or a step summary
    Markdown,
    /// JUnit XML, for a CI server
    Junit,
    /// The verdict itself
    Json,
}

/// The verdict in this format.
pub fn render(verdict: &Verdict, format: Format) -> String {
    match format {
        Format::Text => text(verdict),
        Format::Markdown => markdown(verdict),
        Format::Junit => junit(verdict),
        Format::Json => json(verdict),
    }
}

/// The verdict file.
pub fn json(verdict: &Verdict) -> String {
    let mut text = serde_json::to_string_pretty(verdict).expect("a verdict is plain data");
    text.push('\n');
    text
}

impl Decision {
    /// As a reader of a log looks for it.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Pass => "PASS",
            Decision::Inconclusive => "INCONCLUSIVE",
            Decision::Fail => "FAIL",
        }
    }
}

/// What was found, in two short cells: the change, and what it is from.
fn found(metric: &MetricVerdict) -> [String; 2] {
    match &metric.evidence {
        Evidence::Exact { baseline, found, .. } => {
            let now = found.map_or("not measured".to_string(), thousands);
            let change = found.map_or(String::new(), |now| difference(*baseline, now));
            [change, format!("{} -> {now}", thousands(*baseline))]
        }
        Evidence::Rounds(rounds) => {
            let interval = rounds.interval_ratio.map(|[low, high]| {
                format!(
                    "{} .. {}, {}+{} rounds",
                    signed(low),
                    signed(high),
                    rounds.screen.len(),
                    rounds.confirmation.len()
                )
            });
            [rounds.change_ratio.map(signed).unwrap_or_default(), interval.unwrap_or_default()]
        }
    }
}

fn difference(baseline: u64, now: u64) -> String {
    if now == baseline {
        return "0".to_string();
    }
    let sign = if now > baseline { "+" } else { "-" };
    format!("{sign}{}", thousands(now.abs_diff(baseline)))
}

fn signed(ratio: f64) -> String {
    if ratio < 0.0 { format!("-{}", percent_1(-ratio)) } else { format!("+{}", percent_1(ratio)) }
}

fn percent_1(ratio: f64) -> String {
    format!("{:.1} %", 100.0 * ratio)
}

/// The whole in one line.
pub fn headline(verdict: &Verdict) -> String {
    let counts: Vec<String> = [Decision::Fail, Decision::Inconclusive, Decision::Pass]
        .into_iter()
        .filter(|decision| verdict.count(*decision) > 0)
        .map(|decision| format!("{} {}", verdict.count(decision), decision.word()))
        .collect();
    let seconds = verdict.took_ns as f64 / 1e9;
    format!(
        "{}: {} of {} metrics, {seconds:.0} s, exit code {}",
        verdict.decision.word(),
        counts.join(", "),
        verdict.metrics.len(),
        verdict.exit_code
    )
}

/// Who is compared with whom.
fn parties(verdict: &Verdict) -> String {
    format!("base {}, candidate {}", party(&verdict.base), party(&verdict.candidate))
}

fn party(party: &super::verdict::Party) -> String {
    let tool = &party.tool;
    let commit = tool.commit.get(..12).unwrap_or(&tool.commit);
    let dirty = if tool.dirty { " and uncommitted changes" } else { "" };
    match commit {
        "" => format!("{} ({})", party.name, tool.version),
        commit => format!("{} ({} {commit}{dirty})", party.name, tool.version),
    }
}

/// What was allowed, where it was speed.
fn limits(verdict: &Verdict) -> Option<String> {
    let design = verdict.design.as_ref()?;
    let mut kinds: Vec<String> = Vec::new();
    for metric in &verdict.metrics {
        let Evidence::Rounds(rounds) = &metric.evidence else { continue };
        let tolerated = percent(rounds.limits.tolerated_ratio);
        let kind = format!("{tolerated} tolerated and {} not", percent(rounds.limits.unacceptable_ratio));
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let false_alarm = percent(design.alpha);
    Some(format!(
        "{} slower; a false alarm in at most {false_alarm} of gates; {} metrics confirmed with fresh rounds",
        kinds.join(", for the slowest batches "),
        verdict.confirmed_count
    ))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::design::{Design, Limits};
    use super::super::facts::Fact;
    use super::super::verdict::{About, GateKind, Party, Rounds, SCHEMA, Strictness, Verdict};
    use super::*;

    /// One of each decision, of each kind of evidence.
    pub(crate) fn sample() -> Verdict {
        let metric = |strategy: &str, metric: &str, about, decision, reason: &str, evidence| MetricVerdict {
            scenario: "quick".into(),
            strategy: strategy.into(),
            metric: metric.into(),
            about,
            decision,
            reason: reason.into(),
            evidence,
            accepted: None,
        };
        let rounds = |change: f64, count: usize| {
            Evidence::Rounds(Rounds {
                limits: Limits { tolerated_ratio: 0.02, unacceptable_ratio: 0.05 },
                screen: (0..15).map(|i| change + 0.001 * f64::from(i % 5)).collect(),
                confirmation: (0..count).map(|i| change + 0.001 * (i % 7) as f64).collect(),
                change_ratio: Some(change),
                interval_ratio: Some([change - 0.004, change + 0.004]),
                p: Some(1e-6),
            })
        };
        let exact = |baseline, found| Evidence::Exact { baseline, found, tolerance_ratio: 0.0 };
        let run = crate::record::sample::run().run;
        let party = |name: &str| Party { name: name.into(), tool: run.tool.clone() };
        Verdict {
            schema: SCHEMA.into(),
            gate: GateKind::Run,
            decision: Decision::Pass,
            exit_code: 0,
            started_at: "2026-01-01T00:00:00Z".into(),
            took_ns: 84_000_000_000,
            base: party("main"),
            candidate: party("this program"),
            machine: run.machine.clone(),
            facts: vec![
                Fact::fine("pinning", "both programs on core 1"),
                Fact::doubtful("load", "3.2 programs were running"),
            ],
            design: Some(Design::default()),
            confirmed_count: 2,
            metrics: vec![
                metric("lru", "throughput", About::Speed, Decision::Pass, "no change", rounds(0.0, 0)),
                metric(
                    "exact|odd",
                    "p99",
                    About::Speed,
                    Decision::Inconclusive,
                    "5 % slower: too much noise",
                    rounds(0.05, 100),
                ),
                metric(
                    "exact",
                    "throughput",
                    About::Speed,
                    Decision::Fail,
                    "6 % slower, more than the 2 % that is tolerated",
                    rounds(0.06, 20),
                ),
                metric(
                    "bloom",
                    "missed_count",
                    About::Correctness,
                    Decision::Fail,
                    "one more <duplicate> missed",
                    exact(1_200_345, Some(1_200_346)),
                ),
                metric(
                    "redis",
                    "server_used_bytes",
                    About::Weight,
                    Decision::Inconclusive,
                    "no redis-server found",
                    exact(7, None),
                ),
            ],
            notes: vec!["brand-new: left out, the base does not take it".into()],
        }
        .concluded(Strictness::Lenient)
    }

    #[test]
    fn the_worst_decides_and_comes_first() {
        let verdict = sample();
        assert_eq!((verdict.decision, verdict.exit_code), (Decision::Fail, 4));
        assert_eq!(verdict.metrics[0].decision, Decision::Fail);
        let mut inconclusive = sample();
        inconclusive.metrics.retain(|metric| metric.decision != Decision::Fail);
        assert_eq!(inconclusive.clone().concluded(Strictness::Lenient).exit_code, 0);
        assert_eq!(inconclusive.concluded(Strictness::Strict).exit_code, 5);
        let mut slower = sample();
        slower.metrics.retain(|metric| metric.about != About::Correctness);
        assert_eq!(slower.concluded(Strictness::Strict).exit_code, 3);
    }

    #[test]
    fn texts_hold_every_metric_and_every_doubt() {
        insta::assert_snapshot!("text", text(&sample()));
        insta::assert_snapshot!("markdown", markdown(&sample()));
        let mut junit = junit(&sample());
        // Its time stamp and ids are of no interest.
        junit.retain(|character| character != '\r');
        insta::assert_snapshot!("junit", junit);
    }

    #[test]
    fn names_that_a_reader_could_not_see_are_spelled_out_in_every_form() {
        let mut verdict = sample();
        for metric in &mut verdict.metrics {
            metric.scenario = "a\u{202e}b\u{9b}".into();
            metric.reason = "c\u{2066}d\u{200b}".into();
        }
        for said in [text(&verdict), markdown(&verdict), junit(&verdict), github::annotations(&verdict)] {
            assert!(said.contains("\\u{202e}") || said.contains("\\\\u{202e}"), "{said}");
            assert!(said.split('\n').all(|line| crate::printable::one_line(line) == line), "{said}");
        }
    }

    #[test]
    fn a_verdict_file_can_be_read_again() {
        let verdict = sample();
        assert_eq!(serde_json::from_str::<Verdict>(&json(&verdict)).unwrap(), verdict);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(
            (thousands(7), thousands(1_200_345), thousands(999_000)),
            ("7".into(), "1,200,345".into(), "999,000".into())
        );
    }
}
