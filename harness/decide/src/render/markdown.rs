//! A decision as Markdown.

use std::fmt::Write;

use crate::decision::Decision;
use crate::render::parts::{Body, parts, question};
use crate::render::sentence;
use crate::sensitivity::Change;

/// For a review or a page; what was put to the test goes below.
pub fn markdown(decision: &Decision, changes: &[Change]) -> String {
    let mut out = format!("# {}\n\n{}\n", sentence(decision), question(decision));
    for part in parts(decision, changes) {
        let _ = writeln!(out, "\n## {}\n", part.title);
        match part.body {
            Body::Table(rows, note) => {
                for (index, row) in rows.iter().enumerate() {
                    let _ = writeln!(out, "| {} |", row.join(" | "));
                    if index == 0 {
                        let _ = writeln!(out, "|{}", " --- |".repeat(row.len()));
                    }
                }
                let _ = writeln!(out, "\n{note}");
            }
            Body::Strategies(strategies) => {
                list(&mut out, strategies.iter().map(|(name, said)| format!("`{name}` {said}")))
            }
            Body::Lines(lines) => list(&mut out, lines.into_iter()),
            Body::Code(lines) => {
                let _ = writeln!(out, "```\n{}\n```", lines.join("\n"));
            }
        }
    }
    out
}

fn list(out: &mut String, lines: impl Iterator<Item = String>) {
    lines.for_each(|line| {
        let _ = writeln!(out, "- {line}");
    });
}
