//! A server that is given, end to end: the binary with `--redis-url`, on a server that keeps wall time.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use dedup_harness::record::{CellRecord, CellResult, Failure, Line, Verdict};
use dedup_harness::servers::Guarded;
use dedup_strategies::redis::Link;
use dedup_strategies::{Needs, STRATEGIES};
use redis::cmd;
use tempfile::TempDir;

use crate::common::{eventually, launch};
use crate::{free_port, self_signed};

pub(super) const PASSWORD: &str = "s3cret";

/// A server with a password and somebody's key on it, on wall time.
pub(super) struct Given {
    guarded: Guarded,
    port: String,
}

impl Given {
    pub(super) fn start(arguments: &[&str]) -> Given {
        let port = free_port();
        let given = Given::launch(&["--port", &port], arguments, port.clone());
        given.link().query::<()>(cmd("SET").arg("foreign").arg("kept")).unwrap();
        given
    }

    fn launch(port_options: &[&str], arguments: &[&str], port: String) -> Given {
        let mut command = vec![launch().server.into_os_string()];
        command.extend(port_options.iter().map(Into::into));
        command.extend(["--requirepass", PASSWORD, "--save", "", "--bind", "127.0.0.1"].map(Into::into));
        command.extend(arguments.iter().map(Into::into));
        let commands = |_: &Path| vec![command.clone()];
        let guarded = Guarded::make(&launch().guard, &std::env::temp_dir(), commands).unwrap();
        guarded.start(0).unwrap();
        eventually("a listening server", || {
            std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok()
        });
        Given { guarded, port }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    /// The same without the password.
    fn bare_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn link(&self) -> Link {
        Link::to(&self.url()).unwrap()
    }

    pub(super) fn keys(&self, pattern: &str) -> Vec<Vec<u8>> {
        self.link().query(cmd("KEYS").arg(pattern)).unwrap()
    }

    /// Whether a cell has begun to write ids.
    fn has_ids(&self) -> bool {
        !self.keys("t:1:*").is_empty()
    }

    pub(super) fn is_as_it_was(&self) {
        assert_eq!(self.keys("*"), [b"foreign"]);
        assert_eq!(self.link().query::<String>(cmd("GET").arg("foreign")).unwrap(), "kept");
    }

    pub(super) fn kill(&self) {
        let process = self.link().info("server", "process_id").unwrap();
        assert!(Command::new("kill").args(["-9", &process]).status().unwrap().success());
    }
}

/// A stream of `pings`, 50 a second; a fifth of them comes again a second to `last_lag` later.
#[derive(Clone, Copy)]
struct Stream {
    pings: u32,
    window: &'static str,
    last_lag: &'static str,
    linger: &'static str,
}

/// 52 s of virtual time, in 1.3 real ones at a factor of 40, and a window of one of these.
const STREAM: Stream = Stream { pings: 3000, window: "40s", last_lag: "30s", linger: "10ms" };

/// Far longer than any test takes.
const ENDLESS: Stream = Stream { pings: 300_000, window: "10m", last_lag: "5m", ..STREAM };

fn scenario(dir: &Path, stream: Stream) -> String {
    let Stream { pings, window, last_lag, linger } = stream;
    let text = format!(
        r#"
about = "A small stream."
pings = {pings}
window = "{window}"
payload = "1KB"
[pipeline]
linger = "{linger}"
[arrival]
process = "constant"
rate = "50/s"
[[repeat]]
cause = "redelivery"
share = 0.2
copies = 1
lag.uniform = ["1s", "{last_lag}"]
"#
    );
    let path = dir.join("small.toml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A run of the binary that has ended.
struct Ran {
    code: Option<i32>,
    table: String,
    log: String,
    cells: Vec<CellRecord>,
}

impl Ran {
    fn cell(&self) -> &CellResult {
        let [cell] = &self.cells[..] else { panic!("{}\n{}", self.table, self.log) };
        &cell.result
    }
}

struct Running {
    child: Child,
    dir: TempDir,
}

/// Begins `run` with `arguments` on the strategy `redis-claim` and a scenario of this kind.
fn begin(url: &str, stream: Stream, arguments: &[&str]) -> Running {
    begin_with(&[], url, stream, arguments)
}

/// The same, with further variables in its environment.
fn begin_with(environment: &[(&str, &str)], url: &str, stream: Stream, arguments: &[&str]) -> Running {
    begin_strategy("^redis-claim$", environment, url, stream, arguments)
}

/// The same with another strategy, as it is typed.
fn begin_strategy(
    strategy: &str,
    environment: &[(&str, &str)],
    url: &str,
    stream: Stream,
    arguments: &[&str],
) -> Running {
    let dir = TempDir::new().unwrap();
    let scenario = scenario(dir.path(), stream);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dedup-harness"));
    let child = command
        .envs(environment.iter().copied())
        .args(["run", "-f", &scenario, "-s", strategy, "--redis-url", url, "--redis-prefix", "t:", "-o"])
        .arg(dir.path().join("out"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("TMPDIR", dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Running { child, dir }
}

impl Running {
    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end. Nothing that it leaves behind may hold the password.
    fn end(self) -> Ran {
        self.end_and_keep().0
    }

    /// The same, and its directory.
    fn end_and_keep(self) -> (Ran, TempDir) {
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let records = fs::read_to_string(self.dir.path().join("out/records.jsonl")).unwrap_or_default();
        let (table, log) = (text(output.stdout), text(output.stderr));
        assert!([&table, &log, &records].iter().all(|text| !text.contains(PASSWORD)), "{table}\n{log}");
        let cells = records.lines().map(|line| serde_json::from_str(line).unwrap());
        let cells = cells.filter_map(|line| match line {
            Line::Cell(cell) => Some(*cell),
            Line::Run(_) => None,
        });
        (Ran { code: output.status.code(), table, log, cells: cells.collect() }, self.dir)
    }
}

/// Passes on what callers and `given` have to say to each other, but for the second walk over all keys of a run: that one,
/// at its end, it tells of, and nothing is answered to it. Its port.
fn silent_in_the_end(given: &Given) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = format!("127.0.0.1:{}", given.port);
    let (tell, told) = channel();
    let walks = Arc::new(AtomicUsize::new(0));
    let ask = move |mut caller: TcpStream| {
        let mut server = TcpStream::connect(&server).unwrap();
        let (mut answers, mut to) = (server.try_clone().unwrap(), caller.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut answers, &mut to));
        let (tell, walks) = (tell.clone(), Arc::clone(&walks));
        thread::spawn(move || {
            let (mut bytes, all_of_ours) = ([0; 4096], b"\r\nt:*\r\n");
            while let Some(said) = caller.read(&mut bytes).ok().filter(|read| *read > 0) {
                let is_walk = bytes[..said].windows(all_of_ours.len()).any(|part| part == all_of_ours);
                if is_walk && walks.fetch_add(1, Ordering::Relaxed) == 1 {
                    let _ = tell.send(());
                } else if server.write_all(&bytes[..said]).is_err() {
                    break;
                }
            }
            let _ = server.shutdown(Shutdown::Both);
        });
    };
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(ask));
    (port, told)
}

#[test]
fn who_asks_to_stop_while_keys_are_removed_is_heard_at_once_and_told_that_they_are_left() {
    let given = Given::start(&[]);
    for signal in ["INT", "TERM"] {
        let (port, told) = silent_in_the_end(&given);
        let url = format!("redis://:{PASSWORD}@127.0.0.1:{port}");
        let running = begin(&url, STREAM, &["--time-factor", "40", "-p", "verify"]);
        told.recv_timeout(Duration::from_secs(120)).unwrap();
        running.signal(signal);
        let ran = running.end();
        assert_eq!(ran.code, Some(130), "{}\n{}", ran.table, ran.log);
        assert!(ran.table.contains("redis-claim"), "{}\n{}", ran.table, ran.log);
        let left = "keys that begin with \"t:\" are left on the server until they expire: ";
        let said = ran.log.lines().find_map(|line| line.strip_prefix(left));
        assert!(said.is_some_and(|why| why.ends_with(": stopped")), "{}", ran.log);
        // The claim is one of them.
        given.link().query::<u64>(cmd("UNLINK").arg("t:in-use")).unwrap();
        given.is_as_it_was();
    }
}

#[test]
fn a_promise_is_kept_on_wall_time_and_the_server_is_left_as_it_was() {
    let given = Given::start(&[]);
    let ran = begin(&given.url(), STREAM, &["--time-factor", "40", "-p", "verify", "-p", "time"]).end();
    // On a machine that is too busy the run may be void, but never broken.
    assert!(matches!(ran.code, Some(0 | 5)), "{}\n{}", ran.table, ran.log);
    let [verify, time] = &ran.cells[..] else { panic!("{}", ran.table) };
    assert_eq!((verify.time_factor, time.time_factor), (40.0, 1.0));
    assert!(verify.elapsed_ns > 1_200_000_000, "50 s cannot have passed 40 times as fast");
    let CellResult::Verify(seen) = &verify.result else { panic!("{}", ran.table) };
    assert_ne!(seen.judgement.verdict, Verdict::Broken, "{:?}", seen.judgement);
    // What a void run missed was judged too late.
    let void = seen.judgement.verdict == Verdict::Void;
    assert!(seen.lost_count == 0 && (void || seen.missed_in_window_count == 0), "{seen:?}");
    assert!(
        seen.duplicate_count > 300 && seen.duplicate_in_window_count > seen.duplicate_count / 2,
        "{seen:?}"
    );
    // As fast as it goes: at the stream's own pace these would take a minute.
    let CellResult::Time(timed) = &time.result else { panic!("{}", ran.table) };
    assert!(timed.throughput_per_s > 1000.0, "{timed:?}");
    given.is_as_it_was();
}

#[test]
fn ids_are_weighed_on_wall_time_until_they_have_expired() {
    let given = Given::start(&[]);
    let stream = Stream { window: "20s", last_lag: "15s", ..STREAM };
    let ran = begin(&given.url(), stream, &["--time-factor", "40", "-p", "weigh"]).end();
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.table, ran.log);
    let CellResult::Weigh(weighed) = ran.cell() else { panic!("{}", ran.table) };
    // 50 a second for 20 s, and a chunk of 256 more that are judged at once.
    assert!((900..1400).contains(&weighed.peak_ids_count), "{weighed:?}");
    assert!(weighed.emptied_bytes < weighed.server_used_bytes.unwrap(), "{weighed:?}");
    given.is_as_it_was();
}

#[test]
fn a_server_that_forgets_breaks_the_promise_on_wall_time_too() {
    let given = Given::start(&["--maxmemory-policy", "allkeys-random"]);
    let used = given.link().used_memory().unwrap();
    given.link().query::<()>(cmd("CONFIG").arg("SET").arg("maxmemory").arg(used + 250_000)).unwrap();
    let ran = begin(&given.url(), STREAM, &["--time-factor", "40", "-p", "verify"]).end();
    assert_eq!(ran.code, Some(4), "{}\n{}", ran.table, ran.log);
}

#[test]
fn a_server_that_stalls_for_longer_than_a_window_breaks_no_promise() {
    let given = Given::start(&["--enable-debug-command", "local"]);
    // The window is 150 ms of the server's time, and the server sleeps for 200 now and then.
    let stream = Stream { window: "6s", last_lag: "5s", linger: "1s", ..STREAM };
    let running = begin(&given.url(), stream, &["--time-factor", "40", "-p", "verify"]);
    eventually("the first ids", || given.has_ids());
    for _ in 0..5 {
        given.link().query::<()>(cmd("DEBUG").arg("SLEEP").arg("0.2")).unwrap();
    }
    let ran = running.end();
    let CellResult::Verify(seen) = ran.cell() else { panic!("{}\n{}", ran.table, ran.log) };
    assert_ne!(seen.judgement.verdict, Verdict::Broken, "{:?}", seen.judgement);
    assert!(seen.duplicate_in_window_count > 100, "{seen:?}");
}

#[test]
fn a_run_that_falls_behind_is_void() {
    let given = Given::start(&[]);
    // 200 s in a twentieth of a second: no server answers 10,000 batches that fast.
    let stream = Stream { pings: 10_000, window: "400s", last_lag: "100s", ..STREAM };
    let ran = begin(&given.url(), stream, &["--time-factor", "4000", "-p", "verify"]).end();
    let CellResult::Verify(seen) = ran.cell() else { panic!("{}\n{}", ran.table, ran.log) };
    assert_eq!(seen.judgement.verdict, Verdict::Void);
    assert!(seen.judgement.findings[0].contains("fell behind"), "{:?}", seen.judgement);
}

#[test]
fn a_window_that_would_be_too_short_is_refused_with_the_factor_that_is_not() {
    let given = Given::start(&[]);
    let ran = begin(&given.url(), STREAM, &["--time-factor", "500"]).end();
    assert_eq!(ran.code, Some(2));
    assert!(ran.log.contains("80.0ms") && ran.log.contains("--time-factor of at most 400"), "{}", ran.log);
    given.is_as_it_was();
}

#[test]
fn a_prefix_that_is_taken_is_refused_with_an_example() {
    let given = Given::start(&[]);
    given.link().query::<()>(cmd("SET").arg("t:theirs").arg("kept")).unwrap();
    let ran = begin(&given.url(), STREAM, &[]).end();
    assert_eq!((ran.code, ran.table.as_str()), (Some(2), ""));
    assert!(ran.log.contains("\"t:theirs\"") && ran.log.contains("choose another prefix"), "{}", ran.log);
    assert_eq!(given.link().query::<String>(cmd("GET").arg("t:theirs")).unwrap(), "kept");

    // The advice goes to this server, and clears whatever bytes its keys hold.
    given.link().query::<()>(cmd("SET").arg(&b"t:\x00\xff'\"a\n b"[..]).arg("")).unwrap();
    let advice = ran.log.split("delete them with ").nth(1).expect(&ran.log);
    let command = advice.split(" (with a password").next().unwrap();
    assert!(command.contains(&format!("-p {}", given.port)), "{command}");
    let cleared = Command::new("sh").args(["-c", command]).env("REDISCLI_AUTH", PASSWORD).output().unwrap();
    assert!(cleared.status.success(), "{cleared:?}");
    given.is_as_it_was();
}

/// What the system shows of a process to others.
fn shown(process: u32, file: &str) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{process}/{file}")).unwrap_or_default()).into_owned()
}

/// Processes that `process` has started, and those that they have.
fn descendants(process: u32) -> Vec<u32> {
    let is_id = |name: &std::ffi::OsStr| name.to_str().and_then(|name| name.parse().ok());
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| is_id(&entry.unwrap().file_name()));
    let parent = |id: u32| {
        let status = shown(id, "status");
        status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse::<u32>().ok())
    };
    let children = all.filter(|id: &u32| parent(*id) == Some(process));
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

