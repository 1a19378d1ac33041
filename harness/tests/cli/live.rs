//! `profile --live`: traffic as it comes, ended by a signal or by its end.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::tool::{Tool, entries};
use crate::workspace::root;

fn data(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "stream", "tests", "data", name].iter().collect();
    std::fs::read(path).unwrap()
}

fn stored(tool: &Tool, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(tool.work().join(name)).unwrap()).unwrap()
}

/// `profile --live` with these options while it runs.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    said: Receiver<String>,
    heard: String,
}

impl Running {
    fn start(tool: &Tool, args: &[&str]) -> Running {
        Running::of(tool.process(&[&["profile", "--live", "--every", "50ms"], args].concat()))
    }

    fn of(mut command: Command) -> Running {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let (sender, said) = channel();
        std::thread::spawn(move || {
            errors.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Running { child, input, said, heard: String::new() }
    }

    fn send(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for a line on standard error that has this in it.
    fn hears(&mut self, part: &str) -> String {
        loop {
            let line = self.said.recv_timeout(Duration::from_secs(120));
            let line = line.unwrap_or_else(|_| panic!("{part:?} is not said in: {}", self.heard));
            self.heard += &format!("{line}\n");
            if line.contains(part) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end: exit code, standard output, and all that it said on standard error.
    fn ends(mut self) -> (Option<i32>, String, String) {
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        let code = self.child.wait().unwrap().code();
        self.said.iter().for_each(|line| self.heard += &format!("{line}\n"));
        (code, printed, self.heard)
    }
}

/// Pings a second apart, each id twice, an hour between.
fn twice(ids: u64) -> String {
    let line = |ping: u64| {
        format!("{{\"id\":\"ping-{}\",\"t\":{}}}\n", ping % ids, 1_772_323_200 + ping * 3600 / ids)
    };
    (0..2 * ids).map(line).collect()
}

#[test]
fn what_comes_live_to_its_end_is_what_a_file_of_it_gives() {
    let tool = Tool::new();
    for (name, field) in [("pings.ndjson", "publish_time"), ("pings.csv", "publish_time_ms")] {
        tool.write(name, data(name));
        let read = ["--time-field", field, "--name", "x", "-o"];
        let of_file = tool.prints(&[&["profile", name][..], &read, &["a.json"]].concat());
        let args = [&["profile", "--live"][..], &read, &["b.json"]].concat();
        let live = tool.command(&args).write_stdin(data(name)).assert().success().get_output().clone();
        let (mut a, mut b) = (stored(&tool, "a.json"), stored(&tool, "b.json"));
        assert_eq!(a, b, "{name}");
        assert_eq!(String::from_utf8(live.stdout).unwrap(), of_file, "{name}");
        assert!(a["doubts"].take() == b["doubts"].take() && entries(&tool.tmp()).is_empty());
    }
}

#[test]
fn a_signal_ends_it_with_the_profile_of_all_whole_lines() {
    for signal in [Signal::INT, Signal::TERM] {
        let tool = Tool::new();
        let mut running = Running::start(&tool, &["--time-field", "t", "-o", "p.json"]);
        running.send(&twice(1000));
        running.send("{\"id\":\"ping-1\",\"t\":17723");
        let line = running.hears("2,000 pings (");
        assert!(line.contains("50.0 % duplicates, 99 % of them within"), "{line}");
        running.hears("2,000 pings (0/s)");
        running.signal(signal);
        let (code, printed, said) = running.ends();
        assert_eq!(code, Some(0), "{said}");
        assert!(printed.contains("\n50.0 % of 2,000 pings are duplicates."), "{printed}");
        let profile = stored(&tool, "p.json");
        assert_eq!((&profile["pings_count"], &profile["unreadable_count"]), (&2000.into(), &0.into()));
        assert_eq!(profile["times"], "given");
        assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
    }
}

/// In each form, within a line or an object, and also where the whole pipe is ended by the signal.
#[test]
fn what_has_not_come_to_its_end_when_a_signal_comes_counts_as_nothing() {
    let lines = |line: &dyn Fn(u64) -> String| (1000..1200).map(line).collect::<String>();
    let log = |ping: u64| {
        format!("10.0.0.1 - - [01/Mar/2026:00:00:00 +0000] \"GET /{ping} HTTP/1.1\" 200 {ping}\n")
    };
    let times = lines(&|ping| format!("{ping},{}\n", 1_772_322_000 + ping));
    let object = |ping: u64| format!("{{\"id\":{ping}}}");
    let forms: [(&str, String, &str, &[&str]); 7] = [
        ("an id", format!("id,t\n{times}"), "10", &["--time-field", "t"]),
        ("a time", format!("id,t\n{times}"), "1001,177232", &["--time-field", "t"]),
        ("one column", format!("id\n{}", lines(&|ping| format!("{ping}\n"))), "100", &[]),
        ("an object a line", lines(&|ping| object(ping) + "\n"), "{\"id\":10", &[]),
        ("objects without lines", lines(&object), "{\"id\":10", &[]),
        ("an array", format!("[\n{}", lines(&|ping| object(ping) + ",\n")), "{\"id\":10", &[]),
        ("a log", lines(&log), "10.0.0.1 - - [01/Mar", &["--id-field", "request"]),
    ];
    for (name, whole, half, args) in forms {
        for ends in [false, true] {
            let tool = Tool::new();
            let mut running = Running::start(&tool, &[&["-o", "p.json"], args].concat());
            running.send(&whole);
            running.hears("200 pings (");
            running.send(half);
            running.signal(Signal::INT);
            if ends {
                running.input = None;
            }
            let (code, _, said) = running.ends();
            assert_eq!(code, Some(0), "{name}: {said}");
            let profile = stored(&tool, "p.json");
            let counts = ["pings_count", "ids_count", "unreadable_count"].map(|name| profile[name].clone());
            assert_eq!(counts, [200, 200, 0].map(Value::from), "{name}, {ends}");
        }
    }
}

/// What `nohup` does, and who starts a watch for days.
#[test]
fn the_end_of_the_terminal_ends_nothing_that_was_started_to_outlive_it() {
    let tool = Tool::new();
    let mut process = Command::new("bash");
    process.args(["-c", "trap '' HUP; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_dedup-harness")]);
    process.args(["profile", "--live", "--every", "50ms", "--time-field", "t", "-o", "p.json"]);
    process.current_dir(tool.work()).env("TMPDIR", tool.tmp());
    let mut running = Running::of(process);
    running.send(&twice(500));
    running.hears("1,000 pings (");
    running.signal(Signal::HUP);
    running.send(&twice(500));
    running.hears("2,000 pings (");
    running.input = None;
    assert_eq!(running.ends().0, Some(0));
    assert_eq!(stored(&tool, "p.json")["pings_count"], 2000);
}

#[test]
fn before_the_first_line_a_signal_leaves_nothing() {
    let tool = Tool::new();
    let mut running = Running::start(&tool, &["-o", "p.json"]);
    running.hears("0 pings (0/s)");
    running.signal(Signal::INT);
    let (code, printed, said) = running.ends();
    assert_eq!((code, printed.as_str()), (Some(130), ""), "{said}");
    assert!(said.contains("interrupted") && entries(&tool.work()).is_empty(), "{said}");
}

#[test]
fn without_a_time_field_pings_count_from_when_they_are_read() {
    let tool = Tool::new();
    let mut running = Running::start(&tool, &["-o", "p.json"]);
    running.send("id\na\nb\na\n");
    running.hears("times those of the clock");
    running.hears("3 pings");
    drop(running.input.take());
    let (code, printed, said) = running.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(printed.contains("by the clock when lines were read"), "{printed}");
    let profile = stored(&tool, "p.json");
    assert_eq!((&profile["times"], &profile["duplicate_count"]), (&"clock".into(), &1.into()));
    assert!(profile["first_at_us"].as_u64().unwrap() > 1_700_000_000_000_000);
}

#[test]
fn figures_are_served_while_it_runs_and_not_after() {
    let tool = Tool::new();
    let args = ["--time-field", "t", "--metrics", "127.0.0.1:0", "--shadow", "^exact$", "bloom:ids=10"];
    let mut running = Running::start(&tool, &args);
    let address = running.hears("figures are at http://");
    let address = address.split("http://").nth(1).unwrap().strip_suffix("/metrics").unwrap().to_string();
    running.send(&twice(500));
    running.hears("1,000 pings");
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let figures = get("/metrics");
    assert!(figures.contains("200 OK") && figures.contains("version=0.0.4"), "{figures}");
    for line in [
        "# TYPE dedup_pings_total counter",
        "dedup_pings_total 1000",
        "dedup_duplicate_pings_total 500",
        "dedup_shadow_missed_pings_total{strategy=\"exact\"} 500",
        "dedup_shadow_wrongly_dropped_pings_total{strategy=\"exact\"} 0",
    ] {
        assert!(figures.lines().any(|other| other == line), "{line:?} in {figures}");
    }
    assert!(get("/").contains("404"));
    running.signal(Signal::INT);
    let (code, _, said) = running.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn shadows_show_who_misses_and_who_drops_wrongly() {
    let tool = Tool::new();
    let lines: String =
        (0..6000).map(|ping| format!("{},{}\n", ping % 3000, 1_772_323_200 + ping / 100)).collect();
    // A program of its own is a shadow like any other.
    let dictionary = format!("{}:window=10s", root().join("systems/examples/dict-window.toml").display());
    let args = [
        "profile",
        "--live",
        "--time-field",
        "t",
        "--shadow",
        "^exact$",
        "exact:window=10s",
        "bloom:ids=100,rate=0.1",
        &dictionary,
    ];
    let output =
        tool.command(&args).write_stdin(format!("id,t\n{lines}")).assert().success().get_output().clone();
    let printed = String::from_utf8(output.stdout).unwrap();
    let of =
        |label: &str| printed.lines().find(|line| line.trim_start().starts_with(label)).unwrap().to_string();
    assert!(printed.contains("judged by 3,000 ids and 3,000 duplicates that were looked at"), "{printed}");
    assert!(
        of("exact:").ends_with("drops 50.0 % of pings, wrongly 0 % of ids, misses 0 % of duplicates"),
        "{printed}"
    );
    assert!(of("exact:window=10s:").ends_with("wrongly 0 % of ids, misses 100 % of duplicates"), "{printed}");
    assert!(of("dict-window:window=10s:").ends_with("misses 100 % of duplicates"), "{printed}");
    let bloom = of("bloom:");
    assert!(!bloom.contains("wrongly 0 %") && bloom.contains("misses 0 % of duplicates"), "{bloom}");
    assert!(entries(&tool.tmp()).is_empty());
}

#[test]
fn memory_is_bounded_and_a_sample_tells_what_all_tell_within_its_error() {
    let tool = Tool::new();
    let line = |ping: u64| {
        // One ping in fifty is a copy from a minute ago, and one in thirty is of one id that begins in the middle.
        let key = if ping % 50 == 49 && ping > 6000 { ping - 5999 } else { ping };
        let key = if ping.is_multiple_of(30) && ping > 60_000 { 0 } else { key };
        format!("{key},{}\n", 1_772_323_200_000 + ping * 10)
    };
    let lines = format!("id,t\n{}", (0..120_000).map(line).collect::<String>());
    let profile = |memory: &str, name: &str| {
        let args = ["profile", "--live", "--time-field", "t", "--memory", memory, "-o", name];
        tool.command(&args).write_stdin(lines.clone()).assert().success();
        stored(&tool, name)
    };
    let (all, some) = (profile("256MiB", "a.json"), profile("400KB", "b.json"));
    assert_eq!((&all["origin"], &some["origin"]), (&"exact".into(), &"sampled".into()));
    assert_eq!(all["pings_count"], some["pings_count"]);
    assert!(some["sampling"]["ids_count"].as_u64().unwrap() < 4096, "{}", some["sampling"]);
    let of = |profile: &Value, field: &str| profile[field].as_f64().unwrap();
    let off = of(&some, "duplicate_count") / of(&all, "duplicate_count") - 1.0;
    let error = some["sampling"]["duplicates_error"].as_f64().unwrap();
    assert!(off.abs() < error && error < 0.5, "off by {off}, stated is {error}");
    let heaviest = |profile: &Value| profile["heaviest"][0].as_f64().unwrap();
    assert!((heaviest(&some) / heaviest(&all) - 1.0).abs() < 0.1, "{} {}", some["heaviest"], all["heaviest"]);
}

/// Pings over ten days, more of them in the middle of each, of which some come again after a second to three days; as CSV.
fn ten_days(pings: u64) -> String {
    let mut keys: Vec<u64> = Vec::new();
    let mut text = String::from("id,t,channel,a,b,c,d,e\n");
    let mut random = 1u64;
    for ping in 0..pings {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (high, low) = (random >> 40, random >> 20 & 0xf_ffff);
        // Back by twice as much each, up to a fourth of the pings.
        let back = (1 << (low % 18)) + high % (1 << (low % 18)) + 1;
        let is_copy = high % 16 == 0 && back <= ping;
        let key = if is_copy { keys[(ping - back) as usize] } else { random };
        keys.push(key);
        let day = ping * 10 / pings;
        let within = (ping * 10 % pings) as f64 / pings as f64;
        let second =
            (within + 0.1 * (std::f64::consts::TAU * within).sin() / std::f64::consts::TAU) * 86_400.0;
        // Fields that copies are compared in, which takes memory, too.
        let second = 1_772_323_200 + day * 86_400 + second as u64;
        text += &format!("{key:016x},{second},{},{},web,{},x,{}\n", key % 7, key % 11, key % 13, key % 17);
    }
    text
}

/// The share of the copies whose lag is in one of the first bins, for each number of them.
fn shares(profile: &Value) -> Vec<f64> {
    let lags = &profile["lag_from_first"];
    let mut of_bin = vec![lags["below_1ms_count"].as_f64().unwrap()];
    of_bin.resize(568, 0.0);
    for bin in lags["bins"].as_array().unwrap() {
        of_bin[bin[0].as_u64().unwrap() as usize + 1] = bin[1].as_f64().unwrap();
    }
    let all: f64 = of_bin.iter().sum();
    let mut below = 0.0;
    let add = |count: f64| {
        below += count / all;
        below
    };
    of_bin.into_iter().map(add).collect()
}

#[test]
fn days_of_traffic_stay_within_memory_and_their_figures_within_the_error() {
    const PINGS: u64 = 600_000;
    let (tool, lines) = (Tool::new(), ten_days(PINGS));
    let watched = |memory: &str, name: &str| {
        let mut running = Running::start(&tool, &["--time-field", "t", "--memory", memory, "-o", name]);
        running.send(&lines);
        running.hears("600,000 pings (");
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        drop(running.input.take());
        let (code, _, said) = running.ends();
        assert_eq!(code, Some(0), "{said}");
        (stored(&tool, name), most.unwrap().trim().parse::<u64>().unwrap())
    };
    let (all, _) = watched("2GiB", "all.json");
    let (some, most_kib) = watched("64MiB", "some.json");
    assert!(most_kib <= 64 << 10, "{most_kib} KiB");
    assert_eq!((&all["origin"], &some["origin"]), (&"exact".into(), &"sampled".into()));
    assert_eq!((&all["pings_count"], &some["by_hour"]["pings"]), (&PINGS.into(), &all["by_hour"]["pings"]));
    let error = some["sampling"]["duplicates_error"].as_f64().unwrap();
    assert!(error < 0.05, "{error}");
    let off = |what: &str| some[what].as_f64().unwrap() / all[what].as_f64().unwrap() - 1.0;
    assert!(off("duplicate_count").abs() < error, "off by {}, stated is {error}", off("duplicate_count"));
    for (bin, (is, should)) in shares(&some).into_iter().zip(shares(&all)).enumerate() {
        assert!((is - should).abs() < error, "bin {bin}: {is} for {should}, stated is {error}");
    }
    for hour in 0..24 {
        let of = |profile: &Value| profile["by_hour"]["firsts"][hour].as_f64().unwrap();
        assert!((of(&some) / of(&all) - 1.0).abs() < 0.05, "hour {hour}: {} for {}", of(&some), of(&all));
    }
}

#[test]
fn one_bad_line_is_counted_and_many_are_refused_while_lines_go_on() {
    let tool = Tool::new();
    let mut running = Running::start(&tool, &["--time-field", "t", "-o", "p.json"]);
    running.send("{\"id\":\"cut sho\n");
    running.send("{\"id\":\"a\",\"t\":1772323200}\n");
    running.hears("1 ping (");
    running.send("never mind\n");
    running.hears("2 lines (");
    let bad = "no JSON\n".repeat(50);
    while running.input.as_mut().unwrap().write_all(bad.as_bytes()).is_ok() {}
    let (code, printed, said) = running.ends();
    assert_eq!((code, printed.as_str()), (Some(2), ""), "{said}");
    assert!(
        said.contains("lines (") && said.contains("cannot be read; allowed are 1.00 % (--max-bad 0.01)"),
        "{said}"
    );
    assert!(said.contains("line 1: ") && entries(&tool.work()).is_empty(), "{said}");
}

#[test]
fn a_field_that_is_nowhere_is_refused_while_lines_go_on() {
    let tool = Tool::new();
    let mut running = Running::start(&tool, &["--id-field", "nowhere"]);
    while running.input.as_mut().unwrap().write_all(b"{\"id\":1}\n").is_ok() {}
    let (code, _, said) = running.ends();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--id-field nowhere: no line has it; the first line has: id"), "{said}");
}

#[test]
fn a_key_that_is_doubtful_is_doubted_meanwhile_and_in_the_profile() {
    let tool = Tool::new();
    let mut running = Running::start(&tool, &["--id-field", "id", "-o", "p.json"]);
    let line = |ping: u64| format!("{{\"id\":{},\"source\":\"/{}\"}}\n", ping / 2, ping % 2);
    running.send(&(0..1000).map(line).collect::<String>());
    running.hears("doubtful: 500 of 500 copies differ from their first in `source`");
    running.signal(Signal::TERM);
    assert_eq!(running.ends().0, Some(0));
    assert!(stored(&tool, "p.json")["doubts"].to_string().contains("this may not be the key"));
}

#[test]
fn forms_of_lines_are_found_as_they_come() {
    let tool = Tool::new();
    let pretty = "{\n  \"id\": 1\n}\n".repeat(3);
    for (text, pings) in [
        ("\u{feff}{\"id\":1}\n\n{\"id\":2}", "2 pings"),
        ("[{\"id\":1},\n{\"id\":2}]", "2 pings"),
        (&pretty, "3 pings"),
        ("id\tt\na\t1\nb\t2\n", "2 pings"),
        ("{\"Records\":[{\"id\":1}]}", "1 ping "),
    ] {
        let output =
            tool.command(&["profile", "--live"]).write_stdin(text).assert().success().get_output().clone();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(pings), "{text:?}: {printed}");
    }
}

#[test]
fn what_cannot_be_watched_is_refused_with_what_to_do() {
    let tool = Tool::new();
    tool.write("a.csv", "id\na\n");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for (args, said) in [
        (&["a.csv"][..], "--live: found a.csv; allowed is nothing, or -, for it reads standard input"),
        (&["--sort", "--time-field", "t"], "--sort"),
        (&["--metrics", &taken], "another program listens there; allowed is a free port"),
        (&["--metrics", "here"], "--metrics here: is no address; allowed is a host and a port"),
        (
            &["--shadow", "^exact$", "--redis-url", "redis://h"],
            "--redis-url: nothing here uses it; allowed beside it is --live",
        ),
        (&["--shadow", "exact:window=0s"], "window"),
        (&["-o", "no/such/folder/p.json"], "no/such/folder/p.json: cannot be written"),
        (&["--time-unit", "ms"], "--time-unit"),
    ] {
        tool.refuses(&[&["profile", "--live"], args].concat(), &[said]);
    }
    tool.refuses(&["profile", "a.csv", "--shadow", "exact"], &["--live"]);
    tool.refuses(&["profile", "a.csv", "--metrics", "127.0.0.1:0"], &["--live"]);
    tool.refuses(&["profile"], &["<TRACE>"]);
    for (start, said) in [
        (&b"\x1f\x8b\x08\0"[..], "compressed with gzip, which cannot be read as it comes"),
        (
            b"PAR1....",
            "a Parquet file, which cannot be read as it comes; allowed are lines of text: leave out --live",
        ),
        (b"", "has no pings: the file is empty"),
        (&vec![b'x'; 17 << 20], "standard input: the first line does not end within 16 MiB"),
        (&[b"{".as_slice(), &vec![b'x'; 17 << 20]].concat(), "the first line does not end within 16 MiB"),
    ] {
        let output = tool.command(&["profile", "--live"]).write_stdin(start).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(said) && output.stdout.is_empty(), "{error}");
    }
}

/// None of them has an end: whoever reads on fills the disk, or waits for ever.
#[test]
fn what_is_no_trace_is_refused_by_its_beginning_however_much_of_it_comes() {
    let tool = Tool::new();
    let trace = ["run", "--trace", "-", "-s", "^exact$", "-p", "verify"];
    for args in [&["profile", "--live"][..], &["profile", "-"], &trace] {
        let zeros = File::open("/dev/zero").unwrap();
        let output = tool.process(args).stdin(zeros).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?} {error}");
        assert!(error.starts_with("error: trace standard input: is no UTF-8 text; allowed are"), "{error}");
        let letters = ["-c", "tr '\\0' x < /dev/zero | \"$@\"", "sh", env!("CARGO_BIN_EXE_dedup-harness")];
        let mut command = assert_cmd::Command::new("sh");
        command.args(letters).args(args).current_dir(tool.work()).env("TMPDIR", tool.tmp());
        let error = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(error.contains("the first line does not end within 16 MiB"), "{args:?} {error}");
        assert!(entries(&tool.tmp()).is_empty() && error.lines().count() == 1, "{args:?} {error}");
    }
    tool.refuses(&["profile", "/dev/zero"], &["is a pipe or a device; allowed is a regular file"]);
}
