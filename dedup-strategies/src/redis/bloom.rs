//! A Bloom filter that all workers share: bitmaps of our own in a plain Redis, one generation after the other, the oldest
//! forgotten whole.
//!
//! A batch is one script for each bitmap that it touches. It looks for each id in the older generations, and else writes
//! it to the youngest, in one step, so that any number of workers may race. No module of the server is needed.
//!
//! Bits cannot be taken back, and do not say who set them. A script whose reply is lost may have been carried out: when
//! it is sent again, what it then calls known may be known from the first time. Such pings pass: a duplicate rather than
//! a loss. A ping that the *source* delivers again meets its own bits all the same, as with `redis-claim`.
//!
//! Which generation is written to follows from the workers' clocks, which may differ by a quarter of a slice: the
//! generation after one's own is looked at as well, and each is kept that much longer.

use std::time::Duration;

use ::redis::{Value, cmd};

use super::bloom_layout::{Layout, Plan};
use super::client::{Calls, Failure, Reply, Servers, keyspace};
use super::policy::{self, RETRIES, TIMEOUT};
use super::sizing;
use super::store::{Session, Store, unexpected, whole_millis};
use crate::contract::{
    Bound, BuildError, Context, Definition, Footprint, Forgets, Hears, Needs, Operation, Ping, Promise,
    Prospect, Role, Routing, Settings, Strategy, Timestamp, Unavailable, Verdict, Window, Worker,
};
use crate::strategies::common::generations::{IDS, RATE, WINDOW, generations};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "redis-bloom",
    about: "one Bloom filter for all workers: bitmaps in Redis by time, the oldest dropped whole; loses a few uniques",
    role: Role::Candidate,
    settings: &[WINDOW, IDS, RATE, generations("2"), policy::on_error("retry"), TIMEOUT, RETRIES],
    needs: Needs::Redis,
    operation: Operation::REDIS,
    forgets: |settings, _| Forgets::InSlices { a_window: settings.count("generations") },
    estimate: None,
    prospect: Some(prospect),
    build: &build,
};

/// Bits behind a bitmap in which the ids are counted that were written to it.
const COUNTER: u32 = 32;

