//! `docs/DECISIONS.md` against the program: each answer in it is what is answered, and what it claims of others' decisions holds.

use std::path::{Path, PathBuf};

use clap::Parser;
use dedup_decide::{Decision, Judged, render};
use dedup_files::NEVER;
use dedup_strategies::STRATEGIES;

use super::{AdviseArgs, question};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    advise: AdviseArgs,
}

/// The decision that a command line asks for.
fn asked(options: &str) -> Decision {
    let words = std::iter::once("advise").chain(options.split_whitespace());
    let args = Line::try_parse_from(words).unwrap_or_else(|error| panic!("{options}: {error}")).advise;
    let given = question::given(&args).unwrap();
    super::decided(&given, &given.needs().unwrap(), STRATEGIES, &NEVER).unwrap().0
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/DECISIONS.md")
}

const COMMAND: &str = "dedup-harness advise ";

/// The document with the program's own answers under each command and in each row of the table.
fn answered(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut answer = None;
    for line in text.lines() {
        if let Some(options) = line.strip_prefix(COMMAND) {
            answer = Some(render::sentence(&asked(options)));
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let row = match cells[..] {
            ["", question, options, _, ""] if options.starts_with("`--") => {
                let sentence = render::sentence(&asked(options.trim_matches('`')));
                Some(format!("| {question} | {options} | {sentence} |"))
            }
            _ => None,
        };
        let quoted = line.starts_with("> ").then(|| answer.take()).flatten();
        lines.push(row.or(quoted.map(|answer| format!("> {answer}"))).unwrap_or_else(|| line.to_string()));
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_answer_of_the_document_is_the_programs() {
    let text = std::fs::read_to_string(document()).unwrap();
    let answers = answered(&text);
    if std::env::var_os("UPDATE_DECISIONS").is_some() {
        std::fs::write(document(), &answers).unwrap();
    } else {
        for (shown, found) in text.lines().zip(answers.lines()) {
            assert_eq!(shown, found, "UPDATE_DECISIONS=1 writes it again");
        }
    }
    assert!(text.matches(COMMAND).count() >= 5 && text.matches("| `--").count() == 10);
}

fn of<'a>(all: &'a [Judged], strategy: &str) -> &'a Judged {
    let found = all.iter().find(|judged| judged.candidate.strategy == strategy);
    found.unwrap_or_else(|| panic!("{strategy} is not among them"))
}

/// The command of the document that has all of these words.
fn command(words: &[&str]) -> String {
    let text = std::fs::read_to_string(document()).unwrap();
    let commands = text.lines().filter_map(|line| line.strip_prefix(COMMAND));
    let mut found = commands.filter(|line| words.iter().all(|word| line.contains(word)));
    found.next().unwrap_or_else(|| panic!("{words:?}")).to_string()
}

#[test]
fn mozilla_had_a_redis_for_a_day_and_met_its_capacity() {
    const GIB: f64 = (1u64 << 30) as f64;
    let story = command(&["16000/s"]);
    let had = asked(&story);
    let redis = of(&had.survivors, "redis-mozilla");
    assert!((20.0..=26.0).contains(&(redis.candidate.remembers_s() / 3600.0)), "{redis:?}");
    assert!((150.0..300.0).contains(&(redis.assessment.maxmemory / GIB)), "{redis:?}");
    assert!(had.survivors.iter().all(|judged| judged.candidate.place.is_server()), "{:?}", had.survivors);
    let met = asked(&story.replace("300GiB", "64GiB"));
    assert_eq!(of(&met.excluded, "redis-mozilla").fails[0].requirement, "redis");
    let with_ten_minutes = asked(&story.replace("0.006%", "0.03%"));
    assert!(of(&with_ten_minutes.survivors, "noop").fails.is_empty());
    assert_eq!(of(&with_ten_minutes.survivors, "pubsubio").candidate.window_s, Some(600.0));
}

#[test]
fn four_weeks_of_a_fleet_are_on_disk() {
    let decision = asked(&command(&["25000/s"]));
    assert_eq!(decision.survivors[0].candidate.strategy, "durable");
    let on_disk = |judged: &&Judged| judged.candidate.disk_bytes.value > 0.0;
    assert_eq!(decision.survivors.iter().filter(on_disk).count(), decision.survivors.len());
}

#[test]
fn who_must_not_lose_marks_after_delivery() {
    let decision = asked(&command(&["500/s"]));
    let claim = of(&decision.excluded, "redis-claim");
    assert!(claim.fails.iter().any(|failure| failure.requirement == "lost"), "{claim:?}");
    for judged in &decision.survivors {
        assert_eq!(judged.assessment.lost_per_year(), 0.0, "{}", judged.candidate.strategy);
    }
}

#[test]
fn webhooks_of_three_days_need_a_disk_and_no_server() {
    let decision = asked(&command(&["5/s", "--no-server"]));
    assert!(decision.survivors.len() >= 2);
    assert!(decision.survivors.iter().all(|judged| judged.candidate.disk_bytes.value > 0.0));
}

#[test]
fn a_cache_of_five_seconds_is_enough_for_copies_of_seconds_and_for_no_others() {
    let near = asked(&command(&["99%=4s"]));
    assert!(near.survivors[0].candidate.window_s.unwrap() <= 60.0);
    assert_eq!(of(&near.survivors, "lru-exact").candidate.ids, 4_900.0);
    let far = asked(&command(&["80%=1s"]));
    // What forgets by chance remembers longer than its window of minutes, and the shortest that is enough is looked for.
    let by_chance = ["bsbf", "rlbsbf"];
    for judged in &far.survivors {
        let least = if by_chance.contains(&judged.candidate.strategy.as_str()) { 300.0 } else { 600.0 };
        assert!(judged.candidate.remembers_s() >= least, "{}", judged.candidate.strategy);
    }
}
