//! What one record of a trace says, before its values are understood.

use std::borrow::Cow;

use super::error::BadReason;
use super::fields::Fields;
use super::folded::Folded;

/// One record.
pub(crate) struct Record<'a> {
    /// The number of its first line, from 1.
    pub(crate) line: u64,
    /// How many lines are bad if it is: more than one for a CSV record with line ends inside quotes.
    pub(crate) lines: u64,
    /// How it goes on over several lines, if it does.
    pub(crate) folded: Option<Folded>,
    /// Which of the wanted fields it has, whatever they hold.
    pub(crate) there: There,
    /// All its fields, where they were asked for and can be read.
    pub(crate) fields: Option<&'a dyn Fields>,
    /// Its values, or why it has none.
    pub(crate) values: Result<Values<'a>, BadReason>,
}

/// Which fields a record has, be they empty, null or of a kind that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct There {
    /// A bit for each part of the id, the first one lowest.
    parts: u64,
    pub(crate) time: bool,
}

impl There {
    /// All, as in every row of a table.
    pub(crate) const ALL: There = There { parts: u64::MAX, time: true };

    /// Says of each part of the id whether it is there.
    pub(crate) fn of(parts: impl Iterator<Item = bool>, time: bool) -> There {
        There { parts: parts.enumerate().fold(0, |all, (index, is)| all | u64::from(is) << index), time }
    }

    /// Takes in what another record has.
    pub(crate) fn take_in(&mut self, other: There) {
        self.parts |= other.parts;
        self.time |= other.time;
    }

    /// Whether it has the part of the id at `index`.
    pub(crate) fn has_part(self, index: usize) -> bool {
        self.parts >> index & 1 != 0
    }
}

/// A value as text; none if the field is absent or null.
pub(crate) type Text<'a> = Option<Cow<'a, str>>;

/// The parts of an id in their order. One alone takes no allocation.
#[derive(Debug, PartialEq)]
pub(crate) enum Parts<'a> {
    One(Text<'a>),
    Several(Vec<Text<'a>>),
}

impl<'a> Parts<'a> {
    pub(crate) fn gather<E>(
        mut parts: impl ExactSizeIterator<Item = Result<Text<'a>, E>>,
    ) -> Result<Self, E> {
        match parts.len() {
            1 => Ok(Parts::One(parts.next().transpose()?.flatten())),
            _ => Ok(Parts::Several(parts.collect::<Result<_, _>>()?)),
        }
    }

    /// Takes out what is no part of an id of so many; gives the texts at `places`, which may be of either.
    pub(crate) fn take_beside(&mut self, own: usize, places: &[usize], texts: &mut Vec<Option<String>>) {
        texts.clear();
        let parts = self.as_slice();
        texts.extend(places.iter().map(|place| parts[*place].as_deref().map(str::to_string)));
        if let Parts::Several(parts) = self {
            parts.truncate(own);
        }
        if let (Parts::Several(parts), 1) = (&mut *self, own) {
            let one = parts.pop().flatten();
            *self = Parts::One(one);
        }
    }

    pub(crate) fn as_slice(&self) -> &[Text<'a>] {
        match self {
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Several(parts) => parts,
        }
    }
}

/// The values of a record that count, as text.
#[derive(Debug, PartialEq)]
pub(crate) struct Values<'a> {
    /// The id, of as many parts as it has fields.
    pub(crate) id: Parts<'a>,
    /// The time; none also if none was asked for.
    pub(crate) time: Text<'a>,
}
