//! JUnit XML: a suite for each strategy on a scenario, a case for each metric.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::found;
use crate::gate::design::Decision;
use crate::gate::verdict::{MetricVerdict, Verdict};
use crate::printable::printable;

/// The verdict as JUnit XML. What is inconclusive is skipped, because JUnit knows no third verdict.
pub fn junit(verdict: &Verdict) -> String {
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for metric in &verdict.metrics {
        let name = format!("{}/{}", metric.scenario, metric.strategy);
        let suite = suites.entry(name.clone()).or_insert_with(|| TestSuite::new(&name));
        suite.add_test_case(case(metric, &name));
    }
    let mut report = Report::new("gate");
    report.add_test_suites(suites.into_values());
    // Names of attributes and elements are ours: what has to be spelled out stands in their texts alone.
    printable(&report.to_string().expect("writing into memory does not fail")).into_owned()
}

fn case(metric: &MetricVerdict, suite: &str) -> TestCase {
    let mut status = match metric.decision {
        Decision::Pass => TestCaseStatus::success(),
        Decision::Inconclusive => TestCaseStatus::skipped(),
        Decision::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if metric.decision != Decision::Pass {
        status.set_message(metric.reason.clone());
    }
    let mut case = TestCase::new(metric.metric.clone(), status);
    let [change, from] = found(metric);
    case.set_classname(suite).set_system_out(format!("{change} ({from})\n{}", metric.reason));
    case
}
