//! Several files, or one that is to be sorted, as one sequence of pings in the order of time.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use dedup_files::CopyError;
use dedup_strategies::Timestamp;

use super::error::TraceError;
use super::examine::Examiner;
use super::key::IdFields;
use super::options::TraceOptions;
use super::rows::{TracePing, TracePings};
use super::sorter::{Dated, Sorted, Sorter};
use super::tally::Tally;
use super::time_unit::TimeUsed;

/// What the files gave.
pub(crate) struct Gathered {
    sorted: Sorted,
    latest: Timestamp,
    /// What was met in the files; none where their pings were kept by somebody before.
    pub(crate) met: Option<Tally>,
    pub(crate) time: Option<TimeUsed>,
}

impl Gathered {
    /// Reads all files of `options`. Without a time field their lines follow each other as the files do.
    /// An examiner sees the pings of all.
    pub(crate) fn read(
        options: &TraceOptions,
        examiner: &mut Option<Box<Examiner>>,
        stop: &AtomicBool,
    ) -> Result<Gathered, TraceError> {
        if let Some(kept) = options.kept().filter(|kept| kept.exists()) {
            let sorted = Sorted::kept(&kept).map_err(|error| failed(options, error.into()))?;
            return Ok(Gathered { sorted, latest: Timestamp::ZERO, met: None, time: None });
        }
        let mut gathering = Gathering::new(options);
        for (at, one) in options.each_file().enumerate() {
            gathering.take_in(at + 1, &one, examiner, stop)?;
        }
        gathering.finish(stop)
    }

    /// The next ping.
    pub(crate) fn next(&mut self, options: &TraceOptions) -> Result<Option<TracePing>, TraceError> {
        let Some(dated) = self.sorted.next().map_err(|error| failed(options, error.into()))? else {
            return Ok(None);
        };
        self.latest = self.latest.max(dated.by);
        Ok(Some(TracePing { id: dated.id, at: self.latest, event_time: dated.event_time }))
    }
}

struct Gathering<'a> {
    options: &'a TraceOptions,
    sorter: Sorter,
    pings: u64,
    met: Tally,
    /// The first file that held pings, and the fields that make its ids.
    first: Option<(String, IdFields)>,
    time: Option<TimeUsed>,
}

impl Gathering<'_> {
    fn new(options: &TraceOptions) -> Gathering<'_> {
        let sorter = Sorter::new(&options.room());
        let met = Tally::new(options.window);
        Gathering { options, sorter, pings: 0, met, first: None, time: None }
    }

    fn take_in(
        &mut self,
        number: usize,
        one: &TraceOptions,
        examiner: &mut Option<Box<Examiner>>,
        stop: &AtomicBool,
    ) -> Result<(), TraceError> {
        match self.try_take_in(number, one, examiner, stop) {
            // Engines write parts without rows.
            Err(TraceError::Empty { .. }) if self.options.files().len() > 1 => Ok(()),
            taken => taken,
        }
    }

    fn try_take_in(
        &mut self,
        number: usize,
        one: &TraceOptions,
        examiner: &mut Option<Box<Examiner>>,
        stop: &AtomicBool,
    ) -> Result<(), TraceError> {
        let mut pings = TracePings::opened(one, examiner.is_some())?;
        self.same_fields(one, &pings)?;
        let before = self.pings;
        std::mem::swap(&mut pings.examiner, examiner);
        let read = self.push_all(&mut pings, before, stop);
        std::mem::swap(&mut pings.examiner, examiner);
        read?;
        let file = (self.options.files().len() > 1).then(|| (number, one.shown()));
        self.met.take_in(pings.tally(), file);
        if self.time.is_none() {
            self.time = pings.time();
        }
        Ok(())
    }

    fn push_all(&mut self, pings: &mut TracePings, before: u64, stop: &AtomicBool) -> Result<(), TraceError> {
        while let Some(ping) = pings.next_of_file(stop)? {
            self.push(ping, before)?;
        }
        Ok(())
    }

    fn push(&mut self, ping: TracePing, before: u64) -> Result<(), TraceError> {
        let later = |time: Timestamp| match self.options.time_field {
            Some(_) => time,
            None => Timestamp::from_millis(time.as_millis() + before),
        };
        let (at, event_time) = (later(ping.at), later(ping.event_time));
        let by = if self.options.sort { event_time } else { at };
        self.pings += 1;
        self.sorter.push(Dated { by, id: ping.id, event_time }).map_err(|error| failed(self.options, error))
    }

    fn same_fields(&mut self, one: &TraceOptions, pings: &TracePings) -> Result<(), TraceError> {
        let own = pings.id_fields();
        match &self.first {
            Some((first, fields)) if fields != own => Err(TraceError::OtherFields {
                path: one.shown(),
                found: own.to_string(),
                first: first.clone(),
                expected: fields.to_string(),
            }),
            Some(_) => Ok(()),
            None => {
                self.first = Some((one.shown(), own.clone()));
                Ok(())
            }
        }
    }

    fn finish(self, stop: &AtomicBool) -> Result<Gathered, TraceError> {
        let Gathering { options, sorter, pings, met, time, .. } = self;
        if pings == 0 {
            return Err(TraceError::Empty { path: options.shown(), what: "no file holds any" });
        }
        let mut sorted = sorter.finish(stop).map_err(|error| failed(options, error))?;
        if let Some(kept) = options.kept() {
            sorted = sorted.keep(&kept, stop).map_err(|error| failed(options, error))?;
        }
        Ok(Gathered { sorted, latest: Timestamp::ZERO, met: Some(met), time })
    }
}

fn failed(options: &TraceOptions, source: CopyError) -> TraceError {
    let directory: &Path = &options.room();
    match source {
        CopyError::Stopped => TraceError::Stopped,
        source => TraceError::Sort { directory: directory.display().to_string(), source },
    }
}
