//! Laws that every strategy obeys, for putting one of your own through the same tests as those of this crate.
//!
//! Each law drives a strategy, built anew, through a small stream of pings and compares what it does with what its
//! [`Promise`](crate::Promise) says. A promise of nothing is easily kept; a broken one comes back as a [`Violation`]
//! that says what happened. The laws need no wall clock and make no use of time but what they pass as `now`.
//!
//! ```
//! use dedup_strategies::conformance::{Subject, check_all};
//! use dedup_strategies::strategies::exact;
//! use dedup_strategies::{Context, Sizing};
//!
//! let context = |seed, workers: usize| Context {
//!     workers: workers.try_into().unwrap(),
//!     seed,
//!     state_dir: std::env::temp_dir(),
//!     sizing: Sizing { window: std::time::Duration::from_secs(60), ids_in_window: 600, ids_total: 600 },
//!     memory_limit: 1 << 30,
//!     redis: None,
//!     server: None,
//!     store_time_factor: 1.0,
//! };
//! let subject = Subject::new(&exact::DEFINITION, &[], &context);
//! assert!(check_all(&subject).is_empty());
//! ```

mod judging;
mod load;
mod memory;
mod pipeline;
mod repeatable;
mod threads;
mod truth;

use crate::contract::{Context, Definition, Strategy, Timestamp};

/// Makes the context for a seed and a number of workers. Each call must give one without any state in it.
pub type MakeContext<'a> = &'a dyn Fn(u64, usize) -> Context;

/// A strategy that is put through the laws.
///
/// Give it room for a few hundred to a few thousand ids: laws go up to the capacity that it promises, and never beyond
/// 4,096 ids. Its window should be a millisecond at least.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    definition: &'a Definition,
    settings: &'a [(&'a str, &'a str)],
    context: MakeContext<'a>,
    clock: Option<&'a dyn Fn(Timestamp)>,
}

impl<'a> Subject<'a> {
    /// The strategy of `definition` with the given `(setting, value)` pairs.
    pub fn new(
        definition: &'a Definition,
        settings: &'a [(&'a str, &'a str)],
        context: MakeContext<'a>,
    ) -> Self {
        Subject { definition, settings, context, clock: None }
    }

    /// Calls `clock` whenever time moves, before the strategy hears of it: for a server whose clock can be set.
    pub fn with_clock(self, clock: &'a dyn Fn(Timestamp)) -> Self {
        Subject { clock: Some(clock), ..self }
    }

    /// The strategy's name.
    pub fn name(&self) -> &'static str {
        self.definition.name
    }

    fn build(&self, seed: u64, workers: usize) -> Result<Box<dyn Strategy>, String> {
        let context = (self.context)(seed, workers);
        self.definition.open(self.settings, &context).map_err(|error| format!("build failed: {error}"))
    }

    fn set_clock(&self, now: Timestamp) {
        if let Some(clock) = self.clock {
            clock(now);
        }
    }
}

/// A law: a name that reads as a sentence, and the test of it.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// What holds.
    pub name: &'static str,
    /// Whether ids have to be forgotten in the time that is told, which a system on the wall's clock does not go by.
    pub forgets: bool,
    test: fn(&Subject) -> Result<(), String>,
}

impl Law {
    /// Puts a strategy to the test.
    pub fn check(&self, subject: &Subject) -> Result<(), Violation> {
        (self.test)(subject).map_err(|what| Violation { strategy: subject.name(), law: self.name, what })
    }
}

/// A strategy broke a law.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{strategy} breaks the law {law:?}: {what}")]
pub struct Violation {
    /// The strategy.
    pub strategy: &'static str,
    /// The law's name.
    pub law: &'static str,
    /// What was seen.
    pub what: String,
}

impl Violation {
    /// Whether the strategy could not do what it was asked, so that nothing is known of the law.
    pub fn is_failure(&self) -> bool {
        ["build", "worker", "judge", "settle", "advance"]
            .iter()
            .any(|call| self.what.contains(&format!("{call} failed: ")))
    }
}

const fn law(name: &'static str, test: fn(&Subject) -> Result<(), String>) -> Law {
    Law { name, forgets: false, test }
}

/// Every law.
pub const LAWS: &[Law] = &[
    law("every ping gets one verdict, in order", judging::one_verdict_each_in_order),
    law("copies inside one batch are recognised", judging::copies_inside_one_batch),
    law("no more is missed inside the window than promised", judging::missed),
    law("no more is lost than promised", judging::lost),
    law("as many ids are remembered as promised", judging::capacity),
    law("gaps in time change no promise", judging::gaps),
    law("held pings are released once each, all by the end", judging::held),
    law("nothing comes out of a flow twice", judging::out_once),
    law("a crash of a worker changes no promise", judging::crashes),
    law("the same seed gives the same verdicts", repeatable::same_seed),
    law("a batch without pings changes nothing", repeatable::empty_batches),
    law("threads that race let one copy of a key through", threads::one_new_per_key),
    law("the footprint is plausible", memory::plausible),
    Law { forgets: true, ..law("memory is bounded where that is promised", memory::bounded) },
];

/// Puts a strategy through all [`LAWS`]; an empty list means that it obeys them.
pub fn check_all(subject: &Subject) -> Vec<Violation> {
    LAWS.iter().filter_map(|law| law.check(subject).err()).collect()
}
