//! How fast the inference is: a million keys with ten recorded changes each, on one core, through `infer` and `verdict`.
//! `cargo run --release -p keysweep-core --example infer_speed [KEYS]`

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant as Stopwatch;

use keysweep_core::coverage::Coverage;
use keysweep_core::finding::Verdict;
use keysweep_core::infer::{Change, KeyHistory, Look, infer};
use keysweep_core::key::KeyStatus::{self, Active, Inactive};
use keysweep_core::policy::Threshold;
use keysweep_core::time::{Instant, Span};

const DAY: i64 = 86_400;
const EVENTS: i64 = 10;

/// A key's evidence. Keys differ, so that neither the caches nor the branch predictor sees the same key again and again.
struct Key {
    created: Instant,
    changes: Vec<Change>,
    looks: [Look; 1],
    seen: Look,
}

/// A key of about a year, switched ten times, with one row of a report and one listing.
fn key(number: i64, now: i64) -> Key {
    let spread = number.wrapping_mul(0x5851_f42d_4c95_7f2d).unsigned_abs();
    let spread = i64::try_from(spread % 0x1_0000).unwrap_or_default();
    let created = now - 200 * DAY - spread * 200;
    let step = (now - created - DAY) / (EVENTS + 1 + spread % 7);
    let status = |index: i64| -> KeyStatus {
        if (index + EVENTS) % 2 == 1 || spread % 11 == index { Inactive } else { Active }
    };
    let change = |index: i64| Change {
        at: Instant::from_unix(created + (index + 1) * step - index % 3),
        status: status(index),
    };
    let look =
        |from, to| Look { from: Instant::from_unix(from), to: Instant::from_unix(to), status: Inactive };
    Key {
        created: Instant::from_unix(created),
        changes: (0..EVENTS).map(change).collect(),
        looks: [look(now - 900, now - 600)],
        seen: look(now - 60, now - 60),
    }
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let keys = std::env::args().nth(1).map_or(Ok(1_000_000), |keys| keys.parse::<u32>());
    let Ok(keys) = keys else {
        println!("usage: infer_speed [KEYS], a whole number");
        return ExitCode::from(2);
    };
    let now = 1_900_000_000;
    let settled_until = now - 7_200;
    let spans = [(now - 300 * DAY, now - 200 * DAY), (now - 90 * DAY, settled_until)];
    let coverage = Coverage::from_spans(
        spans.iter().filter_map(|(from, to)| Span::new(Instant::from_unix(*from), Instant::from_unix(*to))),
    );
    let keys: Vec<Key> = (0..i64::from(keys)).map(|number| key(number, now)).collect();
    let (mut long_term, mut recent, mut undetermined) = (0_u32, 0_u32, 0_u32);

    let began = Stopwatch::now();
    for key in &keys {
        let inference = infer(&KeyHistory {
            created: key.created,
            changes: &key.changes,
            looks: &key.looks,
            seen: key.seen,
            asserted: &Coverage::none(),
            coverage: &coverage,
            settled_until: Some(Instant::from_unix(settled_until)),
            now: Instant::from_unix(now),
        });
        match black_box(inference.verdict(Threshold::DEFAULT, Instant::from_unix(now))).0 {
            Verdict::LongTerm => long_term += 1,
            Verdict::Recent => recent += 1,
            Verdict::Undetermined | Verdict::Contradictory => undetermined += 1,
        }
    }
    let seconds = began.elapsed().as_secs_f64();

    let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
    println!("keys       {count}, {EVENTS} events each");
    println!(
        "verdicts   {long_term} long_term, {recent} recent, {undetermined} undetermined or contradictory"
    );
    println!("time       {seconds:.2} s on one core");
    println!("speed      {:.0} keys/s", f64::from(count) / seconds);
    ExitCode::SUCCESS
}