#[test]
fn a_password_is_in_no_childs_arguments_environment_or_core_and_in_no_record_or_page() {
    let given = Given::start(&[]);
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let in_file = ["--redis-password-file", file.to_str().unwrap()];
    let in_variable = [("DEDUP_REDIS_PASSWORD", PASSWORD)];
    type Way<'a> = (String, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let ways: [Way<'_>; 3] =
        [(given.bare_url(), &[], &in_file), (given.bare_url(), &in_variable, &[]), (given.url(), &[], &[])];
    for (url, environment, options) in ways {
        let endless = [options, &["-p", "verify", "--time-factor", "1"]].concat();
        let running = begin_with(environment, &url, ENDLESS, &endless);
        eventually("the first ids", || given.has_ids());
        let harness = running.child.id();
        let children = descendants(harness);
        assert!(children.iter().any(|child| shown(*child, "cmdline").contains("__cell")), "{children:?}");
        for process in &children {
            for file in ["cmdline", "environ"] {
                assert!(
                    !shown(*process, file).contains(PASSWORD),
                    "{file} of {}",
                    shown(*process, "cmdline")
                );
            }
        }
        let is_given_by_url = url == given.url();
        assert_eq!(shown(harness, "cmdline").contains(PASSWORD), is_given_by_url);
        // The guards only inherit it from then on; they are not told the password.
        let cells = children.iter().copied().filter(|child| shown(*child, "cmdline").contains("__cell"));
        for process in cells.chain([harness]) {
            let limits = shown(process, "limits");
            let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
            let words: Vec<&str> = core.split_whitespace().collect();
            assert!(matches!(words[..], [.., "0", "0", "bytes"]), "{}: {core}", shown(process, "cmdline"));
        }
        running.signal("INT");
        assert_eq!(running.end().code, Some(130));

        let measured = begin_with(environment, &url, STREAM, &[options, &["-p", "time"]].concat());
        let (ran, kept) = measured.end_and_keep();
        assert_eq!(ran.code, Some(0), "{}", ran.log);
        let (out, page) = (kept.path().join("out"), kept.path().join("page.html"));
        let mut report = Command::new(env!("CARGO_BIN_EXE_dedup-harness"));
        let reported = report.arg("report").arg(out).arg("-o").arg(&page).output().unwrap();
        assert!(reported.status.success(), "{reported:?}");
        assert!(!fs::read_to_string(page).unwrap().contains(PASSWORD));
    }
    given.is_as_it_was();
}

