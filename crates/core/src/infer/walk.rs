//! The exact walk: all starts of the inactive period that holds a given moment, over every history that the evidence
//! allows. Which spans count as covered is the caller's to say, and with it what the answer rests on.
//!
//! A covered span falls into *cells*: the time before its first recorded change, and the time after each. Within a cell
//! the status is constant. Between covered spans anything may have happened, so there every second may be a start.

use super::grounds::{EarliestGround, Grounds, LatestGround};
use super::{Change, Look};
use crate::coverage::Coverage;
use crate::key::KeyStatus;
use crate::time::{Instant, Interval, Span};

/// A set of statuses that are still possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statuses {
    active: bool,
    inactive: bool,
}

impl Statuses {
    const NONE: Self = Self { active: false, inactive: false };
    const BOTH: Self = Self { active: true, inactive: true };

    pub(super) const fn only(status: KeyStatus) -> Self {
        match status {
            KeyStatus::Active => Self { active: true, inactive: false },
            KeyStatus::Inactive => Self { active: false, inactive: true },
        }
    }

    pub(super) const fn has(self, status: KeyStatus) -> bool {
        match status {
            KeyStatus::Active => self.active,
            KeyStatus::Inactive => self.inactive,
        }
    }

    const fn or(self, other: Self) -> Self {
        Self { active: self.active || other.active, inactive: self.inactive || other.inactive }
    }

    const fn and(self, other: Self) -> Self {
        Self { active: self.active && other.active, inactive: self.inactive && other.inactive }
    }

    const fn is_empty(self) -> bool {
        !self.active && !self.inactive
    }
}

/// The recorded changes of one second. Their order within it is unknown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) at: Instant,
    /// What was set in this second.
    pub(super) set: Statuses,
    /// What the status can be from the end of this second to the next group, where that time is covered.
    after: Statuses,
}

/// Joins the changes, sorted by time, that happened in the same second.
pub(super) fn groups(changes: &[Change]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::with_capacity(changes.len());
    for change in changes {
        let set = Statuses::only(change.status);
        match groups.last_mut() {
            Some(last) if last.at == change.at => last.set = last.set.or(set),
            _ => groups.push(Group { at: change.at, set, after: Statuses::NONE }),
        }
    }
    groups
}

/// The cells of all covered spans, narrowed by what was seen.
pub(super) struct Cells<'a> {
    created: Instant,
    coverage: &'a Coverage,
    /// The first cell of each covered span, in the order of spans.
    firsts: Vec<Statuses>,
    groups: Vec<Group>,
    /// The end of the first look that no cell allows.
    pub(super) conflict: Option<(Instant, KeyStatus)>,
    looks: &'a [Look],
}

impl<'a> Cells<'a> {
    pub(super) fn new(created: Instant, groups: &[Group], looks: &'a [Look], coverage: &'a Coverage) -> Self {
        // A key is born Active: the first cell of the span that holds its creation starts with the creation.
        let first = |span: &Span| {
            if span.from() <= created { Statuses::only(KeyStatus::Active) } else { Statuses::BOTH }
        };
        let mut cells = Self {
            created,
            coverage,
            firsts: coverage.spans().iter().map(first).collect(),
            groups: groups.iter().map(|group| Group { after: group.set, ..*group }).collect(),
            conflict: None,
            looks,
        };
        for look in looks {
            cells.narrow(look);
        }
        cells
    }

    /// Applies a look that lies wholly in one covered span: some moment of it had the status that was seen. A change to
    /// that status inside the look satisfies it. Otherwise every change inside sets the other status, and only the cell
    /// in which the look begins can have had it.
    fn narrow(&mut self, look: &Look) {
        let from = look.from.max(self.created);
        let Some(span) = self.coverage.span_at(from).filter(|span| span.contains(look.to)) else { return };
        let first_inside = self.groups.partition_point(|group| group.at < from);
        let inside = self.groups[first_inside..].iter().take_while(|group| group.at <= look.to);
        if inside.clone().any(|group| group.set.has(look.status)) {
            return;
        }
        let before = self.groups[..first_inside].last_mut().filter(|group| span.contains(group.at));
        let cell = if let Some(group) = before {
            &mut group.after
        } else {
            let index = self.coverage.spans().partition_point(|other| other.from() < span.from());
            &mut self.firsts[index]
        };
        *cell = cell.and(Statuses::only(look.status));
        if cell.is_empty() && self.conflict.is_none() {
            self.conflict = Some((look.to, look.status));
        }
    }

