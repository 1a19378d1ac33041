//! The binary from outside: what it prints, how it ends, and what it leaves behind.

mod endings;
mod faces;
mod hostile;
mod nights;
mod refused;
mod runs;
mod scenarios;
mod stored;
mod streams;
mod tool;
mod traces;
