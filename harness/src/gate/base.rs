//! Finds the program to compare with: a binary, or one that is built from a commit.
//!
//! A commit is built once: in a worktree of its own, with the lock file that it has, by the toolchain and with the flags
//! that are in use here, and its binary is kept under a name made of all of these. The worktree is removed however the
//! build ends.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dedup_files::{AtFault, Fault, NEVER, Unwritable};
use rustix::fs::{FlockOperation, flock};
use xxhash_rust::xxh3::xxh3_64;

use super::shared_build::{about, estimate, take_over, usually};
use super::worker::is_program;
use crate::answer::{Answer, answer};
use crate::servers::Group;
use crate::wait::{ended, until};

/// Environment variables that change what cargo builds.
const FLAGS: [&str; 5] =
    ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"];

/// The longest that git and rustc may take for an answer: the one checks a repository out, the other may be fetched first.
const FOR_ANSWERS: Duration = Duration::from_secs(600);

/// What else an option takes, as part of a sentence.
fn or_commit(option: &str) -> &'static str {
    if option == "--base" { ", or a commit of this repository" } else { "" }
}

/// A base that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// Neither a binary nor a ref.
    #[error("--base {asked:?} is neither a program nor a commit of this repository: {why}")]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What git says.
        why: String,
    },
    /// A file that cannot be run.
    #[error(
        "{option} {path:?} is not a program that can be run; allowed is a dedup-harness binary{}",
        or_commit(option)
    )]
    NoProgram {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// It does not build.
    #[error("--base {asked}: commit {commit} does not build: {why}")]
    Build {
        /// What was asked for.
        asked: String,
        /// Its commit.
        commit: String,
        /// What cargo said last.
        why: String,
    },
    /// The build takes too long.
    #[error("--base {asked}: building commit {commit} was ended after {minutes} min")]
    TooLong {
        /// What was asked for.
        asked: String,
        /// Its commit.
        commit: String,
        /// How long it was given.
        minutes: u64,
    },
    /// A program that we need is missing, or does not answer.
    #[error("{what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The cache cannot be written.
    #[error(transparent)]
    Cache(#[from] Unwritable),
    /// Somebody asked us to stop.
    #[error("interrupted")]
    Stopped,
}

impl AtFault for BaseError {
    fn fault(&self) -> Fault {
        match self {
            BaseError::Unknown { .. } | BaseError::NoProgram { .. } => Fault::Path,
            BaseError::Cache(error) => error.fault(),
            BaseError::Build { .. } | BaseError::TooLong { .. } | BaseError::Io { .. } => Fault::Place,
            BaseError::Stopped => Fault::Stopped,
        }
    }
}

/// A program to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The binary.
    pub path: PathBuf,
    /// How it is called in the verdict.
    pub name: String,
}

/// Where and how to build.
pub struct Builder<'a> {
    /// The repository, or any directory in it.
    pub repository: &'a Path,
    /// Where binaries are kept.
    pub cache: &'a Path,
    /// The binary's name, in the old commit as it is now.
    pub binary: &'a str,
    /// The program that may have been built with the same dependencies.
    pub exe: Option<&'a Path>,
    /// A program whose `main` begins with [`guard::dispatch`](crate::servers::guard::dispatch), which sees that no build
    /// outlives us.
    pub guard: &'a Path,
    /// The longest that a build may take.
    pub patience: Duration,
    /// Whether somebody asked to stop.
    pub stop: &'a AtomicBool,
    /// Is told what goes on.
    pub say: &'a dyn Fn(&str),
}

/// A program that was named by its path.
pub fn program(option: &'static str, path: &Path) -> Result<PathBuf, BaseError> {
    match is_program(path).then(|| path.canonicalize().ok()).flatten() {
        Some(path) => Ok(path),
        None => Err(BaseError::NoProgram { option, path: path.to_path_buf() }),
    }
}

