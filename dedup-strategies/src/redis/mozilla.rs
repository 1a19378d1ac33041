//! As Mozilla's ingestion pipeline used Redis from 2018 to 2021: look at the check (`EXISTS`), mark after delivery
//! (`SETEX`), and let everything pass while Redis cannot be reached.
//!
//! Only what was delivered is ever marked, so nothing is lost, whatever fails; the price is duplicates. Between check
//! and mark a copy passes, and each failure of the store lets copies pass: pings that could not be checked, marks that
//! were skipped, keys that the server lost or evicted.
//!
//! As upstream: the key is the id's 16 bytes, the less significant eight first, each half big-endian; the value is
//! empty; every mark sets the whole time to live anew; after a connection error a new connection is made. One
//! difference: upstream passes on connection errors alone, and sends a ping to the error output where Redis answers
//! with an error; here `on_error` decides for both.
//!
//! Sizing: [`sizing::MOZILLA`] bytes an id.

use std::time::Duration;

use ::redis::Value;

use super::client::{Batch, Id, Owner, Word};
use super::client::{Failure, Reply};
use super::policy::{self, RETRIES, TIMEOUT};
use super::sizing;
use super::store::{Session, Store, unexpected, whole_millis};
use crate::contract::{
    BuildError, Context, Definition, Footprint, Forgets, Hears, Needs, Operation, Outcome, Ping, PingKey,
    Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Settled, Strategy,
    Timestamp, Unavailable, UnderFaults, Verdict, Window, Worker,
};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "redis-mozilla",
    about: "as Mozilla used Redis: EXISTS at the check, SETEX after delivery, open to all while Redis is away",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "window",
            about: "how long an id is remembered after the last mark of it; 24h at Mozilla",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        policy::on_error("open"),
        TIMEOUT,
        RETRIES,
    ],
    needs: Needs::Redis,
    operation: Operation::REDIS,
    forgets: |_, _| Forgets::AtWindowEnd,
    estimate: None,
    prospect: Some(prospect),
    build: &build,
};

/// What it promises.
fn promise(window: Duration) -> Promise {
    Promise { under_faults: UnderFaults::LOSES_NOTHING, ..Promise::remembering(Window::SinceMarked(window)) }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let bytes = sizing::MOZILLA.bytes_for(context.sizing.ids_in_window);
    Prospect::in_server(promise(settings.time("window")), bytes, 2, policy::while_away(settings))
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    Ok(Box::new(Mozilla { window: settings.time("window"), store: Store::open(settings, context)? }))
}

struct Mozilla {
    window: Duration,
    store: Store,
}

impl Strategy for Mozilla {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let key = || Word::Key(&self.store.endpoint.prefix);
        let (command, ttl) = time_to_live(self.store.on_their_clock(self.window));
        Ok(Box::new(MozillaWorker {
            session: self.store.session()?,
            checks: Batch::of(&[Word::Text(b"EXISTS"), key()]),
            marks: Batch::of(&[Word::Text(command), key(), Word::Text(ttl.as_bytes()), Word::Text(b"")]),
        }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        promise(self.window)
    }

    fn footprint(&self) -> Footprint {
        self.store.footprint()
    }

    fn round_trips(&self) -> Option<u64> {
        Some(self.store.round_trips())
    }
}

/// In whole seconds, as upstream; a window that is no whole number of them takes the command that counts milliseconds.
fn time_to_live(window: Duration) -> (&'static [u8], String) {
    match whole_millis(window) {
        millis if millis % 1000 == 0 => (b"SETEX", (millis / 1000).to_string()),
        millis => (b"PSETEX", millis.to_string()),
    }
}

/// The less significant eight bytes first.
pub fn stored(key: PingKey) -> [u8; 16] {
    key.as_u128().rotate_right(64).to_be_bytes()
}

struct MozillaWorker {
    session: Session,
    checks: Batch,
    marks: Batch,
}

impl Worker for MozillaWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        if pings.is_empty() {
            return Ok(());
        }
        self.checks.fill(pings.iter().map(|ping| unowned(ping.key)));
        let replies = self.session.send(&self.checks);
        self.session.append(verdicts, replies.all.iter().map(verdict))
    }

    fn unjudged(&self) -> Unavailable {
        self.session.unjudged()
    }

    fn settle(&mut self, settled: &[Settled], _now: Timestamp) -> Result<(), Unavailable> {
        let delivered = settled.iter().filter(|settled| settled.outcome == Outcome::Delivered);
        let delivered: Vec<(Id, Owner)> = delivered.map(|settled| unowned(settled.ping.key)).collect();
        if delivered.is_empty() {
            return Ok(());
        }
        self.marks.fill(delivered.into_iter());
        let replies = self.session.send(&self.marks);
        self.session.settled(&replies)
    }

    fn refused(&self) -> Option<&str> {
        self.session.refused()
    }

    fn hears(&self) -> Hears {
        Hears::SETTLE
    }
}

fn verdict(reply: &Reply) -> Result<Verdict, Failure> {
    match reply {
        Ok(Value::Int(0)) => Ok(Verdict::New),
        Ok(Value::Int(_)) => Ok(Verdict::Duplicate),
        Ok(other) => Err(unexpected("EXISTS", other)),
        Err(failure) => Err(failure.clone()),
    }
}

fn unowned(key: PingKey) -> (Id, Owner) {
    (stored(key), Owner::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_significant_half_of_an_id_stands_first() {
        let id = PingKey::from_u128(0x00010203_0405_0607_0809_0a0b0c0d0e0f);
        assert_eq!(stored(id), [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_window_of_whole_seconds_is_set_in_seconds() {
        assert_eq!(time_to_live(Duration::from_secs(86_400)), (&b"SETEX"[..], "86400".to_string()));
        assert_eq!(time_to_live(Duration::from_micros(1_500_001)), (&b"PSETEX"[..], "1501".to_string()));
    }
}
