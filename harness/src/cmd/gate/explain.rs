//! `gate explain`: the rounds behind a verdict.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use regex::Regex;

use crate::exit::{Exit, OrExit};
use crate::gate::design::Decision;
use crate::gate::render::explain::explain;
use crate::gate::verdict::{SCHEMA, Verdict};
use crate::print::print;

/// Options of `gate explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// A verdict.json, or the directory that holds one
    #[arg(value_name = "VERDICT")]
    pub verdict: PathBuf,
    /// Only metrics whose name (scenario/strategy/metric) matches this regular expression; those that did not pass if
    /// not given
    #[arg(value_name = "REGEX")]
    pub metric: Option<String>,
}

/// Prints them.
pub(super) fn run(args: &ExplainArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let path = if args.verdict.is_dir() { args.verdict.join("verdict.json") } else { args.verdict.clone() };
    let verdict = read(&path).or_exit(Exit::Usage)?;
    let pattern = args.metric.as_deref().map(|pattern| {
        Regex::new(pattern).map_err(|_| anyhow!("{pattern:?} is no regular expression")).or_exit(Exit::Usage)
    });
    let pattern = pattern.transpose()?;
    let mut text = explain(&verdict, |metric| match &pattern {
        Some(pattern) => pattern.is_match(&metric.name()),
        None => metric.decision != Decision::Pass,
    });
    if text.is_empty() && pattern.is_some() {
        let names: Vec<String> = verdict.metrics.iter().map(|metric| metric.name()).collect();
        let error = anyhow!("{}: no metric matches; it holds {}", path.display(), names.join(", "));
        return Err(error).or_exit(Exit::Usage);
    }
    if text.is_empty() {
        text = format!("every one of {} metrics passed; name one to see its rounds\n", verdict.metrics.len());
    }
    print(out, &text)?;
    Ok(Exit::Ok)
}

const ALLOWED: &str = "allowed is the verdict.json that a gate with -o DIR wrote, or that directory";

fn read(path: &Path) -> anyhow::Result<Verdict> {
    let file = path.display();
    let text = dedup_files::read_to_string(path)
        .map_err(|error| anyhow!("{file}: cannot be read: {error}; {ALLOWED}"))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| anyhow!("{file}: is no verdict: {error}; {ALLOWED}"))?;
    match value.get("schema").and_then(|schema| schema.as_str()) {
        Some(SCHEMA) => {}
        found => {
            let found = found.unwrap_or("none");
            return Err(anyhow!("{file}: its schema is {found:?}; this version reads {SCHEMA:?}"));
        }
    }
    let verdict: Verdict = serde_json::from_value(value)
        .map_err(|error| anyhow!("{file}: is no verdict: {error}; {ALLOWED}"))?;
    match verdict.metrics.is_empty() {
        true => Err(anyhow!("{file}: holds no metric")),
        false => Ok(verdict),
    }
}
