//! A lock that a model checker (shuttle) sees: at each one it tries every order in which threads may get it.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

thread_local! {
    /// Whether what is made now is to be explored. The checker runs all its threads on the one that started it.
    static EXPLORING: Cell<bool> = const { Cell::new(false) };
}

/// More interleavings than a test should need, in a second or two.
#[cfg(all(feature = "durable", feature = "lru"))]
const MOST: usize = 300_000;

/// Runs `body` in every order in which the locks that its threads take can be taken; how many there are. Panics, with the
/// order, where `body` does, and where its threads wait for each other.
#[cfg(all(feature = "durable", feature = "lru"))]
pub(crate) fn every_interleaving(body: impl Fn() + Send + Sync + 'static) -> usize {
    use shuttle::Runner;
    use shuttle::scheduler::DfsScheduler;

    struct Exploring;
    impl Drop for Exploring {
        fn drop(&mut self) {
            EXPLORING.set(false);
        }
    }
    EXPLORING.set(true);
    let _exploring = Exploring;
    let explored = Runner::new(DfsScheduler::new(Some(MOST), false), Default::default()).run(body);
    assert!(explored < MOST, "there are more interleavings than {MOST}: take fewer threads or steps");
    explored
}

/// What parking_lot's is, as far as this package needs it.
#[derive(Debug)]
pub enum Mutex<T> {
    Plain(parking_lot::Mutex<T>),
    Explored(shuttle::sync::Mutex<T>),
}

/// The lock is held.
pub enum Guard<'a, T> {
    Plain(parking_lot::MutexGuard<'a, T>),
    Explored(shuttle::sync::MutexGuard<'a, T>),
}

impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        match EXPLORING.get() {
            false => Mutex::Plain(parking_lot::Mutex::new(value)),
            true => Mutex::Explored(shuttle::sync::Mutex::new(value)),
        }
    }

    pub fn lock(&self) -> Guard<'_, T> {
        match self {
            Mutex::Plain(mutex) => Guard::Plain(mutex.lock()),
            Mutex::Explored(mutex) => Guard::Explored(mutex.lock().expect("a panic ends the exploration")),
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Guard::Plain(guard) => guard,
            Guard::Explored(guard) => guard,
        }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Guard::Plain(guard) => guard,
            Guard::Explored(guard) => guard,
        }
    }
}
