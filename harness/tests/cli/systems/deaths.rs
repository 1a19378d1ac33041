//! Programs and servers that end in the middle of a run: by themselves, or because of a fault.

use super::{WELCOME, conform, greeting, system};
use crate::tool::{TINY, Tool, entries, eventually};

/// A judge in Python that lets everything through; `each` is done before each answer, to the `n`th batch of `pings`.
fn judge(tool: &Tool, begin: &str, each: &str) {
    let program = format!(
        "import json, os, socket, sys\n\
         hello = json.loads(sys.stdin.readline())\n\
         {begin}\n\
         print(json.dumps({{'dedup-protocol': 1, 'frames': 'json'}}), flush=True)\n\
         for n, line in enumerate(sys.stdin, 1):\n\
         \x20   pings = json.loads(line)['judge']['pings']\n\
         \x20   {each}\n\
         \x20   print(json.dumps({{'verdicts': ['new'] * len(pings)}}), flush=True)\n"
    );
    tool.write("judge.py", program);
    system(tool, "", "");
    let text = std::fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    // Nobody hangs here, and a busy machine may keep a program waiting for seconds.
    let text = text.replace("[\"sh\", \"liar.sh\"]", "[\"python3\", \"judge.py\"]").replace("2s", "20s");
    tool.write("liar.toml", text);
}

fn with_server(tool: &Tool, program: &str) {
    tool.write("server.py", program);
    let text = std::fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    let server = "[server]\ncommand = [\"python3\", \"server.py\", \"{port}\"]\n[promise]";
    tool.write("liar.toml", text.replace("[promise]", server));
}

