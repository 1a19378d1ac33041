//! `gate run`: programs that cannot be measured, refs that cannot be built, and the verdict on what can.

use libtest_mimic::Trial;

use crate::tool::Tool;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_program_half_as_fast_fails_and_the_same_program_does_not", slow_and_same),
        trial("no_rounds_and_limits_the_wrong_way_round_are_wrong_usage", wrong_usage),
        trial("a_budget_too_small_is_inconclusive", small_budget),
        trial("a_base_that_crashes_talks_or_hangs_is_one_error", bad_programs),
        trial("a_base_of_another_protocol_is_refused_by_its_number", another_protocol),
        trial("a_ref_that_does_not_exist_is_wrong_usage", no_such_ref),
        trial("a_ref_that_does_not_build_leaves_no_worktree", broken_ref),
        trial("a_ref_that_builds_something_else_is_refused", something_else),
    ]
}

fn this() -> String {
    std::env::current_exe().unwrap().display().to_string()
}

fn slow_and_same() {
    let tool = Tool::new();
    let run = format!("run -q --base {} -f quick -s ^wrapped-exact$ --rounds 5 -o gate", this());
    // A machine that is busy may not be able to tell even that, and says so: it is asked again. It may never say that all is
    // well.
    let slow = (0..10)
        .map(|_| tool.gate(&format!("{run} --budget 10m --slow-down wrapped-exact=100%")))
        .find(|slow| !slow.out.contains("INCONCLUSIVE  quick/wrapped-exact/throughput"))
        .expect("ten gates, and none could tell");
    assert_eq!(slow.code, Some(3), "{}\n{}", slow.out, slow.err);
    // Beside a figure that cannot be told the column is wider.
    let line = slow.out.lines().find(|line| line.contains("quick/wrapped-exact/throughput"));
    assert!(line.is_some_and(|line| line.starts_with("FAIL ")), "{}", slow.out);
    let explained = tool.gate("explain gate throughput").out;
    assert!(explained.contains("look at 20 rounds") && explained.contains("confirmation"), "{explained}");
    // How well the machine can tell is no matter here: the same program must not fail, in as many rounds as there is time for.
    // Where its tails are noisy, it would be given all hundred.
    let same = tool.gate(&format!("{run} --budget 8s"));
    assert_eq!(same.code, Some(0), "{}\n{}", same.out, same.err);
}

fn wrong_usage() {
    let tool = Tool::new();
    tool.refuses(&format!("run --base {} --rounds 0", this()), 2, &["--rounds", "5 to 1000"]);
    tool.refuses(&format!("run --base {} --tol 5% --must 5%", this()), 2, &["--must has to be above --tol"]);
    tool.refuses(&format!("run --base {} --tol 5", this()), 2, &["2% or 0.02"]);
    tool.refuses(&format!("run --base {} --alpha 0%", this()), 2, &["--alpha"]);
    tool.refuses(&format!("run --base {} --cand tiny.toml", this()), 2, &["--cand", "not a program"]);
    tool.refuses(&format!("run --base {} -s nothing-like-it", this()), 2, &["matches no strategy"]);
    tool.refuses(
        &format!("run --base {} -s ./mine.toml:a=1", this()),
        2,
        &["./mine.toml:a=1", "found a system"],
    );
}

fn small_budget() {
    let tool = Tool::new();
    let run = format!("run -q --base {} -f tiny.toml -s ^wrapped-exact$ --budget 1ms", this());
    let ended = tool.gate(&run);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended.out.contains("INCONCLUSIVE") && ended.out.contains("the budget of 1ms was used up"),
        "{}",
        ended.out
    );
    assert_eq!(tool.gate(&format!("{run} --strict")).code, Some(5));
}

