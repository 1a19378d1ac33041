//! Who sent a ping.

use std::sync::Arc;

use dedup_strategies::{PingKey, Timestamp};
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::model::{ClientsSpec, Condition, MOST_DIMENSIONS};
use super::present::Present;

pub(crate) const NS_A_DAY: u64 = 86_400_000_000_000;

/// Clients that a ping's hash names before others are looked at in a row. A scenario is refused where fewer than one in a
/// hundred would do: fewer than one ping in ten thousand comes so far.
const TRIES: u64 = 1024;

/// Clients that are then looked at in a row.
const IN_A_ROW: u64 = 4096;

/// What a hash is for, so that none depends on another.
#[derive(Clone, Copy)]
enum Purpose {
    Sender,
    Life,
    Active,
    Heavy,
    Id,
    Shared,
    Clock,
    Type,
    Sessions,
    Session,
    /// Of a dimension, by number.
    Value,
    Lost,
}

/// The clients of a stream. The same spec, seed and start have the same clients.
#[derive(Clone, Debug)]
pub struct Clients {
    spec: ClientsSpec,
    seed: u64,
    /// The day of the stream's start, counted from 1970.
    first_day: u64,
    /// The share of clients that are so many days old or older; empty where they live for ever.
    survive: Vec<f64>,
    /// How likely a candidate that is not heavy is taken.
    light: f64,
    /// The names of types, by number.
    types: Vec<String>,
    /// Who may send on which day; none where they are too many.
    present: Option<Arc<Present>>,
    /// All that there are until the last day.
    clients: u64,
}

/// Who sent a ping, and what that says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The client's number.
    pub client: u64,
    /// The id that it gives: where a profile is shared, that of another.
    pub client_id: u128,
    /// The number of the ping's type.
    pub kind: u8,
    /// The numbers of its values, by dimension; 0 where there are fewer dimensions.
    pub values: [u8; MOST_DIMENSIONS],
    /// The session in which it was sent: another number for each client, day and session.
    pub session: u64,
    /// How much the client's clock is ahead, in nanoseconds.
    pub clock_ns: i64,
}

/// What of a sender pings are counted by, for those who count many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The client's number.
    pub client: u64,
    /// The number of the ping's type.
    pub kind: u8,
    /// Which of the client's sessions of the day it was sent in, from 0.
    pub session: u32,
}

impl Sender {
    /// What the client's clock showed when it was `time`.
    pub fn client_time(&self, time: Timestamp) -> Timestamp {
        Timestamp::from_nanos(time.as_nanos().saturating_add_signed(self.clock_ns))
    }
}

impl Clients {
    /// The clients of a stream that starts at `start` and has so many days.
    pub fn new(spec: &ClientsSpec, start: Timestamp, days: u64, seed: u64) -> Clients {
        let survive = spec
            .lifetime_days
            .map_or_else(Vec::new, |mean| (0..=days).map(|age| libm::exp(-(age as f64) / mean)).collect());
        let light = spec
            .heavy
            .map_or(1.0, |heavy| (1.0 - heavy.pings) / (1.0 - heavy.share) / (heavy.pings / heavy.share));
        let clients = spec.clients_until(days.saturating_sub(1));
        Clients {
            present: Present::new(days, clients).map(Arc::new),
            clients,
            seed: xxh3_64_with_seed(b"clients", seed),
            first_day: start.as_nanos() / NS_A_DAY,
            survive,
            light,
            types: spec.type_names().map(str::to_string).collect(),
            spec: spec.clone(),
        }
    }

    /// As the scenario declares them.
    pub fn spec(&self) -> &ClientsSpec {
        &self.spec
    }

    /// The names of types, by number.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Who sent the ping with this id, or with none, that first came at `first_at`.
    pub fn sender(&self, id: Option<PingKey>, first_at: Timestamp) -> Sender {
        let ping = self.ping(id, first_at);
        let day = (first_at.as_nanos() / NS_A_DAY).saturating_sub(self.first_day);
        let client = self.pick(ping, day);
        let id_of = self.id_of(client);
        Sender {
            client,
            client_id: self.wide(Purpose::Id, id_of, 0),
            kind: self.kind(ping, client, day),
            values: self.values(client),
            session: self.session(client, day, first_at.as_nanos() % NS_A_DAY),
            clock_ns: self.clock_ns(client),
        }
    }

