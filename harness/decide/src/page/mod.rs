//! A decision as a page that answers other questions, too: its script works out candidates and decides as this package does.
//!
//! The page is told every figure that its script needs; `formulas.js` names the function here that each of its own is the twin
//! of, and a test holds both to each other in a browser.

mod pieces;
mod told;

use serde::Serialize;
use serde_json::json;

use crate::decision::Decision;
use crate::needs::{ASSUMED, NEEDS, NUMBERS, bent_like};
use crate::render::{FLINK_SQL, SPARK, sentence, text};
use crate::traffic::Lags;
pub use pieces::{Close, Pieces};
pub use told::{Points, Several, Sizes, Told};

/// The style of the page.
pub const STYLE: &str = include_str!("page.css");

/// The script of the page: formulas, what is drawn, and what reacts.
pub const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("formulas.js"),
    include_str!("charts.js"),
    include_str!("page.js")
);

/// What is on the page before its script fills it.
pub const BODY: &str = include_str!("page.html");

/// Where the figures come from.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// The version of the program.
    pub version: String,
    /// The commit that it was built from; empty where that is not known.
    pub commit: String,
    /// The seed of the records that times were read off.
    pub seed: u64,
    /// What identifies those records.
    pub records: String,
    /// The machine that they were made on.
    pub machine: String,
}

/// Everything that a page is made of.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The answer to the question that the page opens with.
    pub decision: &'a Decision,
    /// The options of the question as they were typed, by name; the same names are in the address.
    pub asked: Vec<(String, String)>,
    /// The same as words of a command line.
    pub words: Vec<String>,
    /// What there is to choose from.
    pub told: Vec<Told>,
    /// Lags that were measured.
    pub measured: Lags,
    /// Windows that are worth having, in seconds.
    pub lengths_s: Vec<u64>,
    /// How long it takes until a ping comes again that was not acked, in seconds.
    pub redelivery_s: f64,
    /// Shares of uniques that may be lost, of which sizes are told.
    pub lost: Vec<f64>,
    /// Where the figures come from.
    pub provenance: Provenance,
}

impl Page<'_> {
    /// The title: the answer in short.
    pub fn title(&self) -> String {
        match self.decision.survivors.first() {
            Some(first) => format!("{}: a decision", first.candidate.strategy),
            None => "No strategy: a decision".to_string(),
        }
    }

    /// The answer for whoever runs no scripts.
    pub fn without_script(&self) -> String {
        text(self.decision, &[])
    }

    /// What the script reads: JSON that may stand in a script element.
    pub fn data(&self) -> String {
        let needs: Vec<_> = NEEDS.iter().map(|need| json!([need.name, need.default, need.about])).collect();
        let bends: Vec<_> = NUMBERS.iter().map(|(name, number)| [name, bent_like(*number)]).collect();
        let all = json!({
            "sentence": sentence(self.decision),
            "traffic": self.decision.traffic,
            "measured": self.measured,
            "left_out": self.decision.left_out,
            "asked": self.asked,
            "words": self.words,
            "needs": needs,
            "bends": bends,
            "assumed": ASSUMED,
            "told": self.told,
            "lengths_s": self.lengths_s,
            "lost": self.lost,
            "redelivery_s": self.redelivery_s,
            "provenance": self.provenance,
            "flink_sql": FLINK_SQL.join("\n"),
            "spark": SPARK.join("\n"),
        });
        // Neither an end tag nor a comment can begin within it.
        all.to_string().replace('<', "\\u003c")
    }
}