impl Builder<'_> {
    /// The program that `asked` names: a file if there is one of that name, or else a commit.
    pub fn find(&self, asked: &str) -> Result<Found, BaseError> {
        if Path::new(asked).is_file() {
            let path = program("--base", Path::new(asked))?;
            return Ok(Found { path, name: asked.to_string() });
        }
        let commit = self.commit(asked)?;
        let name = match commit.starts_with(asked) {
            true => commit[..12].to_string(),
            false => format!("{asked} ({})", &commit[..12]),
        };
        Ok(Found { path: self.built(asked, &commit)?, name })
    }

    fn commit(&self, asked: &str) -> Result<String, BaseError> {
        let unknown = |why: String| BaseError::Unknown { asked: asked.to_string(), why };
        if asked.starts_with('-') || asked.is_empty() {
            return Err(unknown("no ref is called that".into()));
        }
        let said =
            self.git(&["rev-parse", "--verify", "--end-of-options", &format!("{asked}^{{commit}}")])?;
        match said.status.success() {
            true => Ok(said.stdout.trim().to_string()),
            false => Err(unknown(last_line(&said.stderr))),
        }
    }

    /// The binary of `commit`, from the cache or built now.
    fn built(&self, asked: &str, commit: &str) -> Result<PathBuf, BaseError> {
        let kept = self.cache.join(format!("{}-{}", &commit[..16], self.fingerprint()?)).join(self.binary);
        fs::create_dir_all(self.cache).map_err(unwritable(self.cache))?;
        // One build at a time: two gates that want the same commit build it once.
        let lock = self.cache.join("lock");
        let lock = File::create(&lock).map_err(unwritable(&lock))?;
        self.wait_for(&lock)?;
        if is_program(&kept) {
            return Ok(kept);
        }
        let worktree = Worktree::add(self, commit)?;
        self.announce(asked, commit, &worktree.path)?;
        let began = Instant::now();
        let made = self.build(asked, commit, &worktree.path)?;
        // Only the next announcement would miss it.
        let _ = fs::write(self.took(), began.elapsed().as_secs().to_string());
        let directory = kept.parent().unwrap_or(self.cache);
        fs::create_dir_all(directory).map_err(unwritable(directory))?;
        // Under its name only once it is whole.
        let unfinished = kept.with_extension("unfinished");
        let moved = fs::copy(&made, &unfinished).and_then(|_| fs::rename(&unfinished, &kept));
        moved.map_err(|source| {
            let _ = fs::remove_file(&unfinished);
            unwritable(&kept)(source)
        })?;
        Ok(kept)
    }

    /// Says what is built and how long it will take, once it is known what need not be built.
    fn announce(&self, asked: &str, commit: &str, worktree: &Path) -> Result<(), BaseError> {
        let target = self.target();
        let taken_over = !target.exists()
            && match self.exe.map(|exe| take_over(exe, &target, self.stop)) {
                Some(Err(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
                    return Err(BaseError::Stopped);
                }
                // What cannot be taken over is built.
                Some(Ok(taken_over)) => taken_over,
                Some(Err(_)) | None => false,
            };
        let last = fs::read_to_string(self.took()).ok().and_then(|seconds| seconds.parse().ok());
        let time = match last {
            Some(seconds) => format!("{} as the last time", about(Duration::from_secs(seconds))),
            None => {
                let lock = fs::read_to_string(worktree.join("Cargo.lock")).unwrap_or_default();
                let least = estimate(&lock, &target, crate::process::cores());
                format!("usually {} the first time", usually(least))
            }
        };
        let shared =
            if taken_over { "; dependencies that this program was built with are taken over" } else { "" };
        let (binary, commit) = (self.binary, &commit[..12]);
        (self.say)(&format!("building {binary} of {asked}, once: {commit}; {time}{shared}"));
        Ok(())
    }

    fn target(&self) -> PathBuf {
        self.cache.join("target")
    }

    /// Where it is kept how many seconds the last build took.
    fn took(&self) -> PathBuf {
        self.cache.join("took")
    }

    fn wait_for(&self, lock: &File) -> Result<(), BaseError> {
        let locked =
            self.until(Duration::MAX, || match flock(lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => ControlFlow::Break(()),
                Err(_) => ControlFlow::Continue(()),
            })?;
        locked.ok_or(BaseError::Stopped)
    }

    /// What `look` finds; none when `patience` is over.
    fn until<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut() -> ControlFlow<T>,
    ) -> Result<Option<T>, BaseError> {
        let found = until(patience, || match self.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(Err(BaseError::Stopped)),
            false => look().map_break(Ok),
        });
        found.map_or(Ok(None), |found| found.map(Some))
    }

    /// Of the compiler and of all flags that are set from outside the repository.
    fn fingerprint(&self) -> Result<String, BaseError> {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.arg("-vV").current_dir(self.repository);
        let what = "rustc cannot be run, and the base has to be built";
        let mut all = self.answer_of(rustc, self.stop, what)?.stdout;
        for flag in FLAGS {
            all += &format!("\n{flag}={:?}", std::env::var_os(flag));
        }
        all += self.binary;
        Ok(format!("{:016x}", xxh3_64(all.as_bytes())))
    }

    fn build(&self, asked: &str, commit: &str, worktree: &Path) -> Result<PathBuf, BaseError> {
        let target = self.target();
        let failed = |why: String| BaseError::Build {
            asked: asked.to_string(),
            commit: commit[..12].to_string(),
            why,
        };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = Group::start(self.guard, cargo, |cargo| {
            cargo.args(["build", "--release", "--locked", "--bin", self.binary, "--target-dir"]).arg(&target);
            cargo.current_dir(worktree).stdout(Stdio::null()).stderr(Stdio::piped());
        });
        let mut build = build.map_err(io("cargo cannot be run, and the base has to be built".into()))?;
        let stderr = BufReader::new(build.0.stderr.take().expect("standard error is piped"));
        let said = std::thread::spawn(move || errors(stderr));
        let ended = self.until(self.patience, || ended(&mut build.0))?.transpose();
        let Some(status) = ended.map_err(io("cargo".into()))?.flatten() else {
            let minutes = self.patience.as_secs() / 60;
            return Err(BaseError::TooLong { asked: asked.into(), commit: commit[..12].into(), minutes });
        };
        let said = said.join().unwrap_or_default();
        if !status.success() {
            return Err(failed(if said.is_empty() { status.to_string() } else { said }));
        }
        let places = [
            "release".into(),
            format!("{}/release", std::env::var("CARGO_BUILD_TARGET").unwrap_or_default()),
        ];
        let made =
            places.iter().map(|place| target.join(place).join(self.binary)).find(|path| is_program(path));
        made.ok_or_else(|| failed(format!("cargo made no {}", self.binary)))
    }

    /// What git says to this, unless somebody asks to stop.
    fn git(&self, args: &[&str]) -> Result<Answer, BaseError> {
        self.git_unless(self.stop, args)
    }

    fn git_unless(&self, stop: &AtomicBool, args: &[&str]) -> Result<Answer, BaseError> {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.repository).args(args);
        // In a hook these would lead git to another repository than the one that we are in.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        self.answer_of(git, stop, "git cannot be run")
    }

    fn answer_of(&self, command: Command, stop: &AtomicBool, what: &str) -> Result<Answer, BaseError> {
        answer(command, "", FOR_ANSWERS, stop).map_err(|source| match source.kind() {
            ErrorKind::Interrupted => BaseError::Stopped,
            _ => BaseError::Io { what: what.to_string(), source },
        })
    }
}