    /// The same, as far as pings are counted by it: a third of the work.
    pub fn counted(&self, id: Option<PingKey>, first_at: Timestamp) -> Counted {
        let ping = self.ping(id, first_at);
        let day = (first_at.as_nanos() / NS_A_DAY).saturating_sub(self.first_day);
        let client = self.pick(ping, day);
        Counted {
            client,
            kind: self.kind(ping, client, day),
            session: self.session_of_day(client, day, first_at.as_nanos() % NS_A_DAY) as u32,
        }
    }

    /// The most sessions that a client's day has.
    pub fn most_sessions(&self) -> u32 {
        self.spec.sessions.ceil() as u32
    }

    /// What a sender's ping is for.
    pub fn type_of(&self, sender: &Sender) -> &str {
        &self.types[usize::from(sender.kind)]
    }

    /// The dimensions' names, each with the sender's value.
    pub fn values_of<'a>(&'a self, sender: &Sender) -> impl Iterator<Item = (&'a str, &'a str)> {
        let dimensions = self.spec.dimensions.iter().zip(sender.values);
        dimensions.map(|(dimension, value)| {
            (dimension.name.as_str(), dimension.values.names()[usize::from(value)].as_str())
        })
    }

    /// Whether the ping with this id, or with none, that was first sent at `first_at` never arrives, nor any copy of it.
    pub fn is_lost(&self, id: Option<PingKey>, first_at: Timestamp) -> bool {
        if self.spec.lost.is_empty() {
            return false;
        }
        let (sender, ping) = (self.sender(id, first_at), self.ping(id, first_at));
        let mut lost = (0..).zip(&self.spec.lost);
        lost.any(|(at, lost)| {
            self.draw(Purpose::Lost, ping, at) < lost.share && self.meets(&sender, &lost.only)
        })
    }

    /// Whether the ping that this sender sent is one of these.
    pub fn meets(&self, sender: &Sender, condition: &Condition) -> bool {
        condition.kind.is_none_or(|kind| kind == sender.kind)
            && condition.values.iter().all(|(dimension, value)| sender.values[*dimension] == *value)
    }

    /// Whether a client lives on the `day`-th day of the stream.
    pub fn lives(&self, client: u64, day: u64) -> bool {
        let born = self.born(client).unwrap_or(0);
        let Some(age) = day.checked_sub(born) else { return false };
        let Some(share) = self.survive.get((age as usize).min(self.survive.len().wrapping_sub(1))) else {
            return true;
        };
        self.draw(Purpose::Life, client, 0) < *share
    }

    /// Whether a client that lives is active on the `day`-th day of the stream.
    pub fn is_active(&self, client: u64, day: u64) -> bool {
        // 1970 began on a Thursday.
        let weekday = ((self.first_day + day + 3) % 7) as usize;
        self.draw(Purpose::Active, client, day) < self.spec.active[weekday]
    }

    /// The first day of a client that was not there at the start.
    pub fn born(&self, client: u64) -> Option<u64> {
        let new = client.checked_sub(self.spec.count.get())?;
        Some(new / self.spec.new_a_day.max(1))
    }

    fn pick(&self, ping: u64, day: u64) -> u64 {
        self.pick_by_bits(ping, day).unwrap_or_else(|| self.pick_by_hashes(ping, day))
    }

    /// The same as by hashes, where a candidate does and there are bits.
    fn pick_by_bits(&self, ping: u64, day: u64) -> Option<u64> {
        let present = self.present.as_deref()?;
        let clients = self.spec.clients_until(day);
        let on = present.on(day, clients, |client| self.lives(client, day) && self.is_active(client, day))?;
        let heavy = present.heavy(self.clients, |client| self.is_heavy(client));
        let candidates = (0..TRIES).map(|attempt| self.candidate(ping, attempt, clients));
        let sends = |client, drawn| self.light >= 1.0 || heavy.has(client) || unit(drawn) < self.light;
        let mut senders = candidates.filter(|(client, drawn)| on.has(*client) && sends(*client, *drawn));
        senders.next().map(|(client, _)| client)
    }

    /// A client that a ping tries, and a draw for whether it sends.
    fn candidate(&self, ping: u64, attempt: u64, clients: u64) -> (u64, u64) {
        let drawn = self.wide(Purpose::Sender, ping, attempt);
        (((u128::from((drawn >> 64) as u64) * u128::from(clients)) >> 64) as u64, drawn as u64)
    }

    fn pick_by_hashes(&self, ping: u64, day: u64) -> u64 {
        let clients = self.spec.clients_until(day);
        let mut alive = None;
        let mut candidate = 0;
        for attempt in 0..TRIES {
            let drawn;
            (candidate, drawn) = self.candidate(ping, attempt, clients);
            if !self.lives(candidate, day) {
                continue;
            }
            alive = Some(candidate);
            if self.is_active(candidate, day) && self.sends(candidate, drawn) {
                return candidate;
            }
        }
        // There may be none on a day of few clients.
        let row = (0..IN_A_ROW.min(clients)).map(|step| (candidate + step) % clients);
        let mut row = row.filter(|client| self.lives(*client, day)).inspect(|client| alive = Some(*client));
        let found = row.find(|client| self.is_active(*client, day));
        found.or(alive).unwrap_or(candidate)
    }

    /// Whether a candidate sends the ping: a heavy one always does.
    fn sends(&self, client: u64, drawn: u64) -> bool {
        self.light >= 1.0 || self.is_heavy(client) || unit(drawn) < self.light
    }

    /// Whether it is one of the clients that send more.
    pub fn is_heavy(&self, client: u64) -> bool {
        self.spec.heavy.is_some_and(|heavy| self.draw(Purpose::Heavy, client, 0) < heavy.share)
    }

    /// The client whose id this one gives: itself, but where a profile is shared.
    pub fn id_of(&self, client: u64) -> u64 {
        let is_shared =
            self.spec.shared > 0.0 && self.draw(Purpose::Shared, client / 2, 0) < self.spec.shared;
        if is_shared { client & !1 } else { client }
    }

    fn kind(&self, ping: u64, client: u64, day: u64) -> u8 {
        let mut drawn = self.draw(Purpose::Type, ping, 0);
        if self.spec.first_day.is_empty() || self.born(client) != Some(day) {
            return self.spec.types.pick(drawn);
        }
        let mut left = 1.0;
        for (number, (_, share)) in (self.spec.types.names().len()..).zip(&self.spec.first_day) {
            if drawn < *share {
                return number as u8;
            }
            drawn -= share;
            left -= share;
        }
        self.spec.types.pick(drawn / left)
    }

    /// The numbers of a client's values, by dimension; 0 where there are fewer dimensions.
    pub fn values(&self, client: u64) -> [u8; MOST_DIMENSIONS] {
        let mut values = [0; MOST_DIMENSIONS];
        for (number, dimension) in self.spec.dimensions.iter().enumerate() {
            values[number] = dimension.values.pick(self.draw(Purpose::Value, client, number as u64));
        }
        values
    }

    fn session(&self, client: u64, day: u64, of_day_ns: u64) -> u64 {
        let session = self.session_of_day(client, day, of_day_ns);
        // One that fits into a signed number.
        self.hash(Purpose::Session, client, day << 16 | session) >> 1
    }

    /// A day's sessions are equally long.
    fn session_of_day(&self, client: u64, day: u64, of_day_ns: u64) -> u64 {
        let (whole, rest) = (self.spec.sessions.floor(), self.spec.sessions.fract());
        let more = rest > 0.0 && self.draw(Purpose::Sessions, client, day) < rest;
        let sessions = whole as u64 + u64::from(more);
        (u128::from(of_day_ns) * u128::from(sessions) / u128::from(NS_A_DAY)) as u64
    }

    fn clock_ns(&self, client: u64) -> i64 {
        let Some(wrong) = self.spec.wrong_clock else { return 0 };
        let drawn = self.draw(Purpose::Clock, client, 0);
        if drawn >= wrong.share {
            return 0;
        }
        ((2.0 * drawn / wrong.share - 1.0) * wrong.by_ns as f64) as i64
    }

    /// What a ping's choices follow from.
    fn ping(&self, id: Option<PingKey>, first_at: Timestamp) -> u64 {
        let mut bytes = [0; 24];
        if let Some(key) = id {
            bytes[..16].copy_from_slice(&key.0);
        }
        bytes[16..].copy_from_slice(&first_at.as_nanos().to_le_bytes());
        xxh3_64_with_seed(&bytes, self.seed)
    }

    fn draw(&self, purpose: Purpose, of: u64, and: u64) -> f64 {
        unit(self.hash(purpose, of, and))
    }

    fn hash(&self, purpose: Purpose, of: u64, and: u64) -> u64 {
        xxh3_64_with_seed(&pair(of, and), self.seed.wrapping_add(purpose as u64))
    }

    fn wide(&self, purpose: Purpose, of: u64, and: u64) -> u128 {
        xxh3_128_with_seed(&pair(of, and), self.seed.wrapping_add(purpose as u64))
    }
}

fn pair(of: u64, and: u64) -> [u8; 16] {
    ((u128::from(of) << 64) | u128::from(and)).to_le_bytes()
}

/// From 0 to below 1.
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / 2f64.powi(53)
}
