//! For a pull request or a step summary.

use dedup_report::tables::escape;

use super::{found, headline, limits, parties};
use crate::gate::design::Decision;
use crate::gate::verdict::{MetricVerdict, Verdict};

/// A step summary may be 1 MiB long; what does not fit is left out, the worst kept.
const MOST_ROWS: usize = 1_000;

/// The verdict as Markdown: what did not pass in the open, what passed folded.
pub fn markdown(verdict: &Verdict) -> String {
    let mut lines =
        vec![format!("### Gate: {}", escape(&headline(verdict))), String::new(), escape(&parties(verdict))];
    if let Some(limits) = limits(verdict) {
        lines.push(format!("  \n{}", escape(&limits)));
    }
    lines.push(String::new());
    let (passed, other): (Vec<&MetricVerdict>, Vec<_>) =
        verdict.metrics.iter().partition(|metric| metric.decision == Decision::Pass);
    lines.extend(table(&other));
    if !passed.is_empty() {
        lines.push(format!("<details><summary>{} metrics pass</summary>\n", passed.len()));
        lines.extend(table(&passed));
        lines.push("</details>\n".to_string());
    }
    let doubts = verdict.facts.iter().filter(|fact| fact.doubtful);
    lines.extend(doubts.map(|fact| format!("- **{}**: {}", fact.name, escape(&fact.found))));
    lines.extend(verdict.notes.iter().map(|note| format!("- {}", escape(note))));
    lines.push(String::new());
    lines.join("\n")
}

fn table(metrics: &[&MetricVerdict]) -> Vec<String> {
    if metrics.is_empty() {
        return Vec::new();
    }
    let mut lines =
        vec!["| verdict | metric | change | from | why |".to_string(), "|---|---|---:|---|---|".to_string()];
    for metric in metrics.iter().take(MOST_ROWS) {
        let [change, from] = found(metric).map(|cell| escape(&cell));
        let word = match metric.decision {
            Decision::Pass => "pass".to_string(),
            other => format!("**{}**", other.word()),
        };
        lines.push(format!(
            "| {word} | {} | {change} | {from} | {} |",
            escape(&metric.name()),
            escape(&metric.reason)
        ));
    }
    if metrics.len() > MOST_ROWS {
        lines.push(format!("\n{} more are in verdict.json.", metrics.len() - MOST_ROWS));
    }
    lines.push(String::new());
    lines
}
