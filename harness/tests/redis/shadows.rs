//! Strategies on Redis beside the traffic: `profile --live --shadow`.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::TempDir;

use crate::given::{Given, PASSWORD};

/// `profile --live` while it runs.
struct Watching {
    child: Child,
    said: BufReader<ChildStderr>,
    tmp: TempDir,
}

impl Watching {
    fn begin(args: &[&str]) -> Watching {
        let tmp = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dedup-harness"))
            .args(["profile", "--live", "--id-field", "id", "--every", "50ms"])
            .args(args)
            .env("NO_COLOR", "1")
            .env("TMPDIR", tmp.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Watching { child, said, tmp }
    }

    fn send(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for a line on standard error that has this in it.
    fn hears(&mut self, part: &str) -> String {
        let mut heard = String::new();
        loop {
            let mut line = String::new();
            assert!(self.said.read_line(&mut line).unwrap() > 0, "{part:?} is not said in: {heard}");
            if line.contains(part) {
                return line;
            }
            heard += &line;
        }
    }

    /// Waits for its end, with no more input: exit code, standard output, and the rest of what it said.
    fn ends(mut self) -> (Option<i32>, String, String) {
        drop(self.child.stdin.take());
        let (mut printed, mut said) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        self.said.read_to_string(&mut said).unwrap();
        let code = self.child.wait().unwrap().code();
        assert_eq!(std::fs::read_dir(self.tmp.path()).unwrap().count(), 0, "something is left");
        (code, printed, said)
    }
}

/// Pings a few seconds apart, each id twice, an hour between.
fn twice(ids: u64) -> String {
    let line = |ping: u64| {
        format!("{{\"id\":\"ping-{}\",\"t\":{}}}\n", ping % ids, 1_772_323_200 + ping * 3600 / ids)
    };
    (0..2 * ids).map(line).collect()
}

#[test]
fn a_private_server_has_the_time_of_the_pings() {
    let shadows = ["--time-field", "t", "--shadow", "redis-claim:window=2h", "redis-claim:window=30m"];
    let mut watching = Watching::begin(&shadows);
    watching.hears("private Redis server, which has the time of the pings");
    watching.send(&twice(1000));
    let (code, printed, said) = watching.ends();
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "redis-claim:window=2h: drops 50.0 % of pings, wrongly 0 % of ids, misses 0 % of duplicates\n",
        "redis-claim:window=30m: drops 0 % of pings, wrongly 0 % of ids, misses 100 % of duplicates\n",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[test]
fn a_server_that_is_given_is_left_as_it_was() {
    for ended_by in ["INT", "its input"] {
        let given = Given::start(&[]);
        let url = given.url();
        let server = ["--redis-url", &url, "--redis-prefix", "t:"];
        let mut watching = Watching::begin(
            &[&["--shadow", "^exact$", "^redis-claim$", "redis-mozilla"], &server[..]].concat(),
        );
        let said = watching.hears("shadows keep their ids on");
        assert!(said.contains("under t:, until this ends") && !said.contains(PASSWORD), "{said}");
        watching.send(&twice(100));
        // A ping does not wait for others to be judged with them.
        watching.hears("redis-mozilla: drops 50.0 % of pings, wrongly 0 % of ids, misses 0 % of duplicates");
        assert_eq!(given.keys("t:*:*").len(), 200, "both have an id's key each");
        if ended_by == "INT" {
            let id = watching.child.id().to_string();
            assert!(Command::new("kill").args(["-s", "INT", &id]).status().unwrap().success());
        }
        let (code, printed, said) = watching.ends();
        assert_eq!(code, Some(0), "{ended_by}: {said}");
        assert!(printed.contains("  redis-claim: drops 50.0 %"), "{printed}");
        given.is_as_it_was();
    }
}

#[test]
fn a_server_that_goes_away_takes_its_shadow_with_it_and_nothing_else() {
    let given = Given::start(&[]);
    let mut watching =
        Watching::begin(&["--shadow", "^exact$", "^redis-claim$", "--redis-url", &given.url()]);
    watching.send(&twice(100));
    watching.hears("redis-claim: drops 50.0 %");
    given.kill();
    watching.send(&twice(100));
    let said = watching.hears("redis-claim: ");
    let said = if said.contains("failed") { said } else { watching.hears("it failed and is asked no more") };
    assert!(said.contains("redis-claim: drops 50.0 %"), "{said}");
    let (code, printed, _) = watching.ends();
    assert_eq!(code, Some(0));
    assert!(printed.contains("  exact: drops 75.0 % of pings"), "{printed}");
}

#[test]
fn a_server_that_cannot_be_reached_or_that_nobody_uses_is_refused() {
    let far = ["--redis-url", "redis://127.0.0.1:1"];
    for (shadow, code, why) in [
        ("^redis-claim$", 2, "--redis-url redis://127.0.0.1:1"),
        (
            "^exact$",
            2,
            "--redis-url: nothing here uses it; allowed beside it is --live with a --shadow on Redis",
        ),
    ] {
        let (ended, printed, said) = Watching::begin(&[&["--shadow", shadow], &far[..]].concat()).ends();
        assert_eq!((ended, printed.as_str()), (Some(code), ""), "{said}");
        assert!(said.contains(why), "{said}");
    }
}
