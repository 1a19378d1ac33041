//! `gate check`: what one wrong answer more does, and what is wrong with baselines.

use dedup_harness::strategies::{Needs, Role, STRATEGIES};
use libtest_mimic::Trial;

use crate::tool::{TINY, Tool};
use crate::trial;
use crate::wrapped::{HIDE, SPOIL, name};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("one_missed_duplicate_more_fails_whatever_the_strategy", one_missed_more),
        trial("one_lost_unique_more_fails", one_lost_more),
        trial("one_missed_duplicate_fewer_passes_and_asks_to_refresh", one_missed_fewer),
        trial("a_baseline_that_is_missing_cut_off_or_edited_is_refused", bad_baselines),
        trial("a_baseline_holds_systems_and_runs_them_again", systems),
        trial("another_seed_is_another_stream", another_seed),
        trial("a_strategy_that_is_gone_is_an_error_and_a_new_one_a_note", strategies_come_and_go),
        trial("a_verdict_is_written_to_files_and_told_to_github", delivered),
        trial("a_gate_whose_files_cannot_be_kept_prints_the_code_with_which_it_ends", not_kept),
        trial("a_verdict_that_nobody_reads_is_the_end_all_the_same", unread),
        trial("what_is_accepted_passes_until_its_day_and_wrong_answers_never_do", accepted),
    ]
}

const UPDATE: &str = "check -q --no-instructions --update --baseline b.json -f tiny.toml -s";
const CHECK: &str = "check -q --no-instructions --baseline b.json -f tiny.toml";

fn with_baseline(strategies: &str) -> Tool {
    let tool = Tool::new();
    let ended = tool.gate(&format!("{UPDATE} {strategies}"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    tool
}

/// Those that find any duplicate, and run here.
fn finders() -> impl Iterator<Item = &'static str> {
    let redis = dedup_harness::servers::Launch::find().is_ok();
    STRATEGIES
        .iter()
        .filter(move |one| one.role != Role::Floor && (one.needs == Needs::Nothing || redis))
        .map(name)
}

fn one_missed_more() {
    let tool = with_baseline("^wrapped-");
    // Memory that is tidied up in real time (moka's, a server's) can be more on a machine that is busy: it is asked again.
    let again = std::iter::repeat_with(|| tool.gate(CHECK)).take(5);
    let seen: Vec<_> =
        again.map(|ended| (ended.code, ended.out)).take_while(|(code, _)| *code != Some(0)).collect();
    assert!(
        seen.len() < 5 && seen.iter().all(|(code, _)| *code == Some(3)),
        "nothing has changed: {seen:#?}"
    );
    for strategy in finders() {
        let ended = tool.gate_with(&format!("{CHECK} -s ^{strategy}$"), &[(SPOIL, "missed")]);
        assert_eq!(ended.code, Some(4), "{strategy}\n{}\n{}", ended.out, ended.err);
        let wrong = format!("tiny/{strategy}/missed_count");
        assert!(
            ended.out.lines().any(|line| line.starts_with("FAIL") && line.contains(&wrong)),
            "{}",
            ended.out
        );
    }
}

/// The example that remembers the last id alone, which lets one more through where it is told to.
const LAST_ID: &str = r#"
import json, os, sys
last = None
hello = json.loads(sys.stdin.readline())
print(json.dumps({"dedup-protocol": 1, "frames": "json"}), flush=True)
spoilt = os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), "spoilt"))
for line in sys.stdin:
    said = []
    for ping in json.loads(line)["judge"]["pings"]:
        said.append("duplicate" if ping["key"] == last and not spoilt else "new")
        last = ping["key"]
    print(json.dumps({"verdicts": said}), flush=True)
"#;

