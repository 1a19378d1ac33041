//! Files and folders that a user names: how they are read, written and locked, whatever they are; and sizes and times that a
//! user types.
//!
//! Every sub-command goes through here, so that a pipe, a device, a link, a full disk or a second run is met in the
//! same way wherever it is named. Nothing here waits without an end: what may take as long as somebody else likes looks
//! at a flag that a signal sets.

mod caught;
mod copy;
mod fault;
mod folder;
mod input;
mod line;
mod live;
mod named;
mod open_files;
mod output;
mod place;
mod space;
mod standard;
mod typed;
mod unnamed;
mod waiting;

pub use caught::caught;
pub use copy::{Copied, CopyError, copy};
pub use fault::{AtFault, Fault};
pub use folder::{Folder, FolderError};
pub use input::{Unreadable, open, read, read_to_string};
pub use line::first_line;
pub use live::Live;
pub use named::named;
pub use open_files::with_remedy;
pub use output::{Unwritable, admit, append, replace, write, write_all};
pub use space::Space;
pub use standard::{heed, say, stderr, stdout};
pub use typed::{LONGEST, parse_bytes, parse_time};
pub use unnamed::Unnamed;
pub use waiting::NEVER;
