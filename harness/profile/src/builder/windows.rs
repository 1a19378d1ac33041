//! Distinct ids in windows of many lengths, all in one pass.

use crate::profile::{WINDOW_LENGTHS_S, WindowIds};

/// Slices that a window is counted in, as in the survey of a trace.
pub(crate) const SLICES: u64 = 32;
/// A stretch as long as the window touches at most one slice more than fit into it.
const TOUCHED: usize = SLICES as usize + 1;

#[derive(Clone, Debug)]
pub(super) struct Windows {
    begins_us: u64,
    of_length: Vec<Window>,
}

impl Windows {
    pub(super) fn new() -> Self {
        Windows {
            begins_us: 0,
            of_length: WINDOW_LENGTHS_S.iter().map(|length| Window::new(*length)).collect(),
        }
    }

    /// The first ping comes at this time.
    pub(super) fn begin(&mut self, at_us: u64) {
        self.begins_us = at_us;
        self.of_length.iter_mut().for_each(|window| window.roll(at_us / window.slice_us));
    }

    /// Counts a ping of an id that stands for `weight` ids; `last` is the id's ping before, if there was one.
    pub(super) fn count(&mut self, at_us: u64, last_us: Option<u64>, weight: u64) {
        for window in &mut self.of_length {
            window.count(at_us, last_us, weight);
            if let Some(last_us) = last_us {
                window.held +=
                    u128::from(weight) * u128::from(window.held_us(self.begins_us, last_us, at_us));
            }
        }
    }

    /// An id that came last at `last_us` stands for `to` ids from `at_us` on, where it stood for `from`.
    pub(super) fn reweigh(&mut self, at_us: u64, last_us: u64, (from, to): (u64, u64)) {
        for window in &mut self.of_length {
            window.reach(at_us);
            let slice = last_us / window.slice_us;
            if window.touches(slice) {
                let of_slice = &mut window.latest[index(slice)];
                *of_slice = *of_slice - from + to;
                window.active = window.active - from + to;
            }
        }
    }

    /// Counts anew what is in the windows: the ids' last pings, with what each stands for now.
    pub(super) fn recount(&mut self, lasts: impl Iterator<Item = (u64, u64)>) {
        for window in &mut self.of_length {
            (window.latest, window.active) = ([0; TOUCHED], 0);
        }
        for (last_us, weight) in lasts {
            self.of_length.iter_mut().for_each(|window| window.add(last_us, weight));
        }
    }

    /// The counts of those windows that are shorter than the traffic.
    pub(super) fn ids(
        &self,
        first_us: u64,
        end_us: u64,
        lasts: impl Iterator<Item = (u64, u64)>,
    ) -> Vec<WindowIds> {
        let shorter = self.of_length.iter().filter(|window| window.length_us < end_us - first_us);
        let mut windows: Vec<(&Window, u128)> = shorter.map(|window| (window, window.held)).collect();
        for (last_us, weight) in lasts {
            for (window, held) in &mut windows {
                *held += u128::from(weight) * u128::from(window.held_us(first_us, last_us, end_us));
            }
        }
        let counted = windows.into_iter().map(|(window, held)| WindowIds {
            length_s: window.length_us / 1_000_000,
            peak_ids: window.peak,
            mean_ids: held as f64 / (end_us - first_us - window.length_us) as f64,
        });
        counted.collect()
    }
}

#[derive(Clone, Debug)]
struct Window {
    length_us: u64,
    slice_us: u64,
    /// Ids whose latest ping fell into each of the latest slices, by slice modulo the length.
    latest: [u64; TOUCHED],
    slice: u64,
    slice_begins_us: u64,
    slice_ends_us: u64,
    active: u64,
    peak: u64,
    /// Microseconds for which windows that lie within the traffic held an id, over all ids.
    held: u128,
}

impl Window {
    fn new(length_s: u64) -> Self {
        let length_us = length_s * 1_000_000;
        let slice_us = length_us / SLICES;
        Window {
            length_us,
            slice_us,
            latest: [0; TOUCHED],
            slice: 0,
            slice_begins_us: 0,
            slice_ends_us: slice_us,
            active: 0,
            peak: 0,
            held: 0,
        }
    }

    fn count(&mut self, at_us: u64, last_us: Option<u64>, weight: u64) {
        self.reach(at_us);
        match last_us {
            Some(last_us) if last_us >= self.slice_begins_us => return,
            Some(last_us) if self.touches(last_us / self.slice_us) => {
                self.latest[index(last_us / self.slice_us)] -= weight;
            }
            _ => self.active += weight,
        }
        self.latest[index(self.slice)] += weight;
        self.peak = self.peak.max(self.active);
    }

    fn add(&mut self, last_us: u64, weight: u64) {
        let slice = last_us / self.slice_us;
        if self.touches(slice) {
            self.latest[index(slice)] += weight;
            self.active += weight;
        }
    }

    fn touches(&self, slice: u64) -> bool {
        self.slice - slice < TOUCHED as u64
    }

    fn reach(&mut self, at_us: u64) {
        if at_us >= self.slice_ends_us {
            self.roll(at_us / self.slice_us);
        }
    }

    fn roll(&mut self, slice: u64) {
        for passed in 0..(slice - self.slice).min(TOUCHED as u64) {
            self.active -= std::mem::take(&mut self.latest[index(slice - passed)]);
        }
        self.slice = slice;
        self.slice_begins_us = slice * self.slice_us;
        self.slice_ends_us = self.slice_begins_us.saturating_add(self.slice_us);
    }

    /// For how long a ping that no other of its id follows before `until_us` keeps it in windows whose beginning is not
    /// before that of the traffic.
    fn held_us(&self, begins_us: u64, ping_us: u64, until_us: u64) -> u64 {
        let until = until_us.min(ping_us.saturating_add(self.length_us));
        until.saturating_sub(ping_us.max(begins_us.saturating_add(self.length_us)))
    }
}

fn index(slice: u64) -> usize {
    (slice % TOUCHED as u64) as usize
}
