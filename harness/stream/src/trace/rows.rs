//! The pings of a trace in order of arrival, and a tally of what was met on the way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dedup_files::NEVER;
use dedup_strategies::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use super::bytes::{self, Text};
use super::csv::CsvRows;
use super::doubt::Doubt;
use super::error::{BadLine, BadReason, TraceError, excerpt};
use super::examine::{Compared, Examiner};
use super::gather::Gathered;
use super::id::{Keys, is_below};
use super::key::IdFields;
use super::layout::{Header, Layout, Shape, known};
use super::ndjson::{JsonLines, Paths};
use super::options::TraceOptions;
use super::order::Order;
use super::parquet::ParquetRows;
use super::parquet_fields::Others;
use super::record::{Record, There};
use super::time::TimeReader;
use super::time_unit::{TimeUnit, TimeUsed};
use crate::stream::Id;

/// How many bad lines are kept to be shown.
const BAD_LINES_SHOWN: usize = 5;

/// One ping of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TracePing {
    /// The key of its id.
    pub id: Id,
    /// The largest time so far: time never goes backwards for a pipeline.
    pub at: Timestamp,
    /// The line's own time.
    pub event_time: Timestamp,
}

/// What comes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A ping.
    Ping(TracePing),
    /// Nothing: it cannot be read, and was counted.
    Bad,
}

/// The pings of a trace in order of arrival, read one by one.
pub struct TracePings {
    options: TraceOptions,
    layout: Layout,
    records: Records,
    keys: Keys,
    pub(crate) examiner: Option<Box<Examiner>>,
    clock: Clock,
    tally: Tally,
    line: u64,
    gathering: Gathering,
}

/// Whether pings come from the one file in its order, or have to be put in order first.
enum Gathering {
    Not,
    ToDo,
    Done(Box<Gathered>),
}

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
    /// Whether any line had the field of the id, and that of the time.
    there: There,
    /// Lines whose id cannot be one, and what the first of them has.
    no_id: u64,
    first_no_id: Option<String>,
    /// Whether times follow lines.
    pub(crate) order: Order,
    /// Where lines were sorted: those whose time was before that of an earlier line.
    pub(crate) sorted: Option<u64>,
    digest: Xxh3,
}

enum Records {
    Ndjson(JsonLines),
    Csv(Box<CsvRows>),
    Parquet(Box<ParquetRows>),
}

impl TracePings {
    /// Opens the trace at its beginning.
    pub fn open(options: &TraceOptions) -> Result<TracePings, TraceError> {
        TracePings::opened(options, false)
    }

    /// The same, to look at all fields of its pings for [`doubts`](TracePings::doubts) meanwhile.
    pub fn open_to_examine(options: &TraceOptions) -> Result<TracePings, TraceError> {
        TracePings::opened(options, true)
    }

    pub(crate) fn opened(options: &TraceOptions, examine: bool) -> Result<TracePings, TraceError> {
        if options.is_gathered() {
            return TracePings::open_gathered(options, examine);
        }
        options.check()?;
        let layout = Layout::find(options)?;
        let Shape::Parquet { ids, time } = &layout.shape else {
            let by_type = match &options.time_field {
                Some(field) => bytes::avro(options)?.and_then(|avro| avro.unit_of(field)),
                None => None,
            };
            let (_, text) = bytes::open(options)?;
            return TracePings::of_text(options, layout, text, by_type, examine);
        };
        let others = match (options.id.all_but(), examine) {
            (Some(_), _) => Others::Needed,
            (None, true) => Others::Wanted,
            (None, false) => Others::Skipped,
        };
        let by_type = time.and_then(|time| time.unit);
        let rows = ParquetRows::open(options, ids.clone(), *time, others)?;
        TracePings::of_records(options, layout, Records::Parquet(Box::new(rows)), by_type, examine)
    }

