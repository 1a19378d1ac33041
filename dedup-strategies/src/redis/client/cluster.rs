//! A Redis Cluster: which primary has which slots, and a connection to each.
//!
//! A batch is split by primary, each part sent in one write, all parts before the first reply is awaited. What a primary
//! refuses because a slot has moved is sent again to where it went, a bounded number of times; a primary that does not
//! answer makes the cluster be asked anew who has what. Waiting for a failover is the business of whoever calls.

use ::redis::{Cmd, ConnectionInfo, FromRedisValue, ServerError, ServerErrorKind, Value, cmd};

use super::address::{Address, sibling};
use super::batch::Commands;
use super::link::Link;
use super::patience::Patience;
use super::reply::{Failure, Reply, Trips, reply};
use super::slot::{SLOTS, slot_of};
use crate::contract::Unavailable;

/// How often a command is sent on to where its slot went.
const MOST_REDIRECTIONS: usize = 5;
/// In the table of slots: no primary has it.
const NOBODY: u16 = u16::MAX;

/// Connections to the primaries of a cluster.
pub struct Cluster {
    shown: String,
    seeds: Vec<ConnectionInfo>,
    patience: Patience,
    primaries: Vec<Primary>,
    /// For each slot, the index of its primary.
    slots: Vec<u16>,
    /// Whether the table is to be asked for again before it is used.
    stale: bool,
}

struct Primary {
    host: String,
    port: u16,
    link: Link,
    /// Whether the last call failed: others are asked first.
    troubled: bool,
    /// Positions of the commands that are this one's in the present round.
    posted: Vec<usize>,
}

/// A line of `CLUSTER SLOTS`.
struct Range {
    first: usize,
    last: usize,
    host: String,
    port: u16,
}

impl Cluster {
    pub(super) fn of(address: &Address, patience: Patience) -> Cluster {
        Cluster {
            shown: address.to_string(),
            seeds: address.nodes().to_vec(),
            patience,
            primaries: Vec::new(),
            slots: vec![NOBODY; SLOTS],
            stale: true,
        }
    }

    pub(super) fn each(
        &mut self,
        visit: &mut dyn FnMut(&mut Link) -> Result<(), Unavailable>,
    ) -> Result<(), Unavailable> {
        self.look_up_if_stale(None)?;
        let visited = self.primaries.iter_mut().try_for_each(|primary| visit(&mut primary.link));
        self.stale = visited.is_err();
        visited
    }

    pub(super) fn query<T: FromRedisValue>(&mut self, key: &[u8], command: &Cmd) -> Result<T, Unavailable> {
        let (slot, encoded) = (slot_of(key), command.get_packed_command());
        let mut last = self.no_answer();
        for _ in 0..=MOST_REDIRECTIONS {
            self.look_up_if_stale(None)?;
            let Some(primary) = self.primary_of(slot) else { return Err(self.unserved(slot)) };
            let value = primary.link.send(&encoded, 1)?.swap_remove(0);
            let moved = matches!(whereto(&value), Whereto::Moved);
            match reply(&primary.link, value) {
                Ok(value) => {
                    return primary.link.read(command, &value);
                }
                Err(failure) if moved => last = failure.into(),
                Err(failure) => return Err(failure.into()),
            }
            self.stale = true;
        }
        Err(last)
    }

    pub(super) fn exchange(&mut self, batch: &dyn Commands, which: &[usize], trips: &Trips) -> Vec<Reply> {
        let unanswered = Failure::from(self.no_answer());
        let mut replies = vec![Err(unanswered); which.len()];
        let mut open: Vec<usize> = (0..which.len()).collect();
        for _ in 0..=MOST_REDIRECTIONS {
            if let Err(unavailable) = self.look_up_if_stale(Some(trips)) {
                let failure = Failure::from(unavailable);
                open.iter().for_each(|at| replies[*at] = Err(failure.clone()));
                return replies;
            }
            open = self.round(batch, which, &open, &mut replies, trips);
            if open.is_empty() {
                break;
            }
        }
        replies
    }

