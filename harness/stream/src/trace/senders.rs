//! Who sent the pings of a trace.
//!
//! The trace is read once more, file by file, with the fields that say it beside those of the id. What they say is kept for each id
//! (32 bytes); of copies that do not agree, the one that is read first counts. Where the pings of several files are put in order,
//! those without an id cannot be found again: they are refused there.

use std::collections::BTreeSet;

use dedup_strategies::PingKey;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::days::Days;
use super::error::{BadLine, TraceError, excerpt};
use super::key::IdFields;
use super::layout::Layout;
use super::options::TraceOptions;
use super::rows::{Step, TracePings};
use super::who::WhoFields;
use crate::clients::NS_A_DAY;
use crate::stream::Id;

/// Values of a dimension, and types.
const MOST_VALUES: usize = 1_000;

/// Bytes of a value.
const LONGEST_VALUE: usize = 100;

/// Who sent the pings of a trace.
pub struct TraceSenders {
    /// How many clients there are.
    pub clients_count: u32,
    /// What numbers are also counted by: the name of the field, and its values in their order.
    pub dimensions: Vec<(String, Vec<String>)>,
    /// What pings are for.
    pub types: Vec<String>,
    /// The first day and the last, counted from 1970.
    pub days: (u64, u64),
    /// By number of the sender, which is a client with certain values: its client.
    clients: Vec<u32>,
    /// By number of the sender: its value of each dimension.
    values: Vec<Option<u16>>,
    by_id: HashMap<PingKey, SentBy, FixedState>,
    without_id: Vec<SentBy>,
}

/// Who sent a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentBy {
    /// The number of the sender.
    pub sender: u32,
    /// The number of the ping's type; none where it says none.
    pub kind: Option<u16>,
    /// The number of the session; none where it says none.
    pub session: Option<u32>,
}

impl TraceSenders {
    /// Reads them, where the options name the fields. `pings` is how many there are without these fields.
    pub fn read(options: &TraceOptions, pings: u64) -> Result<Option<TraceSenders>, TraceError> {
        let Some(who) = &options.who else { return Ok(None) };
        who.check(options)?;
        let mut reading = Reading::new(who);
        options.each_file().try_for_each(|one| reading.take_in(options, &one))?;
        reading.end(options, pings).map(Some)
    }

    /// How many senders there are.
    pub fn senders_count(&self) -> usize {
        self.clients.len()
    }

    /// The number of a sender's client, and its value of each dimension.
    pub fn sender(&self, sender: usize) -> (u32, &[Option<u16>]) {
        let dimensions = self.dimensions.len();
        (self.clients[sender], &self.values[sender * dimensions..(sender + 1) * dimensions])
    }

    /// Who sent the ping with this id, or the one with this number among those without an id.
    pub fn sent_by(&self, id: Option<PingKey>, without_id: usize) -> Option<SentBy> {
        match id {
            Some(key) => self.by_id.get(&key).copied(),
            None => self.without_id.get(without_id).copied(),
        }
    }
}

/// Numbers for texts, in the order in which they came.
#[derive(Default)]
struct Numbers(HashMap<String, u16, FixedState>);

impl Numbers {
    fn number(&mut self, text: &str) -> Result<u16, String> {
        if let Some(number) = self.0.get(text) {
            return Ok(*number);
        }
        if text.len() > LONGEST_VALUE || text.contains(char::is_control) {
            return Err(format!(
                "{}; allowed are values of up to {LONGEST_VALUE} bytes on one line",
                excerpt(text)
            ));
        }
        if self.0.len() == MOST_VALUES {
            return Err(format!("more than {MOST_VALUES} values; allowed are as many"));
        }
        let number = self.0.len() as u16;
        self.0.insert(text.to_string(), number);
        Ok(number)
    }

    /// The texts in their order, and for each number its place among them.
    fn sorted(self) -> (Vec<String>, Vec<u16>) {
        let mut all: Vec<(String, u16)> = self.0.into_iter().collect();
        all.sort();
        let mut places = vec![0; all.len()];
        all.iter().zip(0..).for_each(|((_, number), place)| places[usize::from(*number)] = place);
        (all.into_iter().map(|(text, _)| text).collect(), places)
    }
}

