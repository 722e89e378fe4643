//! Pseudonyms: for each name or id another one of its shape, drawn by HMAC-SHA-256 under a key.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hmac::{Hmac, KeyInit as _, Mac as _};
use keysweep_core::account::AccountId;
use keysweep_core::key::AccessKeyId;
use sha2::Sha256;

/// AWS's prefixes of the ids of keys, users, roles, groups and profiles; 16 characters or more follow.
const PREFIXES: [&str; 6] = ["AKIA", "ASIA", "AIDA", "AROA", "AGPA", "AIPA"];
/// The documentation ranges of RFC 5737.
const DOCUMENTATION: [[u8; 3]; 3] = [[192, 0, 2], [198, 51, 100], [203, 0, 113]];
/// The alphabet of RFC 4648's base32, which is that of key ids.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// 80 bits: as much as a key id has.
const LONG: usize = 16;
/// 50 bits: among a million names two are alike once in two thousand reports.
const SHORT: usize = 10;
/// Half of an account id.
const HALF: u64 = 1_000_000;
/// NIST SP 800-38G takes as many for small domains.
const ROUNDS: u8 = 10;

/// Draws pseudonyms.
pub(super) struct Pseudonyms {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Pseudonyms {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").finish_non_exhaustive()
    }
}

impl Pseudonyms {
    pub(super) fn new(key: &[u8]) -> Self {
        // HMAC takes keys of any length, but its crate's type does not say so: a digest of the key has the right one.
        let digest = <Sha256 as sha2::Digest>::digest(key);
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        block[..digest.len()].copy_from_slice(&digest);
        Self { mac: Hmac::new(&block) }
    }

    /// An account's. No two accounts have the same, for it is a permutation: a Feistel network over the two halves of the
    /// twelve digits.
    pub(super) fn account(&self, id: AccountId) -> AccountId {
        let (mut left, mut right) = (id.number() / HALF, id.number() % HALF);
        for round in 0..ROUNDS {
            let drawn = self.draw("account", &[&[round][..], &right.to_be_bytes()].concat());
            let word = drawn.iter().take(8).fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
            (left, right) = (right, (left + word % HALF) % HALF);
        }
        AccountId::from_number(left * HALF + right).unwrap_or(id)
    }

    /// A key's.
    pub(super) fn key(&self, id: &AccessKeyId) -> AccessKeyId {
        let prefix = prefix(id.as_str()).unwrap_or("AKIA");
        self.unique(prefix, id.as_str()).parse().unwrap_or_else(|_| id.clone())
    }

    /// That of any name or id: of the same shape where it has one that is known, else `anon-` and ten letters or digits.
    pub(super) fn of(&self, text: &str) -> String {
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if text.is_empty() {
            return String::new();
        }
        if let Ok(account) = text.parse::<AccountId>() {
            return self.account(account).to_string();
        }
        if let Ok(address) = text.parse() {
            return self.address(address).to_string();
        }
        if let Some(prefix) = prefix(text).filter(|_| text.bytes().all(upper) && text.len() >= LONG) {
            return self.unique(prefix, text);
        }
        if is_uuid(text) {
            return self.uuid(text);
        }
        let drawn = self.base32("name", text, SHORT).to_ascii_lowercase();
        match organizational(text) {
            Some("ou-") => {
                // The root's id is part of it: `ou-ab12-…` lies below `r-ab12`.
                let root = text.split('-').nth(1).unwrap_or_default();
                format!("ou-{}-{drawn}", &self.of(&format!("r-{root}"))[2..])
            }
            Some(prefix) => format!("{prefix}{drawn}"),
            None => format!("anon-{drawn}"),
        }
    }