    /// Of lines of text, as [`bytes::open`] gives them.
    pub(super) fn of_text(
        options: &TraceOptions,
        layout: Layout,
        text: Text,
        by_type: Option<TimeUnit>,
        examine: bool,
    ) -> Result<TracePings, TraceError> {
        let Shape::Csv { columns, header, dialect } = &layout.shape else {
            let paths = Paths::new(layout.id.named(), options.time_field.as_ref());
            let lines = Records::Ndjson(JsonLines::new(text, paths));
            return TracePings::of_records(options, layout, lines, by_type, examine);
        };
        let mut rows = CsvRows::new(text, columns.clone(), *dialect);
        let is_named = *header == Header::Names;
        if is_named {
            rows.next_fields().map_err(|error| bytes::read_error(options, 0, &error))?;
        }
        let pings = TracePings::of_records(options, layout, Records::Csv(Box::new(rows)), by_type, examine)?;
        Ok(TracePings { line: u64::from(is_named), ..pings })
    }

    fn of_records(
        options: &TraceOptions,
        layout: Layout,
        records: Records,
        by_type: Option<TimeUnit>,
        examine: bool,
    ) -> Result<TracePings, TraceError> {
        let clock = Clock::new(options, by_type)?;
        let (keys, tally) = (Keys::new(options), Tally::new(options.window));
        let examiner = examine.then(|| Box::new(Examiner::new(options, &layout.id, &layout.fields)));
        let (options, gathering) = (options.clone(), Gathering::Not);
        Ok(TracePings { options, layout, records, keys, examiner, clock, tally, line: 0, gathering })
    }

    /// Several files, or one to be sorted: the first that is not empty says what the trace looks like.
    fn open_gathered(options: &TraceOptions, examine: bool) -> Result<TracePings, TraceError> {
        options.check()?;
        let mut opened = options.each_file().map(|one| TracePings::opened(&one, examine));
        let first = opened.find(|opened| !matches!(opened, Err(TraceError::Empty { .. })));
        let nothing = || TraceError::Empty { path: options.shown(), what: "no file holds any" };
        let first = first.ok_or_else(nothing)??;
        Ok(TracePings { options: options.clone(), gathering: Gathering::ToDo, ..first })
    }

    fn next_gathered(&mut self, stop: &AtomicBool) -> Result<Option<TracePing>, TraceError> {
        if let Gathering::ToDo = self.gathering {
            let mut gathered = Gathered::read(&self.options, &mut self.examiner, stop)?;
            if let Some(met) = gathered.met.take() {
                let sorted = self.options.sort.then_some(met.out_of_order);
                self.tally = Tally { out_of_order: 0, sorted, ..met };
            }
            self.gathering = Gathering::Done(Box::new(gathered));
        }
        let Gathering::Done(gathered) = &mut self.gathering else { return Ok(None) };
        let ping = gathered.next(&self.options)?;
        ping.iter().for_each(|ping| self.tally.count(ping));
        Ok(ping)
    }

    /// The next ping, or [`TraceError::Stopped`] once `stop` is set.
    pub fn next_unless(&mut self, stop: &AtomicBool) -> Result<Option<TracePing>, TraceError> {
        match self.gathering {
            _ if stop.load(Ordering::Relaxed) => Err(TraceError::Stopped),
            Gathering::Not => self.next_of_file(),
            Gathering::ToDo | Gathering::Done(_) => self.next_gathered(stop),
        }
    }

