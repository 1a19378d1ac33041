//! What a table holds, filled ping by ping: dense arrays, so that a ping takes the same time however many there were.

use std::sync::Arc;

use crate::clients::ClientSet;
use crate::compare::Unlike;
use crate::shape::{Cell, Newcomers, Shape};

/// What a ping is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What is sent as long as the client is used.
    Main,
    /// The first that a client sends.
    NewProfile,
    /// That something crashed.
    Crash,
    /// Anything else.
    Other,
}

/// A ping, as a table has it.
#[derive(Clone, Copy, Debug)]
pub struct Ping<'a> {
    /// The number of its day, from 0.
    pub day: u32,
    /// The number of its client; none where it says none.
    pub client: Option<u32>,
    /// What it is for.
    pub kind: Kind,
    /// The place of its value in each dimension; none where it says none.
    pub values: &'a [Option<u16>],
    /// Whether it stands for a session.
    pub session: bool,
    /// The step of the funnel that it says was taken.
    pub step: Option<u8>,
    /// Whether the table has this ping already: then it is a duplicate.
    pub again: bool,
}

/// How many, and how many of them are there again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub all: u64,
    /// Those that are duplicates.
    pub again: u64,
}

impl Count {
    fn add(&mut self, again: bool) {
        self.all += 1;
        self.again += u64::from(again);
    }

    pub(crate) fn plus(self, other: Count) -> Count {
        Count { all: self.all + other.all, again: self.again + other.again }
    }
}

/// Pings of a cell on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) pings: Count,
    pub(crate) sessions: Count,
    pub(crate) crashes: Count,
}

/// The first day of a client, and its values then.
const NEVER: u32 = u32::MAX;

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    shape: Arc<Shape>,
    /// By cell and day.
    tallies: Vec<Tally>,
    /// By cell, day and step.
    steps: Vec<Count>,
    /// By cell and day.
    active: Vec<ClientSet>,
    /// By client: the day from which on it counts as new.
    new_on: Vec<u32>,
    /// Pings of days that the shape has not; they are counted nowhere else.
    outside: u64,
}

impl Counts {
    /// Of an empty table.
    pub fn new(shape: Arc<Shape>) -> Counts {
        let places = shape.cells_count() * shape.days as usize;
        Counts {
            tallies: vec![Tally::default(); places],
            steps: vec![Count::default(); places * shape.steps.len()],
            active: vec![ClientSet::default(); places],
            new_on: vec![NEVER; shape.clients as usize],
            outside: 0,
            shape,
        }
    }

    /// By what it is counted.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// Pings of days that the shape has not.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// Counts a ping.
    ///
    /// # Panics
    ///
    /// Where its client, a value or its step is none of the shape's.
    pub fn add(&mut self, ping: &Ping<'_>) {
        if ping.day >= self.shape.days {
            self.outside += 1;
            return;
        }
        self.add_to(0, ping);
        let mut before = 1;
        for dimension in 0..self.shape.dimensions.len() {
            if let Some(Some(value)) = ping.values.get(dimension) {
                assert!(usize::from(*value) < self.shape.dimensions[dimension].values.len(), "value {value}");
                self.add_to(before + usize::from(*value), ping);
            }
            before += self.shape.dimensions[dimension].values.len();
        }
        let is_new = ping.kind == Kind::NewProfile || self.shape.newcomers == Newcomers::FirstSeen;
        if let (Some(client), true) = (ping.client, is_new) {
            let new_on = &mut self.new_on[client as usize];
            *new_on = (*new_on).min(ping.day);
        }
    }

    fn add_to(&mut self, cell: usize, ping: &Ping<'_>) {
        let place = cell * self.shape.days as usize + ping.day as usize;
        let tally = &mut self.tallies[place];
        tally.pings.add(ping.again);
        if ping.session {
            tally.sessions.add(ping.again);
        }
        if ping.kind == Kind::Crash {
            tally.crashes.add(ping.again);
        }
        if let Some(step) = ping.step {
            let steps = self.shape.steps.len();
            assert!(usize::from(step) < steps, "step {step}");
            self.steps[place * steps + usize::from(step)].add(ping.again);
        }
        if let Some(client) = ping.client {
            self.active[place].insert(client, self.shape.clients);
        }
    }

    /// Adds what another part of the same table holds. A ping that is in both parts is a duplicate that neither knows of:
    /// parts are to share no ids.
    pub fn merge(&mut self, other: &Counts) -> Result<(), Unlike> {
        if self.shape != other.shape {
            return Err(Unlike);
        }
        for (tally, more) in self.tallies.iter_mut().zip(&other.tallies) {
            tally.pings = tally.pings.plus(more.pings);
            tally.sessions = tally.sessions.plus(more.sessions);
            tally.crashes = tally.crashes.plus(more.crashes);
        }
        self.steps.iter_mut().zip(&other.steps).for_each(|(step, more)| *step = step.plus(*more));
        self.active.iter_mut().zip(&other.active).for_each(|(active, more)| active.unite(more));
        self.new_on.iter_mut().zip(&other.new_on).for_each(|(day, other)| *day = (*day).min(*other));
        self.outside += other.outside;
        Ok(())
    }

    fn place(&self, cell: Cell, day: u32) -> usize {
        self.shape.place(cell) * self.shape.days as usize + day as usize
    }

    pub(crate) fn tally(&self, cell: Cell, day: u32) -> Tally {
        self.tallies[self.place(cell, day)]
    }

    pub(crate) fn step(&self, cell: Cell, day: u32, step: usize) -> Count {
        self.steps[self.place(cell, day) * self.shape.steps.len() + step]
    }

    /// Who was active on a day, in a cell.
    pub fn active(&self, cell: Cell, day: u32) -> &ClientSet {
        &self.active[self.place(cell, day)]
    }

    /// Who was active on one of `days` days, of which `day` is the last.
    pub(crate) fn active_in(&self, cell: Cell, day: u32, days: u32) -> ClientSet {
        let mut all = ClientSet::default();
        (day.saturating_sub(days - 1)..=day).for_each(|day| all.unite(self.active(cell, day)));
        all
    }

    /// Who is new on a day. In a cell, who was active in it on that day.
    pub fn new_on(&self, cell: Cell, day: u32) -> ClientSet {
        let mut new = ClientSet::default();
        if day > 0 || self.shape.newcomers == Newcomers::ByPing {
            let active = self.active(cell, day).iter();
            active
                .filter(|client| self.new_on[*client as usize] == day)
                .for_each(|client| new.insert(client, self.shape.clients));
        }
        new
    }
}
