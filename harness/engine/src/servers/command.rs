//! The command of a system or of its server, as its file has it: words that may be files beside that.

use std::env;
use std::fs;
use std::iter::once;
use std::path::{Path, PathBuf};

use super::program::is_program;

/// A word of a command in a system's file: what is a file in the same folder, `beside`, means that file.
pub fn word_of_command(word: &str, beside: &Path) -> PathBuf {
    let file = beside.join(word);
    if !word.is_empty() && file.exists() { file } else { word.into() }
}

/// Why the first word of such a command is no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProgram {
    /// There is none of this name.
    #[error("no program {0} beside the system's file, nor on the PATH")]
    Nowhere(String),
    /// It is something else.
    #[error("found {0}, which is a directory")]
    Directory(String),
    /// A file that nobody may run.
    #[error("found {0}, which is not executable")]
    NotExecutable(String),
}

impl NoProgram {
    /// What to do about it; `install` is what to do where it is not there.
    pub fn remedy(&self, install: &str) -> String {
        match self {
            NoProgram::Nowhere(_) => install.to_string(),
            NoProgram::Directory(_) => "allowed is a program".to_string(),
            NoProgram::NotExecutable(path) => {
                format!(
                    "chmod +x {path}, or put the program that runs it before it, as in [\"python3\", \"mine.py\"]"
                )
            }
        }
    }
}

/// The program that the first word of such a command means: beside the system's file, or on the `PATH`.
///
/// # Errors
///
/// There is none.
pub fn program_of_command(word: &str, beside: &Path) -> Result<PathBuf, NoProgram> {
    let path = env::var_os("PATH").unwrap_or_default();
    let file = beside.join(word);
    let mut places = once(file.clone()).chain(env::split_paths(&path).map(|dir| dir.join(word)));
    places.find(|path| is_program(path)).ok_or_else(|| {
        let found = file.display().to_string();
        match fs::metadata(&file) {
            Ok(there) if there.is_dir() => NoProgram::Directory(found),
            Ok(_) => NoProgram::NotExecutable(found),
            Err(_) => NoProgram::Nowhere(word.to_string()),
        }
    })
}
