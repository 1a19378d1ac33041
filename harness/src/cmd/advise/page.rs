//! `advise --format html`: the decision as a page.

use std::path::Path;

use dedup_decide::page::{BODY, Page, Provenance, SCRIPT, STYLE};
use dedup_decide::{Candidate, Decision};
use dedup_report::page::offline;
use dedup_strategies::Definition;
use dedup_stream::scenario::PipelineConfig;

use super::question::{Given, measured};
use super::{curves, stored};
use crate::advise::{lengths_s, lost, shipped_digest, shipped_run, told};
use crate::machine;

/// Times are read off the curves in `own`, and off those that ship.
pub(super) fn page(
    definitions: &[Definition],
    (decision, candidates): (&Decision, &[Candidate]),
    given: &Given,
    own: Option<&Path>,
) -> anyhow::Result<String> {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let page = Page {
        decision,
        asked: given.texts(),
        words: words.collect(),
        told: told(definitions, (&decision.traffic, &decision.needs), &curves(own)?, candidates),
        measured: measured(),
        lengths_s: lengths_s().to_vec(),
        lost: lost(&decision.needs),
        redelivery_s: PipelineConfig::default().redelivery_delay.as_secs_f64(),
        provenance: provenance(own)?,
    };
    let body = BODY.replace("<!-- answer -->", &escaped(&page.without_script()));
    Ok(offline(&page.title(), STYLE, SCRIPT, &page.data(), body))
}

fn provenance(own: Option<&Path>) -> anyhow::Result<Provenance> {
    let tool = machine::tool();
    let (run, records) = match own {
        Some(path) => {
            let run = stored::read(path)?;
            let digest = xxhash_rust::xxh3::xxh3_64(&dedup_files::read(&run.path)?);
            (run.run, format!("{digest:016x}"))
        }
        None => (shipped_run().run.clone(), shipped_digest()),
    };
    Ok(Provenance {
        version: tool.version,
        commit: format!("{}{}", tool.commit, if tool.dirty { " with changes" } else { "" }),
        seed: run.seed,
        records,
        machine: format!("{}, {} cores, {}", run.machine.cpu, run.machine.cores_count, run.machine.os),
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
