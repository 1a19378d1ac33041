//! What `durable` takes for each id on disk, once its files are far beyond its buffers: rate, bytes, and how much is read and
//! written for what was asked for: `cargo run --release -p dedup-benches --example durable_disk [-- MILLIONS_OF_IDS [FOLDER]]`.
//!
//! One thread, batches of 64, every ping of a batch settled after it, one in ten a copy. What the process read and wrote is
//! the system's count of it (`/proc/self/io`): through system calls, cached or not. Linux only.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use dedup_benches::cpu_ns;
use dedup_benches::stream::{Stream, WINDOW};
use dedup_strategies::strategies::durable::DEFINITION;
use dedup_strategies::{Context, Outcome, Ping, Settled, Sizing, Strategy, Verdict, Worker};

/// As the harness has it.
const BATCH: usize = 64;

/// Bytes of a mark as it is asked for and kept: an id and its time.
const MARK_BYTES: f64 = 24.0;

/// Pings made at once, outside the clock.
const CHUNK: u64 = 1 << 16;

/// Look-ups of each kind at the end.
const LOOKUPS: usize = 200_000;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let millions: u64 = given.first().map_or(20, |text| text.parse().expect("a number of millions"));
    let root = given.get(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(root).expect("the folder can be written");
    let ids = millions * 1_000_000;
    let mut subject = Subject::new(ids, folder.path().to_path_buf());
    let mut stream = Stream::new(1, ids);
    println!(
        "{:>12}  {:>9}  {:>9}  {:>6}  {:>12}  {:>11}",
        "ids", "ns/ping", "own ns", "B/id", "written/mark", "read/lookup"
    );
    let mut pings = Vec::new();
    for tenth in 1..=10 {
        let (before, mut spent, mut own, mut count, mut new) = (Io::now(), 0.0, 0.0, 0, 0);
        let mut left = ids / 10;
        while left > 0 {
            let some = left.min(CHUNK);
            stream.take_fresh(some, &mut pings);
            let (start, start_own) = (Instant::now(), cpu_ns());
            new += pings.chunks(BATCH).map(|batch| subject.judge(batch)).sum::<usize>();
            spent += start.elapsed().as_nanos() as f64;
            own += cpu_ns() - start_own;
            count += pings.len();
            left -= some;
        }
        let io = Io::now().since(&before);
        let (pings, new) = (count as f64, new as f64);
        println!(
            "{:>12}  {:>9.0}  {:>9.0}  {:>6.1}  {:>12.1}  {:>11.2}",
            ids / 10 * tenth,
            spent / pings,
            own / pings,
            subject.bytes() / (ids / 10 * tenth) as f64,
            io.written / (new * MARK_BYTES),
            io.reads / pings,
        );
    }
    let unknown = stream.unknown(LOOKUPS);
    subject.look_up("ids that are not there", &unknown);
    let known: Vec<Ping> = Stream::new(1, ids).first(LOOKUPS, stream.now());
    subject.look_up("ids that are there, the oldest", &known);
}

/// What this process has asked the system for.
struct Io {
    reads: f64,
    read: f64,
    written: f64,
}

impl Io {
    fn now() -> Io {
        let text = std::fs::read_to_string("/proc/self/io").expect("Linux counts");
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("it is counted");
            line.trim_start_matches(':').trim().parse().expect("a number")
        };
        Io { reads: value("syscr"), read: value("rchar"), written: value("wchar") }
    }

    fn since(&self, before: &Io) -> Io {
        Io {
            reads: self.reads - before.reads,
            read: self.read - before.read,
            written: self.written - before.written,
        }
    }
}

struct Subject {
    worker: Box<dyn Worker>,
    strategy: Box<dyn Strategy>,
    folder: PathBuf,
    verdicts: Vec<Verdict>,
    settled: Vec<Settled>,
}

impl Subject {
    fn new(ids: u64, folder: PathBuf) -> Self {
        let sizing = Sizing { window: WINDOW, ids_in_window: ids, ids_total: ids };
        let context =
            Context { workers: NonZeroUsize::MIN, state_dir: folder.clone(), ..Context::embedded(sizing) };
        let settings = DEFINITION.resolve(&[], &context.sizing).expect("its defaults are valid");
        let strategy = (DEFINITION.build)(&settings, &context).expect("the folder can be written");
        let worker = strategy.worker(0).expect("it is embedded");
        Subject { worker, strategy, folder, verdicts: Vec::new(), settled: Vec::new() }
    }

    /// How many were new.
    fn judge(&mut self, batch: &[Ping]) -> usize {
        let now = batch[0].arrival;
        self.verdicts.clear();
        self.worker.judge(batch, now, &mut self.verdicts).expect("the disk is well");
        let new = batch.iter().zip(&self.verdicts).filter(|(_, verdict)| **verdict == Verdict::New);
        self.settled.clear();
        self.settled.extend(new.map(|(ping, _)| Settled { ping: *ping, outcome: Outcome::Delivered }));
        self.worker.settle(&self.settled, now).expect("the disk is well");
        self.settled.len()
    }

    /// Judges pings of which nothing is settled, and says what each took.
    fn look_up(&mut self, what: &str, pings: &[Ping]) {
        let (before, start, start_own) = (Io::now(), Instant::now(), cpu_ns());
        let mut new = 0;
        for batch in pings.chunks(BATCH) {
            self.verdicts.clear();
            self.worker.judge(batch, batch[0].arrival, &mut self.verdicts).expect("the disk is well");
            new += self.verdicts.iter().filter(|verdict| **verdict == Verdict::New).count();
        }
        let (spent, own, io) = (start.elapsed(), cpu_ns() - start_own, Io::now().since(&before));
        let count = pings.len() as f64;
        println!(
            "{what}: {:.1} us a look-up, {:.1} of its own; {:.2} reads of {:.0} bytes together; {new} of {} new",
            spent.as_micros() as f64 / count,
            own / count / 1e3,
            io.reads / count,
            io.read / count,
            pings.len(),
        );
    }

    /// Of the files, as the system sees them, the log among them.
    fn bytes(&self) -> f64 {
        let _kept = &self.strategy;
        fn of(folder: &std::path::Path) -> u64 {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let bytes = |entry: std::fs::DirEntry| match entry.metadata() {
                Ok(data) if data.is_dir() => of(&entry.path()),
                // A log that is made longer than it is used takes no more than what is written.
                Ok(data) => std::os::unix::fs::MetadataExt::blocks(&data) * 512,
                Err(_) => 0,
            };
            entries.map(bytes).sum()
        }
        of(&self.folder) as f64
    }
}
