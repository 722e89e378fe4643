//! Reads the account's status changes from its CloudTrail event history, and says which time they cover.

use std::collections::BTreeMap;

use keysweep_core::call::Call;
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::cloudtrail::Record;
use keysweep_core::evidence::{EventId, StatusChange};
use keysweep_core::memory::{Remembered, Seen};
use keysweep_core::ports::{Clock, Inventory, RawEvent, StatusHistory};
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::time::{Instant, SignedDuration, Span};

use super::Work;

/// CloudTrail keeps the event history for 90 days.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How much of the time that is covered already is read once more: a page holds 50 events and costs the same with one, and
/// an event that CloudTrail delivered later than the settling margin is found after all.
const READ_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// The status changes of an account, and the time in which none is missing: from this scan and from those before.
pub(super) struct History {
    /// Sorted by time.
    pub(super) changes: Vec<StatusChange>,
    pub(super) coverage: Coverage,
    /// What this scan read.
    pub(super) read: Seen,
    /// The end of the settled time; `None` where the history could not be read, or not up to its newest end.
    pub(super) settled_until: Option<Instant>,
    pub(super) problems: Vec<Problem>,
}

impl History {
    /// Nothing is to be dated.
    pub(super) fn not_needed(remembered: &Remembered) -> Self {
        Self {
            changes: remembered.changes.clone(),
            coverage: remembered.coverage.clone(),
            read: Seen::default(),
            settled_until: None,
            problems: Vec::new(),
        }
    }
}

impl<E: Inventory + StatusHistory, C: Clock> Work<'_, E, C> {
    /// Reads the history that is not covered yet. It is listed newest first, so when a page fails, the time after the
    /// oldest event that was read is still covered.
    pub(super) async fn history(&self) -> History {
        let clock = self.caller.desk.clock;
        let asked_at = clock.now();
        let settled_until = asked_at - self.plan.policy.settling_margin.length();
        let from =
            self.covered_until().map_or(asked_at - KEPT, |end| (end - READ_AGAIN).max(asked_at - KEPT));
        let mut read = Read::default();
        let mut token: Option<String> = None;
        let complete_from = loop {
            let page = self
                .call(Call::LookupEvents, || self.entered.lookup_events(from, asked_at, token.as_deref()))
                .await;
            match page {
                Ok(page) => {
                    page.items.iter().for_each(|event| read.event(event));
                    if page.next.is_none() {
                        // The 90 days moved on while pages were read: what is missing by now is not covered.
                        break Some(from.max(clock.now() - KEPT));
                    }
                    token = page.next;
                }
                Err(error) => {
                    read.failed = Some(error);
                    break read.oldest.map(Instant::next).filter(|_| read.newest_first);
                }
            }
        };
        let whole = complete_from.and_then(|from| Span::new(from, settled_until)).filter(|_| !read.undated);
        let coverage = read.holes.iter().fold(Coverage::from_spans(whole), |coverage, hole| {
            Span::new(*hole, hole.next()).map_or(coverage.clone(), |hole| coverage.without(hole))
        });
        // A hole after the settled end, or in its last second, leaves the newest time unknown.
        let reaches = coverage.spans().last().is_some_and(|span| span.to() == settled_until)
            && !read.holes.iter().any(|hole| *hole >= settled_until);
        let mut problems = read.problems(self);
        if let Some(error) = read.failed {
            let back_to = whole.map(|span| format!("it was read back to {}", span.from()));
            problems.push(Problem { detail: back_to, ..self.problem(Gap::HistoryNotRead, error) });
        }
        let fresh: Vec<StatusChange> = read.changes.values().cloned().collect();
        let earlier = self.remembered.changes.iter().map(|change| (change.event.clone(), change.clone()));
        let mut changes: Vec<StatusChange> =
            earlier.chain(read.changes).collect::<BTreeMap<_, _>>().into_values().collect();
        changes.sort_by_key(|change| change.at);
        let spans = self.remembered.coverage.spans().iter().chain(coverage.spans()).copied();
        History {
            changes,
            coverage: Coverage::from_spans(spans),
            read: Seen { coverage, changes: fresh, ..Seen::default() },
            settled_until: reaches.then_some(settled_until),
            problems,
        }
    }

    /// Up to when earlier scans read the history; `None` where this one is to read all of it.
    fn covered_until(&self) -> Option<Instant> {
        let last = self.remembered.coverage.spans().last()?;
        (!self.plan.fresh).then(|| last.to())
    }
}

/// What was read so far.
struct Read {
    /// By event id: pages can shift, so that an event is listed twice.
    changes: BTreeMap<EventId, StatusChange>,
    oldest: Option<Instant>,
    newest_first: bool,
    /// Seconds with an event that could not be understood: it may have changed any key.
    holes: Vec<Instant>,
    /// Whether an event could not be understood, and not even when it happened.
    undated: bool,
    not_understood: Vec<(Option<String>, String)>,
    failed: Option<keysweep_core::call::CallError>,
}

impl Default for Read {
    fn default() -> Self {
        Self {
            changes: BTreeMap::new(),
            oldest: None,
            newest_first: true,
            holes: Vec::new(),
            undated: false,
            not_understood: Vec::new(),
            failed: None,
        }
    }
}

impl Read {
    fn event(&mut self, event: &RawEvent) {
        let Some(record) = &event.record else {
            self.undated = true;
            self.not_understood.push((event.id.clone(), "it has no CloudTrailEvent".to_owned()));
            return;
        };
        match Record::read(record) {
            Ok(Record::Change(change)) => {
                self.newest_first &= self.oldest.is_none_or(|oldest| change.at <= oldest);
                self.oldest = Some(self.oldest.map_or(change.at, |oldest| oldest.min(change.at)));
                self.changes.insert(change.event.clone(), change);
            }
            Ok(Record::Refused | Record::Other) => {}
            Err(error) => {
                match error.at {
                    Some(at) => self.holes.push(at),
                    None => self.undated = true,
                }
                let id = error.event.as_ref().map(EventId::to_string).or_else(|| event.id.clone());
                self.not_understood.push((id, error.reason));
            }
        }
    }

    fn problems<E: Inventory + StatusHistory, C: Clock>(&self, work: &Work<'_, E, C>) -> Vec<Problem> {
        let problem = |(event, reason): &(Option<String>, String)| {
            work.problem_saying(Gap::EventNotUnderstood { event: event.clone() }, reason.clone())
        };
        self.not_understood.iter().map(problem).collect()
    }
}
