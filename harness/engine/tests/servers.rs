//! Private servers: exact time, and nothing left behind. Need a redis-server.

mod common;
#[path = "common/private.rs"]
mod private;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::SystemTime;

use common::{eventually, launch};
use dedup_engine::servers::{Guarded, Launch, PrivateCluster, PrivateRedis, ServerError, Stay, VirtualClock};
use dedup_strategies::Timestamp;
use dedup_strategies::redis::Link;
use private::private_redis;
use redis::cmd;

/// Names another program as the guard of an owner that is no test.
const NAMED_GUARD: &str = "DEDUP_TEST_GUARD";

const DAY_MS: u64 = 24 * 3600 * 1000;

#[test]
fn a_key_expires_exactly_when_its_day_is_over() {
    let redis = private_redis();
    let mut link = Link::to(redis.url()).unwrap();
    let clock = redis.clock().expect("a virtual clock on this system");
    let mut exists_at = |ms: u64| {
        clock.set(Timestamp::from_millis(ms)).unwrap();
        link.query::<bool>(cmd("EXISTS").arg("id")).unwrap()
    };
    // Redis reads whole milliseconds and holds a key until its clock has passed the last one.
    for start in [1_000, 1_763_800_000_123] {
        assert!(!exists_at(start));
        let mut link = Link::to(redis.url()).unwrap();
        link.query::<()>(cmd("SET").arg("id").arg("").arg("EX").arg(DAY_MS / 1000)).unwrap();
        assert!(exists_at(start));
        assert!(exists_at(start + DAY_MS - 1));
        assert!(exists_at(start + DAY_MS));
        assert!(!exists_at(start + DAY_MS + 1));
    }
}

#[test]
fn the_server_reads_every_time_that_the_clock_is_set_to() {
    let redis = private_redis();
    let mut link = Link::to(redis.url()).unwrap();
    let clock = VirtualClock::open(&redis.clock_path().unwrap()).unwrap();
    // Each step changes many bytes of the counter at once, backwards too.
    for step in 0..500u64 {
        let micros = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 10_000_000_000_000_000;
        clock.set(Timestamp::from_nanos(micros * 1000)).unwrap();
        let told: (u64, u64) = link.query(&cmd("TIME")).unwrap();
        assert_eq!(told, (micros / 1_000_000, micros % 1_000_000));
    }
}

/// Any program will do: what `date` says the time is, with the preload library and this value of its variable.
fn date(redis: &PrivateRedis, clock: Option<&Path>) -> std::process::Output {
    let mut date = Command::new("date");
    date.arg("+%s").env("LD_PRELOAD", redis.dir().join("virtual_clock.so"));
    if let Some(clock) = clock {
        date.env("DEDUP_VIRTUAL_CLOCK", clock);
    }
    date.output().unwrap()
}

#[test]
fn without_a_clock_named_the_preload_library_tells_the_real_time() {
    let redis = private_redis();
    let seconds = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let before = seconds();
    let told: u64 = String::from_utf8(date(&redis, None).stdout).unwrap().trim().parse().unwrap();
    assert!((before..=seconds()).contains(&told));
    redis.clock().unwrap().set(Timestamp::from_secs(12_345)).unwrap();
    assert_eq!(date(&redis, redis.clock_path().as_deref()).stdout, b"12345\n");
}

#[test]
fn a_program_whose_clock_cannot_be_read_stops_rather_than_run_on_another() {
    let output = date(&private_redis(), Some(Path::new("/nowhere/clock")));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("DEDUP_VIRTUAL_CLOCK"));
}

#[test]
fn expired_keys_are_removed_on_request() {
    let redis = private_redis();
    let mut link = Link::to(redis.url()).unwrap();
    for key in 0..5000 {
        link.query::<()>(cmd("SET").arg(key).arg("").arg("PX").arg(10)).unwrap();
    }
    redis.clock().unwrap().set(Timestamp::from_secs(1)).unwrap();
    redis.remove_expired().unwrap();
    assert_eq!(link.query::<u64>(&cmd("DBSIZE")).unwrap(), 0);
}

