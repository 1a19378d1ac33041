//! Servers beside systems that ended by themselves: what came of their clients since is no figure of theirs.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::CellError;
use crate::record::Failure;
use crate::servers::Beside;

/// How the first of them ended, if one has.
#[derive(Clone, Debug, Default)]
pub struct Obituaries(Arc<Mutex<Option<String>>>);

impl Obituaries {
    /// What was measured, unless a server had ended by itself by then.
    ///
    /// # Errors
    ///
    /// Names the server, how it ended, and its last words, in the place of whatever its clients made of it.
    pub fn or<T>(&self, measured: Result<T, CellError>) -> Result<T, CellError> {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (ended, measured) {
            (Some(how), Ok(_) | Err(CellError::Failed(..))) => {
                Err(CellError::Failed(Failure::Unavailable, how))
            }
            (_, measured) => measured,
        }
    }

    fn note(&self, server: &Beside) {
        if let Some(error) = server.ended_by_itself() {
            let first = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(error.to_string());
        }
    }
}

/// A server whose end is noted where it ends before nobody needs it any more.
pub(super) struct Watched {
    server: Beside,
    obituaries: Obituaries,
}

impl Watched {
    pub(super) fn new(server: Beside, obituaries: &Obituaries) -> Watched {
        Watched { server, obituaries: obituaries.clone() }
    }
}

impl Deref for Watched {
    type Target = Beside;

    fn deref(&self) -> &Beside {
        &self.server
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.obituaries.note(&self.server);
    }
}
