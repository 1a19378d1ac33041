//! What filters have in common that forget at random.

/// Elements that a filter has to outlast for `ids` distinct ids and a share of `missed`: an id that is missed is
/// written again, and ages the others once more.
pub(crate) fn elements(ids: u64, missed: f64) -> u64 {
    (ids as f64 / (1.0 - missed)).ceil() as u64
}