fn bad_programs() {
    let tool = Tool::new();
    let run = |base: &str, stall: &str| {
        format!("run -q --base ./{base} -f tiny.toml -s ^wrapped-exact$ --stall-timeout {stall}")
    };
    // Who speaks is waited for, however busy the machine is; who stays silent is not.
    let patient = |base: &str| run(base, "60s");
    tool.script("crashes", "echo 'bad luck' >&2; exit 3");
    tool.refuses(&patient("crashes"), 6, &["/crashes", "is no worker of a gate", "bad luck"]);
    tool.script("killed", "kill -KILL $$");
    tool.refuses(&patient("killed"), 6, &["/killed", "ended while it was to say hello", "SIGKILL"]);
    tool.script("talks", "echo hello; exec cat >/dev/null");
    tool.refuses(&patient("talks"), 6, &["it said \"hello\""]);
    tool.script("hangs", "sleep 600");
    tool.refuses(&run("hangs", "1s"), 6, &["said nothing for 1 s while it was to say hello"]);
    tool.script("dies", &format!("{}; read line; exit 9", hello(1)));
    tool.refuses(&patient("dies"), 6, &["ended while it was to prepare", "exit status: 9"]);
    tool.script("sticks", &format!("{}; read line; sleep 600", hello(1)));
    tool.refuses(&run("sticks", "5s"), 6, &["said nothing for 5 s while it was to prepare"]);
    tool.script("babbles", &format!("{}; read line; echo '{{}}'; exec cat >/dev/null", hello(1)));
    tool.refuses(&patient("babbles"), 6, &["answered \"{}\" when it was to prepare"]);
    tool.script("goes-on", "exec tr '\\0' x < /dev/zero");
    tool.refuses(&patient("goes-on"), 6, &["answered \"xxxx", "when it was to say hello"]);
}

/// The greeting of a program built as this one is.
fn hello(protocol: u32) -> String {
    let tool = serde_json::to_string(&dedup_harness::machine::tool()).unwrap();
    format!("echo '{{\"hello\":{{\"protocol\":{protocol},\"tool\":{tool}}}}}'")
}

fn another_protocol() {
    let tool = Tool::new();
    tool.script("newer", &format!("{}; exec cat >/dev/null", hello(99)));
    tool.refuses("run -q --base ./newer -f tiny.toml", 6, &["speaks version 99 of the worker protocol"]);
}

/// A repository with one commit of a package that is called as this executable is.
fn repository(main: &str) -> Tool {
    let tool = Tool::new();
    let exe = std::env::current_exe().unwrap();
    let name = exe.file_name().unwrap().to_str().unwrap();
    let manifest = format!(
        "[package]\nname = \"old\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[[bin]]\nname = \"{name}\"\npath = \"main.rs\"\n"
    );
    tool.write("Cargo.toml", &manifest);
    tool.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"old\"\nversion = \"0.1.0\"\n");
    tool.write("main.rs", main);
    tool.git(".", &["init", "-q"]);
    tool.git(".", &["add", "Cargo.toml", "Cargo.lock", "main.rs"]);
    tool.git(".", &["commit", "-qm", "old"]);
    tool
}

fn worktrees(tool: &Tool) -> usize {
    tool.git(".", &["worktree", "list"]).lines().count()
}

fn no_such_ref() {
    let tool = repository("fn main() {}");
    tool.refuses(
        "run -q --base no-such-branch --cache cache",
        2,
        &["no-such-branch", "neither a program nor a commit"],
    );
    tool.refuses("run -q --base=--upload-pack=x --cache cache", 2, &["no ref is called that"]);
    assert_eq!(worktrees(&tool), 1);
}

fn broken_ref() {
    let tool = repository("fn main() { no luck }");
    tool.refuses("run -q --base HEAD --cache cache", 6, &["does not build: expected one of"]);
    assert_eq!(worktrees(&tool), 1);
    assert!(!tool.path("cache/worktree").exists());
}

fn something_else() {
    let tool = repository("fn main() { println!(\"hello\"); }");
    for _ in 0..2 {
        tool.refuses("run -q --base HEAD --cache cache", 6, &["is no worker of a gate", "it said \"hello\""]);
        assert_eq!(worktrees(&tool), 1);
        assert!(!tool.path("cache/worktree").exists());
        // Built once: the second time there is nothing to build it with.
        let _ = std::fs::remove_dir_all(tool.path("cache/target"));
    }
    assert!(!tool.path("cache/target").exists());
}
