//! The rules of docs/SEMANTICS.md, one test each, to be read beside it. Time is in days; each test tells the evidence on one
//! key and what follows from it.
//!
//! The assessment is on day 200. Where it read the history, it read it up to day 199: the settling margin is a day here.

#![allow(clippy::unwrap_used, reason = "test code: a panic is a failed check")]

use keysweep_core::coverage::Coverage;
use keysweep_core::finding::Verdict::{self, Contradictory, LongTerm, Recent, Undetermined};
use keysweep_core::infer::{
    Assertion, Change, Claim, Confidence, Contradiction, EarliestGround, Inference, KeyHistory, LatestGround,
    Look, infer,
};
use keysweep_core::key::KeyStatus::{self, Active, Inactive};
use keysweep_core::time::{Instant, Interval, SignedDuration, Span};

const NOW: i64 = 200;
const SETTLED: i64 = 199;

const fn day(number: i64) -> Instant {
    Instant::from_unix(number * 86_400)
}

fn days(number: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * number)
}

fn between(earliest: Instant, latest: Instant) -> Interval {
    Interval::new(earliest, latest).unwrap()
}

/// The evidence on a key that is seen Inactive on day 200.
#[derive(Clone)]
struct Key {
    created: Instant,
    changes: Vec<Change>,
    looks: Vec<Look>,
    seen: Look,
    covered: Vec<Span>,
    asserted: Vec<Span>,
    settled_until: Option<Instant>,
}

impl Key {
    fn created(on: i64) -> Self {
        Self {
            created: day(on),
            changes: Vec::new(),
            looks: Vec::new(),
            seen: Look { from: day(NOW), to: day(NOW), status: Inactive },
            covered: Vec::new(),
            asserted: Vec::new(),
            settled_until: None,
        }
    }

    /// A status change was recorded.
    fn changed(mut self, on: i64, status: KeyStatus) -> Self {
        self.changes.push(Change { at: day(on), status });
        self
    }

    /// The history was read from this day up to the settled end.
    fn read_from(mut self, from: i64) -> Self {
        self.settled_until = Some(day(SETTLED));
        self.covered(from, SETTLED)
    }

    /// These days are covered by what earlier scans read.
    fn covered(mut self, from: i64, to: i64) -> Self {
        self.covered.extend(Span::new(day(from), day(to)));
        self
    }

    /// Somebody imported events and said that every change of these days is among them.
    fn asserted(mut self, from: i64, to: i64) -> Self {
        self.asserted.extend(Span::new(day(from), day(to)));
        self
    }

    /// An earlier look.
    fn seen(mut self, from: i64, to: i64, status: KeyStatus) -> Self {
        self.looks.push(Look { from: day(from), to: day(to), status });
        self
    }

    fn infer(&self) -> Inference {
        infer(&KeyHistory {
            created: self.created,
            changes: &self.changes,
            looks: &self.looks,
            seen: self.seen,
            coverage: &Coverage::from_spans(self.covered.iter().copied()),
            asserted: &Coverage::from_spans(self.asserted.iter().copied()),
            settled_until: self.settled_until,
            now: day(NOW),
        })
    }

    /// Since when it has been inactive, as the evidence alone entails.
    fn since(&self) -> Interval {
        self.infer().settled.unwrap().interval
    }

    fn verdict(&self, threshold: &str) -> (Verdict, Claim) {
        self.infer().verdict(threshold.parse().unwrap(), day(NOW))
    }
}

// The model.

#[test]
fn a_key_is_born_active() {
    // The history reaches back beyond the creation: what the key was before the change is known without any event.
    let key = Key::created(150).changed(180, Inactive).read_from(110);
    assert_eq!(key.since(), Interval::exactly(day(180)));
    // And without any change at all it can only have been switched off since the end of that history.
    let never = Key::created(150).read_from(110).infer();
    assert_eq!(never.settled, None);
    assert_eq!(never.at_look.interval, between(day(SETTLED), day(NOW)));
}

#[test]
fn nothing_is_older_than_the_key() {
    let key = Key::created(150).infer();
    assert_eq!(key.at_look.interval, between(day(150), day(NOW)));
}

