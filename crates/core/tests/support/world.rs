//! Random accounts: users that are created, renamed, deleted and created again under an old name, their keys with true
//! histories, the events that CloudTrail keeps of them (refused calls too), and the partial evidence that a scan gets.
//!
//! Boundaries of spans and looks are drawn near the changes, so that every off-by-one shows.

use keysweep_core::coverage::Coverage;
use keysweep_core::infer::{Change, Look};
use keysweep_core::key::KeyStatus::{self, Active, Inactive};
use keysweep_core::time::{Instant, Span};

use super::evidence::{Evidence, at};
use super::rng::Rng;
use super::truth::{History, State};

/// An `UpdateAccessKey` as CloudTrail keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) second: i64,
    /// The name that the key's user had then. Another user may have it at another time.
    pub(crate) user: &'static str,
    /// The index of the key in [`Account::keys`], in place of its id.
    pub(crate) key: usize,
    pub(crate) status: KeyStatus,
    /// The call was refused (`errorCode`) and changed nothing.
    pub(crate) refused: bool,
}

/// What a scan can know of an account.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) coverage: Coverage,
    pub(crate) asserted: Coverage,
    pub(crate) settled_until: Option<Instant>,
    pub(crate) now: i64,
}

/// An account with all its past.
#[derive(Debug)]
pub(crate) struct Account {
    /// The length of time in which this account's life is measured out. The smaller, the more ties.
    unit: i64,
    pub(crate) keys: Vec<History>,
    pub(crate) events: Vec<Event>,
    pub(crate) reading: Reading,
}

/// One key of an account as a scan sees it, and what is true of it.
#[derive(Debug)]
pub(crate) struct Sighting {
    pub(crate) evidence: Evidence,
    pub(crate) history: History,
    /// The start of the inactive period that the look of the assessment saw.
    pub(crate) since_at_look: i64,
    /// The seconds of the changes that the evidence does not hold.
    pub(crate) unrecorded: Vec<i64>,
}

/// Status changes from `created` to `now`: none to many, flapping or redundant, often in one second.
pub(crate) fn history(rng: &mut Rng, created: i64, now: i64, unit: i64) -> History {
    let steps = (now - created) / unit;
    let mut seconds: Vec<i64> =
        (0..rng.pick(&[0, 1, 2, 2, 3, 5, 9, 14])).map(|_| created + unit * rng.within(0, steps)).collect();
    for index in 1..seconds.len() {
        if rng.chance(15) {
            seconds[index] = (seconds[index - 1] + rng.within(0, 1)).min(now);
        }
    }
    seconds.sort_unstable();
    let redundant = rng.pick(&[0, 0, 20, 50]);
    let mut status = Active;
    let mut changes = Vec::new();
    for second in seconds {
        if !rng.chance(redundant) {
            status = if status == Active { Inactive } else { Active };
        }
        changes.push((second, status));
    }
    if status == Active && rng.chance(80) {
        let last = changes.last().map_or(created, |(second, _)| *second);
        changes.push((rng.within(last, now), Inactive));
    }
    History { created, changes }
}

/// A second of the timeline, more often than not one where something happens or one beside it.
fn point(rng: &mut Rng, seconds: &[i64], from: i64, to: i64) -> i64 {
    if seconds.is_empty() || rng.chance(30) {
        rng.within(from, to)
    } else {
        (rng.pick(seconds) + rng.pick(&[-1, 0, 0, 1])).clamp(from, to)
    }
}

/// Up to where the history was read and found settled, and the spans of this and earlier readings.
pub(crate) fn reading(rng: &mut Rng, seconds: &[i64], from: i64, now: i64) -> Reading {
    let settled_until = rng.chance(80).then(|| {
        let margin = rng.within(0, ((now - from) / 4).max(1));
        if rng.chance(50) { now - margin } else { point(rng, seconds, from, now) }
    });
    let last = settled_until.unwrap_or(now);
    let short = |rng: &mut Rng| rng.within(1, ((now - from) / 5).max(1));
    let mut spans = Vec::new();
    if settled_until.is_some() {
        let first = match rng.within(0, 4) {
            0 => from - 1,
            1 | 2 => last - short(rng),
            _ => point(rng, seconds, from - 1, last - 1).min(last - 1),
        };
        spans.extend(Span::new(at(first), at(last)));
    }
    for _ in 0..rng.pick(&[0, 0, 1, 2, 4]) {
        let first = point(rng, seconds, from - 1, last);
        let until = if rng.chance(60) { first + short(rng) } else { point(rng, seconds, from - 1, last) };
        spans.extend(Span::new(at(first), at(until.min(last))));
    }
    let mut asserted = Vec::new();
    for _ in 0..rng.pick(&[0, 1, 1, 3]) {
        let (one, other) = (point(rng, seconds, from - 1, now), point(rng, seconds, from - 1, now + 1));
        asserted.extend(Span::new(at(one.min(other)), at(one.max(other))));
    }
    Reading {
        coverage: Coverage::from_spans(spans),
        asserted: Coverage::from_spans(asserted),
        settled_until: settled_until.map(at),
        now,
    }
}

