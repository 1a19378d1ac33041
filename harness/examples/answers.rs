//! What `advise` answers to many questions, for whoever compares answers: a process for each would spend most of its time
//! on what would change the answer.
//!
//! Each line of standard input holds the options of a question, as a JSON list of words; each of the output what the command
//! prints with `--format json`, without `changes`.

use std::io;

use clap::Parser;
use dedup_harness::cmd::advise::{AdviseArgs, answer};
use dedup_harness::strategies::STRATEGIES;
use serde_json::Value;

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Question {
    #[command(flatten)]
    args: AdviseArgs,
}

fn main() -> anyhow::Result<()> {
    for line in io::stdin().lines() {
        let words: Vec<String> = serde_json::from_str(&line?)?;
        let question = Question::try_parse_from(words)?;
        let answer: Value = serde_json::from_str(&answer(&question.args, STRATEGIES)?)?;
        println!("{answer}");
    }
    Ok(())
}
