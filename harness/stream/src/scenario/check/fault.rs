//! Faults in their places.

use std::time::Duration;

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::super::error::{ScenarioError, Source, one_of};
use super::super::file::FaultTable;
use super::super::units::{ALLOWED, Count, PositiveTime, Share, Time};
use super::Checked;
use crate::faults::{FAULTS, FaultSpec, Field, FieldType, Lasts, Placed, Value, Values};

/// As many as a run may have.
const MOST_PIPELINES: u32 = 65_536;

/// More workers than a run is given on the command line.
const MOST_COUNT: u64 = 1_000_000;

pub(super) fn faults(source: &Source, tables: &[FaultTable], length: Duration) -> Checked<Vec<Placed>> {
    let numbered = tables.iter().enumerate();
    numbered.map(|(index, table)| Reader { source, table, index }.fault(length)).collect()
}

/// Reads one table.
struct Reader<'a> {
    source: &'a Source<'a>,
    table: &'a FaultTable,
    index: usize,
}

impl Reader<'_> {
    fn fault(&self, length: Duration) -> Checked<Placed> {
        let kind = self.kind()?;
        self.refuse_others(kind)?;
        let Time(at) =
            self.required("at", "when the fault begins, from the start of the stream, such as \"10m\"")?;
        if at >= length {
            let shown = humantime::format_duration(Duration::from_secs(length.as_secs()));
            let allowed = format!("a time before the stream ends, which is after about {shown}");
            return Err(self.refuse("at", allowed));
        }
        let lasts = match kind.lasts {
            Lasts::Moment => Duration::ZERO,
            Lasts::While => {
                let PositiveTime(lasts) =
                    self.required("for", "how long the fault goes on, such as \"2m\"")?;
                lasts
            }
        };
        let values = kind.fields.iter().map(|field| Ok((field.name, self.value(field)?)));
        let values = Values::new(values.collect::<Checked<_>>()?);
        Ok(Placed { kind, at, lasts, values, pipeline: self.pipeline()? })
    }

    fn kind(&self) -> Checked<&'static FaultSpec> {
        let name: String = self.required("kind", "a kind of fault, as `list faults` shows them")?;
        FAULTS.iter().find(|kind| kind.name == name).ok_or_else(|| {
            let names: Vec<&str> = FAULTS.iter().map(|kind| kind.name).collect();
            self.refuse("kind", one_of(&name, &names))
        })
    }

    /// In which pipeline it happens: the first, unless it says so.
    fn pipeline(&self) -> Checked<u32> {
        const NAME: &str = "pipeline";
        if !self.table.get_ref().contains_key(NAME) {
            return Ok(0);
        }
        let allowed = format!("a whole number from 1 to {MOST_PIPELINES}");
        let number: i64 = self.required(NAME, &allowed)?;
        match u32::try_from(number) {
            Ok(number @ 1..=MOST_PIPELINES) => Ok(number - 1),
            _ => Err(self.refuse(NAME, allowed)),
        }
    }

    /// A field that this kind does not have.
    fn refuse_others(&self, kind: &FaultSpec) -> Checked<()> {
        let mut fields = vec!["kind", "at", "pipeline"];
        if kind.lasts == Lasts::While {
            fields.push("for");
        }
        fields.extend(kind.fields.iter().map(|field| field.name));
        let other = self.table.get_ref().iter().find(|(name, _)| !fields.contains(&name.as_str()));
        match other {
            None => Ok(()),
            Some((name, value)) => {
                let found = format!("a field that {} does not have", kind.name);
                Err(self.source.refuse_found(value.span(), self.path(name), found, one_of(name, &fields)))
            }
        }
    }

    fn value(&self, field: &Field) -> Checked<Value> {
        if let (Some(default), false) = (field.default, self.table.get_ref().contains_key(field.name)) {
            return Ok(default);
        }
        let name = field.name;
        match field.what {
            FieldType::Word(words) => {
                let word: String = self.required(name, &one_of("", words))?;
                let found = words.iter().find(|other| **other == word);
                found.map(|word| Value::Word(word)).ok_or_else(|| self.refuse(name, one_of(&word, words)))
            }
            FieldType::Time => {
                let PositiveTime(time) = self.required(name, "a time above zero, such as \"15m\"")?;
                Ok(Value::Time(time))
            }
            FieldType::Count => {
                let Count(count) = self.required(name, "a whole number above zero")?;
                if count > MOST_COUNT {
                    return Err(self.refuse(name, format!("a whole number from 1 to {MOST_COUNT}")));
                }
                Ok(Value::Count(count))
            }
            FieldType::Share => {
                let Share(share) = self.required(name, "a share above 0 and at most 1, such as 0.5")?;
                Ok(Value::Share(share))
            }
        }
    }

    fn required<T: DeserializeOwned>(&self, name: &str, allowed: &str) -> Checked<T> {
        let Some(value) = self.table.get_ref().get(name) else {
            let span = self.table.span();
            return Err(self.source.refuse_found(span, self.path(name), "nothing", allowed));
        };
        T::deserialize(value.get_ref().clone()).map_err(|error: toml::de::Error| {
            let said = error.message();
            self.refuse(name, said.strip_prefix(ALLOWED).unwrap_or(allowed))
        })
    }

    fn refuse(&self, name: &str, allowed: impl Into<String>) -> ScenarioError {
        let span = self.table.get_ref().get(name).map(Spanned::span).unwrap_or_default();
        self.source.refuse(span, self.path(name), allowed)
    }

    fn path(&self, name: &str) -> String {
        format!("fault[{}].{name}", self.index + 1)
    }
}
