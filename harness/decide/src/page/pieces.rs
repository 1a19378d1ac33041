//! A function of ids as straight pieces, so that a page can work it out.

use serde::Serialize;

/// The most ids that are told of, as settings take no more; the last piece goes on.
const MOST_IDS: u64 = 1 << 40;

/// Straight pieces, each with where it begins, its value there, and its value where the next one begins; none where all is zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Pieces(Vec<[f64; 3]>);

/// Both ends belong to it.
#[derive(Clone, Copy)]
struct Piece {
    from: (u64, f64),
    to: (u64, f64),
}

impl Piece {
    fn at(&self, ids: u64) -> f64 {
        let (from, to) = (self.from, self.to);
        match to.0 - from.0 {
            0 => from.1,
            width => from.1 + (to.1 - from.1) * ((ids - from.0) as f64 / width as f64),
        }
    }
}

impl Piece {
    fn middle(&self) -> (u64, f64) {
        let ids = self.from.0 + (self.to.0 - self.from.0) / 2;
        (ids, self.at(ids))
    }
}

/// How close the pieces come to a function: to this part of it, and in any case to so many.
#[derive(Clone, Copy, Debug)]
pub struct Close {
    /// As a part.
    pub part: f64,
    /// As a figure of its own.
    pub by: f64,
}

impl Close {
    fn is_met(self, a: f64, b: f64) -> bool {
        (a - b).abs() <= (self.part * a.max(b)).max(self.by)
    }
}

impl Pieces {
    /// Those of a function that is straight but for where it leaps; it is asked for at few numbers of ids, as it may take its time.
    /// None where more pieces than a page has room for would not come so close.
    pub fn of(function: impl Fn(u64) -> f64, close: Close) -> Option<Pieces> {
        let mut found = Found { function, close, pieces: Vec::new() };
        let whole = Piece { from: (1, (found.function)(1)), to: (MOST_IDS, (found.function)(MOST_IDS)) };
        found.fit(whole)?;
        let pieces = found.pieces;
        if pieces.iter().all(|piece| piece.from.1 == 0.0 && piece.to.1 == 0.0) {
            return Some(Pieces::default());
        }
        let until = |at: usize, piece: &Piece| {
            let next = pieces.get(at + 1).map_or(piece.to.0, |next| next.from.0);
            piece.from.1
                + (piece.at(piece.to.0) - piece.from.1)
                    * ratio(next - piece.from.0, piece.to.0 - piece.from.0)
        };
        let told = |(at, piece): (usize, &Piece)| {
            [piece.from.0 as f64, short(piece.from.1), short(until(at, piece))]
        };
        Some(Pieces(pieces.iter().enumerate().map(told).collect()))
    }

    /// The value for so many ids.
    #[cfg(test)]
    fn at(&self, ids: f64) -> f64 {
        let Some(piece) = self.0.partition_point(|piece| piece[0] <= ids).checked_sub(1) else { return 0.0 };
        let [from, low, high] = self.0[piece];
        let next = self.0.get(piece + 1).map_or(MOST_IDS as f64, |next| next[0]);
        low + (high - low) * (ids - from) / (next - from)
    }
}

fn ratio(of: u64, to: u64) -> f64 {
    if to == 0 { 1.0 } else { of as f64 / to as f64 }
}

/// The most pieces of one function.
const MOST_PIECES: usize = 160;

/// What was found so far of a function, in order.
struct Found<F> {
    function: F,
    close: Close,
    pieces: Vec<Piece>,
}

impl<F: Fn(u64) -> f64> Found<F> {
    /// Adds one piece if it is straight, and else those of both halves; none where there are too many.
    fn fit(&mut self, piece: Piece) -> Option<()> {
        let (from, to) = (piece.from.0, piece.to.0);
        // A leap between two numbers of which one is a millionth larger is nowhere else.
        if (to - from) as f64 <= (from as f64 * 1e-6).max(1.0) || self.is_straight(&piece) {
            self.add(piece);
            return (self.pieces.len() <= MOST_PIECES).then_some(());
        }
        let (first, last) = (from.ilog2() + 1, (to - 1).ilog2());
        // Most leaps are behind a power of two.
        let middle = if first <= last { 1u64 << ((first + last) / 2) } else { from + (to - from) / 2 };
        let at = |ids: u64| (ids, (self.function)(ids));
        let (before, after) = (at(middle), at(middle + 1));
        self.fit(Piece { from: piece.from, to: before })?;
        self.fit(Piece { from: after, to: piece.to })
    }

