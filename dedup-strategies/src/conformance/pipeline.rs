//! Workers of one strategy, driven one after the other on one thread, and the truth about what they were given.

use super::Subject;
use super::load::Batch;
use super::truth::Truth;
use crate::contract::driver::{Driver, Held, Ledger};
use crate::contract::{
    DeliveryId, Ping, PingKey, Promise, Routing, Strategy, Timestamp, Verdict, Worker, worker_of,
};

/// Stands in the list of verdicts that a worker is given to append to.
const THERE_BEFORE: &[Verdict] = &[Verdict::Late, Verdict::Held, Verdict::InFlight];

/// How often a ping that could not be judged comes again, at most.
const MOST_RETURNS: usize = 10;

/// Pings whose event happened when they arrived.
pub(super) fn ping(key: PingKey, now: Timestamp, delivery: u64) -> Ping {
    Ping { key, event_time: now, arrival: now, delivery: DeliveryId(delivery) }
}

/// A strategy with its workers, what it holds, and the truth about what it was given.
pub(super) struct Pipeline<'a> {
    subject: Subject<'a>,
    pub(super) strategy: Box<dyn Strategy>,
    pub(super) promise: Promise,
    pub(super) truth: Truth,
    /// All that was decided: the verdicts, and the deliveries released, in order.
    pub(super) log: Vec<Decision>,
    workers: Vec<Option<Box<dyn Worker>>>,
    driver: Driver,
    held: Ledger,
    offered: u64,
    batches: usize,
}

/// One thing that a strategy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Judged(Verdict),
    Released(DeliveryId),
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(subject: &Subject<'a>, seed: u64, workers: usize) -> Result<Self, String> {
        let strategy = subject.build(seed, workers)?;
        let promise = strategy.promise();
        let mut pipeline = Pipeline {
            subject: *subject,
            strategy,
            promise,
            truth: Truth::new(promise.window),
            log: Vec::new(),
            workers: (0..workers).map(|_| None).collect(),
            driver: Driver::with_verdicts_before(THERE_BEFORE),
            held: Ledger::default(),
            offered: 0,
            batches: 0,
        };
        (0..workers).try_for_each(|index| pipeline.restart(index))?;
        Ok(pipeline)
    }

    /// Drops a worker's handle, then asks for a new one.
    pub(super) fn restart(&mut self, index: usize) -> Result<(), String> {
        self.workers[index] = None;
        self.workers[index] =
            Some(self.strategy.worker(index).map_err(|error| format!("worker failed: {error}"))?);
        Ok(())
    }

    /// Judges a batch, scores it, and lets time pass for every worker. Gives the verdicts in the order of the keys.
    pub(super) fn offer(&mut self, batch: &Batch) -> Result<Vec<Verdict>, String> {
        let now = batch.now;
        self.subject.set_clock(now);
        let pings: Vec<Ping> = batch.keys.iter().map(|key| self.next_ping(*key, now)).collect();
        let mut verdicts = vec![Verdict::InFlight; pings.len()];
        for (worker, share) in self.routed(&pings) {
            let pings: Vec<Ping> = share.iter().map(|at| pings[*at]).collect();
            for (nth, verdict) in self.settled_verdicts(worker, &pings, now)? {
                verdicts[share[nth]] = verdict;
                self.truth.score(&pings[nth], verdict, now);
            }
        }
        self.log.extend(verdicts.iter().copied().map(Decision::Judged));
        self.truth.settled(now);
        self.advance(now)?;
        self.batches += 1;
        Ok(verdicts)
    }

    pub(super) fn offer_all(&mut self, batches: &[Batch]) -> Result<(), String> {
        batches.iter().try_for_each(|batch| self.offer(batch).map(drop))
    }

    /// Lets time pass for every worker.
    pub(super) fn advance(&mut self, now: Timestamp) -> Result<(), String> {
        for worker in &mut self.workers {
            let released = self.driver.advance(there(worker), now, &mut self.held).map_err(text)?;
            self.log.extend(released.iter().map(|ping| Decision::Released(ping.delivery)));
        }
        Ok(())
    }

    /// Ends the input: everything held must come out, and nothing after that.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.advance(Timestamp::END)?;
        if let (Err(broken), Some(ping)) = (self.held.nothing_left(), self.held.first()) {
            return Err(format!("{broken}; the first: {ping:?}"));
        }
        self.advance(Timestamp::END)
    }

    /// Whether promises about misses and losses were kept so far.
    pub(super) fn check_promises(&self) -> Result<(), String> {
        self.check_missed()?;
        self.check_lost()
    }

    pub(super) fn check_missed(&self) -> Result<(), String> {
        self.truth.missed.check(self.promise.missed, "copies that the promise covers were let through")
    }

    pub(super) fn check_lost(&self) -> Result<(), String> {
        self.truth.lost.check(self.promise.lost, "new keys were dropped as duplicates")
    }

    fn next_ping(&mut self, key: PingKey, now: Timestamp) -> Ping {
        self.offered += 1;
        ping(key, now, self.offered)
    }

    /// Which worker judges which of `pings`: by key, or the next worker in turn. Every worker is given a batch, even
    /// an empty one.
    fn routed(&self, pings: &[Ping]) -> Vec<(usize, Vec<usize>)> {
        let workers = self.workers.len();
        let mut shares: Vec<_> = (0..workers).map(|worker| (worker, Vec::new())).collect();
        for (at, ping) in pings.iter().enumerate() {
            let worker = match self.strategy.routing() {
                Routing::ByKey => worker_of(ping.key, workers),
                Routing::Any => self.batches % workers,
            };
            shares[worker].1.push(at);
        }
        shares
    }

    /// Judges until everything is decided: a worker settles what it let through, and what waited for that, or could not
    /// be judged, comes again. Gives each ping's place and verdict, in the order in which they were decided.
    fn settled_verdicts(
        &mut self,
        worker: usize,
        pings: &[Ping],
        now: Timestamp,
    ) -> Result<Vec<(usize, Verdict)>, String> {
        let mut decided = Vec::with_capacity(pings.len());
        let mut open: Vec<(usize, Option<Verdict>)> = (0..pings.len()).map(|at| (at, None)).collect();
        for _ in 0..=MOST_RETURNS {
            let these: Vec<Ping> = open.iter().map(|(at, _)| pings[*at]).collect();
            let verdicts = self.judge(worker, &these, now)?;
            let mut again = Vec::new();
            for ((at, before), verdict) in open.into_iter().zip(verdicts) {
                if before == Some(Verdict::InFlight)
                    && !matches!(verdict, Verdict::Duplicate | Verdict::Unjudged)
                {
                    let key = pings[at].key.as_u128();
                    return Err(format!(
                        "key {key:032x} was in flight, and {verdict:?} after the other copy had been delivered"
                    ));
                }
                match verdict.comes_again() {
                    true => again.push((at, Some(verdict))),
                    false => decided.push((at, verdict)),
                }
            }
            if again.is_empty() {
                return Ok(decided);
            }
            open = again;
        }
        let why = there(&mut self.workers[worker]).unjudged();
        Err(format!("{} pings could not be judged, however often they came: {why}", open.len()))
    }

    fn judge(&mut self, worker: usize, pings: &[Ping], now: Timestamp) -> Result<Vec<Verdict>, String> {
        let worker = there(&mut self.workers[worker]);
        Ok(self.driver.judge(worker, pings, now, &mut self.held).map_err(text)?.verdicts.to_vec())
    }
}

fn there(worker: &mut Option<Box<dyn Worker>>) -> &mut dyn Worker {
    worker.as_deref_mut().expect("a worker is only missing while it restarts")
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
