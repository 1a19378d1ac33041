//! What was met in a trace: counts, and the first lines that could not be read.

use std::time::Duration;

use dedup_strategies::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use super::error::{BadLine, BadReason};
use super::folded::FoldedRecords;
use super::order::Order;
use super::record::There;
use super::rows::TracePing;
use crate::stream::Id;

/// How many bad lines are kept to be shown.
const BAD_LINES_SHOWN: usize = 5;

/// What was met so far.
#[derive(Clone)]
pub struct Tally {
    /// Lines that were read.
    pub pings: u64,
    /// Lines that could not be read (a bad CSV record counts with every line that it spans).
    pub bad: u64,
    /// The first few of them.
    pub first_bad: Vec<BadLine>,
    /// Pings without an id.
    pub missing: u64,
    /// Pings whose own time is before that of an earlier line.
    pub out_of_order: u64,
    /// How far the time went back at most.
    pub furthest_back: Duration,
    /// Arrival of the first ping.
    pub first_at: Timestamp,
    /// Arrival of the last ping.
    pub last_at: Timestamp,
    /// Which fields any line had: those of the id, and that of the time.
    pub(super) there: There,
    /// Lines whose id cannot be one, and what the first of them has.
    pub(super) no_id: u64,
    pub(super) first_no_id: Option<String>,
    /// Objects that lead to no records.
    pub(super) leads_nowhere: u64,
    /// Whether times follow lines.
    pub(crate) order: Order,
    /// Records over several lines.
    pub(crate) folded: FoldedRecords,
    /// Where lines were sorted: those whose time was before that of an earlier line.
    pub(crate) sorted: Option<u64>,
    digest: Xxh3,
}

impl Tally {
    /// Nothing yet. Windows are as long as `window`.
    pub(crate) fn new(window: Duration) -> Self {
        Tally {
            pings: 0,
            bad: 0,
            first_bad: Vec::new(),
            missing: 0,
            out_of_order: 0,
            furthest_back: Duration::ZERO,
            first_at: Timestamp::ZERO,
            last_at: Timestamp::ZERO,
            there: There::default(),
            no_id: 0,
            first_no_id: None,
            leads_nowhere: 0,
            order: Order::new(window),
            folded: FoldedRecords::default(),
            sorted: None,
            digest: Xxh3::new(),
        }
    }

    /// Adds what was met in one of several files, but for the pings, which are counted where they are read in order.
    /// `file` is its number, from 1, and its name.
    pub(crate) fn take_in(&mut self, other: &Tally, file: Option<(usize, String)>) {
        self.bad += other.bad;
        self.there.take_in(other.there);
        self.out_of_order += other.out_of_order;
        self.folded.take_in(&other.folded, file.as_ref().map(|(number, _)| *number));
        let name = file.map(|(_, name)| name);
        let named = |bad: &BadLine| BadLine { file: name.clone(), ..bad.clone() };
        let more = BAD_LINES_SHOWN.saturating_sub(self.first_bad.len());
        self.first_bad.extend(other.first_bad.iter().take(more).map(named));
    }

    /// Digest of the ids and times in order: equal for traces that say the same, however they are written.
    pub fn digest(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    /// Counts a ping.
    pub(super) fn count(&mut self, row: &TracePing) {
        if self.pings == 0 {
            self.first_at = row.at;
        }
        self.pings += 1;
        self.last_at = row.at;
        self.missing += u64::from(row.id == Id::Missing);
        self.out_of_order += u64::from(row.event_time < row.at);
        self.furthest_back = self.furthest_back.max(row.at.since(row.event_time));
        self.order.count(row.event_time);
        self.digest.update(&digest_input(row));
    }

    /// Counts lines that cannot be read.
    pub(super) fn count_bad(&mut self, line: u64, lines: u64, reason: BadReason) {
        self.bad += lines;
        if let BadReason::Id(what) = &reason {
            self.no_id += lines;
            self.first_no_id.get_or_insert_with(|| what.clone());
        }
        self.leads_nowhere += u64::from(matches!(reason, BadReason::LeadsNowhere(_)));
        if self.first_bad.len() < BAD_LINES_SHOWN {
            self.first_bad.push(BadLine { file: None, line, reason });
        }
    }
}

fn digest_input(row: &TracePing) -> [u8; 25] {
    let mut bytes = [0; 25];
    if let Id::Key(key) = row.id {
        bytes[0] = 1;
        bytes[1..17].copy_from_slice(&key.0);
    }
    bytes[17..].copy_from_slice(&row.event_time.as_nanos().to_le_bytes());
    bytes
}
