//! From requirements, traffic and what strategies come to at that load to a decision.
//!
//! Constraints first: who fails a requirement is out, with by how much. What is left is put in order by cost; there is no
//! blended score. Pure data and formulas: no strategy, no server and no pipeline is known here. Whoever makes the candidates
//! says of each figure where it comes from.

mod candidate;
mod checked;
mod decision;
mod forgetting;
mod loss;
mod measured;
mod needs;
pub mod page;
mod quantity;
pub mod render;
mod sensitivity;
mod speed;
#[cfg(test)]
mod testing;
mod traffic;

pub use candidate::{Candidate, LeftOut, Marks, Place, Unsaid, modelled};
pub use checked::{Beside, Checked, FailedOver, Outcome, Seen};
pub use decision::{Decision, Failure, Judged, decide, decide_knowing};
pub use dedup_records::curve::{Known, Origin};
pub use forgetting::{Cells, Forgetting, Missed, SizedFor};
pub use loss::{Assessment, Says, Term, assess, while_away};
pub use measured::{Curves, Measured};
pub use needs::{Bent, LOST_BY_DEFAULT, NEEDS, Need, NeedError, Needs, Nightly, Prices};
pub use quantity::{Allowed, DAY_S, YEAR_S, often, rate, share};
pub use sensitivity::{Beyond, Change, Further, Ladder, Otherwise, Question, Unit, changes};
pub use speed::Speed;
pub use traffic::{Lags, Traffic, TrafficError};