fn systems() {
    let tool = Tool::new();
    let file = |name: &str, clock: &str| {
        format!(
            "name = '{name}'\nabout = 'a'\noperate = 'o'\ncommand = ['python3', 'last_id.py']\ninstall = 'i'\n\
             routing = 'by-key'\nclock = '{clock}'\npromise.remembers = 'nothing'\n"
        )
    };
    tool.write("own/last_id.py", LAST_ID);
    tool.write("own/last.toml", &file("last", "given"));
    tool.write("own/walled.toml", &file("walled", "wall"));
    // Copies that follow at once, so that there is something to find.
    let text = "about = 'a'\nduration = '10m'\nwindow = '2m'\n[arrival]\nprocess = 'constant'\nrate = 1\n\
                [[repeat]]\ncause = 'c'\nshare = 0.5\nlag.fixed = '1ms'\n";
    tool.write("twice.toml", text);
    let words = "check -q --no-instructions --baseline b.json -f twice.toml";
    let made = tool.gate(&format!("{words} --update -s own/last.toml -s own/walled.toml -s ^exact$"));
    assert_eq!(made.code, Some(0), "{}", made.err);
    assert!(made.err.contains("walled: left out: it keeps the wall's time"), "{}", made.err);
    let baseline = std::fs::read_to_string(tool.path("b.json")).unwrap();
    assert!(baseline.contains(r#""last": "own/last.toml""#), "{baseline}");
    let same = tool.gate(words);
    assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
    assert!(same.out.contains("their decisions are compared"), "{}", same.out);
    tool.write("own/spoilt", "");
    let spoilt = tool.gate(words);
    assert_eq!(spoilt.code, Some(4), "{}{}", spoilt.out, spoilt.err);
    assert!(spoilt.out.contains("twice/last/missed_count"), "{}", spoilt.out);
    std::fs::rename(tool.path("own"), tool.path("moved")).unwrap();
    let gone = tool.gate(words);
    assert_eq!(gone.code, Some(6), "{}{}", gone.out, gone.err);
    assert!(
        gone.err.contains("own/last.toml")
            && gone.err.contains("its file with -s")
            && !baseline.contains("walled"),
        "{}",
        gone.err
    );
    let found = tool.gate(&format!("{words} -s moved/last.toml"));
    assert_eq!(found.code, Some(4), "{}{}", found.out, found.err);
}

fn one_lost_more() {
    let tool = with_baseline("^wrapped-exact$");
    let ended = tool.gate_with(CHECK, &[(SPOIL, "lost")]);
    assert_eq!(ended.code, Some(4), "{}", ended.out);
    assert!(ended.out.contains("1 more than in the baseline (exact)"), "{}", ended.out);
}

fn one_missed_fewer() {
    let tool = Tool::new();
    assert_eq!(tool.gate_with(&format!("{UPDATE} ^wrapped-exact$"), &[(SPOIL, "missed")]).code, Some(0));
    let ended = tool.gate(CHECK);
    assert_eq!(ended.code, Some(0), "{}", ended.out);
    assert!(
        ended.out.contains("1 fewer than in the baseline") && ended.out.contains("refresh it"),
        "{}",
        ended.out
    );
}

fn bad_baselines() {
    let tool = with_baseline("^wrapped-exact$");
    let whole = std::fs::read_to_string(tool.path("b.json")).unwrap();
    tool.write("b.json", &whole[..whole.len() / 2]);
    tool.refuses(CHECK, 6, &["b.json", "no whole baseline", "--baseline b.json -f tiny.toml --update"]);
    tool.write("b.json", &whole.replacen("\"value\": ", "\"value\": 1", 1));
    tool.refuses(CHECK, 6, &["b.json", "was changed since it was made"]);
    std::fs::remove_file(tool.path("b.json")).unwrap();
    tool.refuses(CHECK, 6, &["b.json", "cannot be read", "--update"]);
}

fn another_seed() {
    let tool = with_baseline("^wrapped-exact$");
    tool.write("tiny.toml", &TINY.replace("seed = 5", "seed = 6"));
    tool.refuses(CHECK, 6, &["tiny/wrapped-exact", "not comparable"]);
    tool.write("tiny.toml", &TINY.replace("share = 0.2", "share = 0.3"));
    tool.refuses(CHECK, 6, &["tiny/wrapped-exact", "the scenario is", "not comparable"]);
}

fn strategies_come_and_go() {
    let tool = with_baseline("^wrapped-exact$");
    let ended = tool.gate_with(CHECK, &[(HIDE, "wrapped-exact")]);
    assert_eq!(ended.code, Some(6), "{}", ended.err);
    assert!(ended.err.contains("strategy wrapped-exact of b.json is not there any more"), "{}", ended.err);
    let ended = tool.gate(CHECK);
    assert!(ended.out.contains("not in the baseline, and not judged: noop"), "{}", ended.out);
}

fn delivered() {
    let tool = with_baseline("^wrapped-exact$");
    let summary = tool.write("summary.md", "");
    let github =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()), (SPOIL, "lost")];
    let ended = tool.gate_with(&format!("{CHECK} -o gate"), &github);
    assert_eq!(ended.code, Some(4));
    assert!(ended.err.contains("::error title=FAIL tiny/wrapped-exact/lost_count::"), "{}", ended.err);
    assert!(std::fs::read_to_string(&summary).unwrap().starts_with("### Gate: FAIL"));
    // What cannot be shown beside it is a warning, and nothing waits for it.
    let pipe = tool.path("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    for (place, why) in [
        (pipe.to_str().unwrap(), "no regular file"),
        ("/dev/full", "no regular file"),
        ("absent/x", "No such file"),
    ] {
        let ended = tool.gate_with(CHECK, &[github[0], ("GITHUB_STEP_SUMMARY", place)]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let said = format!("warning: step summary: {place}: cannot be written: ");
        assert!(ended.err.contains(&said) && ended.err.contains(why), "{}", ended.err);
    }
    let verdict = std::fs::read_to_string(tool.path("gate/verdict.json")).unwrap();
    let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
    assert_eq!((&verdict["decision"], &verdict["exit_code"]), (&"fail".into(), &4.into()));
    let schema: serde_json::Value =
        serde_json::from_str(&dedup_harness::gate::verdict::json_schema()).unwrap();
    assert!(jsonschema::is_valid(&schema, &verdict));
    let junit = std::fs::read_to_string(tool.path("gate/junit.xml")).unwrap();
    assert!(junit.contains("<failure") && junit.contains("lost_count"), "{junit}");
    let explained = tool.gate("explain gate lost");
    assert!(explained.out.contains("FAIL  tiny/wrapped-exact/lost_count"), "{}", explained.out);
    tool.refuses("explain gate nothing-like-it", 2, &["no metric matches"]);
    tool.refuses("explain tiny.toml", 2, &["is no verdict"]);
    tool.refuses("explain nowhere", 2, &["cannot be read"]);
}

fn not_kept() {
    let tool = with_baseline("^wrapped-exact$");
    let keep = format!("{CHECK} -o gate");
    let [full, directory] = ["gate/junit.xml", "gate/gate.md"].map(|name| tool.path(name));
    std::fs::create_dir(tool.path("gate")).unwrap();
    for environment in [&[][..], &[(SPOIL, "lost")]] {
        let code = if environment.is_empty() { 0 } else { 4 };
        let not_kept = |because: u8| {
            let ended = tool.gate_with(&keep, environment);
            assert_eq!(ended.code, Some(i32::from(because)), "{}\n{}", ended.out, ended.err);
            let said = format!(", exit code {because}\n");
            assert!(ended.out.ends_with(&said), "{}", ended.out);
            let note = format!("its files are not kept; with them the exit code is {code}\n");
            assert!(ended.out.contains(&note), "{}", ended.out);
            // One of them alone would tell another story.
            assert!(!tool.path("gate/verdict.json").exists());
        };
        std::os::unix::fs::symlink("/dev/full", &full).unwrap();
        not_kept(1);
        std::fs::remove_file(&full).unwrap();
        std::fs::create_dir(&directory).unwrap();
        not_kept(2);
        std::fs::remove_dir(&directory).unwrap();
    }
    assert_eq!(tool.gate(&keep).code, Some(0));
    assert!(tool.path("gate/verdict.json").exists());
}

fn unread() {
    let tool = with_baseline("^wrapped-exact$");
    let github = [("GITHUB_ACTIONS", "true"), (SPOIL, "lost")];
    let nobody = || std::io::pipe().unwrap().1;
    let status = tool.command(CHECK, &github).stdout(nobody()).stderr(nobody()).status().unwrap();
    assert_eq!(status.code(), Some(4));
}

fn accepted() {
    let tool = Tool::new();
    let day = ["--reason", "x", "--until", "2999-12-31"].join(" ");
    assert_eq!(tool.gate(&format!("accept tiny/wrapped-exact/live_bytes {day}")).code, Some(0));
    let text = std::fs::read_to_string(tool.path("gate-accepted.toml")).unwrap();
    assert!(text.contains("metric = \"tiny/wrapped-exact/live_bytes\""), "{text}");
    tool.refuses(
        &format!("accept tiny/wrapped-exact/missed_count {day}"),
        2,
        &["wrong answers cannot be accepted"],
    );
    tool.refuses(&format!("accept live_bytes {day}"), 2, &["scenario/strategy/metric"]);
    tool.refuses("accept a/b/live_bytes --reason x --until soon", 2, &["2026-12-31"]);
    tool.refuses("accept a/b/live_bytes --reason x --until 2001-01-01", 2, &["that day is over"]);
    tool.write(
        "gate-accepted.toml",
        "[[accepted]]\nmetric = 'a/b/lost_count'\nreason = 'x'\nuntil = '2999-12-31'\n",
    );
    tool.refuses(CHECK, 2, &["gate-accepted.toml", "wrong answers cannot be accepted"]);
    // However long the line is.
    tool.write("gate-accepted.toml", &format!("\na = {}", "[".repeat(100_000)));
    tool.refuses(CHECK, 2, &["gate-accepted.toml: line 2: "]);
    assert!(tool.gate(CHECK).err.len() < 300);
}