#[test]
fn switching_off_a_key_that_is_off_starts_nothing() {
    let key =
        Key::created(0).changed(130, Active).changed(140, Inactive).changed(160, Inactive).read_from(110);
    assert_eq!(key.since(), Interval::exactly(day(140)));
}

#[test]
fn a_key_that_flaps_is_dated_by_its_last_period() {
    let key = Key::created(0)
        .changed(120, Inactive)
        .changed(130, Active)
        .changed(140, Inactive)
        .changed(150, Active)
        .changed(160, Inactive)
        .read_from(110);
    assert_eq!(key.since(), Interval::exactly(day(160)));
}

#[test]
fn the_order_within_a_second_is_unknown() {
    let both = Key::created(0).changed(150, Active).changed(150, Inactive).read_from(110);
    // Off and on again, or on and off again: nothing tells what the key was afterwards, …
    assert_eq!(both.infer().settled, None);
    // … until it is seen. Then it became inactive in that second.
    let seen = both.clone().seen(170, 170, Inactive);
    assert_eq!(seen.since(), Interval::exactly(day(150)));
    // The order in which CloudTrail lists the two changes nothing.
    let listed_the_other_way = Key { changes: both.changes.iter().rev().copied().collect(), ..both };
    assert_eq!(listed_the_other_way.infer().settled, None);
    assert_eq!(listed_the_other_way.seen(170, 170, Inactive).since(), Interval::exactly(day(150)));
}

// Coverage.

#[test]
fn in_covered_time_one_sign_tells_the_status_up_to_the_next_change() {
    // Seen Inactive on day 160, and nothing has happened since day 110.
    let key = Key::created(0).seen(160, 160, Inactive).read_from(110);
    let settled = key.infer().settled.unwrap();
    assert_eq!(settled.as_of, day(SETTLED).previous());
    assert_eq!(settled.interval.latest(), day(110).previous());
}

#[test]
fn outside_covered_time_anything_may_have_happened() {
    // Seen Inactive three times, a hundred days apart: it may have been switched on in between.
    let key = Key::created(0).seen(50, 50, Inactive).seen(150, 150, Inactive).infer();
    assert_eq!(key.at_look.interval, between(day(0), day(NOW)));
    assert_eq!(key.settled, None);
}

#[test]
fn spans_that_touch_are_one() {
    let key = Key::created(0).seen(160, 160, Inactive).covered(20, 109).covered(109, 110).read_from(110);
    assert_eq!(key.since(), between(day(0), day(20).previous()));
}

#[test]
fn a_gap_of_one_second_ends_what_is_known() {
    let mut key = Key::created(0).seen(160, 160, Inactive).covered(20, 110).read_from(110);
    assert_eq!(key.since().latest(), day(20).previous());
    key.covered =
        vec![Span::new(day(20), day(110)).unwrap(), Span::new(day(110).next(), day(SETTLED)).unwrap()];
    assert_eq!(key.since().latest(), day(110));
}

#[test]
fn a_change_recorded_outside_covered_time_is_a_sign_and_no_more() {
    // Switched on on day 60: the period began then or later. Switched off on day 70: it may have been on again since.
    let key =
        Key::created(0).changed(60, Active).changed(70, Inactive).seen(160, 160, Inactive).read_from(110);
    assert_eq!(key.since(), between(day(60), day(110).previous()));
}

// Dates.

#[test]
fn a_change_that_ends_a_known_active_period_is_the_exact_date() {
    let key = Key::created(0).changed(130, Active).changed(150, Inactive).read_from(110);
    assert_eq!(key.since(), Interval::exactly(day(150)));
}

#[test]
fn a_change_with_an_unknown_predecessor_is_the_latest_date() {
    // It may have been Inactive long before day 150, and have been switched off once more.
    let key = Key::created(0).changed(150, Inactive).read_from(110);
    assert_eq!(key.since(), between(day(0), day(150)));
}

#[test]
fn no_change_in_a_complete_history_of_90_days_proves_90_days() {
    let mut key = Key::created(0).read_from(SETTLED - 90);
    // ListAccessKeys alone does not prove it: the key may have been switched off inside the margin.
    assert_eq!(key.infer().settled, None);
    let settling = key.infer().settling.unwrap();
    assert_eq!(settling.interval.latest(), day(SETTLED - 90).previous());
    // A report row from before the margin does.
    key = key.seen(SETTLED - 1, SETTLED - 1, Inactive);
    assert_eq!(key.since().latest(), day(SETTLED - 90).previous());
    let (verdict, claim) = key.verdict("90d");
    assert_eq!((verdict, claim.confidence), (LongTerm, Confidence::Proven));
}

