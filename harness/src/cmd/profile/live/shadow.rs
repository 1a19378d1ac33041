//! Strategies that run beside the traffic: what they would have dropped, and how far they would have been wrong.
//!
//! What a ping is, is known of the ids that the profile looks at: a first that is dropped is dropped wrongly, a copy that
//! is let through is missed.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use dedup_profile::{Known, Standing};
use dedup_strategies::driver::{DriveError, Driver, Tally};
use dedup_strategies::{DeliveryId, Needs, Ping, PingKey, Sizing, Timestamp, Verdict, Worker};

use super::super::words::percent;
use crate::cell::Limits;
use crate::environment::{CellError, Environment, Instance, RedisChoice, Timing};
use crate::select::Selected;
use crate::units::thousands;

/// Pings that a strategy on a server is asked about at once, at most: each time takes a way there and back.
const ON_SERVER: usize = 256;

/// What strategies are sized for, where their settings do not say otherwise: nobody knows yet what will come.
pub(super) const EXPECTED: Sizing =
    Sizing { window: Duration::from_secs(600), ids_in_window: 1_000_000, ids_total: 100_000_000 };

/// A strategy beside the traffic.
pub(super) struct Shadow {
    label: String,
    worker: Box<dyn Worker>,
    /// Outlives its worker.
    instance: Instance,
    driver: Driver,
    held: Tally,
    /// Pings that it is still to be asked about, and what is known of them.
    batch: Vec<Ping>,
    known: Vec<Option<Known>>,
    batch_size: usize,
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

/// The strategies `selected`; what they keep on disk is in `directory`, or in `redis`.
pub(super) fn all(
    selected: &[Selected],
    redis: &RedisChoice,
    directory: &Path,
) -> anyhow::Result<Vec<Shadow>> {
    let numbered = selected.iter().enumerate();
    numbered
        .map(|(number, selected)| {
            let place = Place { number: number as u32, redis, directory };
            Shadow::new(selected, &place).with_context(|| format!("--shadow {}", selected.label()))
        })
        .collect()
}

/// Why a strategy cannot be built.
fn said(error: CellError) -> anyhow::Error {
    match error {
        CellError::Refused(why) | CellError::Failed(_, why) => anyhow!(why),
        CellError::Skipped { reason, remedy } => anyhow!("{reason}: {remedy}"),
    }
}

/// Where a shadow keeps its ids.
struct Place<'a> {
    number: u32,
    redis: &'a RedisChoice,
    directory: &'a Path,
}

impl Shadow {
    fn new(selected: &Selected, place: &Place<'_>) -> anyhow::Result<Shadow> {
        let (definition, settings) = (selected.definition, selected.settings(&EXPECTED)?);
        let directory = place.directory.join(format!("shadow-{}", place.number));
        let environment = Environment::new(definition, settings.clone(), 0, EXPECTED, directory);
        let mut environment = Environment {
            memory_limit: Limits::default().memory_bytes,
            redis: place.redis.clone(),
            // Each has a part of the prefix for itself.
            instances: place.number,
            ..environment
        };
        definition.admit(&settings, &environment.context(NonZeroUsize::MIN))?;
        let instance = environment.instance(NonZeroUsize::MIN, Timing::FullSpeed).map_err(said)?;
        instance.wait_for_clock();
        Ok(Shadow {
            label: selected.label(),
            worker: instance.strategy.worker(0)?,
            instance,
            driver: Driver::default(),
            held: Tally::default(),
            batch: Vec::new(),
            known: Vec::new(),
            batch_size: if definition.needs == Needs::Nothing { 1 } else { ON_SERVER },
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
        // Who marks after delivery would let both of them through.
        if self.batch.iter().any(|other| other.key == key) {
            self.catch_up();
        }
        self.batch.push(ping);
        self.known.push(known);
        if self.batch.len() >= self.batch_size {
            self.catch_up();
        }
    }

    /// Asks it about the pings that it has not been asked about.
    pub(super) fn catch_up(&mut self) {
        if let Some(last) = self.batch.last() {
            let now = last.arrival;
            if let Err(error) = self.ask(now) {
                self.fail(&error);
            }
            self.batch.clear();
            self.known.clear();
        }
    }

    fn ask(&mut self, now: Timestamp) -> Result<(), DriveError> {
        if self.batch_size > 1 {
            // A server of our own keeps the time of the pings.
            self.instance.pace().reach(now);
        }
        self.driver.advance(&mut *self.worker, now, &mut self.held)?;
        let judged = self.driver.judge(&mut *self.worker, &self.batch, now, &mut self.held)?;
        let verdicts = judged.all()?.iter().zip(&self.known);
        verdicts.for_each(|(verdict, known)| self.counts.count(*verdict, *known));
        Ok(())
    }

    fn fail(&mut self, error: &DriveError) {
        self.failed.get_or_insert(error.to_string());
    }

    /// There are no more pings.
    pub(super) fn end(&mut self) {
        self.catch_up();
        if let Err(error) = self.driver.advance(&mut *self.worker, Timestamp::END, &mut self.held) {
            self.fail(&error);
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
