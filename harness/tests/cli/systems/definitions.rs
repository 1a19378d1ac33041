//! Files of systems: what they say, and what is wrong with them.

use std::fs;

use super::{WELCOME, conform, file, greeting, system};
use crate::tool::Tool;
use crate::workspace::root;

#[test]
fn a_wrong_file_is_refused_with_its_place() {
    let tool = Tool::new();
    system(&tool, &greeting(WELCOME), "");
    let right = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    for (from, to, said) in [
        (
            "name = \"liar\"",
            "name = \"A liar\"",
            "name: found \"A liar\"; allowed is a name of up to 40 lower case",
        ),
        ("name = \"liar\"", "name = \"exact\"", "which another strategy has"),
        ("about = \"a\"\n", "", "about: found nothing"),
        ("routing = \"by-key\"", "routing = \"some\"", "unknown variant `some`"),
        ("\"2s\"", "\"0s\"", "reply-within: found \"0s\"; allowed is a length of time above zero"),
        ("[\"sh\", \"liar.sh\"]", "[]", "command: found []; allowed is a program"),
        ("\"nothing\"", "\"since-first\"", "promise.window: found nothing; allowed is the setting"),
        ("\"nothing\"", "\"nothing\"\nmissed = 2.0", "promise.missed: found 2; allowed is a share"),
        ("\"nothing\"", "\"nothing\"\nlost = \"rate\"", "promise.lost: found \"rate\"; allowed is never"),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.a]\nabout = \"a\"\nkind = \"word\"\ndefault = \"b\"",
            "settings.a.words",
        ),
        ("name = \"liar\"", "name = \"-\"", "name: found \"-\"; allowed is a name"),
        ("about = \"a\"", "about = \" \"", "about: found \" \"; allowed is one line"),
        ("about = \"a\"", "about = \"a\\nb\"", "allowed is one line that says what it is"),
        (
            "\"nothing\"",
            "\"nothing\"\nmemory = { budget = \"0MiB\" }",
            "promise.memory: found \"0MiB\"; allowed is",
        ),
        ("\"nothing\"", "\"forever\"\nlost = 3.0", ":10:8: promise.lost: found 3; allowed is a share"),
        (
            "\"liar.sh\"",
            "\"liar.sh\", \"{dir}\"",
            "command: found the placeholder `{dir}`; allowed is none here, as what a program has to know is in the greeting; \
             where the braces are meant, write `{{dir}}`",
        ),
        (
            "[promise]",
            "[server]\ncommand = [\"s\", \"{prot}\", \"{port}\"]\n[promise]",
            "server.command: found the placeholder `{prot}`; allowed is `{dir}` and `{port}`; where the braces are \
             meant, write `{{prot}}`",
        ),
        (
            "[promise]",
            &format!("[server]\ncommand = [\"s\"]\nsocket = \"{}\"\n[promise]", "s".repeat(76)),
            "allowed is the path of a socket, from the server's private directory on, of up to 75 bytes",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings]\n\"a b\" = { about = \"a\", kind = \"time\", default = \"1s\" }",
            "settings: found \"a b\"; allowed is a setting's name of lower case letters",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings]\n\"a=b\" = { about = \"a\", kind = \"time\", default = \"1s\" }",
            "settings: found \"a=b\"; allowed is a setting's name",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.w]\nabout = \"a\"\nkind = \"count\"\nmost = 5\ndefault = \"10\"",
            "settings.w.default: found \"10\"; allowed is a whole number from 1 to 5, in quotes; \"ids in a window\"",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.w]\nabout = \"a\"\nkind = \"time\"\nmost = 5\ndefault = \"10s\"",
            "settings.w.most: found 5; allowed is nothing",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.w]\nabout = \"a\"\nkind = \"word\"\nwords = [\"b\", \"c\"]\ndefault = \"d\"",
            "settings.w.default: found \"d\"; allowed is one of b, c",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.a]\nabout = \"a\"\nkind = \"time\"\ndefault = \"scenario's window\"",
            "allowed is a length of time such as \"10m\", or \"the scenario's window\"",
        ),
        ("routing = \"by-key\"\n", "", "routing: found nothing; allowed is routing"),
        ("[promise]", "[flow]\npings = 5\nlinger = \"1s\"\n[promise]", "routing: found both; allowed is"),
        (
            "routing = \"by-key\"",
            "[flow]\npings = 0\nlinger = \"1s\"",
            "flow.pings: found 0; allowed is a number of pings from 1 to 1000000",
        ),
        (
            "routing = \"by-key\"",
            "[flow]\npings = 5\nlinger = \"0s\"",
            "flow.linger: found \"0s\"; allowed is a length of time above zero",
        ),
    ] {
        assert!(right.contains(from), "{from}");
        tool.write("liar.toml", right.replacen(from, to, 1));
        tool.refuses(&["conform", "./liar.toml"], &["liar.toml", said]);
    }
    tool.refuses(&["conform", "./nowhere.toml"], &["nowhere.toml", "nothing that can be read"]);
    tool.refuses(&["conform", "pubsub"], &["names 3 strategies", "allowed is one"]);
    tool.refuses(&["conform", "^exact$", "--law", "nonsense"], &["--law", "allowed are parts of"]);
}

