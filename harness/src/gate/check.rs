//! A run against its baseline: a pure function of both.

use std::collections::BTreeMap;

use super::baseline::{Baseline, BaselineCell};
use super::design::Decision;
use super::exact::{Exact, about};
use super::verdict::{About, Evidence, MetricVerdict};

/// A cell as it is now.
#[derive(Clone, Debug, PartialEq)]
pub enum Now {
    /// Measured.
    Measured(BaselineCell),
    /// It cannot run here.
    Skipped(String),
    /// It failed.
    Failed(String),
}

/// A baseline that is about something else.
#[derive(Debug, thiserror::Error)]
pub enum Unlike {
    /// Something that determines the figures differs.
    #[error(
        "{scenario}/{strategy}: {what} {baseline} in the baseline and {now} now: not comparable; if that is meant, make \
         the baseline anew with --update"
    )]
    Differs {
        /// The scenario.
        scenario: String,
        /// The strategy.
        strategy: String,
        /// What differs.
        what: &'static str,
        /// In the baseline.
        baseline: String,
        /// Now.
        now: String,
    },
    /// Records are of another schema.
    #[error(
        "the baseline was made from records of schema {baseline:?}, and they are of {now:?} now: not comparable"
    )]
    Schema {
        /// In the baseline.
        baseline: String,
        /// Now.
        now: &'static str,
    },
}

/// What a check comes to.
#[derive(Debug, Default)]
pub struct Checked {
    /// Every metric of the baseline.
    pub metrics: Vec<MetricVerdict>,
    /// What else has to be said.
    pub notes: Vec<String>,
}

/// Compares the cells of `baseline` that are in `now` (all that were asked for) with what they are now.
pub fn check(baseline: &Baseline, now: &BTreeMap<(String, String), Now>) -> Result<Checked, Unlike> {
    if baseline.results_schema != crate::record::SCHEMA {
        return Err(Unlike::Schema { baseline: baseline.results_schema.clone(), now: crate::record::SCHEMA });
    }
    let mut checked = Checked::default();
    let mut better = 0;
    for cell in &baseline.cells {
        match now.get(&(cell.scenario.clone(), cell.strategy.clone())) {
            Some(Now::Measured(measured)) => {
                like(cell, measured)?;
                better += compare(cell, measured, &mut checked);
            }
            Some(Now::Skipped(reason)) => {
                checked.metrics.extend(unmeasured(cell, Decision::Inconclusive, reason))
            }
            Some(Now::Failed(reason)) => {
                checked.metrics.extend(unmeasured(cell, Decision::Fail, reason).take(1))
            }
            None => {}
        }
    }
    if better > 0 {
        let note = format!(
            "{better} metrics are better than in the baseline: refresh it with --update, or they may get lost again"
        );
        checked.notes.push(note);
    }
    Ok(checked)
}

/// What has to be the same for counts to mean the same.
pub fn like(baseline: &BaselineCell, now: &BaselineCell) -> Result<(), Unlike> {
    let pairs = [
        ("the scenario is", baseline.scenario_digest.clone(), now.scenario_digest.clone()),
        ("the seed is", baseline.seed.to_string(), now.seed.to_string()),
        ("the stream is", baseline.stream_digest.clone(), now.stream_digest.clone()),
        ("pipeline workers are", baseline.workers_count.to_string(), now.workers_count.to_string()),
        ("pings a batch are", baseline.batch_count.to_string(), now.batch_count.to_string()),
    ];
    match pairs.into_iter().find(|(_, one, other)| one != other) {
        None => Ok(()),
        Some((what, one, other)) => Err(Unlike::Differs {
            scenario: baseline.scenario.clone(),
            strategy: baseline.strategy.clone(),
            what,
            baseline: one,
            now: other,
        }),
    }
}

/// Returns how many metrics are better.
fn compare(baseline: &BaselineCell, now: &BaselineCell, checked: &mut Checked) -> usize {
    if baseline.settings != now.settings {
        checked.notes.push(format!(
            "{}/{}: its settings were {} and are {} now",
            baseline.scenario,
            baseline.strategy,
            settings(baseline),
            settings(now)
        ));
    }
    let mut better = 0;
    for old in &baseline.figures {
        let found = now.figures.iter().find(|figure| figure.metric == old.metric).map(|figure| figure.value);
        let (decision, reason) = judge(old, found);
        better += usize::from(
            found.is_some_and(|found| (found as f64) < old.value as f64 * (1.0 - old.tolerance_ratio())),
        );
        checked.metrics.push(metric(baseline, old, found, decision, reason));
    }
    better
}

fn settings(cell: &BaselineCell) -> String {
    cell.settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

/// All of these figures are better the smaller they are.
fn judge(old: &Exact, found: Option<u64>) -> (Decision, String) {
    let Some(found) = found else {
        return (Decision::Inconclusive, "not measured here".to_string());
    };
    let most = old.value as f64 * (1.0 + old.tolerance_ratio());
    let tolerance = match old.tolerance_ratio() {
        0.0 => "exact".to_string(),
        share => format!("{} more tolerated", super::judge::percent(share)),
    };
    match found {
        _ if found as f64 > most => {
            let more = found - old.value;
            (Decision::Fail, format!("{more} more than in the baseline ({tolerance})"))
        }
        _ if found < old.value => {
            (Decision::Pass, format!("{} fewer than in the baseline", old.value - found))
        }
        _ if found == old.value => (Decision::Pass, "as in the baseline".to_string()),
        _ => (Decision::Pass, tolerance),
    }
}

fn unmeasured<'a>(
    cell: &'a BaselineCell,
    decision: Decision,
    reason: &'a str,
) -> impl Iterator<Item = MetricVerdict> + 'a {
    cell.figures.iter().map(move |old| metric(cell, old, None, decision, reason.to_string()))
}