    /// The cell at the end of the second `at`, where that second is covered.
    fn at_end_of(&self, at: Instant) -> Option<Statuses> {
        let index = self.coverage.spans().partition_point(|span| span.from() <= at).checked_sub(1)?;
        let span = self.coverage.spans().get(index).copied().filter(|span| span.contains(at))?;
        let recorded = self.groups.partition_point(|group| group.at <= at);
        Some(self.cell(index, span, recorded))
    }

    /// The cell of the covered span with this index that follows the first `recorded` groups.
    fn cell(&self, index: usize, span: Span, recorded: usize) -> Statuses {
        self.last_in(span, recorded).map_or(self.firsts[index], |group| group.after)
    }

    /// The last of the first `recorded` groups, where it lies in `span`.
    fn last_in(&self, span: Span, recorded: usize) -> Option<&Group> {
        self.groups[..recorded].last().filter(|group| span.contains(group.at))
    }

    /// Whether the evidence entails that the key is Inactive at the end of the second `at`.
    pub(super) fn inactive_at_end_of(&self, at: Instant) -> bool {
        self.at_end_of(at) == Some(Statuses::only(KeyStatus::Inactive))
    }

    /// Whether a key that is Inactive at the end of the second `end` can turn Active up to the end of the second `to`.
    fn may_turn_active(&self, end: Instant, to: Instant) -> bool {
        let covered = self.coverage.span_at(end.next()).is_some_and(|span| span.contains(to));
        end < to
            && (!covered || self.groups_within(end.next(), to).any(|group| group.set.has(KeyStatus::Active)))
    }

    /// The recorded changes from the second `from` to the second `to`, both included.
    fn groups_within(&self, from: Instant, to: Instant) -> impl Iterator<Item = &Group> {
        let first = self.groups.partition_point(|group| group.at < from);
        self.groups[first..].iter().take_while(move |group| group.at <= to)
    }

    /// The earliest second in which the inactive period that holds the moment of the look `seen` can have begun.
    pub(super) fn earliest_start_at(&self, seen: Look) -> (Instant, EarliestGround) {
        if let Some((starts, grounds)) = self.starts(seen.from.previous()) {
            return (starts.earliest(), grounds.earliest);
        }
        // The key was Active when the look began: it became Inactive in the first second of the look that allows it.
        let from = seen.from.max(self.created);
        let begin = if from == self.created { EarliestGround::Created } else { EarliestGround::ActiveBefore };
        let Some(span) = self.coverage.span_at(from) else { return (from, begin) };
        let (at, ground) = self
            .groups_within(from, span.to().previous())
            .find(|group| group.set.has(KeyStatus::Inactive))
            .map_or((span.to(), EarliestGround::ActiveBefore), |group| {
                (group.at, EarliestGround::SwitchedOff)
            });
        if at <= seen.to { (at, ground) } else { (from, begin) }
    }