#[test]
fn its_facts_are_told() {
    let redis = private_redis();
    let parts: Vec<u32> = redis.product().version.split('.').map(|part| part.parse().unwrap()).collect();
    assert_eq!(parts.len(), 3);
    assert!(redis.used_memory().unwrap() > 100_000);
    assert!(runs(redis.process_id().unwrap()));
    let mode = fs::metadata(redis.dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others can enter the private directory");
}

#[test]
fn dropping_it_stops_the_server_and_removes_its_directory() {
    let redis = private_redis();
    let (process, dir) = traces(&redis);
    drop(redis);
    assert!(!runs(process) && !dir.exists());
}

#[test]
fn a_panic_stops_the_server_and_removes_its_directory() {
    let (tell, told) = std::sync::mpsc::channel();
    let panicked = thread::spawn(move || {
        let redis = private_redis();
        tell.send(traces(&redis)).unwrap();
        panic!("on purpose");
    });
    let (process, dir) = told.recv().unwrap();
    panicked.join().unwrap_err();
    assert!(!runs(process) && !dir.exists());
}

#[test]
fn a_server_that_ignores_sigterm_is_stopped_all_the_same() {
    let redis = private_redis();
    let (process, dir) = traces(&redis);
    signal(process, "STOP");
    drop(redis);
    assert!(!runs(process) && !dir.exists());
}

#[test]
fn killing_the_owner_stops_the_server_and_removes_its_directory() {
    let (mut owner, process, dir) = start_owner();
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the end of the server", || !runs(process));
    eventually("the end of its directory", || !dir.exists());
}

#[test]
fn ctrl_c_in_the_terminal_does_not_reach_the_server() {
    let redis = private_redis();
    let server = redis.process_id().unwrap();
    for process in [server, parent_of(server)] {
        assert_ne!(group_of(process), group_of(std::process::id()));
    }
}

#[test]
fn neither_guard_nor_server_holds_our_outputs_open() {
    let (mut owner, server, dir) = start_owner();
    let guard = parent_of(server);
    for output in [1, 2] {
        let ours = fs::read_link(format!("/proc/{}/fd/{output}", owner.id())).unwrap();
        assert!(ours.to_string_lossy().starts_with("pipe:"));
        for process in [guard, server] {
            let theirs = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
            let mut theirs = theirs.map(|entry| fs::read_link(entry.unwrap().path()).unwrap_or_default());
            assert!(theirs.all(|file| file != ours));
        }
    }
    drop(owner.stdin.take());
    owner.wait().unwrap();
    assert!(!runs(server) && !dir.exists());
}

#[test]
fn killing_the_guard_kills_the_server_and_nothing_is_left() {
    let redis = private_redis();
    let (process, dir) = traces(&redis);
    signal(parent_of(process), "KILL");
    eventually("the end of the server", || !runs(process));
    eventually("our knowing of it", || redis.ended().is_some());
    drop(redis);
    assert!(!dir.exists());
}

#[test]
fn a_server_that_dies_in_the_middle_is_noticed_with_its_log() {
    let redis = private_redis();
    assert!(redis.ended().is_none());
    let (process, dir) = traces(&redis);
    signal(process, "KILL");
    eventually("our knowing of it", || redis.ended().is_some());
    let error = redis.ended().unwrap().to_string();
    assert!(error.contains("redis-server ended by itself: signal: 9"), "{error}");
    assert!(error.contains("Ready to accept connections") || error.contains("ready to accept"), "{error}");
    drop(redis);
    assert!(!dir.exists());
}

#[test]
fn a_server_that_dies_at_its_start_gives_its_log() {
    let mut launch = launch();
    launch.arguments = vec!["--no-such-option".into(), "1".into()];
    let error = failure(&launch);
    assert!(matches!(error, ServerError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("no-such-option"), "{error}");
}

#[test]
fn a_program_that_is_no_guard_gives_an_error_and_not_a_hang() {
    let mut launch = launch();
    launch.guard = "/bin/true".into();
    assert!(matches!(failure(&launch), ServerError::Ended { .. }));
    launch.guard = "/nowhere/dedup-harness".into();
    assert!(failure(&launch).to_string().contains("/nowhere/dedup-harness"));
}

#[test]
fn a_server_that_is_off_the_clock_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("server-without-preload");
    let real = launch().server;
    fs::write(&script, format!("#!/bin/sh\nunset LD_PRELOAD\nexec {} \"$@\"\n", real.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let mut launch = launch();
    launch.server = script;
    let error = failure(&launch);
    assert!(matches!(error, ServerError::OffClock { .. }), "{error}");
}

#[test]
fn several_servers_share_a_guard_and_one_may_die_alone() {
    let command = |name: &str| {
        let script = format!("echo $$ > {name}; exec sleep 1000");
        ["NAME=value", "/bin/sh", "-c", &script].map(Into::into).to_vec()
    };
    let commands = |_: &Path| vec![command("a"), command("b")];
    let servers = Guarded::make(&launch().guard, &std::env::temp_dir(), commands).unwrap();
    let path = servers.dir().to_path_buf();
    (0..2).for_each(|index| servers.start(index).unwrap());
    let process = |name: &str| {
        let file = path.join(name);
        eventually("its start", || fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n')));
        fs::read_to_string(&file).unwrap().trim().parse::<u32>().unwrap()
    };
    let (a, b) = (process("a"), process("b"));
    signal(a, "KILL");
    eventually("our knowing of it", || servers.ended().is_some());
    assert_eq!(servers.ended().unwrap().lines().count(), 1);
    assert!(runs(b));
    drop(servers);
    assert!(!runs(b) && !path.exists());
}

/// So there is no moment at which a directory is there and nobody sees to its end.
#[test]
fn nothing_is_made_before_its_guard_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let (guard, tmp) = (dir.path().join("guard"), dir.path().join("tmp"));
    fs::create_dir(&tmp).unwrap();
    let begun = dir.path().join("begun");
    // A guard that has begun, and does not come to making anything until it is let go.
    let script = format!("#!/bin/sh\necho > {}\nread line\n", begun.display());
    fs::write(&guard, script).unwrap();
    fs::set_permissions(&guard, fs::Permissions::from_mode(0o700)).unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap());
    owner.args(["--exact", "owner_of_a_server", "--ignored"]).env("TMPDIR", &tmp).env(NAMED_GUARD, &guard);
    let mut owner = owner.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    eventually("the guard's beginning", || begun.exists());
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
}

#[test]
fn a_guard_whose_owner_is_gone_already_leaves_nothing() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("dedup-harness-late");
    let mut guard = Command::new(launch().guard);
    let output = guard.arg("__guard").arg(&dir).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"made\n");
    assert!(!dir.exists());
}

