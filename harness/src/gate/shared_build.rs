//! What the base's build has in common with this program's: dependencies that are built already are taken over, and how
//! long the rest will take.

use std::fs::{self, File, FileTimes};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where cargo keeps what it knows of builds, and what it built.
const PARTS: [&str; 3] = [".fingerprint", "build", "deps"];

/// Processor time for a package of the registry, and for one of the repository's own, which is larger and linked. Together
/// they make up what a clean build of this project took: 284 s for 377 packages and what has become 11 of its own, in
/// 2 min 51 s on two idle cores.
const A_DEPENDENCY: Duration = Duration::from_millis(500);
const AN_OWN: Duration = Duration::from_secs(9);

/// How much longer it may take on a slower or a busy machine, which nobody knows beforehand.
const SLOWER: u32 = 4;

/// Copies into the new target directory `target` what was built for the program `exe`, where cargo built it in the same
/// profile; whether there was anything. Cargo itself tells what of it is equal: what is not, it builds anew.
///
/// Copied rather than shared: two builds in one directory would put their programs into each other's place.
pub(super) fn take_over(exe: &Path, target: &Path, stop: &AtomicBool) -> io::Result<bool> {
    let Some(release) = exe.parent().filter(|dir| dir.ends_with("release") && dir.join(PARTS[0]).is_dir())
    else {
        return Ok(false);
    };
    let unfinished = target.with_extension("unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    let copied = profiles(release).iter().try_for_each(|(from, to)| {
        PARTS.iter().try_for_each(|part| copy_tree(&from.join(part), &unfinished.join(to).join(part), stop))
    });
    let taken_over = copied.and_then(|()| fs::rename(&unfinished, target));
    if taken_over.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    taken_over.map(|()| true)
}

/// The profile's directory, and where it is in a target directory; for another platform also that of what runs here.
fn profiles(release: &Path) -> Vec<(PathBuf, PathBuf)> {
    let own = |to: PathBuf| (release.to_path_buf(), to);
    let platform = std::env::var("CARGO_BUILD_TARGET").ok().filter(|name| !name.is_empty());
    match (platform, release.parent()) {
        (Some(platform), Some(parent)) if parent.ends_with(&platform) => vec![
            own(Path::new(&platform).join("release")),
            (parent.with_file_name("release"), PathBuf::from("release")),
        ],
        _ => vec![own(PathBuf::from("release"))],
    }
}

/// With the times of its files, by which cargo tells what is fresh; without programs that were linked, which are large.
fn copy_tree(from: &Path, to: &Path, stop: &AtomicBool) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let to = to.join(path.file_name().unwrap_or_default());
        let linked = from.ends_with("deps") && path.extension().is_none();
        match (kind.is_dir(), kind.is_file() && !linked) {
            (true, _) => copy_tree(&path, &to, stop)?,
            (_, true) => {
                fs::copy(&path, &to)?;
                let modified = path.metadata()?.modified()?;
                File::options().append(true).open(&to)?.set_times(FileTimes::new().set_modified(modified))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// How long a build takes at least of what `lock`, a Cargo.lock, asks for and `target` does not hold yet.
pub(super) fn estimate(lock: &str, target: &Path, cores: NonZeroUsize) -> Duration {
    let built: Vec<String> = fs::read_dir(target.join("release").join(PARTS[0]))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let is_built =
        |name: &str| built.iter().any(|built| built.rsplit_once('-').is_some_and(|(built, _)| built == name));
    let packages = lock.split("[[package]]").skip(1);
    let time = packages.map(|package| {
        let name = package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default();
        match package.lines().any(|line| line.starts_with("source = ")) {
            true if is_built(name.trim_matches('"')) => Duration::ZERO,
            true => A_DEPENDENCY,
            false => AN_OWN,
        }
    });
    time.sum::<Duration>() / u32::try_from(cores.get()).unwrap_or(u32::MAX)
}

/// `about 3 min`
pub(super) fn about(time: Duration) -> String {
    format!("about {}", round(time))
}

/// `2 min to 9 min`: what is usual where no build has been seen that takes `least` on an idle machine.
pub(super) fn usually(least: Duration) -> String {
    format!("{} to {}", round(least), round(SLOWER * least))
}

fn round(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{} s", seconds.max(1).next_multiple_of(10)),
        seconds => format!("{} min", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"a-b\"\nversion = \"1.0.0\"\n\
                        source = \"registry\"\n\n[[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"registry\"\n";

    #[test]
    fn only_what_is_not_built_yet_takes_time() {
        let target = tempfile::tempdir().unwrap();
        let on = |cores| estimate(LOCK, target.path(), NonZeroUsize::new(cores).unwrap());
        assert_eq!((on(1), on(2)), (AN_OWN + 2 * A_DEPENDENCY, (AN_OWN + 2 * A_DEPENDENCY) / 2));
        fs::create_dir_all(target.path().join("release/.fingerprint/a-b-0123456789abcdef")).unwrap();
        assert_eq!(on(1), AN_OWN + A_DEPENDENCY);
    }

    #[test]
    fn times_are_said_in_round_numbers() {
        let said = [0, 34, 89, 90, 400].map(|seconds| about(Duration::from_secs(seconds)));
        assert_eq!(said, ["about 10 s", "about 40 s", "about 90 s", "about 2 min", "about 7 min"]);
        assert_eq!(usually(Duration::from_secs(142)), "2 min to 9 min");
        assert_eq!(usually(Duration::from_secs(12)), "20 s to 50 s");
    }

    #[test]
    fn a_clean_build_of_this_project_lies_in_what_is_said_to_be_usual() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
        let lock = fs::read_to_string(lock).unwrap();
        let least = estimate(&lock, Path::new("/nonexistent"), NonZeroUsize::new(2).unwrap());
        // Measured: see the constants.
        assert!((least..SLOWER * least).contains(&Duration::from_secs(171)), "{least:?}");
    }

    #[test]
    fn what_cargo_built_is_taken_over_with_its_times_and_without_programs() {
        let dir = tempfile::tempdir().unwrap();
        let release = dir.path().join("target/release");
        for file in
            [".fingerprint/a-1/invoked", "build/a-1/run", "deps/liba.rlib", "deps/tests-1", "incremental/x"]
        {
            fs::create_dir_all(release.join(file).parent().unwrap()).unwrap();
            fs::write(release.join(file), file).unwrap();
        }
        let exe = release.join("program");
        let target = dir.path().join("cache/target");
        let stop = AtomicBool::new(false);
        assert!(!take_over(&dir.path().join("program"), &target, &stop).unwrap());
        assert!(!target.exists());
        assert!(take_over(&exe, &target, &stop).unwrap());
        for (file, there) in [
            (".fingerprint/a-1/invoked", true),
            ("build/a-1/run", true),
            ("deps/liba.rlib", true),
            ("deps/tests-1", false),
            ("incremental/x", false),
        ] {
            let copy = target.join("release").join(file);
            assert_eq!(copy.exists(), there, "{file}");
            if there {
                let modified = |path: &Path| path.metadata().unwrap().modified().unwrap();
                assert_eq!(modified(&copy), modified(&release.join(file)), "{file}");
            }
        }
        let stopped = take_over(&exe, &dir.path().join("other"), &AtomicBool::new(true)).unwrap_err();
        assert_eq!(stopped.kind(), io::ErrorKind::Interrupted);
        assert!(!dir.path().join("other").exists());
    }
}
