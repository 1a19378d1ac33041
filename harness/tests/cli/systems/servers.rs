//! The server beside a system.

use std::fs;

use super::{WELCOME, conform, greeting, ours, system};
use crate::tool::{TINY, Tool, eventually};

#[test]
fn a_server_that_is_killed_comes_back_with_what_its_disk_holds() {
    let tool = Tool::with_tiny();
    let fault = "\n[[fault]]\nkind = \"store-killed\"\nat = \"1m\"\nfor = \"20s\"\n";
    tool.write("killed.toml", format!("{TINY}{fault}"));
    let run = [
        "run",
        "-f",
        "killed.toml",
        "-s",
        &(ours("postgres.toml") + ":durability=async"),
        "-p",
        "verify",
        "-o",
        "out",
    ];
    let table = tool.prints(&run);
    assert!(table.lines().any(|line| line.starts_with("killed") && line.contains("kept")), "{table}");
    let records = tool.records("out");
    let seen = records.iter().map(ToString::to_string).find(|record| record.contains("started again"));
    assert!(seen.is_some_and(|record| record.contains("signal: 9 (SIGKILL)")), "{records:?}");
}

/// On a socket, on a port, and on a socket that its clients know by its name; each by a client that connects anew.
#[test]
fn what_is_said_to_a_server_and_by_it_is_troubled_and_its_clients_come_again() {
    let tool = Tool::with_tiny();
    let faults = "
        [[fault]]
        kind = 'store-unreachable'
        at = '30s'
        for = '10s'
        [[fault]]
        kind = 'store-slow'
        at = '60s'
        for = '10s'
        delay = '300ms'
        [[fault]]
        kind = 'reply-lost'
        at = '90s'
        for = '30s'
        count = 2
    ";
    tool.write("troubled.toml", format!("{TINY}{faults}"));
    for system in ["memcached.toml", "nats.toml", "postgres.toml:durability=async", "redisbloom.toml"] {
        let system = &ours(system);
        let run = ["run", "-f", "troubled.toml", "-s", system, "-p", "verify", "-o", "out", "--force"];
        let table = tool.prints(&run);
        assert!(table.contains("troubled"), "{table}");
        let records = tool.records("out").iter().map(ToString::to_string).collect::<String>();
        for seen in [
            " connections were cut",
            "replies were held back",
            "2 replies to writes that were applied were swallowed",
        ] {
            assert!(records.contains(seen), "{system}: {seen}: {records}");
        }
    }
    eventually("the end of every process", || tool.processes().is_empty());
}

#[test]
fn a_server_that_does_not_come_up_is_named_with_its_last_words() {
    let tool = Tool::with_tiny();
    for (command, said) in [
        (
            r#"["no-such-server", "{port}"]"#,
            "no program no-such-server beside the system's file, nor on the PATH",
        ),
        (r#"["sh", "-c", "echo no licence; exit 7", "{port}"]"#, "no licence"),
        (r#"["sh", "-c", "echo no module; exit 127", "{port}"]"#, "no module: install it"),
        (r#"["sh", "-c", "exec sleep 1000", "{port}"]"#, "does not listen at 127.0.0.1:"),
        (
            r#"["sh", "-c", "exit 0", "{port}"]"#,
            "exit status: 0, and a server is to stay in the foreground (no daemon, no `&`)",
        ),
    ] {
        system(&tool, &greeting(WELCOME), "");
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        let server = format!("[server]\ncommand = {command}\nwithin = \"1s\"\n[promise]");
        tool.write("liar.toml", text.replace("[promise]", &server));
        let (code, printed) = conform(&tool, "./liar.toml");
        let is_named = printed.contains("liar.toml: server.command: ");
        assert!(code == Some(1) && is_named && printed.contains(said), "{command}: {code:?}\n{printed}");
        assert_eq!(tool.processes(), Vec::<String>::new(), "{command}");
    }
}
