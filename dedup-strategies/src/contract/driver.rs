//! The least that drives a strategy through its whole contract: judge, settle, advance, and settle what was released.
//!
//! For measurements, tests and small services, which publish at once. It keeps the lists around the calls, so that a
//! loop allocates nothing, and holds the strategy to the contract: one verdict for each ping, and held pings released
//! once each. What held pings cost it is up to the [`Held`] that it is given.

use std::collections::BTreeMap;
use std::fmt;

use super::strategy::{DeliveryId, Outcome, Ping, Settled, Unavailable, Verdict, Worker};
use super::time::Timestamp;

/// Drives workers, one call after the other. What a worker lets through is delivered at once.
#[derive(Debug, Default)]
pub struct Driver {
    before: &'static [Verdict],
    verdicts: Vec<Verdict>,
    settled: Vec<Settled>,
    released: Vec<Ping>,
}

impl Driver {
    /// Hands workers a list of verdicts in which `before` stands already, and sees that they leave it alone.
    pub fn with_verdicts_before(before: &'static [Verdict]) -> Self {
        Driver { before, ..Driver::default() }
    }

    /// Has `worker` judge `batch` and settles what it let through.
    pub fn judge(
        &mut self,
        worker: &mut dyn Worker,
        batch: &[Ping],
        now: Timestamp,
        held: &mut impl Held,
    ) -> Result<Judged<'_>, DriveError> {
        self.verdicts.clear();
        // What a strategy appends to is not its own, and must not grow while its memory is weighed.
        self.verdicts.reserve(self.before.len() + batch.len());
        if !self.before.is_empty() {
            self.verdicts.extend_from_slice(self.before);
        }
        worker.judge(batch, now, &mut self.verdicts).map_err(in_call(Call::Judge))?;
        let verdicts = appended(&self.verdicts, self.before)?;
        if verdicts.len() != batch.len() {
            return Err(BrokenContract::Verdicts { got: verdicts.len(), asked: batch.len() }.into());
        }
        self.settled.clear();
        let judged = || batch.iter().zip(verdicts);
        let new = judged().filter(|(_, verdict)| **verdict == Verdict::New);
        self.settled.extend(new.map(|(ping, _)| delivered(ping)));
        // In a loop of its own, which a batch of new pings does not enter: this is part of what is timed.
        let mut all_judged = true;
        if self.settled.len() < batch.len() {
            for (ping, verdict) in judged() {
                match verdict {
                    Verdict::Held => held.hold(ping),
                    Verdict::Unjudged => all_judged = false,
                    Verdict::New | Verdict::Duplicate | Verdict::InFlight | Verdict::Late => {}
                }
            }
        }
        let unjudged = if all_judged { None } else { Some(worker.unjudged()) };
        worker.settle(&self.settled, now).map_err(in_call(Call::Settle))?;
        Ok(Judged { verdicts, unjudged })
    }

    /// Lets time pass for `worker` and settles what it released. With [`Timestamp::END`] the input has ended: once
    /// every worker has heard of it, [`Held::nothing_left`] says whether everything came out.
    pub fn advance(
        &mut self,
        worker: &mut dyn Worker,
        now: Timestamp,
        held: &mut impl Held,
    ) -> Result<&[Ping], DriveError> {
        self.released.clear();
        self.released.reserve(held.count());
        worker.advance(now, &mut self.released).map_err(in_call(Call::Advance))?;
        if !self.released.is_empty() {
            self.released.iter().try_for_each(|ping| held.release(ping))?;
            self.settled.clear();
            self.settled.extend(self.released.iter().map(delivered));
            worker.settle(&self.settled, now).map_err(in_call(Call::Settle))?;
        }
        Ok(&self.released)
    }
}

/// What a worker said of a batch.
#[derive(Debug)]
#[must_use]
pub struct Judged<'a> {
    /// Its verdicts, in the order of the pings.
    pub verdicts: &'a [Verdict],
    /// Why some of them are [`Verdict::Unjudged`]; none where all pings were judged. Those that were not come again.
    pub unjudged: Option<Unavailable>,
}

impl<'a> Judged<'a> {
    /// The verdicts, for whoever has no use for a batch that was judged in part.
    pub fn all(self) -> Result<&'a [Verdict], DriveError> {
        match self.unjudged {
            None => Ok(self.verdicts),
            Some(error) => Err(DriveError::Unavailable { call: Call::Judge, error }),
        }
    }
}