// Looks.

#[test]
fn a_look_tells_one_moment_of_its_time() {
    // Somewhere from day 120 to day 160 the key was Inactive, but it was switched on on day 140: that moment was before.
    let key =
        Key::created(0).changed(140, Active).seen(120, 160, Inactive).changed(170, Inactive).read_from(110);
    assert_eq!(key.since(), Interval::exactly(day(170)));
    assert_eq!(key.infer().contradictions, []);
}

#[test]
fn a_look_that_reaches_out_of_covered_time_tells_nothing_of_it() {
    // A report that was gathered from before the history begins until after it: Inactive may have been before.
    let key = Key::created(0).seen(100, 120, Inactive).read_from(110);
    assert_eq!(key.infer().settled, None);
    let inside = Key::created(0).seen(111, 120, Inactive).read_from(110);
    assert_eq!(inside.since().latest(), day(110).previous());
}

#[test]
fn seen_active_the_period_began_later() {
    let key = Key::created(0).seen(40, 42, Active).seen(160, 160, Inactive).read_from(110);
    assert_eq!(key.since(), between(day(40), day(110).previous()));
}

// Claims.

#[test]
fn what_is_seen_now_may_have_begun_now() {
    let key = Key::created(0).changed(130, Active).read_from(110).infer();
    assert_eq!(key.at_look.as_of, day(NOW));
    assert_eq!(key.at_look.interval, between(day(SETTLED), day(NOW)));
    assert_eq!(key.at_look.at_least(), SignedDuration::ZERO);
}

#[test]
fn a_proven_claim_speaks_as_of_the_end_of_the_settled_history() {
    let key = Key::created(0).changed(130, Active).changed(150, Inactive).read_from(110);
    let settled = key.infer().settled.unwrap();
    assert_eq!(settled.confidence, Confidence::Proven);
    assert_eq!(settled.as_of, day(SETTLED).previous());
    assert_eq!(settled.at_least(), days(49) - SignedDuration::from_secs(1));
}

#[test]
fn there_is_no_proven_claim_where_the_key_was_or_may_have_been_active_since() {
    let key = Key::created(0).changed(130, Active).changed(150, Inactive).read_from(110);
    assert!(key.infer().settled.is_some());
    let switched_on_in_the_margin = Key {
        changes: vec![key.changes[0], key.changes[1], Change { at: day(SETTLED), status: Active }],
        ..key.clone()
    };
    assert_eq!(switched_on_in_the_margin.infer().settled, None);
    let perhaps_seen_active_in_the_margin = key.seen(140, SETTLED, Active);
    assert_eq!(perhaps_seen_active_in_the_margin.infer().settled, None);
}

#[test]
fn a_settling_claim_takes_all_events_as_delivered() {
    let key = Key::created(0).read_from(110);
    let inference = key.infer();
    assert_eq!(inference.settled, None);
    let settling = inference.settling.unwrap();
    assert_eq!(settling.confidence, Confidence::Settling);
    assert_eq!(settling.as_of, day(NOW));
    assert_eq!(settling.interval, between(day(0), day(110).previous()));
    // An event in the margin that was delivered already counts.
    let early = key.changed(SETTLED, Inactive).infer().settling.unwrap();
    assert_eq!(early.interval, between(day(0), day(SETTLED)));
}

#[test]
fn a_settling_claim_needs_the_key_to_be_inactive_at_the_end() {
    // Seen Inactive, and then switched on by an event that was delivered at once.
    let mut key = Key::created(0).read_from(110);
    key.seen = Look { from: day(NOW).previous(), to: day(NOW).previous(), status: Inactive };
    assert!(key.infer().settling.is_some());
    assert_eq!(key.changed(NOW, Active).infer().settling, None);
}