#[test]
fn a_directory_of_somebody_else_is_neither_taken_nor_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut guard = Command::new(launch().guard);
    let output = guard.arg("__guard").arg(dir.path()).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success() && output.stdout == b"17\n", "{output:?}");
    assert!(dir.path().exists());
}

/// A process that is slow where its owner was killed would make the directory anew.
#[test]
fn a_directory_stays_until_nobody_works_in_it_and_then_nobody_can() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("dedup-harness-busy");
    let mut guard = Command::new(launch().guard);
    let mut guard =
        guard.arg("__guard").arg(&dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    eventually("the directory", || dir.exists());
    let stay = Stay::within(&dir.join("cell/state")).unwrap();
    drop(guard.stdin.take());
    let opened = |process: u32| fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    let waits = || opened(guard.id()).any(|fd| fs::read_link(fd.path()).is_ok_and(|file| file == dir));
    eventually("the guard's wait", waits);
    assert!(dir.exists());
    drop(stay);
    assert!(guard.wait().unwrap().success());
    assert!(!dir.exists());
    Stay::within(&dir.join("cell/state")).unwrap_err();
}

#[test]
fn killing_the_owner_of_a_cluster_stops_every_node_and_removes_its_directory() {
    let mut owner = begin_owner("owner_of_a_cluster");
    let line = last_words(&mut owner);
    let (processes, dir) = line.split_once(' ').unwrap();
    let processes: Vec<u32> = processes.split(',').map(|process| process.parse().unwrap()).collect();
    assert!(processes.len() == 6 && processes.iter().all(|process| runs(*process)));
    owner.kill().unwrap();
    owner.wait().unwrap();
    eventually("the end of every node", || !processes.iter().any(|process| runs(*process)));
    eventually("the end of its directory", || !Path::new(dir).exists());
}

