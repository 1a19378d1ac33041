//! Claim each id at the check: `SET key owner NX PX window`, a batch in one pipeline.
//!
//! The server decides and remembers in one step, so any number of workers may race: exactly one sees `OK`. The price
//! is that the id is marked before its ping is delivered: when the worker dies in between, the copy that the source
//! sends again is taken for a duplicate, and the ping is lost.
//!
//! A reply may be lost after the command was carried out. A client that sends the command again then reads its own
//! claim as somebody else's, and drops the ping: that is what `on_error=retry` with `owner=none` does, as many clients
//! do without being asked. With `owner=delivery` the value of a claim names the delivery that made it: where a command
//! was sent twice and the claim stands, `GET` tells whether it is our own. What no owner can save is a ping that the
//! *source* delivers again, because the worker died or the retries came to an end: that is another delivery, and
//! nothing tells the claim of one that was never published from that of one that was.
//!
//! Sizing: [`sizing::CLAIM`] bytes an id.

use std::time::Duration;

use ::redis::Value;

use super::client::{Batch, Id, Owner, Word};
use super::client::{Failure, Reply};
use super::policy::{self, RETRIES, TIMEOUT};
use super::sizing;
use super::store::{Replies, Session, Store, unexpected, whole_millis};
use crate::contract::{
    BuildError, Context, Definition, Footprint, Forgets, Hears, Needs, Operation, Ping, Promise, Prospect,
    Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp, Unavailable,
    Verdict, Window, Worker,
};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "redis-claim",
    about: "claims each id in Redis at the check: SET NX PX, pipelined by batch",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "window",
            about: "how long an id is remembered after the copy that was let through; whole milliseconds, rounded up",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "owner",
            about: "what a claim's value says: nothing, or which delivery made it, so that a command sent again knows \
                    its own claim",
            kind: SettingKind::Word(&["none", "delivery"]),
            default: SettingDefault::Text("none"),
        },
        policy::on_error("closed"),
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

/// What a claim's value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ownership {
    None,
    Delivery,
}

/// What it promises.
fn promise(window: Duration) -> Promise {
    Promise::remembering(Window::Since(window))
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    // The name of a delivery.
    let owner = if ownership(settings) == Ownership::Delivery { 16 } else { 0 };
    let an_id = sizing::PerId { bytes: sizing::CLAIM.bytes + owner };
    let bytes = an_id.bytes_for(context.sizing.ids_in_window);
    Prospect::in_server(promise(settings.time("window")), bytes, 1, policy::while_away(settings))
}

fn ownership(settings: &Settings) -> Ownership {
    if settings.word("owner") == "delivery" { Ownership::Delivery } else { Ownership::None }
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    Ok(Box::new(Claims {
        window: settings.time("window"),
        ownership: ownership(settings),
        store: Store::open(settings, context)?,
    }))
}

struct Claims {
    window: Duration,
    ownership: Ownership,
    store: Store,
}

impl Strategy for Claims {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let prefix = &self.store.endpoint.prefix;
        let window_ms = whole_millis(self.store.on_their_clock(self.window)).to_string();
        let value = match self.ownership {
            Ownership::None => Word::Text(b""),
            Ownership::Delivery => Word::Owner,
        };
        let text = |text: &'static str| Word::Text(text.as_bytes());
        let set =
            [text("SET"), Word::Key(prefix), value, text("NX"), text("PX"), Word::Text(window_ms.as_bytes())];
        Ok(Box::new(ClaimWorker {
            session: self.store.session()?,
            ownership: self.ownership,
            claims: Batch::of(&set),
            owners: Batch::of(&[text("GET"), Word::Key(prefix)]),
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

struct ClaimWorker {
    session: Session,
    ownership: Ownership,
    claims: Batch,
    owners: Batch,
}

impl Worker for ClaimWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        if pings.is_empty() {
            return Ok(());
        }
        let session = &self.session;
        self.claims.fill(pings.iter().map(|ping| (ping.key.0, session.owner(ping))));
        let mut replies = self.session.send(&self.claims);
        if self.ownership == Ownership::Delivery && replies.any_sent_again() {
            self.recognise(pings, &mut replies);
        }
        self.session.append(verdicts, replies.all.iter().map(verdict))
    }

    fn unjudged(&self) -> Unavailable {
        self.session.unjudged()
    }

    fn refused(&self) -> Option<&str> {
        self.session.refused()
    }

    fn hears(&self) -> Hears {
        Hears::NONE
    }
}

impl ClaimWorker {
    /// Commands that were sent again and met a claim: those whose claim is their own are as good as answered with `OK`.
    fn recognise(&mut self, pings: &[Ping], replies: &mut Replies) {
        let met_a_claim =
            |index: &usize| replies.was_sent_again(*index) && matches!(replies.all[*index], Ok(Value::Nil));
        let asked: Vec<usize> = (0..pings.len()).filter(met_a_claim).collect();
        let keys: Vec<(Id, Owner)> =
            asked.iter().map(|index| (pings[*index].key.0, Owner::default())).collect();
        self.owners.fill(keys.into_iter());
        let owners = self.session.send(&self.owners).all;
        for (index, owner) in asked.into_iter().zip(owners) {
            match owner {
                Ok(Value::BulkString(owner)) if owner == self.session.owner(&pings[index]) => {
                    replies.all[index] = Ok(Value::Okay);
                }
                // Whose it is cannot be found out, so whether it is a duplicate cannot either.
                Err(failure) => replies.all[index] = Err(failure),
                Ok(_) => {}
            }
        }
    }
}

fn verdict(reply: &Reply) -> Result<Verdict, Failure> {
    match reply {
        Ok(Value::Okay) => Ok(Verdict::New),
        Ok(Value::Nil) => Ok(Verdict::Duplicate),
        Ok(other) => Err(unexpected("SET", other)),
        Err(failure) => Err(failure.clone()),
    }
}
