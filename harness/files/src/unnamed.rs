//! A file that has no name until it is whole: a program that is killed while it writes one leaves nothing.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;
use tempfile::TempPath;

use crate::named::errno;

/// A new file in a directory, open for writing, that is gone when it is dropped.
#[derive(Debug)]
pub struct Unnamed {
    file: File,
    directory: PathBuf,
    /// Where the file system knows no files without names.
    name: Option<TempPath>,
}

impl Unnamed {
    /// One that will be put into a place in this directory, with the permissions that any new file gets.
    pub fn beside(directory: &Path) -> io::Result<Unnamed> {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::TMPFILE | OFlags::CLOEXEC;
        let directory = directory.to_path_buf();
        match rustix::fs::open(&directory, flags, Mode::from_raw_mode(0o666)) {
            Ok(file) => return Ok(Unnamed { file: File::from(file), directory, name: None }),
            // What file systems, and kernels, say that know no such files.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {}
            Err(error) => return Err(error.into()),
        }
        let mut names = names();
        let named = names.permissions(Permissions::from_mode(0o666)).append(true).tempfile_in(&directory);
        let named = named.map_err(without_name)?;
        let (file, name) = named.into_parts();
        Ok(Unnamed { file, directory, name: Some(name) })
    }

    /// What is written.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Puts it into its place, or into that of what is there, in one step. Over another one it has a name of its own for
    /// a moment on the way, as a file can be renamed over another one and not linked over it.
    pub fn place(self, path: &Path) -> io::Result<File> {
        if self.is_first_at(path)? {
            return Ok(self.file);
        }
        let name = match self.name {
            Some(name) => name,
            None => names()
                .make_in(&self.directory, |name| link(&self.file, name))
                .map_err(without_name)?
                .into_temp_path(),
        };
        name.persist(path)?;
        Ok(self.file)
    }

    /// The same by way of `name` in the same directory, which nobody else uses: what is there already, left by somebody
    /// who was killed on the way, goes.
    pub fn place_by_way_of(self, name: &Path, path: &Path) -> io::Result<()> {
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if self.is_first_at(path)? {
            return Ok(());
        }
        let Unnamed { file, name: own, .. } = self;
        if let Some(own) = own {
            return Ok(own.persist(path)?);
        }
        link(&file, name)?;
        std::fs::rename(name, path)
    }

    /// Gives it its name at once, where no file has it yet: killed, it leaves nothing or all.
    fn is_first_at(&self, path: &Path) -> io::Result<bool> {
        if self.name.is_some() {
            return Ok(false);
        }
        match link(&self.file, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            linked => linked.map(|()| true),
        }
    }
}

/// Without the name of the temporary file, which nobody asked for.
fn without_name(error: io::Error) -> io::Error {
    errno(&error).map_or(error.kind().into(), io::Error::from_raw_os_error)
}

fn names() -> tempfile::Builder<'static, 'static> {
    let mut names = tempfile::Builder::new();
    names.prefix(".").suffix(".unfinished");
    names
}

fn link(file: &File, name: &Path) -> io::Result<()> {
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, own, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn nobody_sees_a_file_before_it_is_whole_and_one_that_is_dropped_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let seen = || fs::read_dir(directory.path()).unwrap().count();
        let unnamed = Unnamed::beside(directory.path()).unwrap();
        unnamed.file().write_all(b"half").unwrap();
        assert_eq!(seen(), 0);
        drop(unnamed);
        assert_eq!(seen(), 0);
    }

    #[test]
    fn a_whole_file_takes_the_place_of_the_one_before_and_is_the_only_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for text in ["first", "second"] {
            let unnamed = Unnamed::beside(directory.path()).unwrap();
            unnamed.file().write_all(text.as_bytes()).unwrap();
            unnamed.place(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
