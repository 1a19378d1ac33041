//! Claim an id for a short while at the check, make the claim last for the window when its ping was delivered, give it
//! up when it was not.
//!
//! The check is one command, `SET key owner NX GET PX lease`: it claims an id that nobody has, and says otherwise who
//! has it. A copy that meets a mark is a duplicate. One that meets a lease is in flight: it is not acknowledged and
//! comes again, by when the other copy was delivered (then it is a duplicate) or was lost with its worker (then the
//! lease has run out and the copy takes its place). So nothing is lost, and two workers never deliver the same id.
//! Settling is a script, because it must not touch what another delivery claimed meanwhile.
//!
//! The lease should be longer than a publish may take: one that runs out before lets a copy pass, so the promise is for
//! pings that are settled within it. And shorter than the source takes to give up on a ping that was never acknowledged.
//!
//! Sizing: [`sizing::LEASE`] bytes an id. Needs Redis 7.0 (`SET` with both `NX` and `GET`).

use std::time::Duration;

use ::redis::Value;

use super::client::{Batch, Failure, Id, Owner, Word};
use super::policy::{self, RETRIES, TIMEOUT};
use super::sizing;
use super::store::{Replies, Session, Store, unexpected, whole_millis};
use crate::contract::{
    BuildError, Context, Definition, Footprint, Forgets, Hears, Needs, Operation, Outcome, Ping, Promise,
    Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Settled, Strategy, Timestamp,
    Unavailable, UnderFaults, Verdict, Window, Worker,
};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "redis-lease",
    about: "claims each id in Redis for a while, for the window once delivered, no longer if it was not",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "window",
            about: "how long an id is remembered after its delivery; whole milliseconds, rounded up",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "lease",
            about: "how long a copy that is being delivered keeps others waiting: longer than a publish takes, shorter \
                    than the source's patience",
            kind: SettingKind::Time,
            default: SettingDefault::Text("30s"),
        },
        policy::on_error("retry"),
        TIMEOUT,
        RETRIES,
    ],
    needs: Needs::Redis,
    operation: Operation::REDIS,
    forgets: |settings, _| Forgets::AfterMark { lease: settings.time("lease") },
    estimate: None,
    prospect: Some(prospect),
    build: &build,
};

/// The value of a mark. Redis keeps small numbers once for all keys, so that it costs less than an empty text.
const MARK: &[u8] = b"1";

/// Marks `KEYS[1]` as delivered for `ARGV[2]` milliseconds, or gives it up where that is 0: on behalf of the owner
/// `ARGV[1]`, and never over somebody else's lease. A lease that ran out unnoticed is marked all the same: it was
/// delivered.
const SETTLE: &str = "\
local held = redis.call('GET', KEYS[1])
if ARGV[2] == '0' then
  if held == ARGV[1] then return redis.call('DEL', KEYS[1]) end
elseif not held or held == ARGV[1] or held == '1' then
  redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
  return 1
end
return 0";

/// What it promises.
fn promise(window: Duration, lease: Duration) -> Promise {
    Promise {
        settled_within: Some(lease),
        under_faults: UnderFaults::LOSES_NOTHING,
        ..Promise::remembering(Window::Since(window))
    }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let bytes = sizing::LEASE.bytes_for(context.sizing.ids_in_window);
    let promise = promise(settings.time("window"), settings.time("lease"));
    Prospect::in_server(promise, bytes, 2, policy::while_away(settings))
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let store = Store::open(settings, context)?;
    let refuse = |error: Unavailable| BuildError::Server(error.to_string());
    let version =
        store.servers().and_then(|mut servers| servers.info("server", "redis_version")).map_err(refuse)?;
    if major(&version) < 7 {
        return Err(BuildError::Server(format!(
            "strategy redis-lease: the server is Redis {version}; it takes 7.0 or later (SET with both NX and GET)"
        )));
    }
    Ok(Box::new(Leases { window: settings.time("window"), lease: settings.time("lease"), store }))
}

fn major(version: &str) -> u32 {
    version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

struct Leases {
    window: Duration,
    lease: Duration,
    store: Store,
}

impl Strategy for Leases {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let key = || Word::Key(&self.store.endpoint.prefix);
        let text = |text: &'static str| Word::Text(text.as_bytes());
        let millis = |length| whole_millis(self.store.on_their_clock(length)).to_string();
        let (lease, window) = (millis(self.lease), millis(self.window));
        let settle = |millis| {
            Batch::of(&[text("EVAL"), text(SETTLE), text("1"), key(), Word::Owner, Word::Text(millis)])
        };
        let claim = [
            text("SET"),
            key(),
            Word::Owner,
            text("NX"),
            text("GET"),
            text("PX"),
            Word::Text(lease.as_bytes()),
        ];
        Ok(Box::new(LeaseWorker {
            session: self.store.session()?,
            claims: Batch::of(&claim),
            marks: settle(window.as_bytes()),
            releases: settle(b"0"),
        }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        promise(self.window, self.lease)
    }

    fn footprint(&self) -> Footprint {
        self.store.footprint()
    }

    fn round_trips(&self) -> Option<u64> {
        Some(self.store.round_trips())
    }
}

struct LeaseWorker {
    session: Session,
    claims: Batch,
    marks: Batch,
    releases: Batch,
}

impl Worker for LeaseWorker {
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
        let replies = self.session.send(&self.claims);
        let ours: Vec<Owner> = pings.iter().map(|ping| self.session.owner(ping)).collect();
        let each = ours.iter().enumerate().map(|(index, ours)| verdict(&replies, index, ours));
        self.session.append(verdicts, each)
    }

    fn unjudged(&self) -> Unavailable {
        self.session.unjudged()
    }

    fn settle(&mut self, settled: &[Settled], _now: Timestamp) -> Result<(), Unavailable> {
        let outcomes = [Outcome::Delivered, Outcome::Failed];
        // Both are tried whatever becomes of the first.
        let done = outcomes.map(|outcome| self.settle_those(settled, outcome));
        done.into_iter().collect()
    }

    fn refused(&self) -> Option<&str> {
        self.session.refused()
    }

    fn hears(&self) -> Hears {
        Hears::SETTLE
    }
}

impl LeaseWorker {
    fn settle_those(&mut self, settled: &[Settled], outcome: Outcome) -> Result<(), Unavailable> {
        let those = settled.iter().filter(|settled| settled.outcome == outcome);
        let session = &self.session;
        let those: Vec<(Id, Owner)> =
            those.map(|settled| (settled.ping.key.0, session.owner(&settled.ping))).collect();
        if those.is_empty() {
            return Ok(());
        }
        let batch = if outcome == Outcome::Delivered { &mut self.marks } else { &mut self.releases };
        batch.fill(those.into_iter());
        let replies = self.session.send(batch);
        self.session.settled(&replies)
    }
}

/// What the server said of the claim at `index`, which is `ours` if it names us.
fn verdict(replies: &Replies, index: usize, ours: &Owner) -> Result<Verdict, Failure> {
    match &replies.all[index] {
        Ok(Value::Nil) => Ok(Verdict::New),
        Ok(Value::BulkString(mark)) if mark == MARK => Ok(Verdict::Duplicate),
        Ok(Value::BulkString(owner)) => {
            let is_ours = replies.was_sent_again(index) && owner == ours;
            Ok(if is_ours { Verdict::New } else { Verdict::InFlight })
        }
        Ok(other) => Err(unexpected("SET", other)),
        Err(failure) => Err(failure.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_by_their_first_number() {
        assert_eq!(["6.2.14", "7.0.15", "255.255.255", "?"].map(major), [6, 7, 255, 0]);
    }
}
