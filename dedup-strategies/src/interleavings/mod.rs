//! Every order in which workers can get at the state that they share, within a few calls of each: what the project locks
//! itself. (moka and fjall bring their own locks, into which the model checker does not see; the law of threads runs them.)
//!
//! Each invariant is shown to a liar as well, which breaks it in some order: one that is never broken checks nothing.

mod in_memory;
mod on_disk;
mod stand_in;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::contract::{DeliveryId, Ping, PingKey, Timestamp, Verdict, Worker};

/// When everything happens.
const NOW: Timestamp = Timestamp::from_secs(1_000);

/// The first delivery of `key`, or another one.
fn ping(key: PingKey, delivery: u64) -> Ping {
    Ping { key, event_time: NOW, arrival: NOW, delivery: DeliveryId(delivery) }
}

/// The verdict of `worker` on one delivery of `key`.
fn judged(worker: &mut dyn Worker, key: PingKey, delivery: u64) -> Verdict {
    let mut verdicts = Vec::new();
    worker.judge(&[ping(key, delivery)], NOW, &mut verdicts).unwrap();
    verdicts[0]
}

/// Whether a check panics.
fn is_caught(check: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(check)).is_err()
}
