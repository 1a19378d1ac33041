//! A decision for people and for programs. Each prints the same.

mod json;
mod recipe;
mod sentence;
mod table;

pub use json::json;
pub use recipe::{Recipe, recipe};
pub use sentence::sentence;
pub use table::{markdown, text};
