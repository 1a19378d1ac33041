//! How the program ends.

use std::io;
use std::process::ExitCode;

use dedup_files::Fault;

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
    /// The code that `error` asks for (see [`OrExit`]); [`Exit::ToolFailed`] where it asks for none.
    pub fn of(error: &anyhow::Error) -> Exit {
        error.downcast_ref::<Ending>().map_or(Exit::ToolFailed, |ending| ending.exit)
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
    /// The value, or the error marked with `exit`.
    fn or_exit(self, exit: Exit) -> anyhow::Result<T>;

    /// The same for an output that cannot be written: a wrong path is wrong usage, a place that gave
    /// out is not.
    fn or_exit_of_output(self) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> anyhow::Result<T> {
        self.map_err(|error| ending(exit, &error.into()))
    }

    fn or_exit_of_output(self) -> anyhow::Result<T> {
        self.map_err(|error| {
            let error = error.into();
            let fault = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(Fault::of);
            let exit = match fault {
                Some(Fault::Place) => Exit::ToolFailed,
                Some(Fault::Stopped) => Exit::Interrupted,
                Some(Fault::Path) | None => Exit::Usage,
            };
            ending(exit, &error)
        })
    }
}

fn ending(exit: Exit, error: &anyhow::Error) -> anyhow::Error {
    Ending { exit, message: chain(error) }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

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
    fn an_output_whose_place_gave_out_is_no_wrong_usage_however_deep_that_is_said() {
        for (cause, exit) in [
            (io::ErrorKind::StorageFull, Exit::ToolFailed),
            (io::ErrorKind::NotFound, Exit::Usage),
            (io::ErrorKind::Interrupted, Exit::Interrupted),
        ] {
            let unwritable = || dedup_files::Unwritable::new("a".as_ref(), cause.into());
            let folder = || dedup_files::FolderError::from(unwritable());
            for error in [
                Err::<(), anyhow::Error>(unwritable().into()),
                Err(folder().into()),
                Err(crate::record::RecordError::from(folder()).into()),
                Err(crate::record::RecordError::Write { path: "a".into(), source: cause.into() }.into()),
                Err(crate::gate::baseline::BaselineError::from(unwritable()).into()),
                Err(crate::gate::baseline::BaselineError::from(folder()).into()),
                Err(crate::gate::accept::AcceptError::from(unwritable()).into()),
                Err(dedup_report::splice::SpliceError::Write(unwritable()).into()),
            ] {
                let error = error.or_exit_of_output().unwrap_err();
                assert_eq!(Exit::of(&error), exit, "{error}");
                assert_eq!(
                    error.to_string().matches(&io::Error::from(cause).to_string()).count(),
                    1,
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn an_error_without_a_code_is_the_tools_own() {
        assert_eq!(Exit::of(&anyhow::anyhow!("oh")), Exit::ToolFailed);
    }
}
