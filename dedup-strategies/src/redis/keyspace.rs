//! The keys under a prefix.

use ::redis::cmd;

use super::link::Link;
use crate::contract::Unavailable;

/// Keys that one `SCAN` looks at: enough to make round trips cheap, few enough (about 0.1 ms) not to stall others.
const PAGE: usize = 1000;

/// Calls `page` with every key that begins with `prefix`, some at a time, until it says `false`. With an empty prefix
/// these are all keys of the database. A key that comes or goes meanwhile may or may not be among them, and the
/// server may name a key twice while its table is being resized.
pub fn visit(
    link: &mut Link,
    prefix: &str,
    mut page: impl FnMut(&mut Link, &[Vec<u8>]) -> Result<bool, Unavailable>,
) -> Result<(), Unavailable> {
    let pattern = pattern(prefix);
    let mut cursor = 0u64;
    loop {
        let scan = cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(PAGE).to_owned();
        let (next, mut keys): (u64, Vec<Vec<u8>>) = link.query(&scan)?;
        // The server matched already; nothing that we delete may depend on our escaping alone.
        keys.retain(|key| key.starts_with(prefix.as_bytes()));
        if !keys.is_empty() && !page(link, &keys)? {
            return Ok(());
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}

/// How many keys begin with `prefix`, those that have expired left out.
///
/// Walks all keys of the database, which makes the server remove the expired ones among ours (`DBSIZE` and the
/// memory in use count them until the server's own cycle gets to them): memory that is read afterwards is that of
/// the keys counted here.
pub fn count(link: &mut Link, prefix: &str) -> Result<u64, Unavailable> {
    let mut keys = 0;
    visit(link, prefix, |_, page| {
        keys += page.len() as u64;
        Ok(true)
    })?;
    // The database is ours alone: now this is exact, where the walk may have met a key twice.
    if prefix.is_empty() { link.query(&cmd("DBSIZE")) } else { Ok(keys) }
}

/// A glob that matches what begins with `prefix`, its own special characters taken literally.
fn pattern(prefix: &str) -> String {
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
