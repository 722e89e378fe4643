//! Randomness that depends on nothing but the seed and what it is for, so that a world is the same whatever the order
//! in which its parts are touched; and the ids that AWS makes, drawn from it.

use fastrand::Rng;
use keysweep_core::account::AccountId;

/// The alphabet of AWS's ids: base 32 of RFC 4648.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// One number from many (the finaliser of splitmix64, chained).
pub(crate) fn mix(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |state, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// A number for a text (FNV-1a), to be given to [`mix`].
pub(crate) fn text(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A source of random numbers for one purpose.
pub(crate) fn rng(parts: &[u64]) -> Rng {
    Rng::with_seed(mix(parts))
}

/// Whether something of this probability happens, decided by `hash`.
pub(crate) fn happens(hash: u64, probability: f64) -> bool {
    Rng::with_seed(hash).f64() < probability
}

/// A version 4 UUID: event ids and request ids.
pub(crate) fn uuid(parts: &[u64]) -> String {
    let high = mix(parts);
    let low = mix(&[high, 1]);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

/// `length` characters of AWS's alphabet.
pub(crate) fn letters(hash: u64, length: usize) -> String {
    let mut rng = Rng::with_seed(hash);
    (0..length).map(|_| char::from(ALPHABET[rng.usize(..32)])).collect()
}

/// `length` lower-case letters and digits, as in the ids of Organizations.
pub(crate) fn lower(hash: u64, length: usize) -> String {
    let mut rng = Rng::with_seed(hash);
    (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[rng.usize(..36)])).collect()
}

/// 40 characters of Base64, as secret access keys have. Signatures are not checked, so it is only for show.
pub(crate) fn secret(hash: u64) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rng = Rng::with_seed(hash);
    (0..40).map(|_| char::from(alphabet[rng.usize(..64)])).collect()
}

fn number(account: AccountId) -> u64 {
    account.to_string().parse().unwrap_or(0)
}

/// A number that stands for the account.
pub(crate) fn account(account: AccountId) -> u64 {
    number(account)
}

/// An access key id (`AKIA…`, `ASIA…`). As on AWS the account is encoded in it (40 bits after the first), so that a key
/// leads to its account before the account was ever touched.
pub(crate) fn key_id(prefix: &str, account: AccountId, hash: u64) -> String {
    let value: u128 = 1 << 79 | u128::from(number(account)) << 39 | u128::from(hash & 0x7f_ffff_ffff);
    let digits = (0..16).rev().map(|place| {
        let digit = usize::try_from(value >> (5 * place) & 31).unwrap_or(0);
        char::from(ALPHABET[digit])
    });
    prefix.chars().chain(digits).collect()
}

/// The account that an access key id of [`key_id`] names.
pub(crate) fn account_of_key(id: &str) -> Option<AccountId> {
    let digits = id.get(4..).filter(|digits| digits.len() == 16)?;
    let mut value: u128 = 0;
    for byte in digits.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        value = value << 5 | u128::try_from(digit).ok()?;
    }
    AccountId::from_number(u64::try_from(value >> 39 & 0xff_ffff_ffff).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_leads_to_its_account() {
        for account in ["000000000000", "111122223333", "999999999999"] {
            let account: AccountId = account.parse().unwrap();
            let id = key_id("AKIA", account, u64::MAX);
            assert_eq!(id.len(), 20);
            assert_eq!(account_of_key(&id), Some(account), "{id}");
        }
        assert_eq!(account_of_key("AKIA"), None);
        assert_eq!(account_of_key("AKIA0000000000000000"), None);
    }

    #[test]
    fn uuids_have_the_right_shape() {
        let id = uuid(&[1, 2]);
        assert_eq!(id.len(), 36);
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_ne!(id, uuid(&[2, 1]));
    }
}
