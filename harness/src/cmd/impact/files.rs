//! The numbers as tables in files, made of records alone: the same records make the same bytes.

use std::path::Path;

use dedup_files::{Folder, NEVER};
use dedup_impact::tidy::{Seen, all, schema_json};

use crate::compare::Comparison;
use crate::exit::OrExit;
use crate::record::Tables;

/// The file that says what the columns are.
const SCHEMA: &str = "impact.schema.json";

/// Writes all tables, or none.
pub(super) fn write(folder: &Path, comparison: &Comparison) -> anyhow::Result<()> {
    let tables = all(&seen(comparison));
    let mut files: Vec<(String, Vec<u8>)> = vec![(SCHEMA.to_string(), schema_json().into_bytes())];
    for table in &tables {
        let name = table.schema.name;
        files.push((format!("{name}.csv"), table.csv()));
        files.push((format!("{name}.parquet"), table.parquet()));
    }
    let files = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let folder = Folder::alone(folder).or_exit_by_fault()?;
    dedup_files::write_all(folder.path(), files, &NEVER).or_exit_by_fault()
}

/// What the live and stable tables of each strategy show.
fn seen(comparison: &Comparison) -> Vec<Seen> {
    let rows = comparison.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)));
    let of = rows.filter_map(|(block, row)| {
        let figures = row.summary.impact.as_deref()?;
        let several = comparison.runs.len() > 1;
        let strategy = if several { format!("{} @{}", row.strategy, row.run) } else { row.strategy.clone() };
        let name = |table| [block.stream.scenario.as_str(), strategy.as_str(), table];
        Some(Tables::ALL.map(|tables| figures.seen(name(tables.name()), tables)))
    });
    of.flatten().flatten().collect()
}
