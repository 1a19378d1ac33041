//! Systems: strategies that are programs of their own, in any language.
//!
//! ```text
//! mine.toml ─► file ─► definition ─┬► judge ─┬► process ─► pipes ─► the program
//!              (TOML)  (a line of   └► flow ──┘           (frames, each
//!                      the list)   (the contract,          within its time)
//!                                   as calls or as a stream)
//! ```
//!
//! A file says what a system is, how it is started and what it promises; [`load`] makes a
//! [`Definition`](dedup_strategies::Definition) of it, which goes into the list of strategies like any other. What is said over
//! the pipes is `dedup_strategies::protocol`, described in `docs/PROTOCOL.md`.

mod definition;
mod file;
mod flow;
mod judge;
mod last_words;
mod passed;
mod pipes;
mod process;
mod promise;
mod settings;

#[cfg(test)]
mod tests;

pub use definition::load;
pub use pipes::give_up;
