//! GitHub Actions: annotations and the step summary.

use std::path::Path;

use dedup_files::Unwritable;

use super::{headline, markdown};
use crate::gate::design::Decision;
use crate::gate::verdict::{MetricVerdict, Verdict};
use crate::printable::printable;

/// GitHub shows no more of each kind in a step.
const MOST: usize = 10;

/// Workflow commands, one a line: an error for each failure, a warning for each that could not be told, ten in all.
pub fn annotations(verdict: &Verdict) -> String {
    let worth: Vec<&MetricVerdict> =
        verdict.metrics.iter().filter(|metric| metric.decision != Decision::Pass).collect();
    let shown = if worth.len() > MOST { MOST - 1 } else { worth.len() };
    let mut lines: Vec<String> = worth[..shown].iter().map(|metric| annotation(metric)).collect();
    if worth.len() > shown {
        let rest = format!("{} more; {}", worth.len() - shown, headline(verdict));
        lines.push(format!("::warning title=gate::{}", data(&rest)));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn annotation(metric: &MetricVerdict) -> String {
    let level = if metric.decision == Decision::Fail { "error" } else { "warning" };
    let title = format!("{} {}", metric.decision.word(), metric.name());
    format!("::{level} title={}::{}", property(&title), data(&metric.reason))
}

/// Appends the Markdown to the file that GitHub names.
pub fn step_summary(verdict: &Verdict, path: &Path) -> Result<(), Unwritable> {
    dedup_files::append(path, markdown(verdict).as_bytes())
}

/// What a command's message may not hold as it is.
fn data(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same for what stands before the message.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn failures_are_errors_and_doubts_are_warnings() {
        let said = annotations(&sample());
        assert_eq!(said.lines().filter(|line| line.starts_with("::error title=FAIL quick/")).count(), 2);
        assert_eq!(
            said.lines().filter(|line| line.starts_with("::warning title=INCONCLUSIVE quick/")).count(),
            2
        );
        assert!(said.contains("2 %25 that is tolerated"), "{said}");
    }

    #[test]
    fn there_are_never_more_than_ten() {
        let mut verdict = sample();
        let failed = verdict.metrics[0].clone();
        verdict.metrics.extend(vec![failed; 30]);
        verdict.metrics.sort_by_key(|metric| std::cmp::Reverse(metric.decision));
        let said = annotations(&verdict);
        assert_eq!(said.lines().count(), 10);
        assert!(said.lines().last().unwrap().starts_with("::warning title=gate::25 more"), "{said}");
    }

    #[test]
    fn names_cannot_end_a_command_early() {
        let mut verdict = sample();
        verdict.metrics[0].strategy = "lru:capacity=5,window=10m\n::error::x".into();
        let said = annotations(&verdict);
        assert!(said.lines().all(|line| line.matches("::").count() == 2), "{said}");
    }

    #[test]
    fn the_summary_is_appended() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "before\n").unwrap();
        step_summary(&sample(), file.path()).unwrap();
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(text.starts_with("before\n### Gate: FAIL"), "{text}");
    }
}
