//! When pings arrive.

use dedup_strategies::Timestamp;

use super::error::{BadReason, TraceError, excerpt};
use super::options::TraceOptions;
use super::time::TimeReader;
use super::time_unit::TimeType;

/// Why a record is no row.
pub(super) enum RowProblem {
    Bad(BadReason),
    UnclearTime { found: String, why: String },
}

/// Gives each ping its times.
pub(super) struct Clock {
    pub(super) field: Option<String>,
    pub(super) reader: TimeReader,
    rows: u64,
    latest: Timestamp,
}

impl Clock {
    pub(super) fn new(options: &TraceOptions, by_type: Option<TimeType>) -> Result<Self, TraceError> {
        Ok(Clock {
            field: options.time_field.clone(),
            reader: TimeReader::new(options, by_type)?,
            rows: 0,
            latest: Timestamp::ZERO,
        })
    }

    /// When the next ping arrives, and its own time.
    pub(super) fn times(&mut self, text: Option<&str>) -> Result<(Timestamp, Timestamp), RowProblem> {
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
