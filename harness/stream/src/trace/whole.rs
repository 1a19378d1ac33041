//! Whether what was read of a trace makes sense as a whole.

use super::error::{TraceError, excerpt, listed};
use super::id::is_below;
use super::key::IdFields;
use super::layout::{Shape, known};
use super::ndjson::ARRAY;
use super::options::Format;
use super::record::There;
use super::rows::TracePings;
use super::tally::Tally;

impl TracePings {
    /// Whether all that there is makes sense: as [`check`](TracePings::check), and each part of the id was met.
    pub fn check_at_end(&self) -> Result<(), TraceError> {
        self.check()?;
        self.check_parts()
    }

    /// Whether each part of the id was met: a part that no record has is misspelled, and without it ids are fewer.
    pub(super) fn check_parts(&self) -> Result<(), TraceError> {
        let parts = self.options.id.named().iter().enumerate();
        let absent: Vec<&str> = parts
            .filter(|(index, _)| !self.tally.there.has_part(*index))
            .map(|(_, field)| field.as_str())
            .collect();
        if absent.is_empty() { Ok(()) } else { Err(self.no_field("--id-field", &absent.join(", "))) }
    }

    /// Whether what was read so far makes sense: there are ids, and no more bad lines than may be.
    pub fn check(&self) -> Result<(), TraceError> {
        let Tally { pings, bad, .. } = self.tally;
        let lines = pings + bad;
        if lines == 0 {
            return Err(TraceError::Empty { path: self.path(), what: "no line holds data" });
        }
        if self.options.records.is_some() && self.tally.leads_nowhere == lines {
            return Err(TraceError::Empty {
                path: self.path(),
                what: "--records leads to no records in any object",
            });
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
            let inside = self.inside(self.layout.id.named());
            let found = format!("none of {lines} values can be an id, the first is {what}{inside}");
            return Err(self.no_ids(found));
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
        let parts = self.layout.id.named().len();
        let any_part = parts == 0 && self.options.id.all_but().is_some()
            || (0..parts).any(|part| self.tally.there.has_part(part));
        match (self.tally.missing == pings, any_part, self.options.id.named()) {
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
            hint: self
                .array_above(field)
                .map(|array| format!("; {}", self.items_of(array)))
                .unwrap_or_default(),
        }
    }

    /// What is inside of fields that hold no single value, as part of a sentence.
    fn inside(&self, fields: &[String]) -> String {
        let is_inside = |own: &&String| fields.iter().any(|field| *own != field && is_below(own, field));
        let inner: Vec<String> = self.layout.fields.iter().filter(is_inside).cloned().collect();
        let array = fields.iter().find_map(|field| self.array_above(field));
        match (array, inner.is_empty()) {
            (Some(array), _) => format!(" ({})", self.items_of(array)),
            (None, false) => format!(" (in it: {})", listed(&inner)),
            (None, true) => String::new(),
        }
    }

    /// The array of the first line that `field` is, or would be in.
    fn array_above<'a>(&'a self, field: &str) -> Option<&'a str> {
        let mut arrays = self.layout.fields.iter().filter_map(|own| own.strip_suffix(ARRAY));
        arrays.find(|array| is_below(field, array))
    }

    fn items_of(&self, array: &str) -> String {
        let array = excerpt(array);
        match self.layout.format {
            Format::Ndjson | Format::Json => {
                format!("{array} is an array: --records {array} reads each of its items as a record")
            }
            _ => format!("{array} is an array, of which a record may have several items"),
        }
    }
}