#[test]
fn an_observed_claim_takes_time_between_looks_that_saw_inactive_as_quiet() {
    let key = Key::created(0).seen(100, 101, Inactive).seen(150, 150, Inactive).infer();
    let observed = key.observed.unwrap();
    assert_eq!(observed.confidence, Confidence::Observed);
    assert_eq!(observed.as_of, day(NOW));
    assert_eq!(observed.interval, between(day(0), day(101)));
    assert_eq!(key.settling, None, "the history was not read");
}

#[test]
fn nothing_is_assumed_across_a_sign_of_an_active_key() {
    let key = Key::created(0).seen(100, 100, Inactive).seen(120, 120, Active).seen(150, 150, Inactive);
    assert_eq!(key.infer().observed.unwrap().interval, between(day(120), day(150)));
    // Nor where the look that saw Active merely touches the time between.
    let wide = Key::created(0).seen(100, 100, Inactive).seen(90, 120, Active).seen(150, 150, Inactive);
    assert_eq!(wide.infer().observed.unwrap().interval, between(day(90), day(150)));
    // A recorded change is a sign too.
    let changed = Key::created(0).seen(100, 100, Inactive).changed(120, Active).seen(150, 150, Inactive);
    assert_eq!(changed.infer().observed.unwrap().interval, between(day(120), day(150)));
}

#[test]
fn one_look_alone_observes_nothing() {
    assert_eq!(Key::created(0).infer().observed, None);
}

// Asserted spans.

#[test]
fn nothing_proven_rests_on_an_asserted_span() {
    let key =
        Key::created(0).changed(60, Active).changed(70, Inactive).seen(160, 160, Inactive).read_from(110);
    let (without, with) = (key.infer(), key.asserted(0, 110).infer());
    assert_eq!(
        (with.at_look, with.settled, with.settling),
        (without.at_look, without.settled, without.settling),
        "they are the same without what was asserted"
    );
    assert_eq!(without.observed.unwrap().interval, between(day(60), day(70)));
    let observed = with.observed.unwrap();
    assert_eq!((observed.interval, observed.confidence), (Interval::exactly(day(70)), Confidence::Observed));
}

#[test]
fn an_observed_claim_takes_asserted_spans_as_covered() {
    // A history of 90 days shows nothing. Somebody imported the time before, in which nothing happened either.
    let key = Key::created(0).read_from(110);
    assert_eq!(key.verdict("100d").0, Undetermined);
    let asserted = key.clone().asserted(10, 110);
    let (verdict, claim) = asserted.verdict("100d");
    assert_eq!((verdict, claim.confidence), (LongTerm, Confidence::Observed));
    assert_eq!(claim.interval, between(day(0), day(10).previous()));
    // A gap between the asserted span and the history is a gap.
    let gap = key.asserted(10, 109);
    assert_eq!(gap.verdict("100d").0, Undetermined);
    assert_eq!(gap.infer().observed.unwrap().interval, between(day(0), day(110).previous()));
}

#[test]
fn an_asserted_span_needs_no_second_sign() {
    // Seen once, in a span that somebody asserted to be complete.
    let mut key = Key::created(0).asserted(100, NOW);
    assert_eq!(key.infer().observed, None, "its last second is not in the span");
    key.asserted = vec![Span::new(day(100), day(NOW).next()).unwrap()];
    assert_eq!(key.infer().observed.unwrap().interval, between(day(0), day(100).previous()));
}

#[test]
fn an_asserted_span_that_a_look_refutes_is_left_out() {
    // Every change up to day 110 is said to be known. But then the key cannot have been Inactive on day 50.
    let key = Key::created(0).seen(50, 50, Inactive).seen(90, 90, Inactive).read_from(110);
    let refuted = key.clone().asserted(0, 60).infer();
    let seen = Assertion::Refuted { seen_at: day(50), seen: Inactive };
    assert_eq!(refuted.assertion, seen);
    assert_eq!(refuted.contradictions, [], "people err; the evidence does not contradict itself");
    assert_eq!(refuted, Inference { assertion: seen, ..key.infer() });
    assert_eq!(refuted.assertion(&refuted.at_look), seen, "it is told of every claim");
}