#[test]
fn a_server_that_cannot_be_reached_is_one_error_with_what_to_do() {
    let given = Given::start(&[]);
    let wrong = format!("redis://:{PASSWORD}-but-wrong@127.0.0.1:{}", given.port);
    for url in [format!("redis://:{PASSWORD}@127.0.0.1:{}", free_port()), wrong] {
        let ran = begin(&url, STREAM, &[]).end();
        assert_eq!((ran.code, ran.table.as_str()), (Some(2), ""));
        assert_eq!(ran.log.lines().count(), 1, "{}", ran.log);
        assert!(ran.log.contains("redis://***@127.0.0.1") && ran.log.contains("redis-cli"), "{}", ran.log);
    }
}

/// Every strategy that keeps its ids in Redis.
fn family() -> impl Iterator<Item = &'static str> {
    let on_redis = STRATEGIES.iter().filter(|definition| definition.needs == Needs::Redis);
    on_redis.map(|definition| definition.name)
}

/// Cells that have failed because the server said no, in so many words.
fn was_refused(ran: &Ran, words: &str) {
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.table, ran.log);
    for cell in &ran.cells {
        let CellResult::Failed { how, reason } = &cell.result else { panic!("{cell:?}") };
        assert_eq!(*how, Failure::Unavailable, "{reason}");
        assert!(reason.contains(words), "{}: {reason}", cell.strategy);
    }
}

