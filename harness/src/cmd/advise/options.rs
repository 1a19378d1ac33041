//! The options that say what is asked: made from the list of requirements, so that command line and file have the same.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use dedup_decide::NEEDS;

/// Requirements as they were typed.
#[derive(Clone, Debug, Default)]
pub(super) struct NeedArgs(pub(super) BTreeMap<String, String>);

/// What the traffic may be given by.
#[derive(Clone, Debug, Default)]
pub(super) struct TrafficArgs(pub(super) BTreeMap<String, String>);

/// Name, value and meaning of each way to say what the traffic is.
pub(super) const TRAFFIC: [(&str, &str, &str); 7] = [
    ("rate", "RATE", "pings a second, copies included: 3000/s"),
    ("duplicates", "SHARE", "the share of all pings that are copies [default: 1%]"),
    (
        "lags",
        "LAGS",
        "how late copies come: 50%=10m,90%=8h,99.9%=3d, or nightly, as measured for Firefox [default: nightly]",
    ),
    ("payload", "BYTES", "a ping's payload [default: 1KB]"),
    ("profile", "FILE", "take the traffic from a profile"),
    ("trace", "FILE", "take the traffic from your own pings, which need times: --time-field"),
    ("scenario", "NAME", "take the traffic from a scenario, by its name or as a TOML file"),
];

impl Args for NeedArgs {
    fn augment_args(command: Command) -> Command {
        let args = NEEDS.iter().map(|need| {
            let arg = Arg::new(need.name)
                .long(need.name)
                .value_name("VALUE")
                .allow_hyphen_values(need.name != "nightly")
                .help(format!("{} [default: {}]", need.about, need.default))
                .help_heading("Requirements and circumstances");
            match need.name {
                "nightly" => arg.num_args(0..=1).default_missing_value("yes").require_equals(true),
                _ => arg,
            }
        });
        command.args(args).args([
            Arg::new("no_server")
                .long("no-server")
                .action(ArgAction::SetTrue)
                .conflicts_with("redis")
                .help("as --redis none")
                .help_heading("Requirements and circumstances"),
            Arg::new("no_nightly")
                .long("no-nightly")
                .action(ArgAction::SetTrue)
                .conflicts_with("nightly")
                .help("as --nightly=no")
                .help_heading("Requirements and circumstances"),
        ])
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for NeedArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = typed(matches, NEEDS.iter().map(|need| need.name));
        if matches.get_flag("no_server") {
            given.insert("redis".into(), "none".into());
        }
        if matches.get_flag("no_nightly") {
            given.insert("nightly".into(), "no".into());
        }
        Ok(NeedArgs(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for TrafficArgs {
    fn augment_args(command: Command) -> Command {
        command.args(TRAFFIC.map(|(name, value, help)| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .allow_hyphen_values(true)
                .help(help)
                .help_heading("Traffic")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TrafficArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(TrafficArgs(typed(matches, TRAFFIC.iter().map(|(name, ..)| *name))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn typed<'a>(matches: &ArgMatches, names: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    names.filter_map(|name| Some((name.to_string(), matches.get_one::<String>(name)?.clone()))).collect()
}
