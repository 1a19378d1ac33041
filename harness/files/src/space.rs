//! How much of a file system is free.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

/// What a file system has, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What this user may still write.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

/// What is always left to others, at most: less than that of a small file system.
const MOST_LEFT: u64 = 1 << 30;

impl Space {
    /// Of the file system that holds `path`.
    pub fn at(path: &Path) -> io::Result<Space> {
        let found = statvfs(path)?;
        Ok(Space { free: found.f_bavail * found.f_frsize, total: found.f_blocks * found.f_frsize })
    }

    /// What should be left free, so that nobody else there meets a full disk: a twentieth, and 1 GiB at most.
    pub fn left_to_others(self) -> u64 {
        (self.total / 20).min(MOST_LEFT)
    }

    /// Whether `bytes` more leave to others what is theirs.
    pub fn has_room_for(self, bytes: u64) -> bool {
        self.free.saturating_sub(bytes) > self.left_to_others()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_every_file_system_is_left_to_others() {
        let small = Space { free: 50, total: 400 };
        assert!(small.has_room_for(29) && !small.has_room_for(30) && !small.has_room_for(u64::MAX));
        let large = Space { free: 2 << 30, total: 1 << 40 };
        assert!(large.has_room_for((1 << 30) - 1) && !large.has_room_for(1 << 30));
        assert!(Space::at(Path::new("/")).unwrap().total > 0);
    }
}
