//! Pings of five weeks, by arithmetic: clients that come and go and change their values within a day, copies within the hour.

const HOUR_S: u64 = 3_600;

pub(super) const DAYS: u64 = 36;

pub(super) fn day(number: u64) -> String {
    let (month, of_month) = if number < 31 { (1, number + 1) } else { (2, number - 30) };
    format!("2026-{month:02}-{of_month:02}")
}

/// A number below `below`, by what it is for.
fn drawn(parts: [u64; 3], below: u64) -> u64 {
    let mut mixed = parts.iter().fold(0x9E37_79B9_7F4A_7C15_u64, |mixed, part| {
        (mixed ^ part).wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(29)
    });
    mixed = (mixed ^ mixed >> 32).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed >> 33) % below
}

/// The trace, in the order of its times; none is within an hour of midnight.
pub(super) fn csv() -> String {
    let mut rows = Vec::new();
    for (day, client) in (0..DAYS).flat_map(|day| (0..30).map(move |client| (day, client))) {
        let born = drawn([client, 0, 0], DAYS / 2);
        let is_there = day >= born && (day == born || drawn([client, day, 1], 10) < 3 + client % 5);
        for ping in 0..u64::from(is_there) * (1 + drawn([client, day, 2], 4)) {
            let of = |what: u64, below: u64| drawn([client, day * 8 + ping, what], below);
            // Pings of a session come after each other, and no two at one time.
            let second = HOUR_S + ping * 5 * HOUR_S + of(3, 4 * HOUR_S);
            let kind = match (day == born && ping == 0, of(4, 5)) {
                (true, _) => "first-run",
                (false, 0) => "segfault",
                _ => "main",
            };
            let session = format!("s{client}-{day}-{}", ping / 2);
            let country = ["DE", "FR", "US", ""][of(5, 4) as usize];
            let row = |second: u64| {
                let (hour, minute) = (second / HOUR_S, second / 60 % 60);
                let at = format!("{}T{hour:02}:{minute:02}:{:02}Z", self::day(day), second % 60);
                let version = 1 + of(6, 3);
                let said = format!("{at},c{client},{country},{version},{kind},{session}");
                ((day, second), format!("p{client}-{day}-{ping},{said}\n"))
            };
            rows.push(row(second));
            if of(7, 4) == 0 {
                rows.push(row(second + 1 + of(8, HOUR_S / 2)));
            }
        }
    }
    rows.sort();
    let rows: String = rows.into_iter().map(|(_, row)| row).collect();
    format!("id,at,client,country,version,type,session\n{rows}")
}