#[test]
fn dropping_a_cluster_one_of_whose_nodes_was_killed_leaves_nothing() {
    let cluster = PrivateCluster::start(&launch()).unwrap();
    let (processes, dir) = (cluster.process_ids().unwrap(), cluster.dir().to_path_buf());
    signal(processes[4], "KILL");
    eventually("our knowing of it", || cluster.ended().is_some());
    drop(cluster);
    assert!(!processes.iter().any(|process| runs(*process)) && !dir.exists());
}

/// Not a test of its own: the process that a test above starts and kills.
#[test]
#[ignore = "started by another test, as the owner of a cluster"]
fn owner_of_a_cluster() {
    let cluster = PrivateCluster::start(&launch()).unwrap();
    let processes: Vec<String> = cluster.process_ids().unwrap().iter().map(u32::to_string).collect();
    println!("\nowner: {} {}", processes.join(","), cluster.dir().display());
    // Until the pipe that the starting test holds is closed.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Not a test of its own: the process that the tests above start and kill.
#[test]
#[ignore = "started by other tests, as the owner of a server"]
fn owner_of_a_server() {
    let launch = launch();
    let guard = std::env::var_os(NAMED_GUARD).map_or(launch.guard.clone(), PathBuf::from);
    let redis = PrivateRedis::start(&Launch { guard, ..launch }).unwrap();
    let (process, dir) = traces(&redis);
    println!("\nowner: {process} {}", dir.display());
    // Until the pipe that the starting test holds is closed.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn start_owner() -> (Child, u32, PathBuf) {
    let mut owner = begin_owner("owner_of_a_server");
    let line = last_words(&mut owner);
    let (process, dir) = line.split_once(' ').unwrap();
    (owner, process.parse().unwrap(), dir.into())
}

/// This program again, as one of the tests that are no tests.
fn begin_owner(test: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it says it owns.
fn last_words(owner: &mut Child) -> String {
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("owner: ").map(str::to_string))
        .expect("the owner says what it owns")
}

fn failure(launch: &dedup_engine::servers::Launch) -> ServerError {
    match PrivateRedis::start(launch) {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

fn traces(redis: &PrivateRedis) -> (u32, PathBuf) {
    let (process, dir) = (redis.process_id().unwrap(), redis.dir().to_path_buf());
    assert!(runs(process) && dir.exists());
    (process, dir)
}

/// Whether a process of this number exists.
fn runs(process: u32) -> bool {
    Path::new(&format!("/proc/{process}/stat")).exists()
}

fn parent_of(process: u32) -> u32 {
    stat_field(process, 1)
}

fn group_of(process: u32) -> u32 {
    stat_field(process, 2)
}

/// A field of `/proc/N/stat`, counted from the state, which follows the name in parentheses.
fn stat_field(process: u32, index: usize) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(index).unwrap().parse().unwrap()
}

fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status().unwrap();
    assert!(status.success());
}
