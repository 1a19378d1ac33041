//! Calls of one script: commands of any length, each about the keys of one slot.

use super::batch::Commands;
use super::slot::slot_of;

/// Commands one after the other, encoded as they come.
#[derive(Default)]
pub(in crate::redis) struct Calls {
    encoded: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
    slots: Vec<u16>,
}

impl Calls {
    pub(in crate::redis) fn clear(&mut self) {
        self.encoded.clear();
        self.ends.clear();
        self.slots.clear();
    }

    /// Adds a command that consists of `words` and is about `key`.
    pub(in crate::redis) fn push(&mut self, key: &[u8], words: &[&[u8]]) {
        self.encoded.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.encoded.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.encoded.extend_from_slice(word);
            self.encoded.extend_from_slice(b"\r\n");
        }
        self.ends.push(self.encoded.len());
        self.slots.push(slot_of(key));
    }
}

impl Commands for Calls {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn all(&self) -> &[u8] {
        &self.encoded
    }

    fn command(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.encoded[start..self.ends[index]]
    }

    fn slot(&self, index: usize) -> u16 {
        self.slots[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_encoded_as_the_library_does_and_can_be_sent_apart() {
        let mut calls = Calls::default();
        let sets: [[&[u8]; 3]; 2] = [[b"SET", b"{a}1", b""], [b"SET", b"b", b"x\r\ny"]];
        sets.iter().for_each(|words| calls.push(words[1], words));
        let packed =
            |words: &[&[u8]; 3]| ::redis::cmd("SET").arg(words[1]).arg(words[2]).get_packed_command();
        assert_eq!(calls.all(), sets.iter().flat_map(packed).collect::<Vec<u8>>());
        for (index, words) in sets.iter().enumerate() {
            assert_eq!((calls.command(index), calls.slot(index)), (&packed(words)[..], slot_of(words[1])));
        }
        assert_eq!(calls.some(&[1]), packed(&sets[1]));
        calls.clear();
        assert_eq!((calls.len(), calls.all()), (0, &b""[..]));
    }
}