/// Judges the ids `ARGV[1]`, given as the bits that stand for each, `ARGV[2]` of four bytes. `KEYS[1]` is the bitmap of the
/// present slice, of `ARGV[3]` bits with a counter behind them, made whole and with its end (`ARGV[4]` milliseconds from
/// now) where it is not there yet; the others are those of other slices. A letter for each id: 1 for a new one, 0 for a
/// known one.
const JUDGE: &str = "\
local ids, hashes, judged, fresh = ARGV[1], tonumber(ARGV[2]), {}, 0
local id = '>' .. string.rep('I4', hashes)
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SETBIT', KEYS[1], ARGV[3] + 31, 0)
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
for from = 1, #ids, 4 * hashes do
  local bits, known = {struct.unpack(id, ids, from)}, false
  for other = 2, #KEYS do
    known = true
    for hash = 1, hashes do
      if redis.call('GETBIT', KEYS[other], bits[hash]) == 0 then known = false break end
    end
    if known then break end
  end
  if not known then
    known = true
    for hash = 1, hashes do
      if redis.call('SETBIT', KEYS[1], bits[hash], 1) == 0 then known = false end
    end
  end
  judged[#judged + 1] = known and '0' or '1'
  if not known then fresh = fresh + 1 end
end
if fresh > 0 then
  redis.call('BITFIELD', KEYS[1], 'OVERFLOW', 'SAT', 'INCRBY', 'u32', ARGV[3], fresh)
end
return table.concat(judged)";

/// What it promises.
fn promise(window: Duration, ids: u64, rate: f64) -> Promise {
    Promise { lost: Bound::AtMost(rate), capacity: Some(ids), ..Promise::remembering(Window::Since(window)) }
}

fn prospect(settings: &Settings, _: &Context) -> Prospect {
    let (ids, rate) = (settings.count("ids"), settings.share("rate"));
    let bytes = sizing::bloom_bytes_for(ids, rate, settings.count("generations"));
    Prospect::in_server(promise(settings.time("window"), ids, rate), bytes, 1, policy::while_away(settings))
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let (window, ids, rate) = (settings.time("window"), settings.count("ids"), settings.share("rate"));
    let plan = Plan::new(window, ids, rate, settings.count("generations"));
    let store = Store::open(settings, context)?;
    let layout = Layout::new(plan, &store.endpoint.prefix, context.seed);
    Ok(Box::new(RedisBloom { window, ids, rate, layout, store }))
}

struct RedisBloom {
    window: Duration,
    ids: u64,
    rate: f64,
    layout: Layout,
    store: Store,
}

impl Strategy for RedisBloom {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(BloomWorker {
            session: self.store.session()?,
            factor: self.store.factor(),
            layout: self.layout.clone(),
            slice: 0,
            parts: vec![Part::default(); self.layout.plan.shards as usize],
            calls: Calls::default(),
        }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        promise(self.window, self.ids, self.rate)
    }

    fn footprint(&self) -> Footprint {
        self.store.footprint_with(|servers| self.ids_in(servers))
    }

    fn round_trips(&self) -> Option<u64> {
        Some(self.store.round_trips())
    }
}

impl RedisBloom {
    /// By the counters behind the bitmaps.
    fn ids_in(&self, servers: &mut Servers) -> Result<u64, Unavailable> {
        let mut ids = 0;
        let counter = self.layout.plan.bitmap.bytes * 8;
        keyspace::visit(servers, &self.store.endpoint.prefix, |link, keys| {
            for key in keys.iter().filter(|key| self.layout.has(key)) {
                let get =
                    cmd("BITFIELD").arg(key).arg("GET").arg(format!("u{COUNTER}")).arg(counter).to_owned();
                ids += link.query::<Vec<u64>>(&get)?.iter().sum::<u64>();
            }
            Ok(true)
        })?;
        Ok(ids)
    }
}

/// The pings of a batch that fall to one bitmap.
#[derive(Clone, Debug, Default)]
struct Part {
    /// Where in the batch they are.
    places: Vec<usize>,
    /// Their bits.
    bits: Vec<u8>,
}

struct BloomWorker {
    session: Session,
    factor: f64,
    layout: Layout,
    /// The latest that was written to.
    slice: u64,
    parts: Vec<Part>,
    calls: Calls,
}

impl Worker for BloomWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        if pings.is_empty() {
            return Ok(());
        }
        let called = self.call(pings, now);
        let replies = self.session.send(&self.calls);
        let mut judged: Vec<Result<Verdict, Failure>> = vec![Ok(Verdict::New); pings.len()];
        for (call, shard) in called.into_iter().enumerate() {
            let part = &mut self.parts[shard];
            let again = replies.was_sent_again(call);
            for (at, place) in part.places.drain(..).enumerate() {
                judged[place] = verdict(&replies.all[call], at, again);
            }
            part.bits.clear();
        }
        self.session.append(verdicts, judged.into_iter())
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

impl BloomWorker {
    /// Prepares a call for each bitmap that the batch touches, and says which these are.
    fn call(&mut self, pings: &[Ping], now: Timestamp) -> Vec<usize> {
        self.slice = self.slice.max(self.layout.plan.slice_of(now));
        let mut touched = Vec::new();
        for (at, ping) in pings.iter().enumerate() {
            let place = self.layout.place(ping.key);
            let part = &mut self.parts[place.shard];
            if part.places.is_empty() {
                touched.push(place.shard);
            }
            part.places.push(at);
            self.layout.bits(place, &mut part.bits);
        }
        let Plan { generations, bitmap, .. } = self.layout.plan;
        let needed = self.layout.plan.needed(self.slice, now).div_f64(self.factor);
        let numbers = [generations + 2, bitmap.hashes.into(), bitmap.bytes * 8].map(|n| n.to_string());
        let [keys, hashes, bits] = numbers.each_ref().map(String::as_bytes);
        let needed = whole_millis(needed).to_string();
        self.calls.clear();
        for shard in &touched {
            // Its own first; the younger ones of the others first, as most copies follow soon.
            let others = (1..=generations).map(|age| self.slice.checked_sub(age));
            let slices = [Some(self.slice), Some(self.slice + 1)].into_iter().chain(others);
            // Before the first slice there was none: any that is not written to will do.
            let names: Vec<Vec<u8>> =
                slices.map(|slice| self.layout.key(*shard, slice.unwrap_or(u64::MAX))).collect();
            let mut words: Vec<&[u8]> = vec![b"EVAL", JUDGE.as_bytes(), keys];
            words.extend(names.iter().map(Vec::as_slice));
            words.extend([&self.parts[*shard].bits[..], hashes, bits, needed.as_bytes()]);
            self.calls.push(&names[0], &words);
        }
        touched
    }
}

/// Of the ping at place `at` of a call.
fn verdict(reply: &Reply, at: usize, sent_again: bool) -> Result<Verdict, Failure> {
    match reply {
        Ok(Value::BulkString(judged)) => match judged.get(at) {
            Some(b'1') => Ok(Verdict::New),
            // Known, it may be, from the time before.
            Some(b'0') if sent_again => Ok(Verdict::New),
            Some(b'0') => Ok(Verdict::Duplicate),
            _ => Err(unexpected("EVAL", &Value::BulkString(judged.clone()))),
        },
        Ok(other) => Err(unexpected("EVAL", other)),
        Err(failure) => Err(failure.clone()),
    }
}