    /// Sends the commands at the positions `open` of `which`, each to its primary. Gives the positions of those that
    /// have to be sent again because their slot has moved.
    fn round(
        &mut self,
        batch: &dyn Commands,
        which: &[usize],
        open: &[usize],
        replies: &mut [Reply],
        trips: &Trips,
    ) -> Vec<usize> {
        for at in open {
            let slot = batch.slot(which[*at]);
            match self.primary_of(slot) {
                Some(primary) => primary.posted.push(*at),
                None => {
                    replies[*at] = Err(self.unserved(slot).into());
                    self.stale = true;
                }
            }
        }
        for primary in &mut self.primaries {
            primary.post(batch, which, replies, trips);
        }
        let (mut moved, mut elsewhere, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        for primary in &mut self.primaries {
            primary.receive(replies, &mut outcomes);
            self.stale |= primary.troubled;
            for (at, value) in outcomes.drain(..) {
                match whereto(&value) {
                    Whereto::Here => {}
                    Whereto::Moved => moved.push(at),
                    Whereto::Ask(host, port) => elsewhere.push((at, host, port)),
                    Whereto::Nowhere => self.stale = true,
                }
                replies[at] = reply(&primary.link, value);
            }
        }
        self.stale |= !moved.is_empty();
        for (at, host, port) in elsewhere {
            trips.one_more();
            replies[at] = self.ask(&host, port, batch.command(which[at]));
        }
        moved
    }

    /// For a slot on its way to another node: that one is asked for this once, and the table stays as it is.
    fn ask(&self, host: &str, port: u16, command: &[u8]) -> Reply {
        let mut encoded = cmd("ASKING").get_packed_command();
        encoded.extend_from_slice(command);
        let mut link = self.open(host, port);
        let value = link.exchange(&encoded, 2)?.swap_remove(1);
        reply(&link, value)
    }

    fn primary_of(&mut self, slot: u16) -> Option<&mut Primary> {
        self.primaries.get_mut(usize::from(self.slots[usize::from(slot)]))
    }

    fn look_up_if_stale(&mut self, trips: Option<&Trips>) -> Result<(), Unavailable> {
        if !self.stale {
            return Ok(());
        }
        let (host, ranges) = self.ask_for_slots(trips)?;
        let mut before = std::mem::take(&mut self.primaries);
        self.slots.fill(NOBODY);
        for range in ranges {
            // An empty host is the one that was asked.
            let place = if range.host.is_empty() { host.clone() } else { range.host };
            let index = match self.primaries.iter().position(|known| known.is_at(&place, range.port)) {
                Some(index) => index,
                None => {
                    let known = before.iter().position(|known| known.is_at(&place, range.port));
                    let primary = match known {
                        Some(at) => before.swap_remove(at),
                        None => self.primary(&place, range.port),
                    };
                    self.primaries.push(primary);
                    self.primaries.len() - 1
                }
            };
            self.slots[range.first..=range.last].fill(index as u16);
        }
        self.stale = false;
        Ok(())
    }

    /// Asks those that answered last first, then those that were named, then the others. Also says who answered.
    fn ask_for_slots(&mut self, trips: Option<&Trips>) -> Result<(String, Vec<Range>), Unavailable> {
        let mut last = None;
        let mut ask = |link: &mut Link| {
            if let Some(trips) = trips {
                trips.one_more();
            }
            let answer = link.query::<Value>(cmd("CLUSTER").arg("SLOTS"));
            let ranges = answer.and_then(|value| {
                read_slots(&value).ok_or_else(|| link.complaint("CLUSTER SLOTS names no primary"))
            });
            ranges.map_err(|error| last = Some(error)).ok()
        };
        let (sound, troubled): (Vec<_>, Vec<_>) =
            self.primaries.iter_mut().partition(|primary| !primary.troubled);
        for primary in sound {
            if let Some(ranges) = ask(&mut primary.link) {
                return Ok((primary.host.clone(), ranges));
            }
        }
        let seeds: Vec<(String, u16)> = self.seeds.iter().filter_map(place).collect();
        for (host, port) in &seeds {
            let mut link = open(&self.seeds[0], &self.shown, &self.patience, host, *port);
            if let Some(ranges) = ask(&mut link) {
                return Ok((host.clone(), ranges));
            }
        }
        for primary in troubled {
            if let Some(ranges) = ask(&mut primary.link) {
                return Ok((primary.host.clone(), ranges));
            }
        }
        Err(last.unwrap_or_else(|| self.no_answer()))
    }

    fn primary(&self, host: &str, port: u16) -> Primary {
        let link = self.open(host, port);
        Primary { host: host.to_string(), port, link, troubled: false, posted: Vec::new() }
    }

    fn open(&self, host: &str, port: u16) -> Link {
        open(&self.seeds[0], &self.shown, &self.patience, host, port)
    }

    fn no_answer(&self) -> Unavailable {
        Unavailable(format!("{}: no node answers", self.shown))
    }

    fn unserved(&self, slot: u16) -> Unavailable {
        Unavailable(format!("{}: no primary serves slot {slot}", self.shown))
    }
}

/// A link to a node of the cluster whose URL is `cluster`, with the credentials of `seed`.
fn open(seed: &ConnectionInfo, cluster: &str, patience: &Patience, host: &str, port: u16) -> Link {
    let shown = format!("{cluster} (node {host}:{port})");
    Link::open(&sibling(seed, host, port), shown).with_patience(patience.clone())
}

fn place(node: &ConnectionInfo) -> Option<(String, u16)> {
    match node.addr() {
        ::redis::ConnectionAddr::Tcp(host, port) => Some((host.clone(), *port)),
        ::redis::ConnectionAddr::TcpTls { host, port, .. } => Some((host.clone(), *port)),
        _ => None,
    }
}

impl Primary {
    fn is_at(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host == host
    }

