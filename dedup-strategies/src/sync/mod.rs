//! The lock of everything that workers share: parking_lot's. In unit tests it is the model checker's where that explores.

#[cfg(test)]
mod explored;

#[cfg(test)]
pub(crate) use explored::Mutex;
#[cfg(all(test, feature = "durable", feature = "lru"))]
pub(crate) use explored::every_interleaving;
#[cfg(not(test))]
pub(crate) use parking_lot::Mutex;