/// What stands behind `before`. Where nothing stood there, nothing is compared: this runs in the loop that is timed.
#[inline]
fn appended<'a>(verdicts: &'a [Verdict], before: &[Verdict]) -> Result<&'a [Verdict], BrokenContract> {
    if before.is_empty() {
        return Ok(verdicts);
    }
    verdicts.strip_prefix(before).ok_or(BrokenContract::Overwritten)
}

fn delivered(ping: &Ping) -> Settled {
    Settled { ping: *ping, outcome: Outcome::Delivered }
}

fn in_call(call: Call) -> impl Fn(Unavailable) -> DriveError {
    move |error| DriveError::Unavailable { call, error }
}

/// Keeps account of the pings that a strategy holds. Any worker may release what another holds, so workers that share
/// a strategy share an account, or add theirs up at the end.
pub trait Held {
    /// The strategy keeps `ping`.
    fn hold(&mut self, ping: &Ping);

    /// The strategy lets go of `ping`; an error where it is seen at once that it did not hold it.
    fn release(&mut self, ping: &Ping) -> Result<(), BrokenContract>;

    /// How many it holds.
    fn count(&self) -> usize;

    /// Whether everything that was held has come out, and nothing else.
    fn nothing_left(&self) -> Result<(), BrokenContract>;
}

/// Knows each held ping: says at once which one is wrong.
#[derive(Debug, Default)]
pub struct Ledger(BTreeMap<DeliveryId, Ping>);

impl Ledger {
    /// The held ping that was delivered first.
    pub fn first(&self) -> Option<&Ping> {
        self.0.values().next()
    }
}

impl Held for Ledger {
    fn hold(&mut self, ping: &Ping) {
        self.0.insert(ping.delivery, *ping);
    }

    fn release(&mut self, ping: &Ping) -> Result<(), BrokenContract> {
        match self.0.remove(&ping.delivery) {
            Some(held) if held == *ping => Ok(()),
            Some(held) => Err(BrokenContract::Exchanged(Box::new((held, *ping)))),
            None => Err(BrokenContract::NotHeld(ping.delivery)),
        }
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn nothing_left(&self) -> Result<(), BrokenContract> {
        not_released(self.0.len())
    }
}

/// Counts held pings and adds up their delivery ids: next to nothing for each ping, for loops that are timed. Whether
/// the sums of all workers come out even is seen at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    count: i64,
    sum: u64,
}

impl Tally {
    /// Of the workers of one strategy together.
    pub fn together(tallies: impl IntoIterator<Item = Tally>) -> Tally {
        let add = |all: Tally, one: Tally| Tally {
            count: all.count + one.count,
            sum: all.sum.wrapping_add(one.sum),
        };
        tallies.into_iter().fold(Tally::default(), add)
    }
}

impl Held for Tally {
    #[inline]
    fn hold(&mut self, ping: &Ping) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(mixed(ping.delivery));
    }

    #[inline]
    fn release(&mut self, ping: &Ping) -> Result<(), BrokenContract> {
        self.count -= 1;
        self.sum = self.sum.wrapping_sub(mixed(ping.delivery));
        Ok(())
    }

    fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or(0)
    }

    fn nothing_left(&self) -> Result<(), BrokenContract> {
        not_released(self.count())?;
        match (self.count, self.sum) {
            (0, 0) => Ok(()),
            _ => Err(BrokenContract::NotHeldSomewhere),
        }
    }
}

/// So that the sums of two sets of neighbouring ids differ. The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
#[inline]
fn mixed(delivery: DeliveryId) -> u64 {
    let z = delivery.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn not_released(count: usize) -> Result<(), BrokenContract> {
    if count == 0 { Ok(()) } else { Err(BrokenContract::NotReleased(count)) }
}

/// What a strategy did that the contract forbids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenContract {
    /// There was not one verdict for each ping.
    #[error("gave {got} verdicts for {asked} pings")]
    Verdicts {
        /// How many there were.
        got: usize,
        /// How many there should have been.
        asked: usize,
    },
    /// The list of verdicts was to be appended to.
    #[error("judge changed verdicts that were there before")]
    Overwritten,
    /// A ping came out that had not been held, or for a second time.
    #[error("released delivery {}, which it did not hold (any more)", .0.0)]
    NotHeld(DeliveryId),
    /// The same, of one of many.
    #[error("released a delivery, one of many, which it did not hold (any more)")]
    NotHeldSomewhere,
    /// A ping came out with the delivery id of another.
    #[error("held {:?} and released {:?} in its place", .0.0, .0.1)]
    Exchanged(Box<(Ping, Ping)>),
    /// The input has ended, and pings did not come out.
    #[error("{0} held pings were not released at the end of the input")]
    NotReleased(usize),
}

