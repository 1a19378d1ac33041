//! A stream that is made on a thread of its own, while what was made before is judged.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use super::{Event, Source, SourceError};

/// Events that change hands at once: enough that waking the other thread costs nothing beside them.
const TOGETHER: usize = 2048;

/// Lists of events on their way. With fewer, one thread would wait whenever the other is a little late.
const ON_THEIR_WAY: usize = 4;

/// What the thread hands over. An empty list is the end.
type Made = Result<Vec<Event>, SourceError>;

/// A source that runs ahead of who asks it: the same events in the same order, made by another core.
pub struct Ahead {
    causes: Vec<String>,
    current: Vec<Event>,
    /// How many of the current ones were handed out.
    given: usize,
    ended: bool,
    /// Where used lists go, to be filled again.
    used: Sender<Vec<Event>>,
    /// Given up before the thread is waited for.
    made: Option<Receiver<Made>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Starts to make the events of `source`.
    pub fn of(mut source: Box<dyn Source>) -> Self {
        let causes = source.causes().to_vec();
        let (hand_over, made) = sync_channel(ON_THEIR_WAY);
        let (used, to_fill) = channel();
        let thread = std::thread::spawn(move || make(source.as_mut(), &to_fill, &hand_over));
        Ahead {
            causes,
            current: Vec::new(),
            given: 0,
            ended: false,
            used,
            made: Some(made),
            thread: Some(thread),
        }
    }

    fn next_list(&mut self) -> Result<(), SourceError> {
        let Some(made) = &self.made else { return Ok(()) };
        let Ok(list) = made.recv() else { self.resume_panic() };
        let list = list.inspect_err(|_| self.ended = true)?;
        self.ended = list.is_empty();
        self.given = 0;
        // Where nobody wants it any more, the stream has ended.
        let _ = self.used.send(std::mem::replace(&mut self.current, list));
        Ok(())
    }

    /// The thread hands over an end before it ends: without one it has panicked.
    fn resume_panic(&mut self) -> ! {
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => unreachable!("the stream's thread went without a word"),
        }
    }
}

/// Until the stream ends, breaks off, or nobody listens any more.
fn make(source: &mut dyn Source, to_fill: &Receiver<Vec<Event>>, hand_over: &SyncSender<Made>) {
    loop {
        let mut events = to_fill.try_recv().unwrap_or_default();
        events.clear();
        let made = source.fill(TOGETHER, &mut events).map(|()| events);
        let is_last = made.as_ref().map_or(true, Vec::is_empty);
        if hand_over.send(made).is_err() || is_last {
            return;
        }
    }
}

impl Source for Ahead {
    fn causes(&self) -> &[String] {
        &self.causes
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        if self.given == self.current.len() && !self.ended {
            self.next_list()?;
        }
        let left = &self.current[self.given..];
        let given = &left[..limit.min(left.len())];
        events.extend_from_slice(given);
        self.given += given.len();
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.made = None;
        if let Some(thread) = self.thread.take() {
            // Whoever is dropped before the end does not care how the rest would have gone.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    fn metronome() -> Box<dyn Source> {
        Box::new(scenario::find("metronome").unwrap()[0].stream(1))
    }

    fn all(source: &mut dyn Source, limit: usize) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let before = events.len();
            source.fill(limit, &mut events).unwrap();
            if events.len() == before {
                return events;
            }
            assert!(events.len() - before <= limit);
        }
    }

    #[test]
    fn the_events_are_the_same_in_the_same_order_whatever_is_asked_for_at_once() {
        let expected = all(metronome().as_mut(), 1 << 20);
        assert!(expected.len() > 3 * TOGETHER, "{} are no test", expected.len());
        for limit in [1, 128, 3000, 1 << 20] {
            let mut ahead = Ahead::of(metronome());
            assert_eq!(ahead.causes(), metronome().causes());
            assert!(all(&mut ahead, limit) == expected, "{limit} at once");
        }
    }

    #[test]
    fn one_that_is_dropped_early_ends_its_thread() {
        let mut ahead = Ahead::of(metronome());
        ahead.fill(10, &mut Vec::new()).unwrap();
        drop(ahead);
    }

    /// Gives one event's worth of nothing, then what it is told to.
    struct Breaks(bool, fn() -> Result<(), SourceError>);

    impl Source for Breaks {
        fn causes(&self) -> &[String] {
            &[]
        }

        fn fill(&mut self, _limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
            if std::mem::replace(&mut self.0, true) {
                return self.1();
            }
            metronome().fill(1, events)
        }
    }

    #[test]
    fn a_stream_that_breaks_off_says_so_after_what_came_before() {
        let mut ahead = Ahead::of(Box::new(Breaks(false, || Err(SourceError("line 7".into())))));
        let mut events = Vec::new();
        ahead.fill(10, &mut events).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(ahead.fill(10, &mut events).unwrap_err().to_string(), "line 7");
    }

    #[test]
    #[should_panic(expected = "a bug in a source")]
    fn a_panic_of_its_thread_is_no_end_of_the_stream() {
        let mut ahead = Ahead::of(Box::new(Breaks(false, || panic!("a bug in a source"))));
        let mut events = Vec::new();
        ahead.fill(10, &mut events).unwrap();
        let _ = ahead.fill(10, &mut events);
    }
}
