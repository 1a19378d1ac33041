//! What a server refuses: its own words, and what to do about those that are known.

use ::redis::ServerError;

/// The server's words, followed by the remedy.
pub(super) fn words(error: &ServerError) -> String {
    let details = error.details().unwrap_or_default();
    with_remedy(error.code(), format!("{} {details}", error.code()).trim_end())
}

/// `said`, followed by what to do about an error of that code.
pub(super) fn with_remedy(code: &str, said: &str) -> String {
    let remedy = if said.contains(FULL) { Some(NO_PLACE) } else { remedy(code) };
    match remedy {
        Some(remedy) => format!("{said} ({remedy})"),
        None => said.to_string(),
    }
}

/// Whether this is said to a client before it is sent away, because there are so many others.
pub(super) fn is_full(error: &ServerError) -> bool {
    error.details().is_some_and(|said| said.contains(FULL))
}

const FULL: &str = "max number of clients";
const NO_PLACE: &str = "it has as many clients as it may: raise its maxclients and its limit of open files, or take fewer \
                        workers or threads";

fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "OOM" => "it has reached its maxmemory and may not evict: give it more, or take another server",
        "READONLY" => "it is a replica: give the address of its primary",
        "NOAUTH" => "give its password in a file, in the environment, or in the URL",
        "WRONGPASS" => "see that user and password are the server's",
        "NOPERM" => "its ACL has to allow this user these commands on these keys",
        "MISCONF" => "it cannot save to its disk, and takes no writes until it can",
        "LOADING" => "it is still reading its data: wait until it has",
        "NOREPLICAS" => "fewer replicas follow it than min-replicas-to-write asks for",
        "BUSY" => "a script of somebody's keeps it busy: wait, or end it with SCRIPT KILL",
        _ => return None,
    })
}
