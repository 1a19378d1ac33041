//! The commands of a batch, encoded once: they differ only in the 16 bytes of the key, and in those of an owner, at a
//! fixed distance from each other. Encoding a batch is writing these into place.

use std::ops::Range;

use super::slot::slot_of;

/// An id as it stands in a key.
pub(in crate::redis) type Id = [u8; 16];

/// Who claims a key: one delivery by one worker of one process.
pub(in crate::redis) type Owner = [u8; 16];

/// A word of a command.
pub(in crate::redis) enum Word<'a> {
    /// The same in each.
    Text(&'a [u8]),
    /// A prefix and the id.
    Key(&'a str),
    /// The owner.
    Owner,
}

/// Commands that differ in their ids and owners.
pub(in crate::redis) struct Batch {
    command: Vec<u8>,
    /// Where the key is, prefix included.
    key: Range<usize>,
    owner_at: Option<usize>,
    encoded: Vec<u8>,
    count: usize,
}

impl Batch {
    /// Of commands that consist of these words, one of them the key.
    pub(in crate::redis) fn of(words: &[Word<'_>]) -> Batch {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        let (mut key, mut owner_at) = (0..0, None);
        for word in words {
            let (start, bytes) = match word {
                Word::Text(text) => ("", *text),
                Word::Key(prefix) => (*prefix, &[0; size_of::<Id>()][..]),
                Word::Owner => ("", &[0; size_of::<Owner>()][..]),
            };
            let length = start.len() + bytes.len();
            command.extend(format!("${length}\r\n").into_bytes());
            match word {
                Word::Key(_) => key = command.len()..command.len() + length,
                Word::Owner => owner_at = Some(command.len()),
                Word::Text(_) => {}
            }
            command.extend_from_slice(start.as_bytes());
            command.extend_from_slice(bytes);
            command.extend_from_slice(b"\r\n");
        }
        Batch { command, key, owner_at, encoded: Vec::new(), count: 0 }
    }

    /// Makes it one command for each of these.
    pub(in crate::redis) fn fill(&mut self, items: impl ExactSizeIterator<Item = (Id, Owner)>) {
        self.count = items.len();
        let length = self.count * self.command.len();
        while self.encoded.len() < length {
            self.encoded.extend_from_slice(&self.command);
        }
        let id_at = self.key.end - size_of::<Id>();
        let commands = self.encoded[..length].chunks_exact_mut(self.command.len());
        for (command, (id, owner)) in commands.zip(items) {
            command[id_at..self.key.end].copy_from_slice(&id);
            if let Some(at) = self.owner_at {
                command[at..at + owner.len()].copy_from_slice(&owner);
            }
        }
    }
}

/// Commands that are sent together, each about keys of one slot.
pub(in crate::redis) trait Commands {
    /// How many there are.
    fn len(&self) -> usize;

    /// All of them, one after the other.
    fn all(&self) -> &[u8];

    /// One of them.
    fn command(&self, index: usize) -> &[u8];

    /// A cluster's slot of the key of one of them.
    fn slot(&self, index: usize) -> u16;

    /// Those at `indices`, one after the other.
    fn some(&self, indices: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        indices.iter().for_each(|index| bytes.extend_from_slice(self.command(*index)));
        bytes
    }
}

impl Commands for Batch {
    fn len(&self) -> usize {
        self.count
    }

    fn all(&self) -> &[u8] {
        &self.encoded[..self.count * self.command.len()]
    }

    fn command(&self, index: usize) -> &[u8] {
        &self.encoded[index * self.command.len()..][..self.command.len()]
    }

    fn slot(&self, index: usize) -> u16 {
        slot_of(&self.command(index)[self.key.clone()])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The client library's own encoding is the model.
    fn by_the_library(prefix: &str, items: &[(Id, Owner)]) -> Vec<u8> {
        let set = |(id, owner): &(Id, Owner)| {
            let key = [prefix.as_bytes(), id].concat();
            let mut set = ::redis::cmd("SET");
            set.arg(key).arg(owner).arg("NX").arg("PX").arg(77).get_packed_command()
        };
        items.iter().flat_map(set).collect()
    }

    proptest! {
        #[test]
        fn batches_are_encoded_as_the_client_library_would(
            prefix in "\\PC{0,120}",
            batches in prop::collection::vec(prop::collection::vec(any::<(Id, Owner)>(), 0..20), 1..5),
        ) {
            let words = [
                Word::Text(b"SET"), Word::Key(&prefix), Word::Owner, Word::Text(b"NX"), Word::Text(b"PX"),
                Word::Text(b"77"),
            ];
            let mut batch = Batch::of(&words);
            for items in batches {
                batch.fill(items.iter().copied());
                prop_assert_eq!(batch.all(), &by_the_library(&prefix, &items)[..]);
                let odd: Vec<usize> = (0..items.len()).filter(|index| index % 2 == 1).collect();
                let chosen: Vec<_> = odd.iter().map(|index| items[*index]).collect();
                prop_assert_eq!(batch.some(&odd), by_the_library(&prefix, &chosen));
                for (index, (id, _)) in items.iter().enumerate() {
                    prop_assert_eq!(batch.slot(index), slot_of(&[prefix.as_bytes(), id].concat()));
                }
            }
        }
    }
}
