//! The result file: one line that describes the run, then one line a cell.
//!
//! Units stand in field names; counts are exact integers. Unknown fields are ignored on reading, so that a newer
//! minor version stays readable. Strategies are names here: reading a record builds none of them.

mod error;
mod figures;
mod impact;
mod impact_rounds;
mod latency;
mod least_size;
mod reader;
mod scale;
mod schema;
mod shares;
mod struck;
mod sum;
mod writer;

#[cfg(any(test, feature = "sample"))]
pub mod sample;
#[cfg(test)]
mod tests;

pub use error::RecordError;
pub use figures::{
    CauseFigures, FaultFigures, FaultlessFigures, Foreseen, ForeseenShare, Judgement, LagFigures,
    MemoryOverTime, OverTime, PartFigures, PipelineFigures, Prediction, PromisedBound, StableFigures, Tables,
    TimeFigures, Verdict, VerifyFigures, WeighFigures,
};
pub use impact::{
    DifferenceFigures, DimensionFigures, ImpactFigures, ImpactPrediction, NumberFigures, RowsFigures,
};
pub use latency::{HistogramError, Latency, merged};
pub use reader::{Run, parse_run, read_run};
pub use scale::{NotReached, ScaleFigures, ScalePoint};
pub use schema::{
    CellRecord, CellResult, Deadlines, DoubtRecord, FAILED, Failure, Line, Machine, Operation, Pass, Role,
    Routed, RunRecord, SCHEMA, SKIPPED, Share, Tool, WhoseTime,
};
pub use shares::{Joined, Judge, MOST_SHARES, SharesError, joined};
pub use struck::Struck;
pub use sum::SumError;
pub use writer::RecordWriter;

/// The name of the result file in its directory.
pub const FILE_NAME: &str = "records.jsonl";

/// The JSON Schema of one line of a result file, as pretty-printed JSON.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Line);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}
