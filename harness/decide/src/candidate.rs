//! What a strategy comes to at a window, as whoever knows strategies worked it out.

use serde::Serialize;

use dedup_records::curve::{Known, Origin};

use crate::measured::Measured;

/// A strategy at a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// The strategy's name.
    pub strategy: String,
    /// It and its settings, as `run -s` takes them.
    pub spec: String,
    /// Those of its settings that are neither their defaults nor follow the traffic.
    pub chosen: Vec<(String, String)>,
    /// Its window in seconds; none where it has none.
    pub window_s: Option<f64>,
    /// The system that it is a model of, whose own figures these are not.
    pub model_of: Option<String>,
    /// What has to be operated for it.
    pub operates: String,
    /// Where its state is.
    pub place: Place,
    /// When it marks an id as seen.
    pub marks: Marks,
    /// Ids in its window when that is fullest.
    pub ids: f64,
    /// The share of all copies that it lets through.
    pub missed_live: Known,
    /// Seconds from the check to the mark, in which copies pass; 0 where there is nothing between the two.
    pub gap_s: f64,
    /// The share of all copies that is left after the nightly job, where there is one.
    pub missed_stable: Option<Known>,
    /// What that comes from, in words.
    pub because: String,
    /// The share of unique pings that it takes for copies, at most.
    pub false_positives: Known,
    /// Bytes in the memory of one worker, at the fullest moment.
    pub worker_bytes: Known,
    /// Bytes in the memory of the server.
    pub server_bytes: Known,
    /// Bytes on the disk of one worker.
    pub disk_bytes: Known,
    /// Round trips to the server for a batch.
    pub round_trips: u32,
    /// What was measured of it, if anything.
    pub measured: Option<Measured>,
}

impl Candidate {
    /// One at this place of which nothing else is known yet: it has no name, costs nothing and misses nothing.
    pub fn unsized_at(place: Place) -> Candidate {
        let nothing = modelled(0.0);
        Candidate {
            strategy: String::new(),
            spec: String::new(),
            chosen: Vec::new(),
            window_s: None,
            model_of: None,
            operates: String::new(),
            place,
            marks: Marks::AfterDelivery,
            ids: 0.0,
            missed_live: nothing,
            gap_s: 0.0,
            missed_stable: None,
            because: String::new(),
            false_positives: nothing,
            worker_bytes: nothing,
            server_bytes: nothing,
            disk_bytes: nothing,
            round_trips: 0,
            measured: None,
        }
    }

    /// How long it remembers, in seconds: without a window everything, or nothing.
    pub fn remembers_s(&self) -> f64 {
        self.window_s.unwrap_or(if self.missed_live.value < 1.0 { f64::INFINITY } else { 0.0 })
    }
}

/// A strategy about which nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub strategy: String,
    /// Why, as a phrase.
    pub because: String,
}

/// A strategy of whose longest window theory says nothing: to be excluded for what shorter ones miss says nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid(pub LeftOut);

/// Where a strategy's state is, and so what takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the workers' memory.
    Worker,
    /// On the workers' disks.
    Disk,
    /// In what the engine keeps that runs the pipeline.
    Engine,
    /// In a server; while that is away, pings wait.
    Server,
    /// In a server; while that is away, pings pass.
    OpenServer,
}

impl Place {
    /// Whether it is a server.
    pub fn is_server(self) -> bool {
        matches!(self, Place::Server | Place::OpenServer)
    }
}

/// When an id counts as seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Marks {
    /// At the check, before anybody knows of a delivery.
    AtCheck,
    /// Once its ping was delivered.
    AfterDelivery,
}

/// A figure that a formula gives.
pub const fn modelled(value: f64) -> Known {
    Known { value, origin: Origin::Modelled }
}