#[test]
fn a_server_that_is_full_is_named_as_the_cause_whatever_the_strategy_makes_of_it() {
    // A lease that runs out lets the next try in, on a server that is full to the brim.
    let short_lease = "redis-lease:lease=1s";
    for strategy in family().chain([short_lease]) {
        for pass in ["verify", "weigh"] {
            let given = Given::start(&[]);
            let options = ["--time-factor", "20", "-p", pass];
            let running = begin_strategy(strategy, &[], &given.url(), ENDLESS, &options);
            eventually("the first ids", || given.has_ids());
            let most = if strategy == short_lease { given.link().used_memory().unwrap() } else { 1 };
            given.link().query::<()>(cmd("CONFIG").arg("SET").arg("maxmemory").arg(most)).unwrap();
            let ran = running.end();
            assert_eq!(ran.cells.len(), 1, "{}", ran.log);
            was_refused(&ran, "OOM command not allowed");
        }
        let full = Given::start(&[]);
        let used = full.link().used_memory().unwrap();
        // Enough for the mark of the run, and not for the ids.
        full.link().query::<()>(cmd("CONFIG").arg("SET").arg("maxmemory").arg(used + 150_000)).unwrap();
        let ran = begin_strategy(strategy, &[], &full.url(), ENDLESS, &["-p", "time"]).end();
        was_refused(&ran, "OOM command not allowed");
    }
}

