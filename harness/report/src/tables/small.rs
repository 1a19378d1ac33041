//! Small tables that stand below a block's own: strategies down, and across whatever a pass measured.

use dedup_records::compare::{Block, Summary};

use super::grid::Align;
use super::text::Text;
use super::{impact, scale};

/// A table.
pub(super) struct Small {
    pub(super) title: String,
    /// Titles, and to which side each column leans.
    pub(super) columns: Vec<(String, Align)>,
    pub(super) rows: Vec<Vec<Text>>,
}

/// All tables of a block, and notes below them.
pub(super) fn of_block(block: &Block) -> (Vec<Small>, Vec<String>) {
    let tables = scale::by_ids(block).into_iter().chain(impact::tables(block)).collect();
    (tables, [scale::notes(block), impact::notes(block)].concat())
}

/// Which blocks stand in a matrix of faults, and which by themselves: those without faults, and those of which nothing but such
/// tables is known.
pub(super) fn apart(blocks: &[Block]) -> (Vec<&Block>, Vec<&Block>) {
    blocks.iter().partition(|block| !block.stream.faults.is_empty() && !is_all(block))
}

/// Whether there is nothing else to show. Of a block without rows there are notes on what was left out.
pub(super) fn is_all(block: &Block) -> bool {
    let is_small = |summary: &Summary| {
        (summary.scale.is_some() || summary.impact.is_some())
            && summary.verify.is_none()
            && summary.time.is_none()
            && summary.weigh.is_none()
    };
    !block.rows.is_empty() && block.rows.iter().all(|row| is_small(&row.summary))
}