#[test]
fn a_claim_says_whether_it_rests_on_what_was_asserted() {
    let key = Key::created(0).changed(20, Inactive).seen(110, 110, Inactive).seen(160, 160, Inactive);
    let asserted = key.clone().asserted(10, 110).read_from(110).infer();
    assert_eq!(asserted.assertion, Assertion::NotUsed, "two signs of an Inactive key tell the same");
    let used = Key { looks: vec![], ..key }.asserted(0, 110).read_from(110).infer();
    assert_eq!(used.observed.unwrap().interval, Interval::exactly(day(20)));
    assert_eq!(used.assertion(&used.observed.unwrap()), Assertion::Used);
    assert_eq!(used.assertion(&used.at_look), Assertion::NotUsed);
}

// Verdicts.

#[test]
fn exactly_at_the_threshold_a_key_is_long_term() {
    let mut key = Key::created(0).changed(130, Active).changed(150, Inactive).read_from(110);
    key.settled_until = Some(day(180).next());
    key.covered = vec![Span::new(day(110), day(180).next()).unwrap()];
    let (verdict, claim) = key.verdict("30d");
    assert_eq!((verdict, claim.at_least()), (LongTerm, days(30)));
    assert_eq!(claim.confidence, Confidence::Proven);
    // A second more is not proven; only the settling claim, which counts up to now, reaches it.
    let (verdict, claim) = key.verdict("30d 1s");
    assert_eq!((verdict, claim.confidence), (LongTerm, Confidence::Settling));
}

#[test]
fn exactly_at_the_threshold_a_key_is_not_recent() {
    let key = Key::created(180);
    assert_eq!(key.verdict("20d 1s").0, Recent);
    assert_eq!(key.verdict("20d").0, Undetermined);
}

#[test]
fn the_strongest_claim_that_decides_gives_the_verdict() {
    // Proven for 49 days, settling for 50.
    let key = Key::created(0).changed(130, Active).changed(150, Inactive).read_from(110);
    for (threshold, verdict, confidence) in [
        ("30d", LongTerm, Confidence::Proven),
        ("50d", LongTerm, Confidence::Settling),
        ("51d", Recent, Confidence::Proven),
    ] {
        let (found, claim) = key.verdict(threshold);
        assert_eq!((found, claim.confidence), (verdict, confidence), "{threshold}");
    }
}

#[test]
fn at_most_counts_up_to_the_assessment() {
    let key = Key::created(0).changed(130, Active).changed(180, Inactive).read_from(110);
    // Switched off 20 days ago: recent against 21 days, though the proven claim is a day old.
    assert_eq!(key.verdict("21d").0, Recent);
    assert_ne!(key.verdict("20d").0, Recent);
}

#[test]
fn undetermined_shows_the_claim_with_the_earliest_latest_start() {
    let key = Key::created(0).changed(180, Inactive).read_from(110);
    let (verdict, claim) = key.verdict("30d");
    assert_eq!(verdict, Undetermined);
    // Known to be long-term by day 210, if it stays inactive: 30 days after the latest start.
    assert_eq!(claim.interval.latest() + days(30), day(210));
    assert_eq!(claim.confidence, Confidence::Proven, "the strongest of equals");
}

#[test]
fn without_a_history_one_scan_proves_only_the_creation_date() {
    // The scan saw the key twice: in a report of four hours ago, and in a listing.
    let mut key = Key::created(100);
    let hours = |hours| day(NOW) - SignedDuration::from_hours(hours);
    key.looks = vec![Look { from: hours(5), to: hours(4), status: Inactive }];
    for threshold in ["5h", "30d", "100d"] {
        assert_eq!(key.verdict(threshold).0, Undetermined, "{threshold}");
    }
    assert_eq!(key.verdict("101d").0, Recent);
    // Only a threshold as short as the report is old can be met, and that is no more than observed.
    let (verdict, claim) = key.verdict("4h");
    assert_eq!((verdict, claim.confidence), (LongTerm, Confidence::Observed));
    // A report that saw it Active shows that it cannot have been inactive for longer than that.
    key.looks[0].status = Active;
    assert_eq!(key.verdict("6h").0, Recent);
    assert_eq!(key.verdict("5h").0, Undetermined);
}

#[test]
fn an_event_that_may_concern_the_key_ends_its_coverage() {
    // Someone changed one of the root user's keys on day 150: which one, and to what, is not told.
    let mut key = Key::created(0).read_from(110);
    let hole = Span::new(day(0), day(150).next()).unwrap();
    key.covered = Coverage::from_spans(key.covered).without(hole).spans().to_vec();
    assert_eq!(key.infer().settling.unwrap().interval, between(day(0), day(150)));
}