    fn address(&self, address: IpAddr) -> IpAddr {
        let drawn = self.draw("address", address.to_string().as_bytes());
        match address {
            IpAddr::V4(_) => {
                let [a, b, c] = DOCUMENTATION[usize::from(drawn[0]) % DOCUMENTATION.len()];
                IpAddr::V4(Ipv4Addr::new(a, b, c, drawn[1]))
            }
            IpAddr::V6(_) => {
                // 2001:db8::/32, RFC 3849.
                let mut octets = [0; 16];
                octets[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
                octets[4..].copy_from_slice(&drawn[..12]);
                IpAddr::V6(Ipv6Addr::from(octets))
            }
        }
    }

    fn unique(&self, prefix: &str, id: &str) -> String {
        format!("{prefix}{}", self.base32("unique id", id, LONG))
    }

    /// Version 8 of RFC 9562: whatever its maker puts into it.
    fn uuid(&self, id: &str) -> String {
        let mut hex: Vec<char> = self
            .draw("uuid", id.to_ascii_lowercase().as_bytes())
            .iter()
            .take(16)
            .flat_map(|byte| format!("{byte:02x}").chars().collect::<Vec<_>>())
            .collect();
        (hex[12], hex[16]) = ('8', '8');
        for dash in [8, 13, 18, 23] {
            hex.insert(dash, '-');
        }
        hex.into_iter().collect()
    }

    fn base32(&self, kind: &str, text: &str, length: usize) -> String {
        let drawn = self.draw(kind, text.as_bytes());
        drawn.iter().take(length).map(|byte| char::from(BASE32[usize::from(*byte % 32)])).collect()
    }

    fn draw(&self, kind: &str, text: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

fn prefix(id: &str) -> Option<&'static str> {
    PREFIXES.into_iter().find(|prefix| id.starts_with(prefix))
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// The prefix of the id of an organization, a root or an organizational unit.
fn organizational(text: &str) -> Option<&'static str> {
    let word = |text: &str, shortest| {
        (shortest..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if let Some((root, unit)) = text.strip_prefix("ou-").and_then(|rest| rest.split_once('-')) {
        return (word(root, 4) && word(unit, 8)).then_some("ou-");
    }
    [("o-", 10), ("r-", 4)].into_iter().find_map(|(prefix, shortest)| {
        text.strip_prefix(prefix).filter(|rest| word(rest, shortest)).map(|_| prefix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_stay() {
        let pseudonyms = Pseudonyms::new(b"a key");
        for (text, shape) in [
            ("111122223333", "############"),
            ("AKIAIOSFODNN7EXAMPLE", "AKIA################"),
            ("AROAIOSFODNN7EXAMPLE", "AROA################"),
            ("0e1a2b3c-0000-4000-8000-000000000001", "########-####-8###-8###-############"),
            ("o-a1b2c3d4e5", "o-##########"),
            ("ou-ab12-cdefgh34", "ou-##########-##########"),
            ("r-ab12", "r-##########"),
            ("ci-deploy", "anon-##########"),
            ("", ""),
        ] {
            let pseudonym = pseudonyms.of(text);
            let fits = |(char, mark): (char, char)| mark == '#' || char == mark;
            assert!(
                pseudonym.len() == shape.len() && pseudonym.chars().zip(shape.chars()).all(fits),
                "{pseudonym}"
            );
            assert!(text.is_empty() || pseudonym != text);
        }
        let address = pseudonyms.of("10.1.2.3");
        assert!(
            DOCUMENTATION.iter().any(|[a, b, c]| address.starts_with(&format!("{a}.{b}.{c}."))),
            "{address}"
        );
        assert!(pseudonyms.of("fe80::1").starts_with("2001:db8:"));
    }

    #[test]
    fn accounts_are_permuted() {
        let pseudonyms = Pseudonyms::new(b"a key");
        let all: std::collections::BTreeSet<_> =
            (0..2_000).map(|number| pseudonyms.account(AccountId::from_number(number).unwrap())).collect();
        assert_eq!(all.len(), 2_000);
    }

    #[test]
    fn another_key_gives_other_pseudonyms_and_the_same_key_the_same() {
        let of = |key: &[u8]| Pseudonyms::new(key).of("ci-deploy");
        assert_eq!(of(b"one"), of(b"one"));
        assert_ne!(of(b"one"), of(b"two"));
    }
}
