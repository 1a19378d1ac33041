//! Text of which a part is read again.

use std::io::{self, BufRead};

use super::bytes::Text;

/// Text that can go back by what it gave last.
pub(super) struct Again {
    input: Text,
    /// What was given before, of which the first `given` bytes were given again.
    kept: Vec<u8>,
    given: usize,
}

impl Again {
    pub(super) fn new(input: Text) -> Self {
        Again { input, kept: Vec::new(), given: 0 }
    }

    pub(super) fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.given < self.kept.len() {
            true => Ok(&self.kept[self.given..]),
            false => self.input.fill_buf(),
        }
    }

    pub(super) fn consume(&mut self, count: usize) {
        match self.given < self.kept.len() {
            true => self.given += count,
            false => self.input.consume(count),
        }
    }

    /// Goes back to before `last`, the bytes that were given last; leaves another buffer in its place.
    pub(super) fn go_back(&mut self, last: &mut Vec<u8>) {
        // Where some of what was kept is still to come, all that was given last was of it.
        if self.given < self.kept.len() {
            self.given -= last.len();
            return;
        }
        std::mem::swap(&mut self.kept, last);
        self.given = 0;
    }
}
