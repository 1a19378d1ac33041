//! What is on the strategy's account: what its worker allocates, and the payloads that it holds.

use dedup_strategies::driver::{BrokenContract, Held};
use dedup_strategies::{DeliveryId, Ping, Settled, Timestamp, Unavailable, Verdict, Worker};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::alloc;

/// A worker whose every allocation is charged.
pub(in crate::passes) struct Charged(pub(in crate::passes) Box<dyn Worker>);

impl Worker for Charged {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        alloc::charged(|| self.0.judge(pings, now, verdicts))
    }

    fn unjudged(&self) -> Unavailable {
        alloc::charged(|| self.0.unjudged())
    }

    fn refused(&self) -> Option<&str> {
        self.0.refused()
    }

    fn lost(&self) -> Option<&str> {
        self.0.lost()
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        alloc::charged(|| self.0.settle(settled, now))
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        alloc::charged(|| self.0.advance(now, released))
    }
}

/// The payloads of held pings, which whoever holds pings has to keep.
pub(in crate::passes) struct Payloads {
    bytes: usize,
    held: HashMap<DeliveryId, Box<[u8]>, FixedState>,
}

impl Payloads {
    /// Of `bytes` each.
    pub(in crate::passes) fn new(bytes: usize) -> Payloads {
        Payloads { bytes, held: HashMap::with_hasher(FixedState::with_seed(0)) }
    }
}

impl Held for Payloads {
    fn hold(&mut self, ping: &Ping) {
        let payload = alloc::charged(|| vec![1u8; self.bytes].into_boxed_slice());
        self.held.insert(ping.delivery, payload);
    }

    fn release(&mut self, ping: &Ping) -> Result<(), BrokenContract> {
        let payload = self.held.remove(&ping.delivery).ok_or(BrokenContract::NotHeld(ping.delivery))?;
        alloc::charged(|| drop(payload));
        Ok(())
    }

    fn count(&self) -> usize {
        self.held.len()
    }

    fn nothing_left(&self) -> Result<(), BrokenContract> {
        match self.held.len() {
            0 => Ok(()),
            kept => Err(BrokenContract::NotReleased(kept)),
        }
    }
}