#[test]
fn a_server_that_takes_no_writes_is_one_error_in_its_own_words() {
    let given = Given::start(&[]);
    given.link().query::<()>(cmd("CONFIG").arg("SET").arg("maxmemory").arg(1)).unwrap();
    let ran = begin(&given.url(), STREAM, &[]).end();
    assert_eq!((ran.code, ran.table.as_str()), (Some(1), ""));
    let said = "OOM command not allowed when used memory > 'maxmemory'. (it has reached its maxmemory";
    assert!(ran.log.contains(said) && ran.log.lines().count() == 1, "{}", ran.log);

    // In the middle of a run.
    let given = Given::start(&[]);
    let running = begin(&given.url(), ENDLESS, &["--time-factor", "20", "-p", "verify"]);
    eventually("the first ids", || given.has_ids());
    given.link().query::<()>(cmd("REPLICAOF").arg("127.0.0.1").arg(1)).unwrap();
    was_refused(&running.end(), "READONLY You can't write against a read only replica. (it is a replica");
}

#[test]
fn an_interrupted_run_leaves_the_server_as_it_was() {
    let given = Given::start(&[]);
    let running = begin(&given.url(), ENDLESS, &["--time-factor", "1"]);
    eventually("the first ids", || given.has_ids());
    running.signal("INT");
    let ran = running.end();
    assert_eq!(ran.code, Some(130), "{}", ran.log);
    given.is_as_it_was();
}

