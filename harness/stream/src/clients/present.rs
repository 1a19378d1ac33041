//! Who may send on which day, a bit a client: what hashes say, looked up.
//!
//! A ping tries several clients until one lives, is active and sends: with a few hashes for each, that would be most of what a
//! stream costs. A day's bits are made when its first ping comes.

use std::sync::OnceLock;

/// Clients for which there are bits; of more, hashes are asked each time.
const MOST: u64 = 1 << 22;

/// Bits of each day, and of heavy clients.
#[derive(Debug)]
pub(super) struct Present {
    heavy: OnceLock<Bits>,
    days: Vec<OnceLock<Bits>>,
}

/// A bit a client.
#[derive(Debug)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn of(clients: u64, is_set: impl Fn(u64) -> bool) -> Bits {
        let word = |word: u64| {
            let of_word = (64 * word..clients.min(64 * (word + 1))).filter(|client| is_set(*client));
            of_word.fold(0, |bits, client| bits | 1 << (client % 64))
        };
        Bits((0..clients.div_ceil(64)).map(word).collect())
    }

    pub(super) fn has(&self, client: u64) -> bool {
        self.0[(client / 64) as usize] >> (client % 64) & 1 == 1
    }
}

impl Present {
    /// For so many days, on the last of which there are so many clients; none where these are too many.
    pub(super) fn new(days: u64, clients: u64) -> Option<Present> {
        let days = usize::try_from(days).ok().filter(|_| clients <= MOST)?;
        Some(Present { heavy: OnceLock::new(), days: (0..days).map(|_| OnceLock::new()).collect() })
    }

    /// Those of a day, as `is_set` says of the first so many; none of a day that is too late.
    pub(super) fn on(&self, day: u64, clients: u64, is_set: impl Fn(u64) -> bool) -> Option<&Bits> {
        let day = self.days.get(usize::try_from(day).ok()?)?;
        Some(day.get_or_init(|| Bits::of(clients, is_set)))
    }

    /// Those of heavy clients, as `is_set` says of all.
    pub(super) fn heavy(&self, clients: u64, is_set: impl Fn(u64) -> bool) -> &Bits {
        self.heavy.get_or_init(|| Bits::of(clients, is_set))
    }
}
