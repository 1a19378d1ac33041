//! Not a liar: a strategy from outside that remembers for a minute, and says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_harness::strategies::{
    Definition, Footprint, Forgets, Memory, Needs, Operation, Ping, PingKey, Promise, Role, Routing,
    Strategy, Timestamp, Unavailable, Verdict, Window, Worker,
};

pub(crate) const DEFINITION: Definition = Definition {
    name: "minute",
    about: "remembers for a minute after the copy that was let through",
    role: Role::Candidate,
    settings: &[],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::AtWindowEnd,
    estimate: None,
    prospect: None,
    build: &|_, _| Ok(Box::new(Minute::default())),
};

const WINDOW: Duration = Duration::from_secs(60);

/// When each id was let through.
#[derive(Clone, Default)]
struct Minute(Arc<Mutex<HashMap<PingKey, Timestamp>>>);

impl Strategy for Minute {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise { memory: Memory::Grows, ..Promise::remembering(Window::Since(WINDOW)) }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.0.lock().unwrap().len() as u64, bytes: 0 }
    }
}

impl Worker for Minute {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut let_through = self.0.lock().unwrap();
        for ping in pings {
            let known = let_through.get(&ping.key).is_some_and(|at| now.since(*at) < WINDOW);
            if !known {
                let_through.insert(ping.key, now);
            }
            verdicts.push(if known { Verdict::Duplicate } else { Verdict::New });
        }
        Ok(())
    }
}
