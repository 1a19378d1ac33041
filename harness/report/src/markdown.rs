//! A report as Markdown: for a pull request, or spliced into a README.

use dedup_records::printable::one_line;

use super::brief;
use super::model::Report;
use crate::tables::{Format, Look, render as render_comparison};

/// One table a scenario, of at most seven columns; `command` is the command line that makes it again.
pub fn brief(report: &Report, command: &str) -> String {
    made_by(command) + &brief::tables(&report.comparison)
}

// Nothing in it may end the comment.
fn made_by(command: &str) -> String {
    format!("<!-- made by: {} -->\n\n", one_line(command).replace('>', "&gt;"))
}

/// The sentence, the tables and the headlines; `command` is the command line that makes it again.
pub fn render(report: &Report, command: &str) -> String {
    let mut text = made_by(command);
    let opening = &report.opening;
    text.push_str(&format!("**{}**\n\n{}\n\n", escape(&opening.claim), escape(&opening.sentence)));
    text.push_str(&render_comparison(&report.comparison, Format::Markdown, Look::PLAIN));
    let sections = report.sections.iter().filter(|section| !section.figures.is_empty());
    let headlines: Vec<String> =
        sections.map(|section| format!("- {}: {}", section.title, escape(&section.headline))).collect();
    if !headlines.is_empty() {
        text.push_str(&format!("\n{}\n", headlines.join("\n")));
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
    for letter in one_line(text).chars() {
        if matches!(letter, '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '~') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
