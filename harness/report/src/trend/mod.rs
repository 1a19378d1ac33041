//! Many runs of the same scenarios over time.
//!
//! A change point is a hint for whoever looks, never a verdict: a machine that was busy on one day changes figures as a
//! commit does. `gate` judges.

mod changes;
mod history;
mod pages;
mod text;

pub use changes::{ChangePoint, change_points};
pub use history::{FOLLOWED, Followed, History, Moment, Trend};
pub use pages::report;
pub use text::render as render_text;
