//! The verdict, as it is written to a file and drawn: what was measured, what it means, and on what machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::design::{Decision, Design, Limits};
use super::facts::Fact;
use crate::exit::Exit;
use crate::record::{Machine, Tool};

/// The schema of a verdict file. The part after the slash is raised when an old reader could misread a file.
pub const SCHEMA: &str = "dedup-harness-gate/1";

/// The whole verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// [`SCHEMA`].
    pub schema: String,
    /// Which gate.
    pub gate: GateKind,
    /// The worst of all metrics.
    pub decision: Decision,
    /// The code with which the gate ends.
    pub exit_code: u8,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long it took.
    pub took_ns: u64,
    /// What it was compared with: a ref, a binary, or a file.
    pub base: Party,
    /// What was judged.
    pub candidate: Party,
    /// The machine.
    pub machine: Machine,
    /// What about it makes timings doubtful, or does not.
    pub facts: Vec<Fact>,
    /// How rounds were planned; none in a check.
    pub design: Option<Design>,
    /// How many metrics had to be confirmed.
    pub confirmed_count: usize,
    /// Every metric, the worst first.
    pub metrics: Vec<MetricVerdict>,
    /// What else has to be said: strategies left out, a baseline to refresh.
    pub notes: Vec<String>,
}

/// Which gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Kind")]
pub enum GateKind {
    /// Exact metrics against a stored baseline.
    Check,
    /// Speed, side by side.
    Run,
}

/// One of the two that are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// How it was asked for.
    pub name: String,
    /// The program.
    pub tool: Tool,
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricVerdict {
    /// The scenario.
    pub scenario: String,
    /// The strategy as it was asked for.
    pub strategy: String,
    /// What is compared: `throughput`, `missed_count`.
    pub metric: String,
    /// What a failure of it means.
    pub about: About,
    /// The decision.
    pub decision: Decision,
    /// Why, as a phrase.
    pub reason: String,
    /// What it rests on.
    pub evidence: Evidence,
    /// The accepted change that covers it, where one does.
    #[serde(default)]
    pub accepted: Option<Accepted>,
}

/// What a metric says something of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Whether the answers are right.
    Correctness,
    /// How fast they come.
    Speed,
    /// What they take: ids, bytes, instructions.
    Weight,
}

/// What a decision rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Two numbers.
    Exact {
        /// In the baseline.
        baseline: u64,
        /// Now; none where it could not be measured.
        found: Option<u64>,
        /// How far the two may be apart, as a share of the baseline.
        tolerance_ratio: f64,
    },
    /// Rounds.
    Rounds(Rounds),
}

/// The rounds of one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rounds {
    /// What a change may be.
    pub limits: Limits,
    /// Log ratios of the screen, candidate over base: above zero is slower.
    pub screen: Vec<f64>,
    /// Log ratios of the confirmation.
    pub confirmation: Vec<f64>,
    /// By how much slower the candidate is: 0.05 is 5 %. From the confirmation, or from the screen if there was none.
    pub change_ratio: Option<f64>,
    /// The 95 % interval around it.
    pub interval_ratio: Option<[f64; 2]>,
    /// How likely such rounds are where the change is tolerable, at the look that decided or at the last one.
    pub p: Option<f64>,
}

/// A change that somebody has accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Accepted {
    /// Why.
    pub reason: String,
    /// Its last day.
    pub until: String,
}

impl MetricVerdict {
    /// Its whole name, as `gate accept` takes it.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.scenario, self.strategy, self.metric)
    }

    /// Whether there is nothing to compare: the strategy did not come to its end.
    fn is_missing(&self) -> bool {
        matches!(self.evidence, Evidence::Exact { found: None, .. })
    }
}

impl Verdict {
    /// Puts the worst first, and reckons the whole from the parts.
    pub fn concluded(mut self, strictness: Strictness) -> Verdict {
        self.metrics.sort_by_key(|metric| std::cmp::Reverse(metric.decision));
        self.decision =
            self.metrics.iter().map(|metric| metric.decision).max().unwrap_or(Decision::Inconclusive);
        self.exit_code = self.exit(strictness) as u8;
        self
    }

    /// The same where its files cannot be kept, which ends the gate with `exit` whatever it has decided.
    pub fn not_kept(mut self, exit: Exit) -> Verdict {
        self.notes.push(format!("its files are not kept; with them the exit code is {}", self.exit_code));
        self.exit_code = exit as u8;
        self
    }

    /// How many metrics came to `decision`.
    pub fn count(&self, decision: Decision) -> usize {
        self.metrics.iter().filter(|metric| metric.decision == decision).count()
    }

    fn exit(&self, strictness: Strictness) -> Exit {
        match (self.decision, strictness) {
            (Decision::Fail, _) => of_failure(&self.metrics),
            (Decision::Inconclusive, Strictness::Strict) => Exit::Inconclusive,
            (Decision::Inconclusive, Strictness::Lenient) | (Decision::Pass, _) => Exit::Ok,
        }
    }
}

/// How a failure ends: with answers that are wrong, with none because a strategy did not come to its end, or slower.
pub(super) fn of_failure(metrics: &[MetricVerdict]) -> Exit {
    let fails = |metric: &&MetricVerdict| metric.decision == Decision::Fail;
    let wrong = |metric: &MetricVerdict| metric.about == About::Correctness;
    match () {
        () if metrics.iter().filter(fails).any(|metric| wrong(metric) && !metric.is_missing()) => {
            Exit::Broken
        }
        () if metrics.iter().filter(fails).any(wrong) => Exit::ToolFailed,
        () => Exit::Slower,
    }
}

/// What a verdict that could not be reached means for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A warning.
    Lenient,
    /// A failure of its own kind.
    Strict,
}

/// The JSON Schema of a verdict file, as pretty-printed JSON.
pub fn json_schema() -> String {
    let mut text =
        serde_json::to_string_pretty(&schemars::schema_for!(Verdict)).expect("a schema is plain JSON");
    text.push('\n');
    text
}
