//! The pings of a trace in order of arrival.

use std::sync::atomic::{AtomicBool, Ordering};

use dedup_files::NEVER;
use dedup_strategies::Timestamp;

use super::avro::AvroTime;
use super::bytes::{self, Text};
use super::clock::{Clock, RowProblem};
use super::csv::CsvRows;
use super::doubt::Doubt;
use super::error::{TraceError, listed};
use super::examine::{Compared, Examiner};
use super::gather::Gathered;
use super::id::Keys;
use super::key::IdFields;
use super::layout::{Header, Layout, Shape};
use super::ndjson::{JsonLines, Paths};
use super::options::TraceOptions;
use super::parquet::ParquetRows;
use super::parquet_fields::Others;
use super::record::Record;
use super::tally::Tally;
use super::time_unit::{TimeType, TimeUsed};
use crate::stream::Id;

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
    pub(super) options: TraceOptions,
    pub(super) layout: Layout,
    records: Records,
    pub(super) keys: Keys,
    pub(crate) examiner: Option<Box<Examiner>>,
    clock: Clock,
    pub(super) tally: Tally,
    line: u64,
    gathering: Gathering,
    /// Of how many parts the id is, and which of them and of those behind them say who sent a ping; none where nobody asks.
    asked: Option<(usize, Vec<usize>)>,
    /// What they say of the last ping.
    pub(super) beside: Vec<Option<String>>,
}

/// Whether pings come from the one file in its order, or have to be put in order first.
enum Gathering {
    Not,
    ToDo,
    Done(Box<Gathered>),
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
                Some(field) => avro_time(options, field)?,
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
        let by_type = time.and_then(|time| time.time_type());
        let rows = ParquetRows::open(options, ids.clone(), *time, others)?;
        TracePings::of_records(options, layout, Records::Parquet(Box::new(rows)), by_type, examine)
    }

    /// Of one file, with fields behind those of the id, of which there are `own`; `places` are those to be seen in `beside`.
    pub(super) fn opened_with(
        options: &TraceOptions,
        own: usize,
        places: Vec<usize>,
    ) -> Result<TracePings, TraceError> {
        Ok(TracePings { asked: Some((own, places)), ..TracePings::opened(options, false)? })
    }

    /// The line of the last record.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Of lines of text, as [`bytes::open`] gives them.
    pub(super) fn of_text(
        options: &TraceOptions,
        layout: Layout,
        text: Text,
        by_type: Option<TimeType>,
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
        by_type: Option<TimeType>,
        examine: bool,
    ) -> Result<TracePings, TraceError> {
        let clock = Clock::new(options, by_type)?;
        let (keys, tally) = (Keys::new(options), Tally::new(options.window));
        let examiner = examine.then(|| Box::new(Examiner::new(options, &layout)));
        let (options, gathering) = (options.clone(), Gathering::Not);
        Ok(TracePings {
            options,
            layout,
            records,
            keys,
            examiner,
            clock,
            tally,
            line: 0,
            gathering,
            asked: None,
            beside: Vec::new(),
        })
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
            if let Some(mut met) = gathered.met.take() {
                let went_back = std::mem::take(&mut met.out_of_order);
                met.sorted = self.options.sort.then_some(went_back);
                self.tally = met;
                self.check_parts()?;
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
            Gathering::Not => match self.next_of_file(stop)? {
                None => self.check_parts().map(|()| None),
                ping => Ok(ping),
            },
            Gathering::ToDo | Gathering::Done(_) => self.next_gathered(stop),
        }
    }

    /// The next ping; bad lines are counted and passed over. After the last one, checks that the whole made sense.
    // An iterator would go on after an error.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<TracePing>, TraceError> {
        self.next_unless(&NEVER)
    }

    /// The next ping of a file that may be one of several, of which others may have what it lacks.
    pub(super) fn next_of_file(&mut self, stop: &AtomicBool) -> Result<Option<TracePing>, TraceError> {
        if stop.load(Ordering::Relaxed) {
            return Err(TraceError::Stopped);
        }
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
        self.tally.there.take_in(record.there);
        let ping = record.values.map_err(RowProblem::Bad).and_then(|mut values| {
            if let Some((own, places)) = &self.asked {
                values.id.take_beside(*own, places, &mut self.beside);
            }
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
                record.folded.iter().for_each(|folded| self.tally.folded.see(record.line, *folded));
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
        let of_file = [self.tally.folded.doubt(self.tally.pings), self.tally.order.doubt()];
        of_file.into_iter().flatten().chain(of_ids).collect()
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
}

/// What the schema of an Avro file says of the times; a type that is no point in time is refused.
fn avro_time(options: &TraceOptions, field: &str) -> Result<Option<TimeType>, TraceError> {
    let Some(avro) = bytes::avro(options)? else { return Ok(None) };
    match avro.time_of(field) {
        None => Ok(None),
        Some(AvroTime::Point(of)) => Ok(Some(of)),
        Some(AvroTime::NoPoint(found)) => Err(TraceError::ColumnType {
            path: options.shown(),
            flag: "--time-field",
            field: field.to_string(),
            found: found.to_string(),
            allowed: match avro.times() {
                times if times.is_empty() => "a timestamp, a date, a number or text".to_string(),
                times => format!("a timestamp, a date, a number or text, as in: {}", listed(&times)),
            },
        }),
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
