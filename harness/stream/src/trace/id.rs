//! From the text of an id to a key.

use dedup_strategies::PingKey;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::error::{BadReason, excerpt};
use super::fields::{Fields, of_field};
use super::options::TraceOptions;
use super::record::Parts;
use crate::stream::Id;

/// Makes keys of ids.
pub(crate) struct Keys {
    /// Keys of the texts that stand for no id.
    nulls: Vec<Id>,
    joined: Vec<u8>,
    /// The fields that an id of all others leaves out, and whether any record had them.
    all_but: Option<Vec<(String, bool)>>,
}

impl Keys {
    pub(crate) fn new(options: &TraceOptions) -> Self {
        let all_but = |fields: &[String]| fields.iter().map(|field| (field.clone(), false)).collect();
        Keys {
            nulls: options.null_ids.iter().map(|text| id_of(text)).collect(),
            joined: Vec::new(),
            all_but: options.id.all_but().map(all_but),
        }
    }

    /// The key of a record.
    pub(crate) fn key(&mut self, parts: &Parts<'_>, fields: Option<&dyn Fields>) -> Result<Id, BadReason> {
        if let Some(but) = &mut self.all_but {
            return Ok(fields.map_or(Id::Missing, |fields| all_but(but, fields)));
        }
        if let Some(text) = parts.as_slice().iter().flatten().find(|text| is_rounded(text.trim())) {
            let found = format!("{}, which a spreadsheet has rounded", excerpt(text));
            return Err(BadReason::Id(found));
        }
        Ok(self.key_of(parts))
    }

    /// A field that is left out of the digest, and that no record had.
    pub(crate) fn never_met(&self) -> impl Iterator<Item = &str> {
        let fields = self.all_but.iter().flatten();
        fields.filter(|(_, was_met)| !was_met).map(|(field, _)| field.as_str())
    }

    /// The key of an id of one part is that of its text (see [`id_of`]). That of several is the 128-bit XXH3 of their
    /// keys with a mark before each, so that parts never run into each other, and a part that is absent is a value of its
    /// own; if all are absent, so is the id.
    fn key_of(&mut self, parts: &Parts<'_>) -> Id {
        if let [part] = parts.as_slice() {
            return self.part(part.as_deref());
        }
        self.joined.clear();
        let mut any = false;
        for part in parts.as_slice() {
            match self.part(part.as_deref()) {
                Id::Key(key) => {
                    any = true;
                    self.joined.push(1);
                    self.joined.extend_from_slice(&key.0);
                }
                Id::Missing | Id::Invalid(_) => self.joined.push(0),
            }
        }
        if any { Id::Key(PingKey::from_u128(xxh3_128(&self.joined))) } else { Id::Missing }
    }

    /// The key of a text by itself, unless it stands for none.
    pub(crate) fn part(&self, text: Option<&str>) -> Id {
        let Some(text) = text else { return Id::Missing };
        let (id, bare) = (id_of(text), text.trim());
        // White space is part of an id, but makes none of what is none.
        let is_null = self.nulls.contains(&id)
            || bare.len() < text.len() && !self.nulls.is_empty() && self.nulls.contains(&id_of(bare));
        if is_null { Id::Missing } else { id }
    }
}

/// A digest of all fields but these and what is below them, in whatever order; no fields are no id.
fn all_but(but: &mut [(String, bool)], fields: &dyn Fields) -> Id {
    let mut sum: Option<u128> = None;
    fields.each(&mut |path, value| match but.iter_mut().find(|(field, _)| is_below(path, field)) {
        Some((_, was_met)) => *was_met = true,
        None => sum = Some(sum.unwrap_or_default().wrapping_add(of_field(path, value))),
    });
    sum.map_or(Id::Missing, |sum| Id::Key(PingKey::from_u128(xxh3_128(&sum.to_le_bytes()))))
}

/// Whether `path` is that of `field`, or leads further into it.
pub(crate) fn is_below(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether a text is a large number of which a spreadsheet has kept the first digits: `4.959034E+55`. Different ids are
/// one when written so.
fn is_rounded(text: &str) -> bool {
    const LONGEST: usize = 30;
    if text.len() > LONGEST || !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return false;
    }
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.trim_start_matches('-').replacen([',', '.'], "", 1);
    digits(&mantissa) && exponent.strip_prefix('+').is_some_and(digits)
}

/// The key of an id: a UUID's own 16 bytes, whether written with or without hyphens, in upper or lower case; for any
/// other text the 128-bit XXH3 of its bytes, under which different texts are different ids for all practical
/// purposes (among 10^12 ids the chance of one collision is below 10^-14). No text is [`Id::Missing`].
pub(crate) fn id_of(text: &str) -> Id {
    if text.is_empty() {
        return Id::Missing;
    }
    Id::Key(uuid_of(text).unwrap_or_else(|| PingKey::from_u128(xxh3_128(text.as_bytes()))))
}

/// Only the two plain spellings: `urn:uuid:` and braces stay text.
fn uuid_of(text: &str) -> Option<PingKey> {
    let uuid = matches!(text.len(), 32 | 36).then(|| Uuid::try_parse_ascii(text.as_bytes()).ok())??;
    Some(PingKey(uuid.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_uuid_are_its_bytes() {
        let key = Id::Key(PingKey::from_u128(0x2c3a0767_d84a_4d02_8a92_fa54a3376048));
        for text in [
            "2c3a0767-d84a-4d02-8a92-fa54a3376048",
            "2C3A0767-D84A-4D02-8A92-FA54A3376048",
            "2c3a0767d84a4d028a92fa54a3376048",
        ] {
            assert_eq!(id_of(text), key);
        }
    }

    #[test]
    fn other_texts_are_ids_of_their_own() {
        let texts = ["1", "01", "a", "A", " a", "2c3a0767-d84a-4d02-8a92-fa54a337604", "é"];
        let keys: std::collections::BTreeSet<_> =
            texts.iter().map(|text| format!("{:?}", id_of(text))).collect();
        assert_eq!(keys.len(), texts.len());
        assert_eq!(id_of("a"), Id::Key(PingKey::from_u128(xxh3_128(b"a"))));
    }

    #[test]
    fn only_what_a_spreadsheet_writes_is_rounded() {
        for text in ["4.959034E+55", "1E+20", "-1.5e+17", "4,95E+55"] {
            assert!(is_rounded(text), "{text}");
        }
        for text in
            ["1E5", "12e45678", "4.5", "E+5", "1E+", "1E+5x", "a1E+5", "1.2.3E+5", "12345678901234567890"]
        {
            assert!(!is_rounded(text), "{text}");
        }
    }

    #[test]
    fn an_empty_text_is_no_id() {
        assert_eq!(id_of(""), Id::Missing);
    }
}
