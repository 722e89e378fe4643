//! Ids of scans, plans and exemptions, and names of processes: unique, and in the order in which they were made.

use keysweep_aws::SystemClock;
use keysweep_core::time::Instant;

/// An id that sorts by time and that nothing else has: `20261123T071200Z-1e2409f86d08`.
pub(crate) fn new_id(clock: &SystemClock) -> String {
    let (second, microsecond) = clock.moment();
    id(second, microsecond, fastrand::u32(..))
}

/// The second; behind it, in hexadecimal digits, the microsecond, five of them, and seven of chance. Stores put scans that began in
/// one second into the order of their ids, so what tells their order stands before chance.
fn id(second: Instant, microsecond: u32, chance: u32) -> String {
    let second: String = second.to_string().chars().filter(|character| !"-:".contains(*character)).collect();
    format!("{second}-{microsecond:05x}{:07x}", chance >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_down_to_the_microsecond_whatever_chance_says() {
        let second: Instant = "2026-11-23T07:12:00Z".parse().unwrap();
        let moments = [0, 1, 15, 16, 123_456, 999_999].map(|microsecond| (second, microsecond));
        let made: Vec<String> = moments
            .into_iter()
            .chain([(second.next(), 0)])
            .zip([u32::MAX, 0, u32::MAX, 0, u32::MAX, 0, u32::MAX])
            .map(|((second, microsecond), chance)| id(second, microsecond, chance))
            .collect();
        assert!(made.is_sorted_by(|one, next| one < next), "{made:?}");
        assert!(made.iter().all(|id| id.len() == 29), "{made:?}");
        assert_eq!(id(second, 123_456, 0x9f86_d081), "20261123T071200Z-1e2409f86d08");
    }

    #[test]
    fn ids_of_the_clock_have_its_second_and_microsecond() {
        let clock = SystemClock::new();
        let before = clock.moment();
        let made = new_id(&clock);
        let after = clock.moment();
        let bounds = [id(before.0, before.1, 0), id(after.0, after.1, u32::MAX)];
        // A clock that was set back meanwhile says nothing.
        assert!(before > after || (bounds[0] <= made && made <= bounds[1]), "{made} is not in {bounds:?}");
    }
}