/// Why a strategy could not be driven on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveError {
    /// It broke the contract.
    #[error(transparent)]
    Contract(#[from] BrokenContract),
    /// It could not do what it was asked.
    #[error("{call} failed: {error}")]
    Unavailable {
        /// What it was asked.
        call: Call,
        /// What it says.
        error: Unavailable,
    },
}

/// A call of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`Strategy::worker`](super::Strategy::worker).
    Worker,
    /// [`Worker::judge`].
    Judge,
    /// [`Worker::settle`].
    Settle,
    /// [`Worker::advance`].
    Advance,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::Worker => "worker",
            Call::Judge => "judge",
            Call::Settle => "settle",
            Call::Advance => "advance",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::PingKey;

    fn ping(delivery: u64) -> Ping {
        let at = Timestamp::ZERO;
        Ping { key: PingKey::from_u128(7), event_time: at, arrival: at, delivery: DeliveryId(delivery) }
    }

    /// Judges every ping but the second, and notes which were settled.
    #[derive(Default)]
    struct HalfAway(Vec<DeliveryId>);

    impl Worker for HalfAway {
        fn judge(
            &mut self,
            pings: &[Ping],
            _: Timestamp,
            verdicts: &mut Vec<Verdict>,
        ) -> Result<(), Unavailable> {
            let judged = |nth| if nth == 1 { Verdict::Unjudged } else { Verdict::New };
            verdicts.extend((0..pings.len()).map(judged));
            Ok(())
        }

        fn unjudged(&self) -> Unavailable {
            Unavailable("node 2 is away".into())
        }

        fn settle(&mut self, settled: &[Settled], _: Timestamp) -> Result<(), Unavailable> {
            self.0.extend(settled.iter().map(|settled| settled.ping.delivery));
            Ok(())
        }
    }

    #[test]
    fn what_was_judged_of_a_batch_is_settled_whatever_became_of_the_rest() {
        let (mut driver, mut worker) = (Driver::default(), HalfAway::default());
        let batch = [ping(1), ping(2), ping(3)];
        let judged = driver.judge(&mut worker, &batch, Timestamp::ZERO, &mut Tally::default()).unwrap();
        assert_eq!(judged.verdicts, [Verdict::New, Verdict::Unjudged, Verdict::New]);
        assert_eq!(judged.all().unwrap_err().to_string(), "judge failed: node 2 is away");
        assert_eq!(worker.0, [DeliveryId(1), DeliveryId(3)]);
        let judged = driver.judge(&mut worker, &batch[..1], Timestamp::ZERO, &mut Tally::default()).unwrap();
        assert_eq!(judged.all(), Ok(&[Verdict::New][..]));
    }

    fn tally(held: &[u64], released: &[u64]) -> Tally {
        let mut tally = Tally::default();
        held.iter().for_each(|delivery| tally.hold(&ping(*delivery)));
        released.iter().for_each(|delivery| tally.release(&ping(*delivery)).unwrap());
        tally
    }

    #[test]
    fn a_tally_comes_out_even_only_if_the_same_pings_came_out() {
        assert_eq!(tally(&[1, 2, 3], &[3, 1, 2]).nothing_left(), Ok(()));
        assert_eq!(tally(&[1, 2, 3], &[1]).nothing_left(), Err(BrokenContract::NotReleased(2)));
        assert_eq!(tally(&[1], &[1, 1]).nothing_left(), Err(BrokenContract::NotHeldSomewhere));
        // As many, and the same sum of ids.
        assert_eq!(tally(&[1, 4], &[2, 3]).nothing_left(), Err(BrokenContract::NotHeldSomewhere));
    }

    #[test]
    fn what_one_worker_holds_another_may_release() {
        let (one, other) = (tally(&[1, 2], &[]), tally(&[3], &[2, 1, 3]));
        assert!(one.nothing_left().is_err() && other.nothing_left().is_err());
        assert_eq!(Tally::together([one, other]).nothing_left(), Ok(()));
    }

    #[test]
    fn a_ledger_says_at_once_what_came_out_wrongly() {
        let mut ledger = Ledger::default();
        ledger.hold(&ping(1));
        ledger.hold(&ping(2));
        assert_eq!(ledger.release(&ping(1)), Ok(()));
        assert_eq!(ledger.release(&ping(1)), Err(BrokenContract::NotHeld(DeliveryId(1))));
        let other = Ping { key: PingKey::from_u128(8), ..ping(2) };
        assert!(matches!(ledger.release(&other), Err(BrokenContract::Exchanged(_))));
        assert_eq!((ledger.count(), ledger.first()), (0, None));
    }
}
