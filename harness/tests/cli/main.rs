//! The binary from outside: what it prints, how it ends, and what it leaves behind.

mod advice;
mod documents;
mod endings;
mod faces;
mod faults;
mod hostile;
mod kills;
mod live;
mod nights;
mod pipelines;
mod places;
mod profile_sql;
mod profiles;
mod recorded;
mod refused;
mod reports;
mod runs;
mod scale;
mod scenarios;
mod stored;
mod streams;
mod talk;
mod thin;
mod tool;
mod traces;
