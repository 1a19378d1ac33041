//! The bare command: the quick comparison.

use std::io::Write;
use std::path::Path;

use dedup_strategies::{Definition, STRATEGIES};
use dedup_stream::scenario;
use dedup_stream::workload::Workload;

use super::{OutputArgs, admit, carry_out};
use crate::exit::{Exit, OrExit};
use crate::interrupt::stop_on_interrupt;
use crate::select::Selected;
use crate::servers::Guarded;
use crate::suite::Plan;

/// What the bare command compares, so that it ends within a minute: at least one strategy of each kind.
const QUICK: [&str; 12] = [
    "noop",
    "exact",
    "exact-compact",
    "lru",
    "lru-tinylfu",
    "bloom-rotating",
    "split-block",
    "cuckoo",
    "window-batch",
    "pubsubio",
    "redis-mozilla",
    "redis-claim",
];

/// The quick comparison, and what to do next.
pub fn run_quick(definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let plan = plan(definitions, directory.dir()).or_exit(Exit::Usage)?;
    let exit = carry_out(&plan, &OutputArgs::default(), &stop, out)?;
    if exit != Exit::Interrupted {
        dedup_files::say(NEXT);
    }
    Ok(exit)
}

/// Some of the strategies that come with the harness, and all that came from outside.
fn plan(definitions: &[Definition], directory: &Path) -> anyhow::Result<Plan> {
    let ours = |name: &str| STRATEGIES.iter().any(|ours| ours.name == name);
    let is_chosen = |name: &str| QUICK.contains(&name) || !ours(name);
    let chosen = definitions.iter().filter(|definition| is_chosen(definition.name));
    let workloads = scenario::find("quick")?.into_iter().map(|found| Workload::Scenario(Box::new(found)));
    let plan = Plan::new(workloads.collect(), chosen.map(Selected::plain).collect(), directory.to_path_buf());
    admit(&plan)?;
    Ok(plan)
}

const NEXT: &str = "
next: `talk` compares PubsubIO, Redis and the nightly job; `run` all strategies, `run -f faults/` under faults;
      `run --trace FILE` takes your own pings; `run -o results/NAME` keeps the records, `report` draws them;
      `list` shows what there is, `--help` has the rest";
