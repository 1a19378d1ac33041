//! From the text of an id to a key.

use dedup_strategies::PingKey;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::record::Parts;
use crate::stream::Id;

/// Makes keys of ids.
pub(crate) struct Keys {
    /// Keys of the texts that stand for no id.
    nulls: Vec<Id>,
    joined: Vec<u8>,
}

impl Keys {
    /// Takes `null_ids` for no id.
    pub(crate) fn new(null_ids: &[String]) -> Self {
        Keys { nulls: null_ids.iter().map(|text| id_of(text)).collect(), joined: Vec::new() }
    }

    /// The key of an id of one part is that of its text (see [`id_of`]). That of several is the 128-bit XXH3 of their
    /// keys with a mark before each, so that parts never run into each other, and a part that is absent is a value of its
    /// own; if all are absent, so is the id.
    pub(crate) fn key(&mut self, parts: &Parts<'_>) -> Id {
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

    fn part(&self, text: Option<&str>) -> Id {
        let id = text.map_or(Id::Missing, id_of);
        if self.nulls.contains(&id) { Id::Missing } else { id }
    }
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
    fn an_empty_text_is_no_id() {
        assert_eq!(id_of(""), Id::Missing);
    }
}