#[test]
fn what_a_killed_run_leaves_expires_and_keeps_others_out_until_then() {
    let given = Given::start(&[]);
    let mut running = begin(&given.url(), ENDLESS, &["--time-factor", "1"]);
    eventually("the first ids", || given.has_ids());
    running.child.kill().unwrap();
    running.end();
    // Its cell ends by itself.
    let mut link = given.link();
    let clients = |link: &mut Link| link.query::<String>(cmd("CLIENT").arg("LIST")).unwrap().lines().count();
    eventually("the end of its connections", || clients(&mut link) == 1);
    let left = given.keys("t:*");
    assert!(left.len() > 1);
    for key in left {
        let left_ms: i64 = link.query(cmd("PTTL").arg(&key)).unwrap();
        assert!(left_ms > 0, "{key:?}: {left_ms}");
    }
    let ran = begin(&given.url(), STREAM, &[]).end();
    assert_eq!(ran.code, Some(2));
    assert!(ran.log.contains("already holds keys"), "{}", ran.log);
}

#[test]
fn a_server_that_dies_ends_the_cell_with_the_reason() {
    let given = Given::start(&[]);
    let running = begin(&given.url(), ENDLESS, &["--time-factor", "1"]);
    eventually("the first ids", || given.has_ids());
    given.kill();
    let died = Instant::now();
    let ran = running.end();
    assert!(died.elapsed() < Duration::from_secs(120), "it went on for {:?}", died.elapsed());
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.table, ran.log);
    // The passes that follow are not tried: their cells say why.
    assert_eq!(ran.cells.len(), 3);
    for cell in &ran.cells {
        let CellResult::Failed { how, reason } = &cell.result else { panic!("{cell:?}") };
        assert_eq!(*how, Failure::Unavailable);
        assert!(reason.contains("redis://***@127.0.0.1"), "{reason}");
    }
}

#[test]
fn a_server_is_used_over_tls() {
    let (dir, port) = (TempDir::new().unwrap(), free_port());
    let (key, certificate) = self_signed(dir.path());
    let tls = ["--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-auth-clients", "no"];
    let given = Given::launch(&["--port", "0", "--tls-port", &port], &tls, port.clone());
    let url = format!("rediss://:{PASSWORD}@127.0.0.1:{port}");
    let ran = begin(&url, STREAM, &["-p", "time"]).end();
    assert_eq!(ran.code, Some(2));
    assert!(ran.log.contains("certificate"), "{}", ran.log);

    let trusts = [("SSL_CERT_FILE", &certificate[..])];
    let trusting = begin_with(&trusts, &url, STREAM, &["-p", "time"]).end();
    assert_eq!(trusting.code, Some(0), "{}\n{}", trusting.table, trusting.log);
    assert!(matches!(trusting.cell(), CellResult::Time(_)));
    drop(given.guarded);
}
