//! Which pings have come out of a flow: a bit for each that was put in.

use std::ops::Range;

/// The pings that were put in, and which of them came out.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    bits: Vec<u64>,
    /// The numbers of the last batch.
    batch: Range<u64>,
    /// How often one came out that had come out before.
    pub(crate) twice: u64,
}

/// What is to be thought of a ping that came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It is of the last batch, or had come out before and is counted apart.
    Right,
    /// Nobody put it in.
    NeverPut,
    /// It was dropped already.
    AfterItsMarker,
}

impl Passed {
    /// The number of the next ping.
    pub(crate) fn next(&self) -> u64 {
        self.batch.end
    }

    /// Another batch is put in.
    pub(crate) fn begin(&mut self, pings: usize) {
        self.batch = self.batch.end..self.batch.end + pings as u64;
        self.bits.resize(self.batch.end.div_ceil(64) as usize, 0);
    }

    /// A ping came out.
    pub(crate) fn out(&mut self, number: u64) -> Came {
        if number >= self.batch.end {
            return Came::NeverPut;
        }
        if self.has(number) {
            self.twice += 1;
            return Came::Right;
        }
        if number < self.batch.start {
            return Came::AfterItsMarker;
        }
        self.bits[(number / 64) as usize] |= 1 << (number % 64);
        Came::Right
    }

    /// For each ping of the last batch, whether it came out.
    pub(crate) fn batch(&self) -> impl Iterator<Item = bool> {
        self.batch.clone().map(|number| self.has(number))
    }

    fn has(&self, number: u64) -> bool {
        self.bits[(number / 64) as usize] >> (number % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_told_from_what_comes_again_too_late_or_from_nowhere() {
        let mut passed = Passed::default();
        passed.begin(3);
        let came: Vec<Came> = [2, 0, 2, 3].map(|number| passed.out(number)).to_vec();
        assert_eq!(came, [Came::Right, Came::Right, Came::Right, Came::NeverPut]);
        assert_eq!((passed.batch().collect::<Vec<_>>(), passed.twice), (vec![true, false, true], 1));
        passed.begin(100);
        let came: Vec<Came> = [0, 1, 102, 103].map(|number| passed.out(number)).to_vec();
        assert_eq!(came, [Came::Right, Came::AfterItsMarker, Came::Right, Came::NeverPut]);
        assert_eq!((passed.batch().filter(|out| *out).count(), passed.next(), passed.twice), (1, 103, 2));
    }
}