#[test]
fn a_program_that_is_not_there_is_named_with_the_remedy() {
    let tool = Tool::with_tiny();
    file(&tool, "command = [\"no-such-program\"]");
    let (code, said) = conform(&tool, "./liar.toml");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(
            "liar: command: no program no-such-program beside the system's file, nor on the PATH: install it"
        ),
        "{said}"
    );
    // In a run it is the others' table that is wanted.
    let run = ["run", "-f", "tiny.toml", "-s", "./liar.toml", "-s", "^exact$", "-p", "verify"];
    let output = tool.command(&run).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("skipped") && table.contains("no program no-such-program"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("exact") && line.contains("kept")), "{table}");
}

#[test]
fn what_is_no_program_is_told_from_what_is_not_there() {
    let tool = Tool::new();
    tool.write("text", "");
    fs::create_dir(tool.work().join("folder")).unwrap();
    for (word, said) in [("text", "which is not executable: chmod +x"), ("folder", "which is a directory: ")]
    {
        file(&tool, &format!("command = [\"{word}\"]"));
        let (code, printed) = conform(&tool, "./liar.toml");
        let is_named = printed.contains("liar: command: found ") && !printed.contains("install it");
        assert!(code == Some(1) && is_named && printed.contains(said), "{code:?} {printed}");
    }
}

#[test]
fn a_directory_of_systems_is_as_a_list_of_them() {
    let tool = Tool::with_tiny();
    let examples = root().join("systems/examples");
    let examples = examples.to_str().unwrap();
    let listed = tool.prints(&["list", "strategies", "--systems", examples, "-s", "last-id"]);
    assert!(listed.contains("last-id") && listed.contains("a system,"), "{listed}");
    // By its name, with a setting, and by its file besides.
    let file = format!("{examples}/last-id.toml");
    let run = ["run", "-f", "tiny.toml", "--systems", examples, "-p", "verify", "-s"];
    let table = tool.prints(&[&run[..], &["dict-window:window=1m", "-s", &file, "-s", "^exact$"]].concat());
    for name in ["dict-window:window=1m", "last-id", "exact"] {
        assert!(table.lines().any(|line| line.starts_with(name) && line.contains("kept")), "{name}: {table}");
    }
    let said = tool.prints(&["conform", "last-id", "--systems", examples, "--law", "one verdict"]);
    assert!(said.contains("last-id obeys the one law asked for"), "{said}");
    fs::create_dir(tool.work().join("empty")).unwrap();
    tool.refuses(
        &["list", "--systems", "empty"],
        &["--systems empty", "no .toml in it", "allowed is a directory of systems"],
    );
    tool.refuses(
        &["list", "--systems", "nowhere"],
        &["--systems nowhere", "allowed is a directory of systems"],
    );
    tool.write("empty/exact.toml", fs::read_to_string(&file).unwrap().replace("last-id", "exact"));
    tool.refuses(&["list", "--systems", "empty"], &["exact.toml", "another strategy has"]);
}

#[test]
fn doubled_braces_around_a_name_are_braces_in_both_commands() {
    let tool = Tool::new();
    system(&tool, "printf '{\"failed\":\"got %s\"}\\n' \"$1\"", "");
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    tool.write("liar.toml", text.replace("\"liar.sh\"", "\"liar.sh\", \"{{dir}} ${{x}} {}\""));
    let (code, said) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && said.contains("refused: got {dir} ${x} {}"), "{code:?} {said}");
    let server = r#"command = ["sh", "-c", "echo got \"$@\"; exit 7", "sh", "{{dir}} {{{port}}}", "{port}"]"#;
    tool.write("liar.toml", text.replace("[promise]", &format!("[server]\n{server}\n[promise]")));
    let (code, said) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && said.contains("got {dir} {{port}} "), "{code:?} {said}");
}

#[test]
fn words_of_a_servers_command_reach_it_as_they_are() {
    let tool = Tool::new();
    system(&tool, &greeting(WELCOME), "");
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    let server = r#"command = ["sh", "-c", "echo got \"$@\"; exit 7", "sh", "--", "a b", "--", "{port}"]"#;
    tool.write("liar.toml", text.replace("[promise]", &format!("[server]\n{server}\n[promise]")));
    let (code, said) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && said.contains("got -- a b -- "), "{code:?} {said}");
}

#[test]
fn what_laws_say_of_a_system_and_what_lists_say_is_as_wide_as_the_place() {
    let tool = Tool::new();
    let fails = format!("echo '{{\"failed\":\"{}\"}}'", "no more room ".repeat(12));
    system(&tool, &greeting(WELCOME), &fails);
    for args in [
        &["conform", "./liar.toml", "--law", "one verdict"][..],
        &["list", "strategies", "--systems", ".", "-s", "^(liar|apbf|redis-lease)$"],
    ] {
        for (columns, widest) in [("60", 60), ("80", 80), ("", 110)] {
            let output = tool.command(args).env("COLUMNS", columns).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            // A path stays whole, so that it can be copied.
            let lines = said.lines().filter(|line| !line.contains('/'));
            let longest = lines.map(|line| line.chars().count()).max().unwrap();
            assert!((widest - 15..=widest).contains(&longest), "{args:?}, {columns:?}: {longest}\n{said}");
        }
    }
}
