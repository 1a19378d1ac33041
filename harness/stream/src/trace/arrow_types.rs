//! What Arrow says of the columns of a Parquet file beyond their own types: a duration is a whole number to Parquet, and
//! its type stands only in `ARROW:schema`, a message of Arrow's interprocess format in base64.
//!
//! Read by hand as far as names and durations go: of Arrow's own crates nothing else would be used. The format is that of
//! `Message.fbs` and `Schema.fbs`, <https://github.com/apache/arrow/tree/main/format>. Whatever is no such message says nothing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use parquet::file::metadata::FileMetaData;

const KEY: &str = "ARROW:schema";

/// Schemas are trees; deeper ones are not looked at.
const DEEPEST: usize = 32;

/// Numbers of union members, and of fields in their tables.
const HEADER_IS_SCHEMA: u8 = 1;
const TYPE_IS_STRUCT: u8 = 13;
const TYPE_IS_DURATION: u8 = 18;
const MESSAGE_HEADER_TYPE: usize = 1;
const MESSAGE_HEADER: usize = 2;
const SCHEMA_FIELDS: usize = 1;
const FIELD_NAME: usize = 0;
const FIELD_TYPE_TYPE: usize = 2;
const FIELD_TYPE: usize = 3;
const FIELD_CHILDREN: usize = 5;
const DURATION_UNIT: usize = 0;

/// The columns that are durations, dots leading into groups, and what each is called.
pub(super) fn durations(file: &FileMetaData) -> Vec<(String, &'static str)> {
    let entries = file.key_value_metadata().into_iter().flatten();
    let text = entries.filter(|entry| entry.key == KEY).find_map(|entry| entry.value.as_deref());
    text.and_then(|text| BASE64_STANDARD.decode(text).ok())
        .and_then(|bytes| of_message(&bytes))
        .unwrap_or_default()
}

fn of_message(bytes: &[u8]) -> Option<Vec<(String, &'static str)>> {
    // A message has its length before it, and since version 0.15 a mark before that.
    let mut message = bytes.strip_prefix(&[0xff; 4]).unwrap_or(bytes);
    message = message.get(4..)?;
    let message = Table::root(message)?;
    if message.byte(MESSAGE_HEADER_TYPE)? != HEADER_IS_SCHEMA {
        return None;
    }
    let mut found = Vec::new();
    let schema = message.table(MESSAGE_HEADER)?;
    list(&schema.tables(SCHEMA_FIELDS)?, "", DEEPEST, &mut found);
    Some(found)
}

fn list(fields: &[Table<'_>], above: &str, depth: usize, found: &mut Vec<(String, &'static str)>) {
    for field in fields {
        let Some(name) = field.text(FIELD_NAME) else { continue };
        let path = if above.is_empty() { name.to_string() } else { format!("{above}.{name}") };
        match field.byte(FIELD_TYPE_TYPE) {
            Some(TYPE_IS_DURATION) => found.push((path, said(field.table(FIELD_TYPE)))),
            Some(TYPE_IS_STRUCT) if depth > 0 => {
                list(&field.tables(FIELD_CHILDREN).unwrap_or_default(), &path, depth - 1, found);
            }
            _ => {}
        }
    }
}