    /// Every second in which the inactive period that holds the end of the second `as_of` can have begun, from the
    /// first to the last, and what ends them. `None` where no history that the evidence allows is Inactive then.
    pub(super) fn starts(&self, as_of: Instant) -> Option<(Interval, Grounds)> {
        let spans = self.coverage.spans();
        let mut next_span = spans.partition_point(|span| span.from() <= as_of);
        // Where coverage begins just after `as_of`, the status then is that of its first cell.
        let begins = spans.get(next_span).is_some_and(|span| span.from() == as_of.next());
        if begins && self.created <= as_of && !self.firsts[next_span].has(KeyStatus::Inactive) {
            return None;
        }
        // A period that lasted through a whole look that saw Active would contradict it, unless the key can have turned
        // Active after `as_of` and still within the look.
        let seen_active = self
            .looks
            .iter()
            .filter(|look| look.status == KeyStatus::Active && look.from <= as_of)
            .filter(|look| !self.may_turn_active(as_of, look.to))
            .filter(|look| look.from > self.created)
            .max_by_key(|look| look.from);
        let not_before = match seen_active {
            Some(look) => (look.from, EarliestGround::SeenActive { from: look.from, to: look.to }),
            None => (self.created, EarliestGround::Created),
        };
        let mut found = Starts { not_before, latest: None, earliest: not_before };
        let mut recorded = self.groups.partition_point(|group| group.at <= as_of);
        let mut end = as_of;
        // Invariant: the key is Inactive from the end of the second `end` up to the end of `as_of`, and not known to be
        // Active at the end of `end`.
        while end >= self.created {
            let span = next_span.checked_sub(1).map(|index| spans[index]);
            if let Some(span) = span.filter(|span| span.contains(end)) {
                next_span -= 1;
                loop {
                    if !self.cell(next_span, span, recorded).has(KeyStatus::Inactive) {
                        return found.told();
                    }
                    let Some(group) = self.last_in(span, recorded) else { break };
                    recorded -= 1;
                    let became_active = group.set.has(KeyStatus::Active);
                    if became_active {
                        found.add(group.at, EarliestGround::SwitchedOn, LatestGround::SwitchedOff);
                        return found.told();
                    }
                    // Where the key may have been Inactive before too, the walk goes on, and what it meets takes the place
                    // of this ground.
                    if self.cell(next_span, span, recorded).has(KeyStatus::Active) {
                        found.add(group.at, EarliestGround::SwitchedOff, LatestGround::SwitchedOff);
                    }
                }
                end = span.from().previous();
            } else {
                // Not covered from `bottom` to `end`: every second of it may be the start, down to the last sign of
                // an Active key.
                let bottom = span.map_or(self.created, Span::to).max(self.created);
                let mut blocked = None;
                while let Some(group) = self.groups[..recorded].last().filter(|group| group.at >= bottom) {
                    recorded -= 1;
                    if group.set.has(KeyStatus::Active) {
                        blocked = Some(group.at);
                        break;
                    }
                }
                let open = match blocked {
                    Some(at) => (at, EarliestGround::SwitchedOn),
                    None if bottom == self.created => (bottom, EarliestGround::Created),
                    None => (bottom, EarliestGround::ActiveBefore),
                };
                let (lowest, ground) = if found.not_before.0 > open.0 { found.not_before } else { open };
                // No second of this time is one; or all from the lowest to the end are.
                if lowest > end {
                    found.stop();
                } else {
                    found.add(end, ground, LatestGround::CoverageBegins);
                    found.add(lowest, ground, LatestGround::CoverageBegins);
                }
                if blocked.is_some() || lowest > bottom {
                    return found.told();
                }
                end = bottom.previous();
            }
        }
        found.told()
    }
}

/// The starts found so far, going back in time.
struct Starts {
    /// No start is before this, and why.
    not_before: (Instant, EarliestGround),
    latest: Option<(Instant, LatestGround)>,
    earliest: (Instant, EarliestGround),
}

impl Starts {
    fn add(&mut self, at: Instant, earliest: EarliestGround, latest: LatestGround) {
        if at < self.not_before.0 {
            self.stop();
        } else {
            self.latest.get_or_insert((at, latest));
            self.earliest = (at, earliest);
        }
    }

    /// What is met from here on is too early: the earliest start is the one that was met before.
    fn stop(&mut self) {
        self.earliest.1 = self.not_before.1;
    }

    fn told(&self) -> Option<(Interval, Grounds)> {
        let (latest, latest_ground) = self.latest?;
        let (earliest, earliest_ground) = self.earliest;
        let grounds = Grounds { earliest: earliest_ground, latest: latest_ground };
        Some((Interval::new(earliest, latest)?, grounds))
    }
}
