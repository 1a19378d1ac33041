//! What stands under `results/` is what the program of this commit draws of the records beside it.

use std::path::{Path, PathBuf};

use crate::tool::Tool;

/// The records, and the words that draw each page of them; as docs/REPORTS.md has them.
const DRAWN: [(&str, &[&str]); 8] = [
    ("results/quick/report.html", &["report", "results/quick"]),
    ("results/quick/slides.html", &["report", "results/quick", "--format", "slides"]),
    ("results/talk/report.html", &["report", "results/talk"]),
    ("results/talk-today/report.html", &["report", "results/talk-today"]),
    ("results/talk/slides.html", &["report", "results/talk", "--format", "slides"]),
    ("results/talk-today/slides.html", &["report", "results/talk-today", "--format", "slides"]),
    (
        "README.md",
        &["report", "results/quick", "--splice", "README.md", "--marker", "quick table", "--brief"],
    ),
    (
        "results/quick/README.md",
        &["report", "results/quick", "--splice", "results/quick/README.md", "--marker", "quick table"],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

#[test]
fn the_recorded_pages_are_those_that_this_commit_draws() {
    let tool = Tool::new();
    for folder in ["results/quick", "results/talk", "results/talk-today"] {
        let records = format!("{folder}/records.jsonl");
        tool.write(&records, std::fs::read(root().join(&records)).unwrap());
    }
    let update = std::env::var_os("UPDATE_RECORDED").is_some();
    let mut stale = Vec::new();
    for (page, words) in DRAWN {
        let there = std::fs::read_to_string(root().join(page)).unwrap();
        let mut words = words.to_vec();
        if words.contains(&"--splice") {
            tool.write(page, &there);
        } else {
            words.extend(["-o", page]);
        }
        tool.prints(&words);
        let drawn = std::fs::read_to_string(tool.work().join(page)).unwrap();
        if drawn != there {
            stale.push(page);
            if update {
                std::fs::write(root().join(page), drawn).unwrap();
            }
        }
    }
    assert!(
        update || stale.is_empty(),
        "{stale:?} are not what this program draws of their records; draw them again in the commit that changes them: \
         UPDATE_RECORDED=1 cargo test -p dedup-harness --test cli recorded_pages"
    );
}

/// One round of the recorded cells again and again, each time of a scenario of another name, as `benches/examples/growth` has it.
fn two_thousand_cells() -> String {
    let text = std::fs::read_to_string(root().join("results/quick/records.jsonl")).unwrap();
    let (run, cells) = text.split_once('\n').unwrap();
    let round: Vec<&str> = cells.lines().filter(|line| line.contains(r#""round":0,"#)).collect();
    let named = |(at, line): (usize, &&str)| {
        let name = format!(r#""scenario":"quick-{}""#, at / round.len());
        line.replacen(r#""scenario":"quick""#, &name, 1) + "\n"
    };
    let cells: String = round.iter().cycle().take(2_000).enumerate().map(named).collect();
    format!("{run}\n{cells}")
}

#[test]
fn a_page_of_two_thousand_cells_is_below_five_megabytes() {
    let tool = Tool::new();
    tool.write("large/records.jsonl", two_thousand_cells());
    tool.prints(&["report", "large", "-o", "page.html"]);
    let page = std::fs::read_to_string(tool.work().join("page.html")).unwrap();
    assert!(page.matches("<table").count() > 300 && page.matches("<svg class=\"chart\"").count() > 200);
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
}

#[test]
fn every_fault_is_of_a_kind() {
    use dedup_records::record::Struck;
    let of_a_kind = Struck::KINDS.iter().flat_map(|(_, kinds)| kinds.iter().copied());
    let mut of_a_kind: Vec<&str> = of_a_kind.collect();
    let mut all: Vec<&str> = dedup_stream::faults::FAULTS.iter().map(|fault| fault.name).collect();
    of_a_kind.sort_unstable();
    all.sort_unstable();
    assert_eq!(of_a_kind, all, "harness/records/src/record/struck.rs");
}

#[test]
fn every_strategy_has_a_colour_of_its_family() {
    let coloured = dedup_report::CATALOGUE.iter().flat_map(|(_, names)| names.iter().copied());
    let coloured: std::collections::BTreeSet<&str> = coloured.collect();
    let all: std::collections::BTreeSet<&str> =
        dedup_strategies::STRATEGIES.iter().map(|definition| definition.name).collect();
    assert_eq!(coloured, all, "harness/report/src/palette/family.rs");
}

#[test]
fn what_is_said_of_the_recorded_curves_is_as_far_as_they_go() {
    let text = std::fs::read_to_string(root().join("results/README.md")).unwrap();
    let line = text.lines().find(|line| line.starts_with("| `scale/`")).unwrap();
    let run = dedup_records::record::read_run(&root().join("results/scale/records.jsonl")).unwrap();
    let most = |is_of: &dyn Fn(&str) -> bool| {
        let cells = run.cells.iter().filter(|cell| is_of(&cell.operation.as_ref().unwrap().what));
        let points = cells.flat_map(|cell| match &cell.result {
            dedup_records::record::CellResult::Scale(figures) => figures.points.clone(),
            _ => Vec::new(),
        });
        points.map(|point| point.ids_count).max().unwrap()
    };
    let redis = |what: &str| what.contains("Redis");
    let disk = |what: &str| what.contains("disk") && !redis(what);
    let process = |what: &str| !disk(what) && !redis(what);
    let said = format!(
        "2^{} in a process, 2^{} on disk and 2^{} in a Redis",
        most(&process).ilog2(),
        most(&disk).ilog2(),
        most(&redis).ilog2()
    );
    assert!(line.contains(&said), "{said}: {line}");
}
