//! What became of every unique ping, in two bits each.

/// What became of one unique ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// No copy was let through or dropped yet.
    Unseen = 0,
    /// A copy was let through and is on its way to the sink, or is held.
    Accepted = 1,
    /// A copy was dropped as a duplicate although none was let through before.
    Dropped = 2,
    /// A copy reached the sink.
    Delivered = 3,
}

const STATES_PER_WORD: u64 = 32;
const WORDS_PER_CHUNK: usize = 8192;

/// Two bits a unique, in chunks, so that growing never copies and never takes twice the memory.
#[derive(Debug, Default)]
pub(super) struct States {
    chunks: Vec<Box<[u64]>>,
}

impl States {
    #[inline]
    pub(super) fn get(&self, unique: u64) -> State {
        let (chunk, word, shift) = position(unique);
        State::from_bits(self.chunks.get(chunk).map_or(0, |chunk| chunk[word] >> shift))
    }

    /// Changes the state to what `next` makes of it, and returns what it was.
    #[inline]
    pub(super) fn change(&mut self, unique: u64, next: impl FnOnce(State) -> State) -> State {
        let (chunk, word, shift) = position(unique);
        if self.chunks.len() <= chunk {
            self.grow(chunk);
        }
        let word = &mut self.chunks[chunk][word];
        let before = State::from_bits(*word >> shift);
        *word = *word & !(3 << shift) | (next(before) as u64) << shift;
        before
    }

    #[cold]
    fn grow(&mut self, chunk: usize) {
        self.chunks.resize_with(chunk + 1, || vec![0; WORDS_PER_CHUNK].into_boxed_slice());
    }
}

impl State {
    #[inline]
    fn from_bits(bits: u64) -> State {
        match bits & 3 {
            0 => State::Unseen,
            1 => State::Accepted,
            2 => State::Dropped,
            _ => State::Delivered,
        }
    }
}

#[inline]
fn position(unique: u64) -> (usize, usize, u64) {
    let word = (unique / STATES_PER_WORD) as usize;
    (word / WORDS_PER_CHUNK, word % WORDS_PER_CHUNK, unique % STATES_PER_WORD * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_do_not_disturb_each_other() {
        let mut states = States::default();
        let kinds = [State::Unseen, State::Accepted, State::Dropped, State::Delivered];
        let expected = |unique: u64| kinds[(unique * 7 % 4) as usize];
        for unique in 0..600_000 {
            states.change(unique, |_| State::Delivered);
            assert_eq!(states.change(unique, |_| expected(unique)), State::Delivered);
        }
        assert!((0..600_000).all(|unique| states.get(unique) == expected(unique)));
        assert_eq!(states.get(10_000_000), State::Unseen);
    }
}
