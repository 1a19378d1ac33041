//! A report as Markdown: for a pull request, or spliced into a README.

use super::model::Report;
use crate::tables::{Format, Look, render as render_comparison};

/// The sentence, the tables and the claims; `command` is the command line that makes it again.
pub fn render(report: &Report, command: &str) -> String {
    let mut text = String::new();
    // Nothing in it may end the comment.
    text.push_str(&format!("<!-- made by: {} -->\n\n", command.replace('>', "&gt;")));
    text.push_str(&format!("**{}**\n\n", escape(&report.opening.sentence)));
    text.push_str(&render_comparison(&report.comparison, Format::Markdown, Look::PLAIN));
    let parts = report.parts.iter().filter(|part| !part.figures.is_empty());
    let claims: Vec<String> =
        parts.map(|part| format!("- {}: {}", part.title, escape(&part.claim))).collect();
    if !claims.is_empty() {
        text.push_str(&format!("\n{}\n", claims.join("\n")));
    }
    if !report.opening.notes.is_empty() {
        let notes: Vec<String> =
            report.opening.notes.iter().map(|note| format!("- {}", escape(note))).collect();
        text.push_str(&format!("\n{}\n", notes.join("\n")));
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '~') {
            escaped.push('\\');
        }
        escaped.push(if letter.is_control() { ' ' } else { letter });
    }
    escaped
}
