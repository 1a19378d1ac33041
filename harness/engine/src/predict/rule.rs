//! How a memory decides about the copies of one ping, given when each is judged.

use super::cells::Cells;
use super::generations::Generations;
use super::random::Random;

/// What is remembered of a ping. Times are nanoseconds since the epoch.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// Nothing.
    Nothing,
    /// Every ping for ever.
    Forever,
    /// A ping for a window after a copy was let through, unless no copy of it was seen for `idle_ns`.
    Since { window_ns: u64, idle_ns: u64 },
    /// A ping as long as its copies are no further apart.
    SinceSeen { window_ns: u64 },
    /// A ping for a window after the mark that follows a delivery by `after_ns`.
    SinceMarked { window_ns: u64, after_ns: u64 },
    /// A ping from a slice of time up to the end of the `generations`-th after it.
    Slices { slice_ns: u64, generations: u64, from: Counted },
    /// A ping up to the end of a generation of ids after it, or of time.
    Generations(Generations),
}

/// How a memory forgets.
#[derive(Clone, Debug)]
pub(super) enum Forgetting {
    /// By a rule.
    By(Rule),
    /// When one of a ping's cells has become zero.
    AtRandom(Cells),
}

impl Forgetting {
    /// Whether each copy is let through, the first arrival first; `judged` is in order. Writes to `passed`.
    pub(super) fn decide(&self, judged: &[u64], random: &mut Random, passed: &mut Vec<bool>) {
        passed.clear();
        match self {
            Forgetting::By(rule) => rule.decide(judged, passed),
            Forgetting::AtRandom(cells) => cells.decide(judged, random, passed),
        }
    }
}

/// From which copy on an age is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// The last that was let through.
    Through,
    /// The last that was seen, let through or not.
    Seen,
}

impl Rule {
    fn decide(&self, judged: &[u64], passed: &mut Vec<bool>) {
        // Kept beside `passed`: to look back for the last of them would take the square of the copies of a heavy id.
        let mut let_through: Vec<u64> = Vec::new();
        let mut before = 0;
        for now in judged {
            let known = self.knows(*now, before, &let_through);
            if !known {
                let_through.push(*now);
            }
            passed.push(!known);
            before = *now;
        }
    }

    /// Whether a copy at `now` is known, of which the one before came at `before`.
    fn knows(&self, now: u64, before: u64, let_through: &[u64]) -> bool {
        let Some(&through) = let_through.last() else { return false };
        match *self {
            Rule::Nothing => false,
            Rule::Forever => true,
            Rule::Since { window_ns, idle_ns } => now - through < window_ns && now - before < idle_ns,
            Rule::SinceSeen { window_ns } => now - before < window_ns,
            Rule::SinceMarked { window_ns, after_ns } => {
                let latest = let_through.iter().rev().map(|at| at + after_ns).find(|mark| *mark <= now);
                latest.is_some_and(|mark| now - mark < window_ns)
            }
            Rule::Slices { slice_ns, generations, from } => {
                let from = match from {
                    Counted::Through => through,
                    Counted::Seen => before,
                };
                now / slice_ns <= from / slice_ns + generations
            }
            Rule::Generations(ref generations) => generations.knows(through, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(rule: Rule, judged: &[u64]) -> Vec<bool> {
        let mut passed = Vec::new();
        rule.decide(judged, &mut passed);
        passed
    }

    #[test]
    fn the_rules_differ_on_a_metronome_as_their_definitions_say() {
        let beats = [0, 9, 18, 27, 36];
        let window_ns = 10;
        let fixed = Rule::Since { window_ns, idle_ns: u64::MAX };
        assert_eq!(decided(fixed, &beats), [true, false, true, false, true]);
        assert_eq!(decided(Rule::SinceSeen { window_ns }, &beats), [true, false, false, false, false]);
        assert_eq!(decided(Rule::Nothing, &beats), [true; 5]);
        assert_eq!(decided(Rule::Forever, &beats), [true, false, false, false, false]);
        let pushed_out = Rule::Since { window_ns, idle_ns: 9 };
        assert_eq!(decided(pushed_out, &beats), [true; 5]);
    }

    #[test]
    fn before_its_mark_a_copy_passes_and_each_delivery_marks_anew() {
        let rule = Rule::SinceMarked { window_ns: 100, after_ns: 50 };
        // Let through at 0 and 20, marked at 50 and 70.
        assert_eq!(decided(rule, &[0, 20, 50, 149, 169, 170]), [true, true, false, false, false, true]);
    }

    #[test]
    fn slices_are_forgotten_whole() {
        let rule = Rule::Slices { slice_ns: 10, generations: 2, from: Counted::Through };
        assert_eq!(decided(rule.clone(), &[19, 39, 40]), [true, false, true]);
        assert_eq!(decided(rule.clone(), &[10, 39]), [true, false]);
        assert_eq!(decided(rule, &[10, 39, 69]), [true, false, true]);
        let prolonged = Rule::Slices { slice_ns: 10, generations: 2, from: Counted::Seen };
        assert_eq!(decided(prolonged, &[10, 39, 59, 90]), [true, false, false, true]);
    }
}
