//! `gate accept`: an accepted change, in a file that is reviewed and expires.

use std::io::Write;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use dedup_files::Folder;

use crate::cmd::values::ratio;
use crate::exit::{Exit, OrExit};
use crate::gate::accept::{Acceptances, Entry, FILE_NAME};
use crate::print::print;
use crate::printable::printable;

/// Options of `gate accept`.
#[derive(Clone, Debug, Args)]
pub struct AcceptArgs {
    /// The metric's whole name, scenario/strategy/metric, as the verdict has it
    #[arg(value_name = "METRIC")]
    pub metric: String,
    /// Why it is worth it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The last day on which it is accepted, such as 2026-12-31
    #[arg(long, value_name = "DAY")]
    pub until: String,
    /// The most that it may be worse by, such as 10%; any change if not given
    #[arg(long, value_name = "SHARE", value_parser = ratio)]
    pub up_to: Option<f64>,
    /// The file
    #[arg(long, value_name = "FILE", default_value = FILE_NAME)]
    pub accepted: PathBuf,
}

/// Writes it down.
pub(super) fn run(args: &AcceptArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let entry = Entry::new(&args.metric, &args.reason, &args.until, args.up_to).or_exit(Exit::Usage)?;
    if args.until.parse::<jiff::civil::Date>().is_ok_and(|day| day < jiff::Zoned::now().date()) {
        let error = anyhow!("--until {}: that day is over; allowed is today or later", args.until);
        return Err(error).or_exit(Exit::Usage);
    }
    // Until it is written again nobody else may put an entry in.
    let _alone = Folder::around(&args.accepted).or_exit_by_fault()?;
    let mut accepted = Acceptances::read(&args.accepted).or_exit(Exit::Usage)?;
    accepted.accept(entry);
    accepted.write(&args.accepted).or_exit_by_fault()?;
    let file = args.accepted.display();
    let said = format!("{file}: {} is accepted until {}; commit it", args.metric, args.until);
    print(out, &format!("{}\n", printable(&said)))?;
    Ok(Exit::Ok)
}
