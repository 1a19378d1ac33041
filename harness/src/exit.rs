//! How the program ends.

use std::io;
use std::process::ExitCode;

use dedup_files::{AtFault, Fault};

pub use dedup_engine::suite::chain;

/// The exit codes, the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Ok = 0,
    /// The tool itself failed, a cell did not come to its end, or an output's place gave out: a full disk, a pipe that
    /// nobody reads any more.
    ToolFailed = 1,
    /// It was used wrongly: an option, a file or a name that does not work.
    Usage = 2,
    /// Slower or heavier than allowed.
    Slower = 3,
    /// A promise broken, or correctness worse than before; nothing else.
    Broken = 4,
    /// No verdict: a fault that never happened, or a gate under `--strict` that could not tell.
    Inconclusive = 5,
    /// A baseline that is missing, or records that cannot be compared.
    Incomparable = 6,
    /// Stopped by Ctrl-C, or asked to terminate.
    Interrupted = 130,
}

impl Exit {
    /// The code that `error` asks for (see [`OrExit`]); where it asks for none [`Exit::ToolFailed`], but for a wait that
    /// somebody asked to end.
    pub fn of(error: &anyhow::Error) -> Exit {
        let is_stopped = |cause: &io::Error| cause.fault() == Fault::Stopped;
        let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
        match error.downcast_ref::<Ending>() {
            Some(ending) => ending.exit,
            None if causes.any(is_stopped) => Exit::Interrupted,
            None => Exit::ToolFailed,
        }
    }
}

impl From<Fault> for Exit {
    /// A wrong path is wrong usage, a place that gave out is not.
    fn from(fault: Fault) -> Exit {
        match fault {
            Fault::Path => Exit::Usage,
            Fault::Place => Exit::ToolFailed,
            Fault::Stopped => Exit::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// An error with the exit code that it leads to; the message holds the whole chain of causes.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Ending {
    exit: Exit,
    message: String,
}

/// Says with which code the program ends if this is an error.
pub trait OrExit<T> {
    /// What is to be said.
    type Error;

    /// The value, or the error marked with `exit`.
    fn or_exit(self, exit: Exit) -> anyhow::Result<T>;

    /// The value, or the error marked with the code of whose fault it is.
    fn or_exit_by_fault(self) -> anyhow::Result<T>
    where
        Self::Error: AtFault;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    type Error = E;

    fn or_exit(self, exit: Exit) -> anyhow::Result<T> {
        self.map_err(|error| ending(exit, &error.into()))
    }

    fn or_exit_by_fault(self) -> anyhow::Result<T>
    where
        E: AtFault,
    {
        self.map_err(|error| ending(error.fault().into(), &error.into()))
    }
}

fn ending(exit: Exit, error: &anyhow::Error) -> anyhow::Error {
    Ending { exit, message: chain(error) }.into()
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use dedup_report::splice::SpliceError;
    use dedup_stream::trace::TraceError;

    use super::*;
    use crate::gate::accept::AcceptError;
    use crate::gate::baseline::BaselineError;
    use crate::nightly::NightlyError;
    use crate::record::RecordError;

    #[test]
    fn an_error_keeps_its_code_and_its_message_under_further_context() {
        let error = Err::<(), _>(anyhow::anyhow!("no such run").context("reading a"))
            .or_exit(Exit::Usage)
            .context("compare")
            .unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Usage);
        assert_eq!(format!("{error:#}"), "compare: reading a: no such run");
    }

    #[test]
    fn an_error_says_itself_whose_fault_it_is_however_deep_its_cause_is() {
        for (cause, exit) in [
            (io::ErrorKind::StorageFull, Exit::ToolFailed),
            (io::ErrorKind::NotFound, Exit::Usage),
            (io::ErrorKind::Interrupted, Exit::Interrupted),
        ] {
            let cause = || io::Error::from(cause);
            let unwritable = || dedup_files::Unwritable::new("a".as_ref(), cause());
            let folder = || dedup_files::FolderError::from(unwritable());
            let spool =
                || TraceError::Spool { path: "a".into(), source: dedup_files::CopyError::from(cause()) };
            for error in [
                Err::<(), _>(unwritable()).or_exit_by_fault(),
                Err(folder()).or_exit_by_fault(),
                Err(RecordError::from(folder())).or_exit_by_fault(),
                Err(RecordError::Write { path: "a".into(), source: cause() }).or_exit_by_fault(),
                Err(BaselineError::from(unwritable())).or_exit_by_fault(),
                Err(BaselineError::from(folder())).or_exit_by_fault(),
                Err(AcceptError::from(unwritable())).or_exit_by_fault(),
                Err(SpliceError::Write(unwritable())).or_exit_by_fault(),
                Err(SpliceError::from(folder())).or_exit_by_fault(),
                Err(spool()).or_exit_by_fault(),
                Err(NightlyError::from(unwritable())).or_exit_by_fault(),
                Err(NightlyError::from(folder())).or_exit_by_fault(),
            ] {
                let error = error.unwrap_err();
                assert_eq!(Exit::of(&error), exit, "{error}");
                assert_eq!(error.to_string().matches(&cause().to_string()).count(), 1, "{error}");
            }
        }
    }

    #[test]
    fn a_wait_that_somebody_asked_to_end_is_no_failure_of_the_tool() {
        let stopped = || anyhow::Error::from(io::Error::from(io::ErrorKind::Interrupted));
        assert_eq!(Exit::of(&stopped().context("standard output")), Exit::Interrupted);
    }

    #[test]
    fn an_error_without_a_code_is_the_tools_own() {
        assert_eq!(Exit::of(&anyhow::anyhow!("oh")), Exit::ToolFailed);
    }
}