/// Runs it under a fault of the tiny scenario: how that ended, and the words of its table.
fn run(tool: &Tool, fault: &str) -> (Option<i32>, String) {
    // A quarter of its pings, in as much time.
    let few = TINY.replace("pings = 4_000", "pings = 1_000").replace("rate = 20.0", "rate = 5.0");
    tool.write("faulty.toml", format!("{few}\n[[fault]]\n{fault}\n"));
    let output = tool.output(&[
        "run",
        "-q",
        "-f",
        "faulty.toml",
        "-s",
        "./liar.toml",
        "-p",
        "verify",
        "-o",
        "out",
        "--force",
    ]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
    (output.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
}

const ELSEWHERE: [&str; 3] = [
    "kind = 'worker-crash'\nat = '60s'\npoint = 'before-judge'",
    "kind = 'publish-fails'\nat = '60s'\nfor = '10s'\nshare = 0.5",
    "kind = 'ack-timeout'\nat = '60s'\nfor = '10s'",
];

#[test]
fn a_program_that_dies_by_itself_under_faults_is_one_error_with_its_last_words() {
    let tool = Tool::new();
    for (death, said) in [
        (
            "n == 30 and sys.exit('no more room')",
            "liar ended without an answer (exit status: 1); it said: no more room",
        ),
        ("n == 30 and os.kill(os.getpid(), 9)", "liar ended without an answer (exit status: 137, signal 9)"),
        ("n == 30 and print('rubbish', flush=True)", "liar answered with the line \"rubbish\""),
    ] {
        judge(&tool, "", death);
        for fault in ELSEWHERE {
            let (code, table) = run(&tool, fault);
            assert!(
                code == Some(1) && table.matches(said).count() == 1,
                "{death}, {fault}: {code:?} {table}"
            );
        }
    }
}

#[test]
fn a_program_that_judges_nothing_any_more_under_faults_is_one_error_with_what_it_says() {
    let tool = Tool::new();
    system(&tool, &greeting(WELCOME), "echo '{\"failed\":\"no licence\"}'");
    let (code, table) = run(&tool, ELSEWHERE[0]);
    assert!(code == Some(1) && table.matches("liar no licence").count() == 1, "{code:?} {table}");
}

/// Answers each line with one.
const SERVER: &str = "\
import os, socketserver, sys
class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line == b'die\\n':
                print('no memory left', file=sys.stderr, flush=True)
                os._exit(7)
            self.wfile.write(line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(('127.0.0.1', int(sys.argv[1])), Answers).serve_forever()
";

/// Connects once, and ends where its server does not answer.
const CONNECTS: &str = "\
host, port = hello['server'].split(':')
server = socket.create_connection((host, int(port))).makefile('rwb', 0)
def ask():
    server.write(b'ask\\n')
    server.readline() or sys.exit('the server is gone')";

#[test]
fn a_program_that_dies_of_what_is_done_to_its_server_is_started_again() {
    let tool = Tool::new();
    judge(&tool, CONNECTS, "ask()");
    with_server(&tool, SERVER);
    for kind in ["store-killed", "store-unreachable"] {
        let (code, table) = run(&tool, &format!("kind = '{kind}'\nat = '60s'\nfor = '10s'"));
        assert!(code == Some(0) && !table.contains("the server is gone"), "{kind}: {code:?} {table}");
        let record = tool.records("out").iter().map(ToString::to_string).collect::<String>();
        assert!(record.contains("\"lost_count\":0"), "{kind}: {record}");
    }
    // Once more, and by itself.
    judge(&tool, CONNECTS, "ask(); n == 100 and sys.exit('tired')");
    with_server(&tool, SERVER);
    let (code, table) = run(&tool, "kind = 'store-unreachable'\nat = '20s'\nfor = '10s'");
    assert!(code == Some(1) && table.contains("it said: tired"), "{code:?} {table}");
}

/// Whether its clients fail without it, go on as if nothing were, or die: it is the server that is named.
#[test]
fn a_server_that_ends_by_itself_is_named_with_its_last_words_whatever_its_clients_make_of_it() {
    let tool = Tool::new();
    let dies = format!("{CONNECTS}\n    return True\ndef die(): server.write(b'die\\n'); server.readline()");
    let said = "liar.toml: server.command: python3 ended by itself: exit status: 7; the end of its log: no memory left";
    for each in ["n == 30 and die()", "n == 30 and die(); n < 30 and ask()", "n == 30 and die(); ask()"] {
        judge(&tool, &dies, each);
        with_server(&tool, SERVER);
        for fault in [ELSEWHERE[0], "kind = 'store-slow'\nat = '60s'\nfor = '1s'\ndelay = '1ms'"] {
            let (code, table) = run(&tool, fault);
            assert!(code == Some(1) && table.matches(said).count() == 1, "{each}: {code:?} {table}");
            assert!(!table.contains("the server is gone"), "{each}: {table}");
        }
    }
    judge(&tool, &dies, "n == 1 and die()");
    with_server(&tool, SERVER);
    let (code, printed) = conform(&tool, "./liar.toml");
    let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        code == Some(1) && words.contains("FAILED every ping") && words.contains(said),
        "{code:?} {printed}"
    );
    tool.write("tiny.toml", TINY);
    let output = tool.output(&["conform", "./liar.toml", "--against", "noop", "-f", "tiny.toml"]);
    let printed = String::from_utf8(output.stderr).unwrap();
    let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.code() == Some(1) && words.contains(said), "{printed}");
}

/// Its clients lack nothing, and there is much left to be done; it is named soon and not at the end of the pass.
#[test]
fn a_server_that_ends_by_itself_ends_the_run_in_the_middle() {
    let tool = Tool::new();
    // Two hundred thousand answers of at least a millisecond are minutes.
    tool.write("long.toml", TINY.replace("pings = 4_000", "pings = 200_000"));
    let seen = tool.work().join("seen");
    let begin = format!(
        "{CONNECTS}\nimport atexit, time\n\
         def die(): server.write(b'die\\n'); server.readline()\n\
         atexit.register(lambda: open({seen:?}, 'a').write(f'{{n}}\\n'))"
    );
    judge(&tool, &begin, "n == 30 and die(); n < 30 or time.sleep(0.001)");
    with_server(&tool, SERVER);
    let said = "liar.toml: server.command: python3 ended by itself: exit status: 7; the end of its log: no memory left";
    for pass in ["verify", "time", "weigh"] {
        let run = ["run", "-q", "-f", "long.toml", "-s", "./liar.toml", "-p", pass];
        let one = ["--batch", "1", "--workers", "1", "--time-budget", "100"];
        let output = tool.output(&[&run[..], &one].concat());
        let table = String::from_utf8(output.stdout).unwrap();
        let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.status.code() == Some(1) && words.matches(said).count() == 1, "{pass}: {table}");
        eventually("the end of every process", || tool.processes().is_empty());
        assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
        let answered: Vec<u64> =
            std::fs::read_to_string(&seen).unwrap().lines().map(|line| line.parse().unwrap()).collect();
        assert!(answered.iter().sum::<u64>() < 100_000, "{pass}: {answered:?}");
        std::fs::remove_file(&seen).unwrap();
    }
}