/// What a scan sees of a key; `None` where it does not see it Inactive. `events` are those of the key that changed it.
pub(crate) fn sighting(
    rng: &mut Rng,
    history: &History,
    events: &[(i64, KeyStatus)],
    reading: &Reading,
    unit: i64,
) -> Option<Sighting> {
    let Reading { ref coverage, ref asserted, settled_until, now } = *reading;
    let seconds: Vec<i64> = events.iter().map(|(second, _)| *second).collect();
    let in_margin = rng.pick(&[0, 50, 100, 100]);
    let elsewhere = rng.pick(&[0, 0, 40, 100]);
    // What people assert is mostly true.
    let in_asserted = rng.pick(&[100, 100, 100, 60]);
    let (mut changes, mut unrecorded) = (Vec::new(), Vec::new());
    for (second, status) in events {
        let chance = if coverage.span_at(at(*second)).is_some() {
            100
        } else if asserted.span_at(at(*second)).is_some() {
            in_asserted
        } else if settled_until.is_some_and(|until| until <= at(*second)) {
            in_margin
        } else {
            elsewhere
        };
        if rng.chance(chance) {
            changes.push(Change { at: at(*second), status: *status });
        } else {
            unrecorded.push(*second);
        }
    }
    // CloudTrail's order within a second says nothing.
    if rng.chance(50) {
        changes.sort_unstable();
    } else {
        changes.sort_unstable_by_key(|change| (change.at, change.status == Active));
    }

    let width = |rng: &mut Rng| rng.pick(&[0, 0, 0, 1, 1, 2, 3]) * if rng.chance(50) { 1 } else { unit };
    let to = now - rng.pick(&[0, 0, 0, 1, 2]).min(now - history.created);
    let from = to - width(rng);
    let inactive: Vec<i64> = history.moments(from, to).into_iter().filter_map(State::since).collect();
    if inactive.is_empty() {
        return None;
    }
    let since_at_look = rng.pick(&inactive);
    let seen = Look { from: at(from), to: at(to), status: Inactive };
    let mut looks = Vec::new();
    for _ in 0..rng.pick(&[0, 0, 1, 2, 4]) {
        let to = point(rng, &seconds, history.created, to);
        let from = to - width(rng);
        let status = rng.pick(&history.moments(from, to)).status();
        looks.push(Look { from: at(from), to: at(to), status });
    }
    let created = at(history.created);
    let (coverage, asserted, now) = (coverage.clone(), asserted.clone(), at(now));
    let evidence = Evidence { created, changes, looks, seen, coverage, asserted, settled_until, now };
    Some(Sighting { evidence, history: history.clone(), since_at_look, unrecorded })
}

impl Account {
    /// An account drawn from the stream.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        const NAMES: [&str; 3] = ["ana", "bo", "cy"];
        let unit = rng.pick(&[1, 1, 7, 3_600, 86_400]);
        let now = unit * rng.pick(&[6, 12, 40, 400]);
        let (mut keys, mut events) = (Vec::new(), Vec::new());
        for _ in 0..rng.within(1, 3) {
            let born = unit * rng.within(0, now / unit / 2);
            let gone = rng.chance(25).then(|| rng.within(born, now));
            let renamed = rng.within(born, now);
            let (first, second) = (rng.pick(&NAMES), rng.pick(&NAMES));
            for _ in 0..rng.pick(&[1, 1, 2]) {
                let created = rng.within(born, gone.unwrap_or(now));
                let key = keys.len();
                let history = history(rng, created, gone.unwrap_or(now), unit);
                let event = |at, status, refused| {
                    let user = if at < renamed { first } else { second };
                    Event { second: at, user, key, status, refused }
                };
                events.extend(history.changes.iter().map(|(at, status)| event(*at, *status, false)));
                for _ in 0..rng.pick(&[0, 0, 1, 3]) {
                    events.push(event(rng.within(created, now), rng.pick(&[Active, Inactive]), true));
                }
                // A user that is deleted takes its keys along, and leaves its name and its events.
                keys.push((history, gone));
            }
        }
        events.sort_by_key(|event| event.second);
        let seconds: Vec<i64> = events.iter().map(|event| event.second).collect();
        let reading = reading(rng, &seconds, 0, now);
        let there =
            |(history, gone): (History, Option<i64>)| if gone.is_some() { None } else { Some(history) };
        let keys: Vec<Option<History>> = keys.into_iter().map(there).collect();
        let mut account = Self { unit, keys: Vec::new(), events: Vec::new(), reading };
        for (old, history) in keys.into_iter().enumerate() {
            let mine = events.iter().filter(|event| event.key == old);
            // The events of keys that are gone stay in the history under an index that no key has.
            let key = if history.is_some() { account.keys.len() } else { usize::MAX };
            account.events.extend(mine.map(|event| Event { key, ..event.clone() }));
            account.keys.extend(history);
        }
        account.events.sort_by_key(|event| event.second);
        account
    }

    /// What a scan of this account sees of a key, from the account's events: those with the key's id that were not
    /// refused. Names play no part.
    pub(crate) fn sighting(&self, rng: &mut Rng, key: usize) -> Option<Sighting> {
        let events = self.events.iter().filter(|event| event.key == key && !event.refused);
        let events: Vec<(i64, KeyStatus)> = events.map(|event| (event.second, event.status)).collect();
        sighting(rng, &self.keys[key], &events, &self.reading, self.unit)
    }

    /// How many of its events carry a user name that another key's events carry too, where the two keys are not the same.
    pub(crate) fn shared_names(&self) -> usize {
        let shared = |event: &&Event| {
            self.events.iter().any(|other| other.user == event.user && other.key != event.key)
        };
        self.events.iter().filter(shared).count()
    }
}
