//! Where a path leads: to a file, to one of our own descriptors, or to something that is neither.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Links that are followed; the kernel follows as many.
const MOST_LINKS: usize = 40;

/// Where a path leads, links followed.
#[derive(Debug)]
pub(crate) enum Place {
    /// A regular file, or none yet: its own path, which is no link.
    File(PathBuf),
    /// An open descriptor of this process, such as standard output, which goes on where it stands.
    Descriptor(OwnedFd),
    /// A pipe, a device, a socket or a directory.
    Other(PathBuf),
}

impl Place {
    pub(crate) fn of(path: &Path) -> io::Result<Place> {
        let mut path = path.to_path_buf();
        for _ in 0..MOST_LINKS {
            if let Some(number) = descriptor(&path) {
                return Ok(Place::Descriptor(duplicate(number)?));
            }
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_symlink() => {
                    let target = fs::read_link(&path)?;
                    path = path.parent().unwrap_or(Path::new("")).join(target);
                }
                Ok(found) if !found.is_file() => return Ok(Place::Other(path)),
                Ok(_) => return Ok(Place::File(path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::File(path)),
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(rustix::io::Errno::LOOP))
    }
}

/// The number of the descriptor of ours that `path` names: `/proc/self/fd/1`, and with links `/dev/fd/1`.
fn descriptor(path: &Path) -> Option<i32> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let folder = fs::canonicalize(path.parent()?).ok()?;
    let ours = ["/proc/self/fd", "/proc/thread-self/fd"].into_iter();
    ours.filter_map(|ours| fs::canonicalize(ours).ok()).any(|ours| ours == folder).then_some(number)
}

/// Another handle to an open descriptor of ours. A path to it would be opened anew: not where it stands, and never
/// where it is a socket.
fn duplicate(number: i32) -> io::Result<OwnedFd> {
    match number {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        2 => io::stderr().as_fd().try_clone_to_owned(),
        _ => by_number(getpid(), number).map_err(io::Error::from),
    }
}

fn by_number(this: Pid, number: i32) -> rustix::io::Result<OwnedFd> {
    pidfd_getfd(pidfd_open(this, PidfdFlags::empty())?, number, PidfdGetfdFlags::empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::fd::AsRawFd;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    /// Makes a named pipe.
    pub(crate) fn fifo(path: &Path) {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }

    #[test]
    fn links_lead_to_the_file_that_they_name_whether_it_is_there_or_not() {
        let directory = tempfile::tempdir().unwrap();
        let named = |name: &str| directory.path().join(name);
        for (link, target) in [("a", "b"), ("b", "below/c"), ("round", "round")] {
            std::os::unix::fs::symlink(target, named(link)).unwrap();
        }
        let leads_to = |name: &str| match Place::of(&named(name)).unwrap() {
            Place::File(path) => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(leads_to("a"), named("below/c"));
        fs::create_dir(named("below")).unwrap();
        fs::write(named("below/c"), "").unwrap();
        assert_eq!(leads_to("a"), named("below/c"));
        assert_eq!(Place::of(&named("round")).unwrap_err().raw_os_error(), Some(40));
    }

    #[test]
    fn pipes_devices_and_directories_are_no_files() {
        let directory = tempfile::tempdir().unwrap();
        fifo(&directory.path().join("fifo"));
        for path in [directory.path().join("fifo"), "/dev/full".into(), directory.path().into()] {
            assert!(matches!(Place::of(&path).unwrap(), Place::Other(_)), "{}", path.display());
        }
    }

    #[test]
    fn a_descriptor_is_one_under_each_of_its_names() {
        let file = tempfile::tempfile().unwrap();
        let number = file.as_raw_fd();
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(format!("/dev/fd/{number}"), &link).unwrap();
        for path in [format!("/dev/fd/{number}").into(), format!("/proc/self/fd/{number}").into(), link] {
            assert!(matches!(Place::of(&path).unwrap(), Place::Descriptor(_)), "{}", path.display());
        }
        assert!(Place::of(Path::new("/dev/fd/1000000")).is_err());
    }
}
