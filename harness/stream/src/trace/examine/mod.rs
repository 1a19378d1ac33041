//! Doubts about the ids of a trace, found while it is read.

mod copies;
mod delivery;
mod keys;
mod names;
mod null_ids;
mod rival;

use dedup_strategies::PingKey;
use xxhash_rust::xxh3::xxh3_64;

pub use self::null_ids::NULLS;

use self::copies::Copies;
use self::names::Kind;
use self::null_ids::{Heaviest, Nulls};
use self::rival::Rival;
use super::doubt::{Doubt, DoubtKind};
use super::error::excerpt;
use super::fields::Fields;
use super::formats::{Recognised, quoted, recognise};
use super::id::id_of;
use super::key::IdFields;
use super::layout::{Layout, Shape};
use super::options::TraceOptions;
use super::record::Parts;
use crate::stream::Id;

fn hash(key: PingKey) -> u64 {
    xxh3_64(&key.0)
}

/// How copies compare with their first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Copies that were compared: all, or those of a sample of the keys.
    pub copies_count: u64,
    /// Those that differ in a field in which two deliveries of one ping do not differ.
    pub differing_count: u64,
    /// The fields in which copies differ, and how many do, the most telling first.
    pub fields: Vec<(String, u64)>,
}

/// Looks at pings for what makes their ids doubtful. Takes 42 MB at most, whatever the trace.
pub(crate) struct Examiner {
    id: IdFields,
    recognised: Option<Recognised>,
    rival: Option<Rival>,
    copies: Copies,
    nulls: Nulls,
    heaviest: Heaviest,
}

impl Examiner {
    /// For a trace that looks like this.
    pub(crate) fn new(options: &TraceOptions, Layout { id, fields, times, shape, .. }: &Layout) -> Self {
        // What is left out of an id is left out because copies differ in it; and deliveries are stamped anew.
        let left_out = id.all_but().unwrap_or_default();
        let of_delivery = options.time_field.iter().chain(left_out).chain(times).cloned().collect();
        let recognised = recognise(fields);
        let kind = match shape {
            Shape::Ndjson => Kind::Keys,
            Shape::Csv { .. } | Shape::Parquet { .. } => Kind::Columns,
        };
        Examiner {
            id: id.clone(),
            rival: recognised.as_ref().and_then(|known| Rival::of(known, id)),
            recognised,
            copies: Copies::new(id.named(), of_delivery, kind),
            nulls: Nulls::except(&options.null_ids),
            heaviest: Heaviest::default(),
        }
    }

    /// Takes no more than so many bytes to compare copies, if that is less than usual.
    pub(crate) fn bound(&mut self, bytes: u64) {
        self.copies.bound(bytes);
    }

    /// Looks at the ping in `line`.
    pub(crate) fn see(&mut self, line: u64, key: PingKey, parts: &Parts<'_>, fields: Option<&dyn Fields>) {
        parts.as_slice().iter().flatten().for_each(|part| self.nulls.see(part));
        let hash = hash(key);
        self.heaviest.see(key, hash, line);
        if let Some(fields) = fields {
            self.copies.see(key, hash, fields);
            self.rival.iter_mut().for_each(|rival| rival.see(hash, fields));
        }
    }

    pub(crate) fn compared(&self) -> Compared {
        let telling = self.copies.telling().into_iter();
        Compared {
            copies_count: self.copies.compared,
            differing_count: self.copies.differing,
            fields: telling.map(|(name, count)| (name.to_string(), count)).collect(),
        }
    }

    /// What was found in a trace of so many pings, of which so many are duplicates; the gravest first.
    pub(crate) fn doubts(&self, pings: u64, duplicates: u64) -> Vec<Doubt> {
        let mut doubts: Vec<Doubt> = self.of_key(pings, duplicates).into_iter().collect();
        let share =
            |count: u64| format!("{count} of {pings} pings ({:.2} %)", 100.0 * count as f64 / pings as f64);
        let null = |(text, count): (&str, u64)| {
            let have = if count == 1 { "has" } else { "have" };
            let said = format!("{} {have} {} for an id, or as a part of one", share(count), excerpt(text));
            Doubt::new(DoubtKind::NoId, said).with_remedy(format!("--null-id {}", quoted(text)))
        };
        doubts.extend(self.nulls.met().map(null));
        let is_null = |key: PingKey| self.nulls.met().any(|(text, _)| id_of(text) == Id::Key(key));
        let heavy = self.heaviest.unlikely(pings);
        let others = match heavy.len() {
            0 | 1 => "no other comes",
            2 => "only one other comes",
            _ => "only few others come",
        };
        doubts.extend(heavy.iter().filter(|heavy| !is_null(heavy.key)).map(|heavy| {
            let said = format!(
                "at least {} have one id, that of line {}, and {others} nearly as often",
                share(heavy.count),
                heavy.first_line
            );
            Doubt::new(DoubtKind::NoId, said).with_remedy("--null-id TEXT if it stands for none")
        }));
        doubts
    }
}
