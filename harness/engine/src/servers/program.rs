//! Which program a private server is.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf, absolute};

use serde::{Deserialize, Serialize};

use super::error::ServerError;

/// The variable that may name it.
pub(super) const VARIABLE: &str = "DEDUP_REDIS_SERVER";
const USUAL: &str = "redis-server";

/// Servers that `systems/install.sh` puts into `target/systems`: their names there, and the programs.
const INSTALLED: [(&str, &str); 2] = [("redis-8", "redis-server"), ("valkey", "valkey-server")];

/// A server that speaks as Redis does: the one that was named, else the one that `DEDUP_REDIS_SERVER` names, else
/// `redis-server` on the `PATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerProgram(Option<PathBuf>);

impl ServerProgram {
    /// The program at a path, of a name on the `PATH`, or of a name that `INSTALLED` has.
    ///
    /// # Errors
    ///
    /// There is none: says what would be one, or how it is installed.
    pub fn named(named: &Path) -> Result<ServerProgram, String> {
        let found = find(named, &search_path(), &targets())
            .map_err(|why| format!("found {:?}, {why}", named.display()))?;
        let found = absolute(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        Ok(ServerProgram(Some(found)))
    }

    /// Where it is.
    pub(super) fn path(&self) -> Result<PathBuf, ServerError> {
        let found = match &self.0 {
            Some(path) => path.clone(),
            None => usual(env::var_os(VARIABLE), &search_path())?,
        };
        // The guard runs in the private directory, where a relative path means something else.
        absolute(&found).map_err(ServerError::io(found.display().to_string()))
    }
}

fn find(named: &Path, search_path: &OsStr, targets: &[PathBuf]) -> Result<PathBuf, String> {
    let known = INSTALLED.map(|(name, _)| name).join(", ");
    let otherwise = |why: &str| {
        format!(
            "{why}; allowed is the path of a server such as redis-server or valkey-server, its name where it is on the PATH, or \
             one of {known} once it is installed"
        )
    };
    if named.components().count() != 1 {
        return is_program(named).then(|| named.to_path_buf()).ok_or_else(|| otherwise("it is no program"));
    }
    if let Some(found) = on_path(named.as_os_str(), search_path) {
        return Ok(found);
    }
    let Some((name, program)) = INSTALLED.into_iter().find(|(name, _)| named == Path::new(name)) else {
        return Err(otherwise("there is no such program on the PATH"));
    };
    let mut places = targets.iter().map(|target| target.join("systems").join(name).join(program));
    places.find(|place| is_program(place)).ok_or_else(|| {
        format!(
            "which is not installed; systems/install.sh {name} puts it into target/systems/{name}/{program}"
        )
    })
}

/// Where installed servers may be: in the project that we work in, or are built in.
fn targets() -> Vec<PathBuf> {
    let own = env::current_exe().ok();
    let own = own.as_deref().and_then(|own| own.parent()?.parent()).map(Path::to_path_buf);
    own.into_iter().chain([PathBuf::from("target")]).collect()
}

fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_default()
}

fn usual(named: Option<OsString>, search_path: &OsStr) -> Result<PathBuf, ServerError> {
    if let Some(named) = named {
        let server = PathBuf::from(named);
        return match is_program(&server) {
            true => Ok(server),
            false => Err(ServerError::Missing {
                reason: format!("{VARIABLE} names {}, which is no program", server.display()),
            }),
        };
    }
    on_path(OsStr::new(USUAL), search_path)
        .ok_or_else(|| ServerError::Missing { reason: format!("no {USUAL} found on the PATH") })
}

fn on_path(name: &OsStr, search_path: &OsStr) -> Option<PathBuf> {
    env::split_paths(search_path).map(|dir| dir.join(name)).find(|path| is_program(path))
}

pub(super) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_missing_server_is_an_error_with_the_remedy() {
        let empty = TempDir::new().unwrap();
        for named in [None, Some(OsString::from("/nowhere/redis-server")), Some(empty.path().into())] {
            let error = usual(named, empty.path().as_os_str()).unwrap_err();
            assert!(error.to_string().contains("apt-get install redis-server"), "{error}");
            assert!(error.remedy().contains("apt-get install redis-server"));
        }
    }

    #[test]
    fn an_installed_server_goes_by_its_name_and_one_that_is_not_says_how_it_is_installed() {
        let target = TempDir::new().unwrap();
        let place = target.path().join("systems/valkey/valkey-server");
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy("/bin/sh", &place).unwrap();
        let find =
            |name: &str| find(Path::new(name), OsStr::new(""), &["/nowhere".into(), target.path().into()]);
        assert_eq!(find("valkey").unwrap(), place);
        let error = find("redis-8").unwrap_err();
        assert!(error.contains("systems/install.sh redis-8"), "{error}");
        let error = find("keydb").unwrap_err();
        assert!(error.contains("one of redis-8, valkey once it is installed"), "{error}");
    }

    #[test]
    fn a_program_is_named_by_its_path_or_found_on_the_path() {
        let shell = ServerProgram::named(Path::new("sh")).unwrap().path().unwrap();
        assert!(shell.is_absolute() && shell.ends_with("sh"), "{shell:?}");
        assert_eq!(ServerProgram::named(&shell).unwrap().path().unwrap(), shell);
        for wrong in ["/nowhere/valkey-server", "no-such-server", "/tmp"] {
            let error = ServerProgram::named(Path::new(wrong)).unwrap_err();
            assert!(error.contains(wrong) && error.contains("allowed is"), "{error}");
        }
    }
}
