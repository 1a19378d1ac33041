//! How many files may be open at once, and what is to be done where that is too few.

use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// What was said of an error, with the remedy where its cause is that too many files are open. Pipes, sockets and started
/// processes count as such.
///
/// It goes by the system's own words: what an error was made of is often gone by the time that somebody reads it.
pub fn with_remedy(said: String) -> String {
    let is_said = |errno: Errno| said.contains(&io::Error::from(errno).to_string());
    match () {
        () if said.contains(OF_PROCESS) || said.contains(OF_SYSTEM) => said,
        () if is_said(Errno::MFILE) => {
            let most = getrlimit(Resource::Nofile).current;
            let most = most.map_or("any number".to_string(), |most| most.to_string());
            format!("{said}; a process may have {most} here, pipes and sockets among them: {OF_PROCESS}")
        }
        () if is_said(Errno::NFILE) => format!("{said}; {OF_SYSTEM}"),
        () => said,
    }
}

const OF_PROCESS: &str = "allow more with ulimit -n 1024";
const OF_SYSTEM: &str = "all processes together have as many open as fs.file-max allows (sysctl)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named;

    #[test]
    fn too_many_open_files_are_said_with_the_remedy_once() {
        let said = |errno: Errno| with_remedy(named("a.csv", errno.into()).to_string());
        let of_process = said(Errno::MFILE);
        assert!(of_process.starts_with("a.csv: Too many open files (os error 24); "), "{of_process}");
        assert!(of_process.ends_with("ulimit -n 1024"), "{of_process}");
        assert!(said(Errno::NFILE).ends_with("(sysctl)"));
        assert_eq!(with_remedy(of_process.clone()), of_process);
        assert_eq!(said(Errno::NOENT), "a.csv: No such file or directory (os error 2)");
    }
}
