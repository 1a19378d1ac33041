//! Which of a cluster's 16,384 slots a key belongs to.

/// Slots of a cluster.
pub const SLOTS: usize = 16_384;

/// CRC-16/XMODEM (polynomial 0x1021, from 0), a byte at a time.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// The slot of `key`, as the Redis Cluster specification has it: what stands between the first `{` and the `}` after
/// it decides, if there is something; else the whole key. The bytes of a UUID may well be braces.
pub fn slot_of(key: &[u8]) -> u16 {
    crc16(hashed(key)) % SLOTS as u16
}

fn hashed(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|byte| *byte == b'{') else { return key };
    let inside = &key[open + 1..];
    match inside.iter().position(|byte| *byte == b'}') {
        Some(length) if length > 0 => &inside[..length],
        _ => key,
    }
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (key, as_if) in [
            ("{user1000}.following", "user1000"),
            ("foo{}{bar}", "foo{}{bar}"),
            ("foo{{bar}}zap", "{bar"),
            ("foo{bar}{zap}", "bar"),
            ("}{", "}{"),
        ] {
            assert_eq!(slot_of(key.as_bytes()), crc16(as_if.as_bytes()) % 16_384, "{key}");
        }
    }
}
