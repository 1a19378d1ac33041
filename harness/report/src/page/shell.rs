//! The document around a page, and the policy that keeps it offline.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// What a document is made of.
pub(crate) struct Shell<'a> {
    pub(crate) title: &'a str,
    pub(crate) style: &'a str,
    pub(crate) script: &'a str,
    /// JSON in which `</` does not occur.
    pub(crate) data: &'a str,
    pub(crate) body: Markup,
}

/// A document of a body that is HTML already, under the same policy. In `data` `</` does not occur.
pub fn offline(title: &str, style: &str, script: &str, data: &str, body: String) -> String {
    document(Shell { title, style, script, data, body: PreEscaped(body) })
}

/// The whole document.
pub(crate) fn document(shell: Shell<'_>) -> String {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(shell.style),
        hash(shell.script)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (shell.title) }
                style { (PreEscaped(shell.style)) }
            }
            body {
                (shell.body)
                script #data type="application/json" { (PreEscaped(shell.data)) }
                script { (PreEscaped(shell.script)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn hash(inline: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inline.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_hash_that_a_browser_computes() {
        // From the specification of Content Security Policy, level 2, section 4.2.5.
        assert_eq!(hash("alert('Hello, world.');"), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
    }
}
