//! `gate selfcheck`: what a gate can see on this machine.

use std::io::Write;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use dedup_strategies::Definition;

use super::options::{ChoiceArgs, Shown};
use super::run::{HowArgs, interrupted, measured, told_interrupted};
use crate::cmd::values::ratio;
use crate::exit::{Exit, OrExit};
use crate::gate::design::Decision;
use crate::gate::judge::{Measured, percent};
use crate::gate::speed::{Outcome, SpeedPlan};
use crate::gate::stats::Estimate;
use crate::gate::verdict::Verdict;
use crate::gate::worker::{Program, Side};
use crate::interrupt::stop_on_interrupt;
use crate::print::print;

/// Options of `gate selfcheck`.
#[derive(Clone, Debug, Args)]
pub struct SelfcheckArgs {
    /// What to measure.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// How to measure.
    #[command(flatten)]
    pub how: HowArgs,
    /// By which share to slow one strategy down, to see whether it is noticed
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = ratio)]
    pub inject: f64,
    /// Do not show progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// Measures this program against itself, and against itself with a delay.
pub(super) fn run(
    args: &SelfcheckArgs,
    definitions: &[Definition],
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let mut choice = args.choice.clone();
    if choice.strategies.is_empty() {
        choice.strategies = vec!["^(exact|lru|bloom)$".to_string()];
    }
    let plan = args.how.plan(&choice, definitions)?;
    if args.inject <= 0.0 {
        return Err(anyhow::anyhow!("--inject has to be above zero")).or_exit(Exit::Usage);
    }
    match both(args, &plan, out) {
        Err(error) if interrupted(&error) => Ok(told_interrupted()),
        other => other,
    }
}

fn both(args: &SelfcheckArgs, plan: &SpeedPlan, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let stop = stop_on_interrupt()?;
    let exe = std::env::current_exe().context("this program's own path")?;
    let program = |side| Program { side, path: exe.clone(), under: Vec::new(), slow_down: None };
    let gate = |slowed: Option<(String, f64)>| {
        let began = Instant::now();
        let candidate = Program { slow_down: slowed, ..program(Side::Candidate) };
        let names = ["this program".to_string(), "itself".to_string()];
        let shown = Shown::new(2 + plan.design.looks.len(), args.quiet);
        let (verdict, outcome) =
            measured(plan, &args.how, [program(Side::Base), candidate], names, &stop, shown)?;
        anyhow::Ok((verdict, outcome, began.elapsed().as_secs_f64()))
    };
    let (same, outcome, took) = gate(None)?;
    let mut lines = vec![format!("this program against itself: {}, {took:.0} s", counts(&same))];
    lines.extend(same.facts.iter().map(|fact| {
        let mark = if fact.doubtful { "!" } else { " " };
        format!("{mark} {}: {}", fact.name, fact.found)
    }));
    lines.push(String::new());
    lines.extend(noise(plan, &outcome));
    let slowed = &plan.cells[0].strategy.label();
    let (slower, _, took) = gate(Some((slowed.clone(), args.inject)))?;
    lines.push(String::new());
    lines.push(format!(
        "the same with {slowed} slowed down by {}: {}, {took:.0} s",
        percent(args.inject),
        counts(&slower)
    ));
    let (seen, wrong) = alarms(&slower, slowed);
    let false_alarms = same.count(Decision::Fail) + wrong;
    lines.push(match (seen, false_alarms) {
        (true, 0) => {
            format!("this machine tells a change of {}, and raised no false alarm", percent(args.inject))
        }
        (false, 0) => format!(
            "this machine does not tell a change of {}: quieten it, or allow more",
            percent(args.inject)
        ),
        (_, alarms) => format!("{alarms} false alarms: do not gate on this machine's timings"),
    });
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    print(out, &text)?;
    Ok(if seen && false_alarms == 0 { Exit::Ok } else { Exit::Inconclusive })
}

/// Whether the throughput of `slowed` failed, and how many metrics of others did.
fn alarms(verdict: &Verdict, slowed: &str) -> (bool, usize) {
    let failed = || verdict.metrics.iter().filter(|metric| metric.decision == Decision::Fail);
    let seen = failed().any(|metric| metric.strategy == slowed && metric.metric == "throughput");
    (seen, failed().filter(|metric| metric.strategy != slowed).count())
}

fn counts(verdict: &Verdict) -> String {
    let count = |decision: Decision| format!("{} {}", verdict.count(decision), decision.word());
    [Decision::Fail, Decision::Inconclusive, Decision::Pass].map(count).join(", ")
}

/// For each metric: how rounds differ, what is left of that in the mean, and the smallest change that would be seen.
fn noise(plan: &SpeedPlan, outcome: &Outcome) -> Vec<String> {
    let names: Vec<String> =
        outcome.measured.iter().map(|m| format!("{}/{}/{}", m.scenario, m.strategy, m.metric)).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let mut lines = vec![format!(
        "{:width$}  one round  mean of {}  smallest change seen 19 times in 20",
        "", plan.design.screen_rounds
    )];
    for (name, measured) in names.iter().zip(&outcome.measured) {
        lines.push(format!("{name:width$}  {}", of_metric(plan, measured)));
    }
    lines
}

fn of_metric(plan: &SpeedPlan, measured: &Measured) -> String {
    let (Some(estimate), Some(smallest)) =
        (Estimate::of(&measured.screen), plan.design.smallest_seen(measured.limits, &measured.screen))
    else {
        return "too few rounds".to_string();
    };
    let one = estimate.se * (measured.screen.len() as f64).sqrt();
    format!(
        "{:>7.2} %  {:>+8.2} %  {} after {} rounds",
        100.0 * one,
        100.0 * estimate.mean.exp_m1(),
        percent(smallest),
        plan.design.most_rounds()
    )
}
