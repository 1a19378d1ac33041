//! A team's own strategy, `last-id`, and with it the whole command line of the harness.

use dedup_harness::strategies::*;

const LAST_ID: Definition = Definition {
    name: "last-id",
    about: "remembers one id: catches only copies that follow at once",
    role: Role::Candidate,
    settings: &[],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::Unknown,
    estimate: None,
    prospect: None,
    build: &|_, _| Ok(Box::new(LastId)),
};

struct LastId;
struct LastIdWorker(Option<PingKey>);

impl Strategy for LastId {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(LastIdWorker(None)))
    }
    fn routing(&self) -> Routing {
        Routing::ByKey
    }
    fn promise(&self) -> Promise {
        Promise { missed: Bound::Unbounded, ..Promise::remembering(Window::Nothing) }
    }
    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for LastIdWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        verdicts.extend(pings.iter().map(|ping| match self.0.replace(ping.key) == Some(ping.key) {
            true => Verdict::Duplicate,
            false => Verdict::New,
        }));
        Ok(())
    }
}

fn main() -> std::process::ExitCode {
    dedup_harness::main_with(&[LAST_ID])
}
