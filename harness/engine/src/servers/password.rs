//! The password of a server that is given, where it does not stand in the URL: in a file, or in the environment.
//!
//! Arguments are shown by every list of processes, to every user of the machine. A file has an owner and a mode; the
//! environment of a process is its owner's alone, but goes to all that it starts, unless it is taken away.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dedup_files::Unreadable;

use dedup_strategies::redis::{Address, AddressError, with_password};

/// The variable that holds the password. Processes that we start do not inherit it.
pub const VARIABLE: &str = "DEDUP_REDIS_PASSWORD";

/// More than this is no password.
const LONGEST: usize = 4096;

/// A program that tells a password through a pipe may ask somebody for it first.
const PATIENCE: Duration = Duration::from_secs(60);

/// A password that cannot be used. Never shows it.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("--redis-password-file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Unreadable,
    },
    /// Nobody told it.
    #[error("--redis-password-file {}: no line came through this pipe within {PATIENCE:?}", path.display())]
    Late {
        /// The pipe.
        path: PathBuf,
    },
    /// Somebody asked to stop meanwhile.
    #[error("interrupted")]
    Stopped,
    /// What was found is no password.
    #[error(
        "{place}: found {found}; allowed is a regular file or a pipe whose first line is the password, in UTF-8, up to {LONGEST} bytes"
    )]
    Found {
        /// Where.
        place: String,
        /// What, in words.
        found: &'static str,
    },
    /// The URL cannot be used, or has a password of its own.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// `url` with the password from `file`; where there is no file and none in the URL, with that of the environment.
/// `stop` ends the wait for a pipe.
pub fn completed(url: &str, file: Option<&Path>, stop: &AtomicBool) -> Result<String, PasswordError> {
    complete(url, file, std::env::var_os(VARIABLE), stop)
}

fn complete(
    url: &str,
    file: Option<&Path>,
    variable: Option<OsString>,
    stop: &AtomicBool,
) -> Result<String, PasswordError> {
    let has_password = Address::parse(url)?.has_password();
    let password = match (file, variable) {
        (Some(file), _) => {
            // A URL that has a password is refused before anybody is asked for another.
            with_password(url, "")?;
            in_file(file, stop)?
        }
        (None, Some(variable)) if !has_password && !variable.is_empty() => in_variable(&variable)?,
        (None, _) => return Ok(url.to_string()),
    };
    Ok(with_password(url, &password)?)
}

fn in_variable(variable: &OsString) -> Result<String, PasswordError> {
    let password = variable.to_str().filter(|text| !text.contains('\n'));
    let found = "what is no line of text";
    password.map(str::to_string).ok_or_else(|| PasswordError::Found { place: VARIABLE.to_string(), found })
}

/// The first line. No device is opened.
fn in_file(path: &Path, stop: &AtomicBool) -> Result<String, PasswordError> {
    let found =
        |found| PasswordError::Found { place: format!("--redis-password-file {}", path.display()), found };
    let line = dedup_files::first_line(path, LONGEST + 1, PATIENCE, stop).map_err(|source| match source {
        Unreadable::NotAFile { .. } => found("what is no regular file and no pipe"),
        Unreadable::System(error) if error.kind() == io::ErrorKind::Interrupted => PasswordError::Stopped,
        Unreadable::System(error) if error.kind() == io::ErrorKind::TimedOut => {
            PasswordError::Late { path: path.to_path_buf() }
        }
        source => PasswordError::File { path: path.to_path_buf(), source },
    })?;
    let line = line.strip_suffix(b"\r").unwrap_or(&line);
    match std::str::from_utf8(line) {
        Ok("") => Err(found("an empty line")),
        Ok(line) if line.len() <= LONGEST => Ok(line.to_string()),
        Ok(_) => Err(found("a longer line")),
        Err(_) => Err(found("what is no text")),
    }
}

#[cfg(test)]
mod tests {
    use dedup_files::NEVER;

    use super::*;

    fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, bytes).unwrap();
        file
    }

    #[test]
    fn a_file_goes_before_the_environment_and_the_environment_fills_in_where_nothing_is_said() {
        let file = written(b"in/file\r\nand a remark\n");
        let variable = || Some(OsString::from("in-variable"));
        let (bare, complete_url) = ("redis://u@h", "redis://u:in-url@h");
        for (url, file, variable, expected) in [
            (bare, Some(file.path()), variable(), "redis://u:in%2Ffile@h"),
            (bare, None, variable(), "redis://u:in%2Dvariable@h"),
            (bare, None, Some(OsString::new()), bare),
            (bare, None, None, bare),
            (complete_url, None, variable(), complete_url),
        ] {
            assert_eq!(complete(url, file, variable, &NEVER).unwrap(), expected);
        }
        // Before the file is opened, which may be a pipe whose writer asks somebody.
        for file in [file.path(), Path::new("/nowhere/p")] {
            let error = complete(complete_url, Some(file), None, &NEVER).unwrap_err().to_string();
            assert!(error.contains("leave one of them out") && !error.contains("in-url"), "{error}");
        }
    }

    #[test]
    fn what_is_no_password_is_named_and_never_shown() {
        let long = "SECRET".repeat(1000);
        for (bytes, found) in [
            (&b""[..], "an empty line"),
            (b"\nSECRET", "an empty line"),
            (b"SECRET\xff", "what is no text"),
            (long.as_bytes(), "a longer line"),
        ] {
            let file = written(bytes);
            let error = complete("redis://h", Some(file.path()), None, &NEVER).unwrap_err().to_string();
            let place = format!("--redis-password-file {}: found {found}; allowed is", file.path().display());
            assert!(error.starts_with(&place) && !error.contains("SECRET"), "{error}");
        }
        for (path, said) in
            [("/dev/zero", "no regular file"), ("/", "no regular file"), ("/nowhere/p", "No such file")]
        {
            let error = complete("redis://h", Some(Path::new(path)), None, &NEVER).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains(said), "{error}");
        }
        let error = complete("redis://h", None, Some("SEC\nRET".into()), &NEVER).unwrap_err().to_string();
        assert!(error.starts_with(VARIABLE) && !error.contains("SEC"), "{error}");
    }
}
