//! The system's side, for a strategy in Rust: its `main` is one call.

use std::io::{BufRead, Write};

use super::hello::{Calls, Frames, Hello, VERSION, Welcome};
use super::message::{Reply, Request};
use super::{ProtocolError, read_line};
use crate::contract::{Ping, Strategy, Unavailable, Verdict, Worker};

/// Speaks for a strategy until `input` ends: for the standard input and output of a program.
///
/// `build` makes the strategy of what the harness says first. Its answer is the reply to every call; what it cannot do is
/// told to the harness, and is no error of this function.
///
/// # Errors
///
/// The other side is gone, or speaks something else.
pub fn serve(
    mut input: impl BufRead,
    mut output: impl Write,
    system: &str,
    build: impl FnOnce(&Hello) -> Result<Box<dyn Strategy>, Unavailable>,
) -> Result<(), ProtocolError> {
    let Some(line) = read_line(&mut input)? else { return Ok(()) };
    let hello: Hello = serde_json::from_str(&line).map_err(|error| {
        ProtocolError::form(format!("no greeting: {error}: {}", super::shown(line.as_bytes())))
    })?;
    let worker = build(&hello).and_then(|strategy| Ok((strategy.worker(hello.worker)?, strategy)));
    let (worker, strategy) = match worker {
        Ok(both) if hello.version == VERSION => both,
        refused => {
            let why = match refused {
                Err(Unavailable(why)) => why,
                Ok(_) => format!("this speaks version {VERSION} of the protocol, not {}", hello.version),
            };
            let line = serde_json::json!({ "failed": why });
            writeln!(output, "{line}")?;
            return Ok(output.flush()?);
        }
    };
    let hears = worker.hears();
    let calls = Calls { settle: hears.settle, advance: hears.advance, footprint: true };
    let welcome =
        Welcome { version: VERSION, frames: Frames::Binary, calls, system: Some(system.to_string()) };
    writeln!(output, "{}", serde_json::to_string(&welcome).expect("plain data"))?;
    output.flush()?;
    let (mut answers, mut bytes) = (Answers { worker, strategy, released: Vec::new() }, Vec::new());
    while let Some(request) = Frames::Binary.read_request(&mut input)? {
        bytes.clear();
        Frames::Binary.write_reply(&answers.to(&request), &mut bytes);
        output.write_all(&bytes)?;
        output.flush()?;
    }
    Ok(())
}

struct Answers {
    worker: Box<dyn Worker>,
    strategy: Box<dyn Strategy>,
    released: Vec<Ping>,
}

impl Answers {
    fn to(&mut self, request: &Request) -> Reply {
        self.answer(request).unwrap_or_else(|Unavailable(why)| Reply::Failed(why))
    }

    fn answer(&mut self, request: &Request) -> Result<Reply, Unavailable> {
        Ok(match request {
            Request::Judge { now, pings } => {
                let mut verdicts = Vec::with_capacity(pings.len());
                self.worker.judge(pings, *now, &mut verdicts)?;
                let some_are = verdicts.contains(&Verdict::Unjudged);
                let unjudged = some_are.then(|| self.worker.unjudged().0);
                Reply::Verdicts { verdicts, unjudged }
            }
            Request::Settle { now, settled } => {
                self.worker.settle(settled, *now)?;
                Reply::Done
            }
            Request::Advance { now } => {
                self.released.clear();
                self.worker.advance(*now, &mut self.released)?;
                Reply::Released(self.released.iter().map(|ping| ping.delivery).collect())
            }
            Request::Footprint => Reply::Footprint(self.strategy.footprint()),
            Request::Pings { now, pings } => {
                let mut verdicts = Vec::with_capacity(pings.len());
                self.worker.judge(pings, *now, &mut verdicts)?;
                if verdicts.contains(&Verdict::Held) {
                    return Err(Unavailable::because(
                        "it holds pings, which a flow has no word for: speak for it as a judge",
                    ));
                }
                let judged = pings.iter().zip(&verdicts);
                let passed = judged.filter(|(_, verdict)| **verdict == Verdict::New);
                Reply::Passed(passed.map(|(ping, _)| ping.delivery).collect())
            }
            Request::Marker { now, number } => {
                self.released.clear();
                self.worker.advance(*now, &mut self.released)?;
                Reply::Marker(*number)
            }
        })
    }
}