    /// The next ping; bad lines are counted and passed over. After the last one, checks that the whole made sense.
    // An iterator would go on after an error.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<TracePing>, TraceError> {
        self.next_unless(&NEVER)
    }

    fn next_of_file(&mut self) -> Result<Option<TracePing>, TraceError> {
        loop {
            match self.step()? {
                Some(Step::Ping(ping)) => return Ok(Some(ping)),
                Some(Step::Bad) => {}
                None => return self.check().map(|()| None),
            }
        }
    }

    /// Reads a record.
    pub(super) fn step(&mut self) -> Result<Option<Step>, TraceError> {
        let record = match self.records.next() {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(None),
            Err(error) => return Err(bytes::read_error(&self.options, self.line, &error)),
        };
        self.line = record.line;
        self.tally.there.id |= record.there.id || self.layout.id.all_but().is_some();
        self.tally.there.time |= record.there.time;
        let ping = record.values.map_err(RowProblem::Bad).and_then(|values| {
            let id = self.keys.key(&values.id, record.fields).map_err(RowProblem::Bad)?;
            let (at, event_time) = self.clock.times(values.time.as_deref())?;
            if let (Some(examiner), Id::Key(key)) = (&mut self.examiner, id) {
                examiner.see(record.line, key, &values.id, record.fields);
            }
            Ok(TracePing { id, at, event_time })
        });
        match ping {
            Ok(ping) => {
                self.tally.count(&ping);
                Ok(Some(Step::Ping(ping)))
            }
            Err(RowProblem::Bad(reason)) => {
                self.tally.count_bad(record.line, record.lines, reason);
                Ok(Some(Step::Bad))
            }
            Err(RowProblem::UnclearTime { found, why }) => Err(TraceError::UnclearTimeUnit {
                path: self.options.shown(),
                line: self.line,
                field: self.options.time_field.clone().unwrap_or_default(),
                found,
                why,
            }),
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What was met so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How copies compare with their first so far; nothing if the trace was not opened to be examined.
    pub fn compared(&self) -> Compared {
        self.examiner.as_ref().map_or(Compared::default(), |examiner| examiner.compared())
    }

    /// What makes the pings doubtful that were read, of which so many are duplicates; the gravest first. Nothing is said of
    /// ids if the trace was not opened to be examined.
    pub fn doubts(&self, duplicates: u64) -> Vec<Doubt> {
        let of_ids = self.examiner.iter().flat_map(|examiner| examiner.doubts(self.tally.pings, duplicates));
        self.tally.order.doubt().into_iter().chain(of_ids).collect()
    }

    /// The fields that make the id; never [`IdFields::Usual`].
    pub fn id_fields(&self) -> &IdFields {
        &self.layout.id
    }

    /// Where the times are taken from, as far as read; none without a time field.
    pub fn time(&self) -> Option<TimeUsed> {
        if let Gathering::Done(gathered) = &self.gathering
            && gathered.time.is_some()
        {
            return gathered.time.clone();
        }
        let field = self.clock.field.clone()?;
        let (unit, unit_from) = self.clock.reader.unit();
        Some(TimeUsed { field, unit, unit_from })
    }

    pub(crate) fn path(&self) -> String {
        self.options.shown()
    }

    /// Whether what was read so far makes sense: there are ids, and no more bad lines than may be.
    pub fn check(&self) -> Result<(), TraceError> {
        let Tally { pings, bad, .. } = self.tally;
        let lines = pings + bad;
        if lines == 0 {
            return Err(TraceError::Empty { path: self.path(), what: "no line holds data" });
        }
        let ndjson = self.layout.shape == Shape::Ndjson && !self.layout.fields.is_empty();
        match (&self.options.time_field, self.tally.there) {
            (Some(field), There { time: false, .. }) if pings == 0 && ndjson => {
                return Err(self.no_field("--time-field", field));
            }
            _ => {}
        }
        if let Some(what) =
            self.tally.first_no_id.as_ref().filter(|_| self.tally.no_id + self.tally.missing == lines)
        {
            return Err(self.no_ids(format!("none of {lines} values can be an id, the first is {what}")));
        }
        if bad as f64 > self.options.max_bad * lines as f64 {
            let first = self.tally.first_bad.clone();
            let (path, max_bad, read_from) = (self.path(), self.options.max_bad, self.read_from());
            return Err(TraceError::TooManyBad { path, bad, lines, max_bad, read_from, first });
        }
        if pings == 0 {
            return Err(TraceError::Empty { path: self.path(), what: "no line can be read" });
        }
        let is_nowhere = |field: &&str| !self.layout.fields.iter().any(|own| is_below(own, field));
        if let Some(field) = self.keys.never_met().find(is_nowhere) {
            return Err(self.no_field("--id-all-but", field));
        }
        match (self.tally.missing == pings, self.tally.there.id, self.options.id.named()) {
            (false, ..) => Ok(()),
            (true, true, _) => Err(self.no_ids(format!("all {pings} values are empty or null"))),
            (true, false, []) => Err(TraceError::NoIdField {
                path: self.path(),
                fields: self.layout.listed(),
                known: known(&self.layout.fields),
            }),
            (true, false, fields) => Err(self.no_field("--id-field", &fields.join(", "))),
        }
    }

    fn no_ids(&self, found: String) -> TraceError {
        TraceError::NoIds {
            path: self.path(),
            field: self.layout.id.to_string(),
            why: match self.options.id {
                IdFields::Usual => ", which was taken because of its name",
                _ => "",
            },
            found,
            fields: self.layout.listed(),
        }
    }

    fn read_from(&self) -> String {
        let fields: Vec<_> = self.layout.id.named().iter().map(|field| excerpt(field)).collect();
        let id = match fields.as_slice() {
            [] => self.layout.id.to_string(),
            fields => fields.join(", "),
        };
        match &self.options.time_field {
            Some(time) => format!("Ids are read from {id}, times from {}", excerpt(time)),
            None => format!("Ids are read from {id}"),
        }
    }

    fn no_field(&self, flag: &'static str, field: &str) -> TraceError {
        TraceError::NoField {
            path: self.path(),
            flag,
            field: field.to_string(),
            fields: self.layout.listed(),
        }
    }
}

impl Records {
    fn next(&mut self) -> std::io::Result<Option<Record<'_>>> {
        match self {
            Records::Ndjson(lines) => lines.next(),
            Records::Csv(rows) => rows.next(),
            Records::Parquet(rows) => rows.next(),
        }
    }
}