/// The first error that cargo tells, and the last line where there is none.
fn errors(stderr: impl Read) -> String {
    let lines = BufReader::new(stderr).split(b'\n').map_while(Result::ok);
    let lines: Vec<String> = lines.map(|line| String::from_utf8_lossy(&line).trim().to_string()).collect();
    let first = lines.iter().find(|line| line.starts_with("error"));
    let line = first.cloned().unwrap_or_else(|| last_line(&lines.join("\n")));
    line.trim_start_matches("error: ").chars().take(300).collect()
}

fn last_line(text: &str) -> String {
    text.lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .trim_start_matches("fatal: ")
        .to_string()
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> BaseError {
    move |source| Unwritable::new(path, source).into()
}

fn io(what: String) -> impl FnOnce(std::io::Error) -> BaseError {
    move |source| BaseError::Io { what, source }
}

/// A checkout of a commit. Dropping it removes it.
struct Worktree<'a> {
    builder: &'a Builder<'a>,
    path: PathBuf,
}

impl<'a> Worktree<'a> {
    /// Always at the same place, which is part of what the compiler sees: two builds of one commit are the same.
    fn add(builder: &'a Builder<'a>, commit: &str) -> Result<Self, BaseError> {
        let path = builder.cache.join("worktree");
        let worktree = Worktree { builder, path };
        // What a gate that was killed left behind; we hold the lock.
        worktree.remove();
        let path = worktree.path.to_string_lossy().into_owned();
        let said = builder.git(&["worktree", "add", "--detach", "--force", &path, commit])?;
        match said.status.success() {
            true => Ok(worktree),
            false => Err(BaseError::Io {
                what: format!("{path}: git cannot check out {commit} there"),
                source: std::io::Error::other(last_line(&said.stderr)),
            }),
        }
    }

