//! What is asked: a file's lines, and over them what was typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::{Context, anyhow, bail};
use dedup_decide::{Allowed, Lags, NEEDS, NeedError, Needs, Traffic, TrafficError, rate, share};
use dedup_profile::{Memory, Profile};
use dedup_stream::scenario::{Lag, Scenario, find};
use dedup_stream::trace::{TraceOptions, find_files, spool_stdin};

use super::AdviseArgs;
use super::options::TRAFFIC;
use crate::advise::traffic_of;
use crate::cmd::profile::profile_of_trace;
use crate::cmd::reading::ReadingArgs;
use crate::exit::{Exit, OrExit};
use crate::print::note;
use crate::printable::printable;
use crate::servers::Guarded;
use crate::units::parse_bytes;

/// The scenario whose copies come as late as they were measured to.
const MEASURED: &str = "mozilla-client-retry";

/// Texts, each with the place where it was found, and how a trace is read.
pub(super) struct Given {
    texts: BTreeMap<String, (String, String)>,
    /// The file, if there is one.
    file: Option<String>,
    /// Whose times are read, where not those that ship.
    pub(super) curves: Option<PathBuf>,
    reading: ReadingArgs,
}

/// The one name in a file that is neither traffic nor a requirement.
const CURVES: &str = "curves";

const TYPED: &str = "command line";

/// Everything that was given.
pub(super) fn given(args: &AdviseArgs) -> anyhow::Result<Given> {
    let mut given = BTreeMap::new();
    if let Some(path) = &args.file {
        let from = path.display().to_string();
        let bytes = dedup_files::read(path).with_context(|| format!("{from}: cannot be read"))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| anyhow!("{from}: found bytes that are no UTF-8; allowed is a TOML file"))?;
        for (name, value) in Needs::read_file(&from, &text)? {
            check_name(&from, &name)?;
            given.insert(name, (from.clone(), value));
        }
    }
    for (name, value) in args.traffic.0.iter().chain(&args.needs.0) {
        given.insert(name.clone(), (TYPED.to_string(), value.clone()));
    }
    let in_file = given.remove(CURVES).map(|(_, path)| PathBuf::from(path));
    let curves = args.curves.clone().or(in_file);
    let file = args.file.as_ref().map(|path| path.display().to_string());
    Ok(Given { texts: given, file, curves, reading: args.reading.clone() })
}

/// A file may hold requirements, traffic, and the curves.
fn check_name(from: &str, name: &str) -> Result<(), NeedError> {
    let needs = NEEDS.iter().map(|need| need.name);
    let all: Vec<&str> = needs.chain(TRAFFIC.map(|(name, ..)| name)).chain([CURVES]).collect();
    match all.contains(&name) {
        true => Ok(()),
        false => Err(NeedError::Unknown { from: from.into(), name: name.into(), allowed: all.join(", ") }),
    }
}

