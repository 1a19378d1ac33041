//! The keys under a prefix.

use ::redis::{Value, cmd};

use super::link::Link;
use super::servers::Servers;
use super::unexpected::unexpected;
use crate::contract::Unavailable;

/// Keys that one `SCAN` looks at: enough to make round trips cheap, few enough (about 0.1 ms) not to stall others.
const PAGE: usize = 1000;

/// Calls `page` with every key that begins with `prefix`, some at a time, and the server that holds them, until it says
/// `false`. With an empty prefix these are all keys of the database. A key that comes or goes meanwhile may or may not
/// be among them, and a server may name a key twice while its table is being resized.
pub fn visit(
    servers: &mut Servers,
    prefix: &str,
    mut page: impl FnMut(&mut Link, &[Vec<u8>]) -> Result<bool, Unavailable>,
) -> Result<(), Unavailable> {
    let mut go_on = true;
    servers.each(&mut |link| {
        if go_on {
            go_on = visit_one(link, prefix, &mut page)?;
        }
        Ok(())
    })
}

fn visit_one(
    link: &mut Link,
    prefix: &str,
    page: &mut impl FnMut(&mut Link, &[Vec<u8>]) -> Result<bool, Unavailable>,
) -> Result<bool, Unavailable> {
    let pattern = pattern(prefix);
    let mut cursor = 0u64;
    loop {
        let scan = cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(PAGE).to_owned();
        let (next, mut keys): (u64, Vec<Vec<u8>>) = link.query(&scan)?;
        // The server matched already; nothing that we delete may depend on our escaping alone.
        keys.retain(|key| key.starts_with(prefix.as_bytes()));
        if !keys.is_empty() && !page(link, &keys)? {
            return Ok(false);
        }
        if next == 0 {
            return Ok(true);
        }
        cursor = next;
    }
}

/// Deletes keys of one server, and says how many there were. Frees their memory in a thread of the server's, so that
/// others who use it do not wait.
pub fn unlink(link: &mut Link, keys: &[Vec<u8>]) -> Result<u64, Unavailable> {
    // One by one: a cluster's server takes no command about keys of several slots.
    let mut batch = ::redis::pipe();
    keys.iter().for_each(|key| {
        batch.cmd("UNLINK").arg(key);
    });
    let replies = link.send(&batch.get_packed_pipeline(), keys.len())?;
    let count = |reply: &Value| match reply {
        Value::Int(count) => Ok(*count as u64),
        Value::ServerError(error) => Err(link.refusal(error)),
        other => Err(link.complaint(unexpected("UNLINK", other))),
    };
    replies.iter().map(count).sum()
}

/// How many keys begin with `prefix`, those that have expired left out.
///
/// Walks all keys of the database, which makes the server remove the expired ones among ours (`DBSIZE` and the
/// memory in use count them until the server's own cycle gets to them): memory that is read afterwards is that of
/// the keys counted here.
pub fn count(servers: &mut Servers, prefix: &str) -> Result<u64, Unavailable> {
    let mut keys = 0;
    visit(servers, prefix, |_, page| {
        keys += page.len() as u64;
        Ok(true)
    })?;
    if !prefix.is_empty() {
        return Ok(keys);
    }
    // The database is ours alone: this is exact, where the walk may have met a key twice.
    let mut size = 0;
    servers.each(&mut |link| {
        size += link.query::<u64>(&cmd("DBSIZE"))?;
        Ok(())
    })?;
    Ok(size)
}

/// A glob that matches what begins with `prefix`, its own special characters taken literally.
pub fn pattern(prefix: &str) -> String {
    let mut glob = String::with_capacity(prefix.len() + 1);
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            glob.push('\\');
        }
        glob.push(letter);
    }
    glob + "*"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_of_a_prefix_match_only_themselves() {
        assert_eq!(pattern("a*b?[c]"), r"a\*b\?\[c\]*");
        assert_eq!(pattern(""), "*");
    }
}