    /// Also after somebody has asked to stop.
    fn remove(&self) {
        let git = |args: &[&str]| drop(self.builder.git_unless(&NEVER, args));
        if self.path.exists() {
            git(&["worktree", "remove", "--force", "--force", &self.path.to_string_lossy()]);
            let _ = fs::remove_dir_all(&self.path);
        }
        git(&["worktree", "prune"]);
    }
}

impl Drop for Worktree<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Where binaries are kept unless it is said otherwise.
pub fn default_cache() -> PathBuf {
    let given = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = given("XDG_CACHE_HOME").or_else(|| Some(given("HOME")?.join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("dedup-harness").join("gate")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_told_and_not_the_summary_after_it() {
        let said = "   Compiling a v0.1.0\nerror[E0425]: cannot find value `x`\n  --> src/main.rs\nerror: could not compile `a`\n";
        assert_eq!(errors(said.as_bytes()), "error[E0425]: cannot find value `x`");
        assert_eq!(errors(&b"error: no luck\n"[..]), "no luck");
        assert_eq!(errors(&b"no luck\n\n"[..]), "no luck");
    }

    /// Runs a program that has to end well.
    fn runs(program: &str, words: &[&str], dir: &Path) {
        let output = Command::new(program).args(words).current_dir(dir).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// This test's own program is no guard: one that runs what it is given, and does not look after it.
    fn no_guard(dir: &Path) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = dir.join("no-guard");
        fs::write(&path, "#!/bin/sh\nshift 2\nexec \"$@\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[test]
    fn a_dependency_that_this_program_was_built_with_is_not_built_again_for_the_base() {
        let home = tempfile::tempdir().unwrap();
        let (dep, repository) = (home.path().join("dep"), home.path().join("repository"));
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let package =
            |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write(dep.join("Cargo.toml"), &package("dep"));
        write(dep.join("src/lib.rs"), "");
        // Counts how often it is built.
        write(
            dep.join("build.rs"),
            "use std::io::Write;\nfn main() { println!(\"cargo:rerun-if-changed=build.rs\"); std::fs::File::options().append(true)\
             .create(true).open(\"../builds\").unwrap().write_all(b\"x\").unwrap(); }",
        );
        write(
            repository.join("Cargo.toml"),
            &(package("old") + "[dependencies]\ndep = { path = \"../dep\" }\n"),
        );
        write(repository.join("src/main.rs"), "fn main() {}");
        write(repository.join(".gitignore"), "target\n");
        // The base is checked out beside it, so that the path leads to the same package.
        runs("cargo", &["build", "--release", "--offline", "--target-dir", "target"], &repository);
        runs("git", &["init", "-q"], &repository);
        runs("git", &["add", "."], &repository);
        runs("git", &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "old"], &repository);
        let exe = repository.join("target/release/old");
        let said = std::sync::Mutex::new(String::new());
        let builder = Builder {
            repository: &repository,
            cache: home.path(),
            binary: "old",
            exe: Some(&exe),
            guard: &no_guard(home.path()),
            patience: Duration::from_secs(600),
            stop: &AtomicBool::new(false),
            say: &|text| said.lock().unwrap().push_str(text),
        };
        assert!(is_program(&builder.find("HEAD").unwrap().path));
        assert_eq!(fs::read_to_string(home.path().join("builds")).unwrap(), "x");
        let said = said.into_inner().unwrap();
        assert!(said.contains("the first time; dependencies that this program was built with"), "{said}");
        assert!(home.path().join("took").exists());
    }

    #[test]
    fn a_file_that_cannot_be_run_is_no_program() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = program("--cand", file.path()).unwrap_err().to_string();
        assert!(error.starts_with("--cand") && error.contains("not a program that can be run"), "{error}");
        assert!(program("--base", Path::new("/nonexistent")).is_err());
        assert!(program("--base", &std::env::current_exe().unwrap()).is_ok());
    }
}