// Contradictions.

#[test]
fn a_look_that_the_complete_history_forbids_is_a_contradiction() {
    let key = Key::created(0).changed(130, Active).seen(150, 150, Inactive).read_from(110);
    let seen = Contradiction::SeenAgainstHistory { seen_at: day(150), seen: Inactive };
    assert_eq!(key.infer().contradictions, [seen]);
    assert_eq!(key.verdict("1d").0, Contradictory);
}

#[test]
fn a_contradiction_wins_over_every_claim() {
    let good = Key::created(0).changed(120, Active).changed(150, Inactive).read_from(110);
    assert_eq!(good.verdict("30d").0, LongTerm);
    let bad = good.seen(130, 130, Inactive);
    let (verdict, claim) = bad.verdict("30d");
    assert_eq!(verdict, Contradictory);
    assert_eq!(claim.as_of, day(NOW), "it shows what was seen, no more");
}

#[test]
fn inactive_now_against_a_history_that_ends_active_is_no_contradiction() {
    // It was switched off inside the margin.
    let key = Key::created(0).changed(150, Active).read_from(110);
    assert_eq!(key.infer().contradictions, []);
    assert_eq!(key.infer().settling, None, "not every event has been delivered");
    let (verdict, claim) = key.verdict("30d");
    assert_eq!((verdict, claim.confidence), (Recent, Confidence::Proven));
}

#[test]
fn what_is_recorded_before_the_creation_is_a_contradiction() {
    let key = Key::created(50).changed(40, Inactive);
    assert_eq!(key.infer().contradictions, [Contradiction::BeforeCreation { at: day(40) }]);
    assert_eq!(key.verdict("30d").0, Contradictory);
    let seen = Key::created(50).seen(40, 45, Inactive);
    assert_eq!(seen.infer().contradictions, [Contradiction::BeforeCreation { at: day(45) }]);
}

// Reasons.

#[test]
fn every_end_of_an_interval_has_its_reason() {
    let grounds = |claim: Claim| (claim.grounds.earliest, claim.grounds.latest);
    let settled = |key: Key| grounds(key.infer().settled.unwrap());

    let untouched = Key::created(0).read_from(110).seen(198, 198, Inactive);
    assert_eq!(settled(untouched), (EarliestGround::Created, LatestGround::CoverageBegins));
    let dated = Key::created(0).changed(130, Active).changed(160, Inactive).read_from(110);
    assert_eq!(settled(dated), (EarliestGround::SwitchedOff, LatestGround::SwitchedOff));
    let unknown_before = Key::created(0).changed(160, Inactive).read_from(110);
    assert_eq!(settled(unknown_before), (EarliestGround::Created, LatestGround::SwitchedOff));
    let seen_on = Key::created(0).seen(50, 51, Active).changed(160, Inactive).read_from(110);
    let seen_active = EarliestGround::SeenActive { from: day(50), to: day(51) };
    assert_eq!(settled(seen_on), (seen_active, LatestGround::SwitchedOff));
    let switched_on = Key::created(0).changed(50, Active).changed(160, Inactive).read_from(110);
    assert_eq!(settled(switched_on), (EarliestGround::SwitchedOn, LatestGround::SwitchedOff));
    let active_at_a_gap =
        Key::created(0).changed(20, Active).covered(10, 40).changed(160, Inactive).read_from(110);
    assert_eq!(settled(active_at_a_gap), (EarliestGround::ActiveBefore, LatestGround::SwitchedOff));

    let never_off = Key::created(150).read_from(110).infer().at_look;
    assert_eq!(grounds(never_off), (EarliestGround::ActiveBefore, LatestGround::SeenInactive));
    let by_looks = Key::created(0).seen(50, 51, Inactive).infer().observed.unwrap();
    assert_eq!(grounds(by_looks), (EarliestGround::Created, LatestGround::SeenInactive));
    let by_a_change = Key::created(0).changed(50, Inactive).infer().observed.unwrap();
    assert_eq!(grounds(by_a_change), (EarliestGround::Created, LatestGround::SwitchedOff));
}
