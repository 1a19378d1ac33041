//! Memory and time of processes, as Linux tells it under `/proc`, and cores.
//!
//! `VmHWM` is read inside the process that it is about: a child's `ru_maxrss` includes its parent's peak.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// High-water mark of this process's resident memory, in bytes; 0 where the system does not say.
pub fn peak_rss_bytes() -> u64 {
    status_kib("/proc/self/status", "VmHWM:").map_or(0, |kib| kib * 1024)
}

/// Resident memory of process `id` now, in bytes.
pub fn resident_bytes(id: u32) -> Option<u64> {
    status_kib(&format!("/proc/{id}/status"), "VmRSS:").map(|kib| kib * 1024)
}

/// Memory that could be taken now without swapping, in bytes; everything where the system does not say.
pub fn available_bytes() -> u64 {
    status_kib("/proc/meminfo", "MemAvailable:").map_or(u64::MAX, |kib| kib * 1024)
}

/// Bytes free for us where the directory `dir` is; everything where the system does not say.
pub fn free_bytes(dir: &Path) -> u64 {
    rustix::fs::statvfs(dir).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Memory of everything that process `id` has started, in bytes, what is shared with others shared out.
pub fn descendants_bytes(id: u32) -> Option<u64> {
    let share =
        |id: &u32| fs::read_to_string(format!("/proc/{id}/smaps_rollup")).map_or(0, |text| share_kib(&text));
    Some(descendants(id).iter().map(share).sum::<u64>() * 1024)
}

/// A process's share of what it has made: in memory of its own, shared, or swapped out. Pages of files, its program's above
/// all, come and go as the system likes, and would be charged to ids. An older system tells the sum of all alone.
fn share_kib(rollup: &str) -> u64 {
    let field = |name| field_kib(rollup, name);
    match field("Pss_Anon:") {
        Some(anonymous) => anonymous + field("Pss_Shmem:").unwrap_or(0) + field("SwapPss:").unwrap_or(0),
        None => field("Pss:").unwrap_or(0),
    }
}

/// Everything that process `id` has started and that is still there, and what that has started; nothing where the system
/// does not say.
pub fn descendants(id: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let parents: Vec<(u32, u32)> = entries.filter_map(|entry| parent_of(&entry.ok()?.path())).collect();
    let mut family = vec![id];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| child));
        next += 1;
    }
    family.split_off(1)
}

/// A process and its parent, from its directory under `/proc`.
fn parent_of(directory: &Path) -> Option<(u32, u32)> {
    let id = directory.file_name()?.to_str()?.parse().ok()?;
    let stat = fs::read_to_string(directory.join("stat")).ok()?;
    // The name may hold spaces and parentheses; the state and the parent follow its end.
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    Some((id, parent))
}

/// Cores that this process may use; one where the system does not say.
pub fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Sees that the memory of this process, which holds a password, is written to no file when it dies: no core is
/// dumped, neither to a file (the limit, which our children inherit) nor to a program (which does not heed it).
pub fn leave_no_core() {
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    // Lowering one's own limit, and giving up what one may be asked for, is always allowed.
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// What became of a thread's time, but for what it waited for by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheduled {
    /// It ran.
    pub ran: Duration,
    /// It could have run, and no processor was free.
    pub waited: Duration,
}

/// The time of the first thread of process `id`; none where the system does not say.
pub fn scheduled(id: u32) -> Option<Scheduled> {
    read_scheduled(&format!("/proc/{id}/schedstat"))
}

/// The time of the thread that asks.
pub fn scheduled_here() -> Option<Scheduled> {
    read_scheduled("/proc/thread-self/schedstat")
}

fn read_scheduled(path: &str) -> Option<Scheduled> {
    let text = fs::read_to_string(path).ok()?;
    let mut nanos = text.split_whitespace().map_while(|word| word.parse().ok()).map(Duration::from_nanos);
    Some(Scheduled { ran: nanos.next()?, waited: nanos.next()? })
}

/// Threads that ran or could have run over the last minute, on average; none where the system does not say.
pub fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// Whether this process was started so that the signal of this number does nothing to it, as `nohup` does.
pub fn ignores(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn status_kib(path: &str, field: &str) -> Option<u64> {
    field_kib(&fs::read_to_string(path).ok()?, field)
}

fn field_kib(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A file that would become larger than this process may write (`ulimit -f`) is an error of the write, as a full disk is:
/// the signal that comes with it would end the process before it could say so, and tidy up.
pub fn survive_size_limits() {
    // Where no handler can be set, the signal does what it did.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// Most files that are asked for. Some programs that are started from here look at every number up to what they may have.
const MOST_FILES: u64 = 65_536;

/// Lets this process, and what it starts, have as many files open as its hard limit allows: each connection to a server,
/// each pipe and each process takes one. The soft limit is there for programs that cannot count beyond it.
pub fn allow_many_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(MOST_FILES, |most| most.min(MOST_FILES));
    if current.is_some_and(|now| now < wanted) {
        // Where that is not allowed, things are as they were.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_holds_a_password_leaves_no_core() {
        leave_no_core();
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
    }

    #[test]
    fn this_process_has_a_peak_that_is_no_smaller_than_its_present_size() {
        let now = resident_bytes(std::process::id()).unwrap();
        assert!(now > 0 && peak_rss_bytes() >= now && available_bytes() > 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_process_has_started_is_found_with_what_that_has_started() {
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 1000 & wait"]).spawn().unwrap();
        let ours = std::process::id();
        let found = crate::wait::until(Duration::from_secs(20), || match descendants_bytes(child.id()) {
            Some(bytes) if bytes > 0 => std::ops::ControlFlow::Break(bytes),
            other => std::ops::ControlFlow::Continue(other),
        });
        let sleeping = found.unwrap();
        assert!(descendants_bytes(ours).unwrap() >= sleeping);
        let asleep =
            fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
        child.kill().unwrap();
        child.wait().unwrap();
        for id in asleep.split_whitespace() {
            let id = rustix::process::Pid::from_raw(id.parse().unwrap()).unwrap();
            rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
        }
    }

    #[test]
    fn pages_of_files_are_nobodys_and_what_is_swapped_out_is_still_held() {
        let rollup =
            "Rss: 900 kB\nPss: 700 kB\nPss_Anon: 200 kB\nPss_File: 450 kB\nPss_Shmem: 50 kB\nSwapPss: 7 kB\n";
        assert_eq!(share_kib(rollup), 257);
        assert_eq!(share_kib("Rss: 900 kB\nPss: 700 kB\n"), 700);
        assert_eq!(share_kib(""), 0);
    }

    #[test]
    fn a_thread_that_computes_has_run_for_longer_and_a_machine_has_a_load() {
        let id = std::process::id();
        let Some(before) = scheduled(id) else { return };
        // The first thread of a process of tests only waits: its time does not go back.
        let after = scheduled(id).unwrap();
        assert!(after.ran >= before.ran && after.waited >= before.waited && load().unwrap() >= 0.0);
        assert_eq!(scheduled(u32::MAX), None);
    }
}
