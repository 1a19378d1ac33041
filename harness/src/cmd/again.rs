//! The command that is running, as it can be typed again.

use std::ffi::OsString;

/// This command line with a further option, quoted for a shell.
pub(super) fn again_with(option: &str) -> String {
    typed(std::env::args_os().chain([OsString::from(option)]))
}

/// Words as a shell reads them back. What is no text cannot be typed, and is shown as well as it can be.
fn typed(words: impl Iterator<Item = OsString>) -> String {
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// A word on its own, whatever is in it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_the_words_that_were_typed() {
        let words = [
            "gate",
            "",
            "^(quick|twins)$",
            "it's",
            "a b",
            "$(x)",
            "`x`",
            "\\",
            "*",
            "~",
            "lru:capacity=5,window=10m",
            "ünï",
        ];
        let line = typed(words.iter().map(OsString::from));
        let script = format!("for word in {line}; do printf '%s\\n' \"$word\"; done");
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(), words);
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        assert_eq!(quoted("--baseline=results/ci.json"), "--baseline=results/ci.json");
        assert_eq!(quoted("^exact$"), "'^exact$'");
    }
}
