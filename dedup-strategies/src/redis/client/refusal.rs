//! What a server refuses: its own words, and what to do about those that are known.

use ::redis::ServerError;

/// The server's words, followed by the remedy.
pub(super) fn words(error: &ServerError) -> String {
    let details = error.details().unwrap_or_default();
    with_remedy(error.code(), format!("{} {details}", error.code()).trim_end())
}

/// `said`, followed by what to do about an error of that code.
pub(super) fn with_remedy(code: &str, said: &str) -> String {
    match remedy(code) {
        Some(remedy) => format!("{said} ({remedy})"),
        None => said.to_string(),
    }
}

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