/// A client with its value of each dimension.
type Sender = (u32, Vec<Option<u16>>);

struct Reading<'a> {
    who: &'a WhoFields,
    clients: HashMap<PingKey, u32, FixedState>,
    senders: HashMap<Sender, u32, FixedState>,
    sessions: HashMap<(u32, PingKey), u32, FixedState>,
    dimensions: Vec<Numbers>,
    types: Numbers,
    days: BTreeSet<u64>,
    by_id: HashMap<PingKey, SentBy, FixedState>,
    without_id: Vec<SentBy>,
    pings: u64,
    first_bad: Option<String>,
}

impl<'a> Reading<'a> {
    fn new(who: &'a WhoFields) -> Reading<'a> {
        Reading {
            who,
            clients: HashMap::default(),
            senders: HashMap::default(),
            sessions: HashMap::default(),
            dimensions: who.dimensions.iter().map(|_| Numbers::default()).collect(),
            types: Numbers::default(),
            days: BTreeSet::new(),
            by_id: HashMap::default(),
            without_id: Vec::new(),
            pings: 0,
            first_bad: None,
        }
    }

    fn take_in(&mut self, options: &TraceOptions, one: &TraceOptions) -> Result<(), TraceError> {
        match self.try_take_in(options, one) {
            // Engines write parts without rows.
            Err(TraceError::Empty { .. }) if options.files().len() > 1 => Ok(()),
            taken => taken,
        }
    }

    fn try_take_in(&mut self, options: &TraceOptions, one: &TraceOptions) -> Result<(), TraceError> {
        let own = Layout::find(one)?.id.named().to_vec();
        let (beside, places) = beside(self.who, &own);
        let names = beside.iter().map(|(_, field)| field.to_string());
        let with_who = TraceOptions {
            id: IdFields::Named(own.iter().cloned().chain(names).collect()),
            beside: beside.iter().map(|(flag, _)| *flag).collect(),
            ..one.clone()
        };
        let mut pings = TracePings::opened_with(&with_who, own.len(), places)?;
        while let Some(step) = pings.step()? {
            let Step::Ping(ping) = step else { continue };
            self.pings += 1;
            let at = if options.sort { ping.event_time } else { ping.at };
            self.days.insert(at.as_nanos() / NS_A_DAY);
            let sent = self.sent_by(one, &pings)?;
            match ping.id {
                Id::Key(key) => drop(self.by_id.entry(key).or_insert(sent)),
                Id::Missing | Id::Invalid(_) if options.is_gathered() => {
                    return Err(self.no_id(one, pings.line()));
                }
                Id::Missing | Id::Invalid(_) => self.without_id.push(sent),
            }
        }
        let bad = pings.tally().first_bad.first();
        let said = |bad: &BadLine| bad.to_string().replace("the id is", "the value is");
        self.first_bad = self.first_bad.take().or_else(|| bad.map(said));
        Ok(())
    }

    fn no_id(&self, one: &TraceOptions, line: u64) -> TraceError {
        TraceError::Who {
            path: one.shown(),
            line: Some(line),
            flag: "--client-field",
            field: self.who.client.clone(),
            found: "a ping without an id; allowed are ids in all, where pings of several files or lines are put in order"
                .to_string(),
        }
    }

    /// Who sent a record, by the texts of its fields.
    fn sent_by(&mut self, one: &TraceOptions, pings: &TracePings) -> Result<SentBy, TraceError> {
        let (line, texts) = (pings.line(), &pings.beside);
        let who = self.who;
        let wrong = |at: usize, found: String| {
            let (flag, field) = who.all()[at];
            TraceError::Who { path: one.shown(), line: Some(line), flag, field: field.to_string(), found }
        };
        let key = |text: Option<&String>| pings.keys.part(text.map(|text| text.trim())).key();
        let client = key(texts[0].as_ref());
        let client =
            client.ok_or_else(|| wrong(0, "nothing; allowed is a client in every record".to_string()))?;
        let next = self.clients.len() as u32;
        let client = *self.clients.entry(client).or_insert(next);
        let mut values = Vec::with_capacity(self.dimensions.len());
        for (at, numbers) in (1..).zip(&mut self.dimensions) {
            let text = texts[at].as_deref().filter(|text| !text.is_empty());
            values.push(text.map(|text| numbers.number(text)).transpose().map_err(|found| wrong(at, found))?);
        }
        let mut at = 1 + self.dimensions.len();
        let mut kind = None;
        if self.who.kind.is_some() {
            let text = texts[at].as_deref().filter(|text| !text.is_empty());
            kind = text.map(|text| self.types.number(text)).transpose().map_err(|found| wrong(at, found))?;
            at += 1;
        }
        let session = self.who.session.as_ref().and_then(|_| key(texts[at].as_ref())).map(|session| {
            let next = self.sessions.len() as u32;
            *self.sessions.entry((client, session)).or_insert(next)
        });
        let next = self.senders.len() as u32;
        let sender = *self.senders.entry((client, values)).or_insert(next);
        Ok(SentBy { sender, kind, session })
    }

    fn end(self, options: &TraceOptions, pings: u64) -> Result<TraceSenders, TraceError> {
        if self.pings < pings {
            let allowed = || "; allowed in these fields are text and whole numbers".to_string();
            let first = self.first_bad.map_or_else(allowed, |first| format!(", the first in {first}"));
            let found = format!(
                "{} of {pings} records that cannot be read with the fields that say who sent them{first}",
                pings - self.pings
            );
            // Which of the fields it is, a record that is not read does not say.
            let others = self.who.all().into_iter().skip(1).map(|(flag, field)| format!(", {flag} {field}"));
            let field = std::iter::once(self.who.client.clone()).chain(others).collect();
            let path = options.shown();
            return Err(TraceError::Who { path, line: None, flag: "--client-field", field, found });
        }
        let days = Days(&self.days).without_gap(options)?;
        let (types, type_places) = self.types.sorted();
        let mut dimensions = Vec::new();
        let mut places = Vec::new();
        for (name, numbers) in self.who.dimensions.iter().zip(self.dimensions) {
            let (values, place) = numbers.sorted();
            dimensions.push((name.clone(), values));
            places.push(place);
        }
        let mut senders: Vec<(Sender, u32)> = self.senders.into_iter().collect();
        senders.sort_by_key(|(_, number)| *number);
        let placed = |((_, values), _): &(Sender, u32)| {
            let placed = values
                .iter()
                .zip(&places)
                .map(|(value, places)| value.map(|value| places[usize::from(value)]));
            placed.collect::<Vec<_>>()
        };
        let of_type =
            |sent: SentBy| SentBy { kind: sent.kind.map(|kind| type_places[usize::from(kind)]), ..sent };
        let mut by_id = self.by_id;
        by_id.values_mut().for_each(|sent| *sent = of_type(*sent));
        Ok(TraceSenders {
            clients_count: self.clients.len() as u32,
            values: senders.iter().flat_map(placed).collect(),
            clients: senders.iter().map(|((client, _), _)| *client).collect(),
            without_id: self.without_id.into_iter().map(of_type).collect(),
            by_id,
            dimensions,
            types,
            days,
        })
    }
}

/// The fields that are not among those of the id, with their options; and for every field its place behind or among these.
fn beside<'a>(who: &'a WhoFields, own: &[String]) -> (Vec<(&'static str, &'a str)>, Vec<usize>) {
    let mut beside: Vec<(&'static str, &str)> = Vec::new();
    let places = who.all().into_iter().map(|(flag, field)| {
        if let Some(place) = own.iter().position(|name| name == field) {
            return place;
        }
        let known = beside.iter().position(|(_, name)| *name == field);
        own.len()
            + known.unwrap_or_else(|| {
                beside.push((flag, field));
                beside.len() - 1
            })
    });
    let places = places.collect();
    (beside, places)
}
