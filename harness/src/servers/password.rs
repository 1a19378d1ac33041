//! The password of a server that is given, where it does not stand in the URL: in a file, or in the environment.
//!
//! Arguments are shown by every list of processes, to every user of the machine. A file has an owner and a mode; the
//! environment of a process is its owner's alone, but goes to all that it starts, unless it is taken away.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use dedup_strategies::redis::{Address, AddressError, with_password};

/// The variable that holds the password. Processes that we start do not inherit it.
pub const VARIABLE: &str = "DEDUP_REDIS_PASSWORD";

/// More than this is no password.
const LONGEST: u64 = 4096;

/// A password that cannot be used. Never shows it.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("--redis-password-file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was found is no password.
    #[error(
        "{place}: found {found}; allowed is a regular file whose first line is the password, in UTF-8, up to {LONGEST} bytes"
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
pub fn completed(url: &str, file: Option<&Path>) -> Result<String, PasswordError> {
    complete(url, file, std::env::var_os(VARIABLE))
}

fn complete(url: &str, file: Option<&Path>, variable: Option<OsString>) -> Result<String, PasswordError> {
    let has_password = Address::parse(url)?.has_password();
    let password = match (file, variable) {
        (Some(file), _) => in_file(file)?,
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

/// The first line. No device and no pipe is opened: either could keep us for ever.
fn in_file(path: &Path) -> Result<String, PasswordError> {
    let unread = |source| PasswordError::File { path: path.to_path_buf(), source };
    let found =
        |found| PasswordError::Found { place: format!("--redis-password-file {}", path.display()), found };
    if !std::fs::metadata(path).map_err(unread)?.is_file() {
        return Err(found("what is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(unread)?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err(found("an empty line")),
        Ok(line) if line.len() as u64 <= LONGEST => Ok(line.to_string()),
        Ok(_) => Err(found("a longer line")),
        Err(_) => Err(found("what is no text")),
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!(complete(url, file, variable).unwrap(), expected);
        }
        let error = complete(complete_url, Some(file.path()), None).unwrap_err().to_string();
        assert!(error.contains("leave one of them out") && !error.contains("in-url"), "{error}");
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
            let error = complete("redis://h", Some(file.path()), None).unwrap_err().to_string();
            let place = format!("--redis-password-file {}: found {found}; allowed is", file.path().display());
            assert!(error.starts_with(&place) && !error.contains("SECRET"), "{error}");
        }
        for (path, said) in
            [("/dev/zero", "no regular file"), ("/", "no regular file"), ("/nowhere/p", "No such file")]
        {
            let error = complete("redis://h", Some(Path::new(path)), None).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains(said), "{error}");
        }
        let error = complete("redis://h", None, Some("SEC\nRET".into())).unwrap_err().to_string();
        assert!(error.starts_with(VARIABLE) && !error.contains("SEC"), "{error}");
    }
}
