//! The comparison as one JSON document.

use serde::Serialize;

use dedup_records::compare::Comparison;

/// Raised as the result file's schema is: see [`dedup_records::record::SCHEMA`].
const SCHEMA: &str = "dedup-harness-comparison/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

pub(super) fn render(comparison: &Comparison) -> String {
    let document = Document { schema: SCHEMA, comparison };
    let mut text = serde_json::to_string_pretty(&document).expect("a comparison is plain data");
    text.push('\n');
    text
}
