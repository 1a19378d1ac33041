//! A decision for people and for programs. Each prints the same.

mod checked;
mod json;
mod lines;
mod markdown;
mod parts;
mod recipe;
mod sentence;
mod text;

pub use checked::{Running, Style, checked};
pub use json::json;
pub use markdown::markdown;
pub(crate) use recipe::{FLINK_SQL, SPARK};
pub use recipe::{Recipe, recipe};
pub use sentence::sentence;
pub use text::{text, wrapped};
