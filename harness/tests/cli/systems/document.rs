//! What `docs/PROTOCOL.md` shows is what is said.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use dedup_harness::strategies::protocol::{Frames, Hello, Welcome};

use crate::workspace::root;

/// The lines of the document's transcripts: whose each is, and the line.
fn transcripts() -> Vec<Vec<(char, String)>> {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let blocks =
        text.split("```transcript\n").skip(1).map(|rest| rest.split_once("\n```").expect("its end").0);
    let side = |line: &str| (line.chars().next().unwrap(), line[2..].to_string());
    blocks.map(|block| block.lines().map(side).collect()).collect()
}

#[test]
fn the_transcripts_in_the_document_are_what_both_sides_say() {
    let programs = ["last_id.py", "all_ids.py"];
    let transcripts = transcripts();
    assert_eq!(transcripts.len(), programs.len());
    programs.iter().zip(transcripts).for_each(|(program, transcript)| is_played(program, transcript));
}

fn is_played(program: &str, transcript: Vec<(char, String)>) {
    let mut child = Command::new("python3")
        .arg(root().join("systems/examples").join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut from = BufReader::new(from);
    for (index, (side, line)) in transcript.into_iter().enumerate() {
        // What we would have said, and understood.
        match (side, index) {
            ('>', 0) => {
                let hello: Hello = serde_json::from_str(&line).unwrap();
                assert_eq!(serde_json::to_string(&hello).unwrap(), line);
            }
            ('>', _) => {
                let read = Frames::Json.read_request(&mut format!("{line}\n").as_bytes()).unwrap();
                let mut again = Vec::new();
                Frames::Json.write_request(&read.unwrap(), &mut again);
                assert_eq!(String::from_utf8(again).unwrap().trim_end(), line);
            }
            (_, 1) => drop(serde_json::from_str::<Welcome>(&line).unwrap()),
            _ => drop(Frames::Json.read_reply(&mut format!("{line}\n").as_bytes()).unwrap().unwrap()),
        }
        // What it says.
        if side == '>' {
            writeln!(to, "{line}").unwrap();
            continue;
        }
        let mut said = String::new();
        from.read_line(&mut said).unwrap();
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&said), value(&line));
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_lines_of_json_in_the_document_are_understood_and_said_so() {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let (_, rest) = text.split_once("```json-lines\n").unwrap();
    let lines: Vec<&str> = rest.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 8);
    for line in lines {
        let (side, line) = line.split_at(2);
        let (from, mut again) = (format!("{line}\n"), Vec::new());
        match side {
            "> " => {
                let request = Frames::Json.read_request(&mut from.as_bytes()).unwrap().unwrap();
                Frames::Json.write_request(&request, &mut again);
            }
            _ => {
                let reply = Frames::Json.read_reply(&mut from.as_bytes()).unwrap().unwrap();
                Frames::Json.write_reply(&reply, &mut again);
            }
        }
        assert_eq!(String::from_utf8(again).unwrap(), from);
    }
}

#[test]
fn the_programs_in_the_document_are_the_ones_that_are_there() {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    for (language, files) in [("toml", &["last-id.toml"][..]), ("python", &["last_id.py", "all_ids.py"])] {
        let shown: Vec<&str> = text.split(&format!("```{language}\n")).skip(1).collect();
        assert_eq!(shown.len(), files.len());
        for (file, rest) in files.iter().zip(shown) {
            let (shown, _) = rest.split_once("```").unwrap();
            let there = fs::read_to_string(root().join("systems/examples").join(file)).unwrap();
            assert!(there.contains(shown), "{file} is not what docs/PROTOCOL.md shows");
        }
    }
}