fn metric(
    cell: &BaselineCell,
    old: &Exact,
    found: Option<u64>,
    decision: Decision,
    reason: String,
) -> MetricVerdict {
    MetricVerdict {
        scenario: cell.scenario.clone(),
        strategy: cell.strategy.clone(),
        metric: old.metric.clone(),
        // A strategy that no longer comes to its end is no longer right, whatever figure is asked for.
        about: if decision == Decision::Fail && found.is_none() {
            About::Correctness
        } else {
            about(&old.metric)
        },
        decision,
        reason,
        evidence: Evidence::Exact { baseline: old.value, found, tolerance_ratio: old.tolerance_ratio() },
        accepted: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::gate::verdict::of_failure;
    use crate::record::{SCHEMA, Tool};

    fn cell(figures: &[(&str, u64, u64)]) -> BaselineCell {
        let exact = |(metric, value, tolerance_ppm): &(&str, u64, u64)| Exact {
            metric: metric.to_string(),
            value: *value,
            tolerance_ppm: *tolerance_ppm,
        };
        BaselineCell {
            scenario: "quick".into(),
            scenario_digest: "d".into(),
            seed: 1,
            stream_digest: "s".into(),
            workers_count: 4,
            batch_count: 64,
            strategy: "exact".into(),
            settings: BTreeMap::new(),
            figures: figures.iter().map(exact).collect(),
        }
    }

    fn baseline(cells: Vec<BaselineCell>) -> Baseline {
        Baseline {
            schema: super::super::baseline::SCHEMA.into(),
            results_schema: SCHEMA.into(),
            tool: Tool::default(),
            servers: BTreeMap::new(),
            systems: BTreeMap::new(),
            cells,
        }
    }

    fn against(old: &[(&str, u64, u64)], now: Now) -> Checked {
        let now = BTreeMap::from([(("quick".to_string(), "exact".to_string()), now)]);
        check(&baseline(vec![cell(old)]), &now).unwrap()
    }

    #[test]
    fn one_missed_duplicate_or_lost_unique_more_fails_and_one_fewer_passes_with_a_note() {
        for metric in ["missed_count", "lost_count", "delayed_count"] {
            let old = [(metric, 1_000_000, 0)];
            let more = against(&old, Now::Measured(cell(&[(metric, 1_000_001, 0)])));
            assert_eq!(
                (more.metrics[0].decision, more.metrics[0].about),
                (Decision::Fail, About::Correctness)
            );
            let fewer = against(&old, Now::Measured(cell(&[(metric, 999_999, 0)])));
            assert_eq!(fewer.metrics[0].decision, Decision::Pass);
            assert!(fewer.notes[0].contains("refresh"), "{:?}", fewer.notes);
            let same = against(&old, Now::Measured(cell(&old)));
            assert_eq!((same.metrics[0].decision, same.notes.len()), (Decision::Pass, 0));
        }
    }

    #[test]
    fn bytes_of_a_server_may_differ_by_their_tolerance_and_those_of_this_process_not_at_all() {
        let of = |tolerance, now| {
            let old = [("server_used_bytes", 1000, tolerance)];
            against(&old, Now::Measured(cell(&[("server_used_bytes", now, tolerance)]))).metrics.remove(0)
        };
        assert_eq!(of(20_000, 1020).decision, Decision::Pass);
        assert_eq!((of(20_000, 1021).decision, of(20_000, 1021).about), (Decision::Fail, About::Weight));
        assert_eq!((of(0, 1000).decision, of(0, 1001).decision), (Decision::Pass, Decision::Fail));
    }

    #[test]
    fn what_cannot_run_here_is_inconclusive_and_what_fails_is_wrong() {
        let old = [("live_bytes", 5, 0), ("missed_count", 5, 0)];
        let skipped = against(&old, Now::Skipped("no server".into()));
        assert_eq!(
            skipped.metrics.iter().map(|m| m.decision).collect::<Vec<_>>(),
            [Decision::Inconclusive; 2]
        );
        let failed = against(&old, Now::Failed("panicked".into()));
        assert_eq!((failed.metrics.len(), failed.metrics[0].about), (1, About::Correctness));
        // A program takes it for a failure of its own kind, unless there is a wrong answer besides.
        assert_eq!(of_failure(&failed.metrics), Exit::ToolFailed);
        let wrong = against(&old, Now::Measured(cell(&[("live_bytes", 5, 0), ("missed_count", 6, 0)])));
        assert_eq!(of_failure(&[failed.metrics, wrong.metrics].concat()), Exit::Broken);
    }

    #[test]
    fn another_scenario_seed_or_stream_is_refused() {
        let old = cell(&[]);
        for (changed, said) in [
            (BaselineCell { scenario_digest: "e".into(), ..old.clone() }, "the scenario is d"),
            (BaselineCell { seed: 2, ..old.clone() }, "the seed is 1"),
            (BaselineCell { stream_digest: "t".into(), ..old.clone() }, "the stream is s"),
            (BaselineCell { batch_count: 1, ..old.clone() }, "pings a batch are 64"),
        ] {
            let error = like(&old, &changed).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("not comparable"), "{error}");
        }
        let mut other = baseline(vec![]);
        other.results_schema = "dedup-harness-results/0".into();
        assert!(matches!(check(&other, &BTreeMap::new()), Err(Unlike::Schema { .. })));
    }

    #[test]
    fn settings_that_changed_are_told() {
        let mut now = cell(&[]);
        now.settings.insert("capacity".into(), "7".into());
        assert!(against(&[], Now::Measured(now)).notes[0].contains("capacity=7"));
    }
}
