//! Doubts about the ids of a trace, found while it is read.

mod copies;
mod delivery;
mod null_ids;

use dedup_strategies::PingKey;
use xxhash_rust::xxh3::xxh3_64;

pub use self::null_ids::NULLS;

use self::copies::Copies;
use self::null_ids::{Heaviest, Nulls};
use super::doubt::{Doubt, DoubtKind};
use super::error::{excerpt, excerpt_of_name};
use super::fields::Fields;
use super::formats::{Recognised, options, quoted, recognise};
use super::id::id_of;
use super::key::IdFields;
use super::options::TraceOptions;
use super::record::Parts;
use crate::stream::Id;

/// Fields that are named in a doubt.
const MOST_NAMED: usize = 5;

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

/// Looks at pings for what makes their ids doubtful. Takes 40 MB at most, whatever the trace.
pub(crate) struct Examiner {
    id: IdFields,
    recognised: Option<Recognised>,
    copies: Copies,
    nulls: Nulls,
    heaviest: Heaviest,
}

impl Examiner {
    /// For ids of the fields `id` of a trace whose first line has `fields`.
    pub(crate) fn new(options: &TraceOptions, id: &IdFields, fields: &[String]) -> Self {
        // What is left out of an id is left out because copies differ in it.
        let of_delivery =
            options.time_field.iter().chain(id.all_but().unwrap_or_default()).cloned().collect();
        Examiner {
            id: id.clone(),
            recognised: recognise(fields),
            copies: Copies::new(id.named(), of_delivery),
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
        let mut doubts: Vec<Doubt> = self.key(duplicates).into_iter().collect();
        let share =
            |count: u64| format!("{count} of {pings} pings ({:.2} %)", 100.0 * count as f64 / pings as f64);
        let null = |(text, count): (&str, u64)| {
            let have = if count == 1 { "has" } else { "have" };
            let said = format!("{} {have} {} for an id, or as a part of one", share(count), excerpt(text));
            Doubt::new(DoubtKind::NoId, said).with_remedy(format!("--null-id {}", quoted(text)))
        };
        doubts.extend(self.nulls.met().map(null));
        let is_null = |key: PingKey| self.nulls.met().any(|(text, _)| id_of(text) == Id::Key(key));
        if let Some(heavy) = self.heaviest.unlikely(pings).filter(|heavy| !is_null(heavy.key)) {
            let said = format!(
                "at least {} have one id, that of line {}, and no other comes nearly as often",
                share(heavy.count),
                heavy.first_line
            );
            doubts
                .push(Doubt::new(DoubtKind::NoId, said).with_remedy("--null-id TEXT if it stands for none"));
        }
        doubts
    }

    fn key(&self, duplicates: u64) -> Option<Doubt> {
        let Copies { compared, differing, .. } = self.copies;
        let fitting = self.recognised.as_ref().filter(|known| known.is_more_than(&self.id));
        if differing == 0 {
            // Where every copy is the same ping again, this key does what the other would.
            let known = fitting.filter(|_| compared < duplicates)?;
            let said =
                format!("the fields are those of {}, whose key is {}", known.name, known.key.join(", "));
            return Some(Doubt::new(DoubtKind::Key, said).with_remedy(known.options()));
        }
        let of = match compared == duplicates {
            true => format!("{differing} of {compared} copies"),
            false => format!("{differing} of {compared} copies (a sample of {duplicates})"),
        };
        let verb = if differing == 1 { "differs" } else { "differ" };
        let telling: Vec<_> = self.copies.telling().into_iter().map(|(name, _)| name).collect();
        let said = format!("{of} {verb} from their first in {}: this may not be the key", named(&telling));
        Some(Doubt::new(DoubtKind::Key, said).with_remedy(match (fitting, telling.first()) {
            (Some(known), _) => format!("{} (the key of {})", known.options(), known.name),
            (None, Some(field)) if !self.id.named().is_empty() => {
                let fields = [self.id.named(), &[field.to_string()]].concat();
                format!("{} if they are different pings", options(&fields))
            }
            _ => "name the field that tells them apart with one more --id-field".to_string(),
        }))
    }
}

/// The first few of `fields`, as a message names them.
fn named(fields: &[&str]) -> String {
    let shown: Vec<_> =
        fields.iter().take(MOST_NAMED).map(|name| format!("`{}`", excerpt_of_name(name))).collect();
    match fields.len() {
        count if count > MOST_NAMED => format!("{} and {} more", shown.join(", "), count - MOST_NAMED),
        _ => shown.join(", "),
    }
}