/// Why a record is no row.
enum RowProblem {
    Bad(BadReason),
    UnclearTime { found: String, why: String },
}

/// Gives each ping its times.
struct Clock {
    field: Option<String>,
    reader: TimeReader,
    rows: u64,
    latest: Timestamp,
}

impl Clock {
    fn new(options: &TraceOptions, by_type: Option<TimeUnit>) -> Result<Self, TraceError> {
        Ok(Clock {
            field: options.time_field.clone(),
            reader: TimeReader::new(options, by_type)?,
            rows: 0,
            latest: Timestamp::ZERO,
        })
    }

    /// When the next ping arrives, and its own time.
    fn times(&mut self, text: Option<&str>) -> Result<(Timestamp, Timestamp), RowProblem> {
        let event_time = match self.field {
            Some(_) => self.read(text)?,
            None => Timestamp::from_millis(self.rows),
        };
        self.rows += 1;
        self.latest = self.latest.max(event_time);
        Ok((self.latest, event_time))
    }

    fn read(&mut self, text: Option<&str>) -> Result<Timestamp, RowProblem> {
        let text = text.filter(|text| !text.is_empty()).ok_or(RowProblem::Bad(BadReason::NoTime))?;
        let field = self.field.as_deref().unwrap_or_default();
        match self.reader.read(field, text) {
            Ok(time) => time.map_err(RowProblem::Bad),
            Err(unclear) => Err(RowProblem::UnclearTime { found: excerpt(text), why: unclear.to_string() }),
        }
    }
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
            order: Order::new(window),
            sorted: None,
            digest: Xxh3::new(),
        }
    }

    /// Adds what was met in one of several files, but for the pings, which are counted where they are read in order.
    pub(crate) fn take_in(&mut self, other: &Tally, file: Option<String>) {
        self.bad += other.bad;
        self.out_of_order += other.out_of_order;
        let named = |bad: &BadLine| BadLine { file: file.clone(), ..bad.clone() };
        let more = BAD_LINES_SHOWN.saturating_sub(self.first_bad.len());
        self.first_bad.extend(other.first_bad.iter().take(more).map(named));
    }

    /// Digest of the ids and times in order: equal for traces that say the same, however they are written.
    pub fn digest(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    fn count(&mut self, row: &TracePing) {
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

    fn count_bad(&mut self, line: u64, lines: u64, reason: BadReason) {
        self.bad += lines;
        if let BadReason::Id(what) = &reason {
            self.no_id += lines;
            self.first_no_id.get_or_insert_with(|| what.clone());
        }
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