    fn is_straight(&self, piece: &Piece) -> bool {
        /// Between these parts of the way, and of the way in doublings.
        const PARTS: [f64; 5] = [0.02, 0.23, 0.5, 0.71, 0.97];
        let (from, to) = (piece.from.0, piece.to.0);
        let (width, doublings) = ((to - from) as f64, libm::log2(to as f64 / from as f64));
        let of_width = PARTS.iter().map(|part| from + (width * part) as u64);
        let of_doublings = PARTS.iter().map(|part| (from as f64 * libm::exp2(doublings * part)) as u64);
        let mut looked_at = of_width.chain(of_doublings.filter(|_| doublings > 1.0));
        looked_at.all(|ids| {
            let ids = ids.clamp(from, to);
            self.close.is_met(piece.at(ids), (self.function)(ids))
        })
    }

    /// Behind the last one, or as one with it where both are on one line.
    fn add(&mut self, piece: Piece) {
        if let Some(last) = self.pieces.last_mut() {
            let joined = Piece { from: last.from, to: piece.to };
            let seen = [last.to, piece.from, last.middle(), piece.middle()];
            if seen.into_iter().all(|(ids, value)| self.close.is_met(joined.at(ids), value)) {
                *last = joined;
                return;
            }
        }
        self.pieces.push(piece);
    }
}

/// Nine digits.
fn short(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: Close = Close { part: 1e-6, by: 1.0 };

    fn holds(function: impl Fn(u64) -> f64) -> usize {
        let pieces = Pieces::of(&function, CLOSE).unwrap();
        let odd = (0..39)
            .flat_map(|power| [1u64 << power, (1 << power) + 1, (1 << power) * 7 / 4, (1 << power) * 15 / 8]);
        for ids in odd {
            let (told, right) = (pieces.at(ids as f64), function(ids));
            assert!((told - right).abs() <= (1e-5 * right).max(1.0), "{told} for {right} at {ids}");
        }
        pieces.0.len()
    }

    #[test]
    fn lines_take_a_piece_and_leaps_a_few_each() {
        assert_eq!(holds(|ids| 12.0 * ids as f64), 1);
        assert!(holds(|ids| (12.0 * ids as f64).max(65_536.0)) <= 3);
        let redis = |ids: u64| (ids * 128 + ids.max(4).next_power_of_two() * 16) as f64;
        assert!(holds(redis) <= 130, "{}", holds(redis));
        let table =
            |ids: u64| ((ids + ids / 7 + 1).next_power_of_two() * 17 + ids.next_power_of_two() * 24) as f64;
        assert!(holds(table) <= 130, "{}", holds(table));
    }

    #[test]
    fn what_never_goes_straight_on_is_not_told_more_closely_than_there_is_room_for() {
        let varies = |ids: u64| (12 * ids) as f64 * if ids.is_multiple_of(3) { 1.002 } else { 1.0 };
        assert_eq!(Pieces::of(varies, CLOSE), None);
        assert!(Pieces::of(varies, Close { part: 4e-3, by: 1.0 }).unwrap().0.len() < 10);
    }

    #[test]
    fn what_is_nothing_is_told_as_nothing_and_a_line_is_asked_for_a_few_times() {
        assert_eq!(Pieces::of(|_| 0.0, CLOSE), Some(Pieces::default()));
        let asked = std::cell::Cell::new(0);
        let line = Pieces::of(
            |ids| {
                asked.set(asked.get() + 1);
                64.0 + ids as f64
            },
            CLOSE,
        )
        .unwrap();
        assert!(asked.get() <= 12, "{}", asked.get());
        assert!((line.at(1e6) - 1e6 - 64.0).abs() < 1.0, "{}", line.at(1e6));
    }
}