impl Given {
    /// Every text by its name.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        self.texts.iter().map(|(name, (_, text))| (name.clone(), text.clone())).collect()
    }

    /// The requirements, and defaults for the rest.
    pub(super) fn needs(&self) -> anyhow::Result<Needs> {
        let mut needs = Needs::default();
        let of_traffic = |name: &str| TRAFFIC.iter().any(|(traffic, ..)| *traffic == name);
        for (name, (from, text)) in self.texts.iter().filter(|(name, _)| !of_traffic(name)) {
            needs.set(from, name, text)?;
        }
        if needs.numbers.names.is_empty() && self.texts.contains_key("tolerance") {
            note("tolerance is of --numbers, of which none is asked for: nothing is held to it");
        }
        Ok(needs)
    }

    /// The traffic, from the one thing that says what it is.
    pub(super) fn traffic(&self, stop: &AtomicBool) -> anyhow::Result<Traffic> {
        match self.has_trace() {
            true => self.trace(stop),
            false => self.without_trace().or_exit(Exit::Usage),
        }
    }

    /// Whether it takes long to find out.
    pub(super) fn has_trace(&self) -> bool {
        self.sources()[..] == ["trace"]
    }

    fn sources(&self) -> Vec<&'static str> {
        let all = ["rate", "profile", "trace", "scenario"];
        all.into_iter().filter(|name| self.texts.contains_key(*name)).collect()
    }

    fn without_trace(&self) -> anyhow::Result<Traffic> {
        let sources = self.sources();
        match sources[..] {
            ["rate"] => self.numbers(),
            ["profile"] => self.profile(),
            ["scenario"] => self.scenario(),
            [] => bail!(
                "{}found no traffic; allowed is one of --rate 3000/s (with --duplicates and --lags), --profile FILE, \
                 --trace FILE and --scenario NAME, or a file with one of them",
                self.file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default()
            ),
            _ => {
                let said = |name: &&str| format!("{name} ({})", self.text(name, "").0);
                let all: Vec<String> = sources.iter().map(said).collect();
                bail!("found {}; allowed is one of them", all.join(" and "))
            }
        }
    }

    fn text(&self, name: &str, default: &str) -> (String, String) {
        self.texts.get(name).cloned().unwrap_or_else(|| ("default".to_string(), default.to_string()))
    }

    fn numbers(&self) -> anyhow::Result<Traffic> {
        let pings_per_s = self.read("rate", "", rate)?;
        let duplicates = self.read("duplicates", "1%", |text| {
            share(text).ok().filter(|share| *share < 1.0).ok_or(Allowed("a share below 1, such as 1%"))
        })?;
        let (from, lags) = self.text("lags", "nightly");
        let lags = match lags.as_str() {
            "nightly" => measured(),
            points => Lags::parse(&from, points)?,
        };
        Ok(Traffic::steady("traffic by numbers", pings_per_s, duplicates, lags, self.payload()?))
    }

    fn profile(&self) -> anyhow::Result<Traffic> {
        self.alone("profile")?;
        let (_, path) = self.text("profile", "");
        self.of_profile(&path, &Profile::read(Path::new(&path))?)
    }

    fn trace(&self, stop: &AtomicBool) -> anyhow::Result<Traffic> {
        self.alone("trace").or_exit(Exit::Usage)?;
        let (_, path) = self.text("trace", "");
        let files = find_files(&[PathBuf::from(&path)]).or_exit_by_fault()?;
        let directory = Guarded::directory().or_exit_by_fault()?;
        let scratch = Some(directory.dir().to_path_buf());
        let mut options = TraceOptions { scratch, ..self.reading.options(&files) };
        if options.is_stdin() {
            let spooled = spool_stdin(directory.dir(), stop).or_exit_by_fault()?;
            options = options.spooled(spooled);
        }
        let profile = profile_of_trace(&options, Memory::Unbounded, stop).or_exit_by_fault()?;
        self.of_profile(&path, &profile).or_exit(Exit::Usage)
    }

    fn of_profile(&self, path: &str, profile: &Profile) -> anyhow::Result<Traffic> {
        for doubt in &profile.doubts {
            dedup_files::say(format_args!("doubt: {}", printable(doubt)));
        }
        Ok(Traffic::of_profile(path, profile, self.payload()?)?)
    }

    fn scenario(&self) -> anyhow::Result<Traffic> {
        self.alone("scenario")?;
        let (from, name) = self.text("scenario", "");
        let scenario = match name.ends_with(".toml") {
            true => Scenario::load(&name)?,
            false => {
                let pattern = format!("^{}$", regex::escape(&name));
                let found = find(&pattern).ok().and_then(|mut found| found.pop());
                found.ok_or_else(|| {
                    anyhow!(
                        "{from}: scenario: found {name:?}; allowed is a name from \"dedup-harness list scenarios\", \
                         or a file that ends in .toml"
                    )
                })?
            }
        };
        Ok(traffic_of(&scenario))
    }

    /// What has a rate and lags of its own takes none.
    fn alone(&self, source: &str) -> anyhow::Result<()> {
        match ["duplicates", "lags"].into_iter().find(|name| self.texts.contains_key(*name)) {
            Some(name) => {
                let (from, text) = self.text(name, "");
                bail!(
                    "{from}: {name}: found {text:?} beside {source}, which says that itself; leave out one of the two"
                )
            }
            None => Ok(()),
        }
    }

    fn payload(&self) -> anyhow::Result<u64> {
        self.read("payload", "1KB", |text| {
            let bytes = parse_bytes(text).filter(|bytes| *bytes <= 1 << 30);
            bytes.ok_or(Allowed("a size of at most 1GiB, such as 1KB"))
        })
    }

    fn read<T>(
        &self,
        name: &'static str,
        default: &str,
        reader: impl Fn(&str) -> Result<T, Allowed>,
    ) -> anyhow::Result<T> {
        let (from, text) = self.text(name, default);
        reader(&text).map_err(|Allowed(allowed)| {
            TrafficError { from, field: name, found: format!("{text:?}"), allowed }.into()
        })
    }
}

/// The delays that were measured for Firefox nightly.
pub(super) fn measured() -> Lags {
    let scenario = find(&format!("^{MEASURED}$")).ok().and_then(|mut found| found.pop());
    let lag = scenario.and_then(|scenario| Some(scenario.shape.repeats.first()?.lag.clone()));
    let Some(Lag::Cdf(points)) = lag else { unreachable!("the scenario has measured lags") };
    let points = points.iter().map(|point| (point.ns / 1e9, point.share)).collect();
    Lags::new(points).expect("measured shares ascend to one")
}
