//! Strategies that run beside the traffic: what they would have dropped, and how far they would have been wrong.
//!
//! What a ping is, is known of the ids that the profile looks at: a first that is dropped is dropped wrongly, a copy that
//! is let through is missed.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use dedup_profile::{Known, Standing};
use dedup_strategies::driver::{DriveError, Driver, Tally};
use dedup_strategies::{
    Context, Definition, DeliveryId, Needs, Ping, PingKey, Sizing, Strategy, Timestamp, Verdict, Worker,
};

use super::super::words::percent;
use crate::cell::Limits;
use crate::select::{Selected, select_by};
use crate::units::thousands;

/// What strategies are sized for, where their settings do not say otherwise: nobody knows yet what will come.
pub(super) const EXPECTED: Sizing =
    Sizing { window: Duration::from_secs(600), ids_in_window: 1_000_000, ids_total: 100_000_000 };

/// A strategy beside the traffic.
pub(super) struct Shadow {
    label: String,
    worker: Box<dyn Worker>,
    /// Outlives its worker.
    _strategy: Box<dyn Strategy>,
    driver: Driver,
    held: Tally,
    deliveries: u64,
    failed: Option<String>,
    counts: Counts,
}

/// What a strategy did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Pings that it judged.
    pub(super) judged: u64,
    /// Those that it dropped.
    pub(super) dropped: u64,
    /// Firsts of the ids that are looked at.
    pub(super) firsts: Estimate,
    /// Those of them that it dropped.
    pub(super) wrongly_dropped: Estimate,
    /// Duplicates of the ids that are looked at.
    pub(super) copies: Estimate,
    /// Those of them that it let through.
    pub(super) missed: Estimate,
}

/// A number of pings, of which a sample was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Estimate {
    /// Pings that were seen.
    pub(super) seen: u64,
    /// Pings for which they stand.
    pub(super) pings: u64,
    variance: f64,
}

impl Estimate {
    fn count(&mut self, stands_for: u64) {
        self.seen += 1;
        self.pings += stands_for;
        self.variance += stands_for as f64 * (stands_for - 1) as f64;
    }

    /// The share that these are of `all`, and half the width of its 95 % interval, as if each ping were of an id of its
    /// own.
    fn share_of(&self, all: &Estimate) -> (f64, f64) {
        let whole = all.pings.max(1) as f64;
        (self.pings as f64 / whole, 1.96 * self.variance.sqrt() / whole)
    }
}

/// The strategies that `patterns` ask for; what they keep on disk is in `directory`.
pub(super) fn all(
    patterns: &[String],
    definitions: &[Definition],
    directory: &Path,
) -> anyhow::Result<Vec<Shadow>> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let memory_limit = Limits::default().memory_bytes;
    let selected = select_by("--shadow", definitions, patterns)?;
    let numbered = selected.iter().enumerate();
    numbered
        .map(|(number, selected)| {
            let state_dir = directory.join(format!("shadow-{number}"));
            let context = Context {
                state_dir,
                memory_limit,
                workers: NonZeroUsize::MIN,
                ..Context::embedded(EXPECTED)
            };
            Shadow::new(selected, &context).with_context(|| format!("--shadow {}", selected.label()))
        })
        .collect()
}

impl Shadow {
    fn new(selected: &Selected, context: &Context) -> anyhow::Result<Shadow> {
        let definition = &selected.definition;
        if definition.needs == Needs::Redis {
            bail!(
                "found a strategy that needs a Redis server; allowed are those that need none: run --trace has the others"
            );
        }
        let settings = selected.settings(&context.sizing)?;
        definition.admit(&settings, context)?;
        std::fs::create_dir_all(&context.state_dir)?;
        let strategy = (definition.build)(&settings, context)?;
        Ok(Shadow {
            label: selected.label(),
            worker: strategy.worker(0)?,
            _strategy: strategy,
            driver: Driver::default(),
            held: Tally::default(),
            deliveries: 0,
            failed: None,
            counts: Counts::default(),
        })
    }

    /// How it was asked for.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Why it is asked no more.
    pub(super) fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Shows it a ping that came `now`; `known` is what is known of it, if anything is.
    pub(super) fn judge(
        &mut self,
        key: PingKey,
        event_time: Timestamp,
        now: Timestamp,
        known: Option<Known>,
    ) {
        if self.failed.is_some() {
            return;
        }
        let ping = Ping { key, event_time, arrival: now, delivery: DeliveryId(self.deliveries) };
        self.deliveries += 1;
        match self.ask(ping, now) {
            Ok(verdict) => self.counts.count(verdict, known),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    fn ask(&mut self, ping: Ping, now: Timestamp) -> Result<Verdict, DriveError> {
        self.driver.advance(&mut *self.worker, now, &mut self.held)?;
        let judged = self.driver.judge(&mut *self.worker, &[ping], now, &mut self.held)?;
        Ok(judged.all()?[0])
    }

    /// There are no more pings.
    pub(super) fn end(&mut self) {
        if let Err(error) = self.driver.advance(&mut *self.worker, Timestamp::END, &mut self.held) {
            self.failed.get_or_insert(error.to_string());
        }
    }

    /// What it did, in one line.
    pub(super) fn said(&self) -> String {
        let Counts { judged, dropped, .. } = self.counts;
        let dropped = percent(dropped as f64 / judged.max(1) as f64);
        let [wrongly, missed] = self.counts.shares().map(shown);
        let failed =
            self.failed().map_or(String::new(), |why| format!("; it failed and is asked no more: {why}"));
        format!(
            "{}: drops {dropped} of pings, wrongly {wrongly} of ids, misses {missed} of duplicates{failed}",
            self.label
        )
    }
}

impl Counts {
    fn count(&mut self, verdict: Verdict, known: Option<Known>) {
        // What is held is let through later.
        let dropped = match verdict {
            Verdict::Duplicate | Verdict::Late => true,
            Verdict::New | Verdict::Held => false,
            // The source would deliver it again, and this one does not.
            Verdict::InFlight | Verdict::Unjudged => return,
        };
        self.judged += 1;
        self.dropped += u64::from(dropped);
        let Some(Known { standing, stands_for }) = known else { return };
        let (all, wrong, is_wrong) = match standing {
            Standing::First => (&mut self.firsts, &mut self.wrongly_dropped, dropped),
            Standing::Copy => (&mut self.copies, &mut self.missed, !dropped),
        };
        all.count(stands_for);
        if is_wrong {
            wrong.count(stands_for);
        }
    }

    /// The shares of firsts that were dropped, and of duplicates that were missed, with their errors.
    fn shares(&self) -> [(f64, f64); 2] {
        [self.wrongly_dropped.share_of(&self.firsts), self.missed.share_of(&self.copies)]
    }
}

fn shown((share, error): (f64, f64)) -> String {
    match error > 0.0 {
        true => format!("{} (±{})", percent(share), percent(error)),
        false => percent(share),
    }
}

/// What the shadows did, a line each; none without shadows.
pub(super) fn table(shadows: &[Shadow]) -> Option<String> {
    let counts = shadows.first()?.counts();
    let mut text = format!(
        "Beside it, judged by {} ids and {} duplicates that were looked at:\n\n",
        thousands(counts.firsts.seen),
        thousands(counts.copies.seen)
    );
    for shadow in shadows {
        text += &format!("  {}\n", shadow.said());
    }
    Some(text)
}