    fn post(&mut self, batch: &dyn Commands, which: &[usize], replies: &mut [Reply], trips: &Trips) {
        if self.posted.is_empty() {
            return;
        }
        let indices: Vec<usize> = self.posted.iter().map(|at| which[*at]).collect();
        trips.one_more();
        if let Err(failure) = self.link.post(&batch.some(&indices)) {
            self.fail(&failure, replies);
        }
    }

    fn receive(&mut self, replies: &mut [Reply], outcomes: &mut Vec<(usize, Value)>) {
        if self.posted.is_empty() {
            return;
        }
        match self.link.receive(self.posted.len()) {
            Ok(values) => {
                self.troubled = false;
                outcomes.extend(self.posted.drain(..).zip(values));
            }
            Err(failure) => self.fail(&failure, replies),
        }
    }

    fn fail(&mut self, failure: &Failure, replies: &mut [Reply]) {
        self.troubled = true;
        self.posted.drain(..).for_each(|at| replies[at] = Err(failure.clone()));
    }
}

/// What a reply says about where its slot is.
enum Whereto {
    /// It was answered.
    Here,
    /// At another primary, from now on.
    Moved,
    /// At another node, for this once.
    Ask(String, u16),
    /// It is not known: the table may be out of date.
    Nowhere,
}

fn whereto(value: &Value) -> Whereto {
    let Value::ServerError(error) = value else { return Whereto::Here };
    match error.kind() {
        Some(ServerErrorKind::Moved) => Whereto::Moved,
        Some(ServerErrorKind::Ask) => {
            asked_to(error).map_or(Whereto::Nowhere, |(host, port)| Whereto::Ask(host, port))
        }
        Some(ServerErrorKind::ClusterDown | ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => {
            Whereto::Nowhere
        }
        _ => Whereto::Here,
    }
}

/// `ASK 3999 127.0.0.1:6381`.
fn asked_to(error: &ServerError) -> Option<(String, u16)> {
    let (_slot, place) = error.details()?.rsplit_once(' ')?;
    let (host, port) = place.rsplit_once(':')?;
    Some((host.to_string(), port.parse().ok()?))
}

fn read_slots(value: &Value) -> Option<Vec<Range>> {
    let Value::Array(lines) = value else { return None };
    let ranges: Vec<Range> = lines.iter().map(read_range).collect::<Option<_>>()?;
    (!ranges.is_empty()).then_some(ranges)
}

/// First slot, last slot, and its nodes, the primary first: each a host, a port and more.
fn read_range(line: &Value) -> Option<Range> {
    let Value::Array(fields) = line else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(primary), ..] = &fields[..] else { return None };
    let [host, Value::Int(port), ..] = &primary[..] else { return None };
    let host = match host {
        Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
        Value::Nil => String::new(),
        _ => return None,
    };
    let (first, last) = (usize::try_from(*first).ok()?, usize::try_from(*last).ok()?);
    (first <= last && last < SLOTS).then_some(Range { first, last, host, port: u16::try_from(*port).ok()? })
}
