//! A PostgreSQL of its own in a temporary directory, on a socket.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::cases;
use super::{Asked, missing};
use crate::tool::{Tool, eventually};

/// As it is typed; in the query it is quoted anew.
const TABLE: &str = "public.\"it's \"\"live\"\"\"";

/// Whom it runs as where we are root, as whom it refuses to run.
const NOBODY: u32 = 65534;

/// A server that ends with the thread that started it, and its files.
pub(crate) struct Server {
    running: Child,
    programs: PathBuf,
    directory: tempfile::TempDir,
}

impl Server {
    /// One of Debian's programs; where there are none, that is said, or a failure.
    pub(crate) fn of_debian() -> Option<Server> {
        let programs = programs();
        if programs.is_none() {
            missing("PostgreSQL's initdb", "apt-get install postgresql");
        }
        programs.map(Server::start)
    }

    /// Where its socket is.
    pub(crate) fn socket_directory(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// One with an empty database.
    fn start(programs: PathBuf) -> Server {
        let directory = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = directory.path().join("data");
        let mut initdb = as_nobody(&programs.join("initdb"));
        initdb.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        let made = initdb.arg(&data).current_dir(directory.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = as_nobody(&programs.join("postgres"));
        postgres.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "unix_socket_directories=."]);
        postgres.arg("-D").arg(&data).current_dir(directory.path());
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let running = postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let server = Server { running, programs, directory };
        eventually("a PostgreSQL that answers", || server.psql("SELECT 1;").status.success());
        server
    }

    fn psql(&self, sql: &str) -> Output {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            "postgres",
            "-h",
        ]);
        psql.arg(self.socket_directory()).env("PGTZ", "UTC");
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = psql.spawn().unwrap();
        // One that found no server has ended already.
        let _ = running.stdin.take().unwrap().write_all(sql.as_bytes());
        running.wait_with_output().unwrap()
    }

    fn answer(&self, asked: &Asked) -> String {
        let load = format!(
            "SET client_min_messages = warning;\nDROP TABLE IF EXISTS {TABLE};\n\
             CREATE TABLE {TABLE} (\"order\" TEXT, \"it's \"\"part\"\"\" TEXT, at TIMESTAMPTZ, ns BIGINT, ms DOUBLE PRECISION, s NUMERIC);\n\
             \\copy {TABLE} FROM '{}' WITH (FORMAT csv, HEADER true)\n",
            asked.csv.display()
        );
        let output = self.psql(&(load + &asked.query));
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It stops at once when asked so; its other processes end with it.
        let pid = rustix::process::Pid::from_child(&self.running);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        let _ = self.running.wait();
    }
}

/// A program that ends when the thread does that starts it, and not as root.
fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if rustix::process::geteuid().is_root() {
        command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// Where Debian has the programs of its newest version, else where the PATH has them.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin")).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<PathBuf> = debian.into_iter().chain(std::env::split_paths(&path)).collect();
    all.into_iter().find(|directory| directory.join("initdb").is_file())
}

#[test]
fn postgres_answers_as_our_reader_does() {
    let Some(server) = Server::of_debian() else { return };
    let tool = Tool::new();
    for case in cases::all() {
        let asked = Asked::new(&tool, case, "postgres", TABLE);
        asked.is_answered_by(&tool, server.answer(&asked).trim());
    }
}
