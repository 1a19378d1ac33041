//! A server that is given, end to end: the binary with `--redis-url`, on a server that keeps wall time.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dedup_harness::record::{CellRecord, CellResult, Failure, Line, Verdict};
use dedup_harness::servers::Guarded;
use dedup_strategies::redis::Link;
use redis::cmd;
use tempfile::TempDir;

use crate::common::{eventually, launch};
use crate::{free_port, self_signed};

const PASSWORD: &str = "s3cret";

/// A server with a password and somebody's key on it, on wall time.
struct Given {
    guarded: Guarded,
    port: String,
}

impl Given {
    fn start(arguments: &[&str]) -> Given {
        let port = free_port();
        let given = Given::launch(&["--port", &port], arguments, TempDir::new().unwrap(), port.clone());
        given.link().query::<()>(cmd("SET").arg("foreign").arg("kept")).unwrap();
        given
    }

    fn launch(port_options: &[&str], arguments: &[&str], dir: TempDir, port: String) -> Given {
        let mut command = vec![launch().server.into_os_string()];
        command.extend(port_options.iter().map(Into::into));
        command.extend(["--requirepass", PASSWORD, "--save", "", "--bind", "127.0.0.1"].map(Into::into));
        command.extend(arguments.iter().map(Into::into));
        let guarded = Guarded::start(&launch().guard, dir, &[command]).unwrap();
        eventually("a listening server", || {
            std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok()
        });
        Given { guarded, port }
    }

    fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    fn link(&self) -> Link {
        Link::to(&self.url()).unwrap()
    }

    fn keys(&self, pattern: &str) -> Vec<Vec<u8>> {
        self.link().query(cmd("KEYS").arg(pattern)).unwrap()
    }

    /// Whether a cell has begun to write ids.
    fn has_ids(&self) -> bool {
        !self.keys("t:1:*").is_empty()
    }

    fn is_as_it_was(&self) {
        assert_eq!(self.keys("*"), [b"foreign"]);
        assert_eq!(self.link().query::<String>(cmd("GET").arg("foreign")).unwrap(), "kept");
    }

    fn kill(&self) {
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
    begin_trusting(None, url, stream, arguments)
}

/// The same, with the certificate of an authority to trust.
fn begin_trusting(certificate: Option<&str>, url: &str, stream: Stream, arguments: &[&str]) -> Running {
    let dir = TempDir::new().unwrap();
    let scenario = scenario(dir.path(), stream);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dedup-harness"));
    if let Some(certificate) = certificate {
        command.env("SSL_CERT_FILE", certificate);
    }
    let child = command
        .args([
            "run",
            "-f",
            &scenario,
            "-s",
            "^redis-claim$",
            "--redis-url",
            url,
            "--redis-prefix",
            "t:",
            "-o",
        ])
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
        Ran { code: output.status.code(), table, log, cells: cells.collect() }
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
    let given = Given::launch(&["--port", "0", "--tls-port", &port], &tls, dir, port.clone());
    let url = format!("rediss://:{PASSWORD}@127.0.0.1:{port}");
    let ran = begin(&url, STREAM, &["-p", "time"]).end();
    assert_eq!(ran.code, Some(2));
    assert!(ran.log.contains("certificate"), "{}", ran.log);

    let trusting = begin_trusting(Some(&certificate), &url, STREAM, &["-p", "time"]).end();
    assert_eq!(trusting.code, Some(0), "{}\n{}", trusting.table, trusting.log);
    assert!(matches!(trusting.cell(), CellResult::Time(_)));
    drop(given.guarded);
}