fn said(duration: Option<Table<'_>>) -> &'static str {
    // Milliseconds are what an absent unit means.
    match duration.and_then(|duration| duration.byte(DURATION_UNIT)).unwrap_or(1) {
        0 => "a length of time, and no point in it (duration[s])",
        1 => "a length of time, and no point in it (duration[ms])",
        2 => "a length of time, and no point in it (duration[us])",
        _ => "a length of time, and no point in it (duration[ns])",
    }
}

/// A table of a flat buffer: little-endian, with offsets from where they stand. Nothing outside the buffer is ever read.
#[derive(Clone, Copy)]
struct Table<'a> {
    buffer: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    fn root(buffer: &'a [u8]) -> Option<Table<'a>> {
        Some(Table { buffer, at: follow(buffer, 0)? })
    }

    /// Where the field is, if the table has it.
    fn place(&self, field: usize) -> Option<usize> {
        let back = i32::from_le_bytes(bytes(self.buffer, self.at)?);
        let places = usize::try_from(i64::try_from(self.at).ok()? - i64::from(back)).ok()?;
        let length = u16::from_le_bytes(bytes(self.buffer, places)?);
        let entry = 4 + 2 * field;
        if entry + 2 > usize::from(length) {
            return None;
        }
        let offset = u16::from_le_bytes(bytes(self.buffer, places.checked_add(entry)?)?);
        (offset != 0).then(|| self.at + usize::from(offset))
    }

    /// A byte, or the lowest one of a longer number.
    fn byte(&self, field: usize) -> Option<u8> {
        self.buffer.get(self.place(field)?).copied()
    }

    fn table(&self, field: usize) -> Option<Table<'a>> {
        let at = follow(self.buffer, self.place(field)?)?;
        Some(Table { buffer: self.buffer, at })
    }

    fn text(&self, field: usize) -> Option<&'a str> {
        let at = follow(self.buffer, self.place(field)?)?;
        let length = u32::from_le_bytes(bytes(self.buffer, at)?) as usize;
        let text = self.buffer.get(at + 4..)?.get(..length)?;
        std::str::from_utf8(text).ok()
    }

    fn tables(&self, field: usize) -> Option<Vec<Table<'a>>> {
        let at = follow(self.buffer, self.place(field)?)?;
        let count = u32::from_le_bytes(bytes(self.buffer, at)?) as usize;
        // Each takes four bytes at least.
        let offsets = self.buffer.get(at + 4..)?.get(..count.checked_mul(4)?)?;
        let places = (0..offsets.len() / 4).map(|index| at + 4 + 4 * index);
        places.map(|place| Some(Table { buffer: self.buffer, at: follow(self.buffer, place)? })).collect()
    }
}

/// Where the offset at `at` leads.
fn follow(buffer: &[u8], at: usize) -> Option<usize> {
    let offset = u32::from_le_bytes(bytes(buffer, at)?) as usize;
    at.checked_add(offset).filter(|place| *place < buffer.len())
}

fn bytes<const N: usize>(buffer: &[u8], at: usize) -> Option<[u8; N]> {
    buffer.get(at..)?.first_chunk().copied()
}

/// What pyarrow 26 writes for `t: duration[us]`, `n: int64`, and a group `g` of `d: duration[s]` and `s: string`.
#[cfg(test)]
pub(super) const WRITTEN: &str = "\
     /////ygBAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAMAAADMAAAAhAAAAAQAAABQ////AAAB\
     DRgAAAAcAAAABAAAAAIAAAA8AAAAEAAAAAEAAABnAAAA3P///3z///8AAAEFEAAAABgAAAAEAAAAAAAAAAEAAABzAAAABAAEAAQA\
     AACk////AAABEhAAAAAUAAAABAAAAAAAAAABAAAAZAAAAJb///8AAAAAzP///wAAAQIQAAAAHAAAAAQAAAAAAAAAAQAAAG4AAAAI\
     AAwACAAHAAgAAAAAAAABQAAAABAAFAAIAAYABwAMAAAAEAAQAAAAAAABEhAAAAAYAAAABAAAAAAAAAABAAAAdAAGAAgABgAGAAAA\
     AAACAA==";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_found_in_what_a_writer_wrote_within_groups_too() {
        let bytes = BASE64_STANDARD.decode(WRITTEN).unwrap();
        let found = of_message(&bytes).unwrap();
        let named: Vec<_> =
            found.iter().map(|(name, said)| (name.as_str(), said.contains("duration["))).collect();
        assert_eq!(named, [("t", true), ("g.d", true)]);
        assert!(found[0].1.ends_with("(duration[us])") && found[1].1.ends_with("(duration[s])"), "{found:?}");
    }

    proptest! {
        #[test]
        fn whatever_stands_there_is_read_to_an_end(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
            end in any::<prop::sample::Index>(),
        ) {
            let mut bytes = BASE64_STANDARD.decode(WRITTEN).unwrap();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let _ = of_message(&bytes);
            let _ = of_message(&bytes[..end.index(bytes.len())]);
        }
    }
}
