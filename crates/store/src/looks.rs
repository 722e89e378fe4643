//! Condenses the looks at a key, so that what a scan recalls stays small however many scans there were: of looks that
//! say the same, only those at the ends are kept. What the inference concludes is the same with them as with all.
//!
//! Looks say the same where they saw the same status and nothing parts them: no recorded change, no end of a covered
//! span and no look that saw the other status touches the time from the first of them to the last. All looks stay in
//! the documents of their scans, so that they can be condensed anew where something turns up later that does part them.

use std::sync::Arc;

use keysweep_core::evidence::Observation;
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

/// A look, and the scan that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
    pub(crate) status: KeyStatus,
    pub(crate) scan: Arc<str>,
}

impl Sight {
    pub(crate) fn of(observation: &Observation, scan: &Arc<str>) -> Self {
        Self {
            from: observation.from,
            to: observation.to,
            status: observation.status,
            scan: Arc::clone(scan),
        }
    }
}

/// The seconds from `from` to `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

impl Stretch {
    fn of(sight: &Sight) -> Self {
        Self { from: sight.from, to: sight.to }
    }

    fn and(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    fn holds(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }
}

/// The looks at one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyLooks {
    /// Those that are kept, oldest first.
    pub(crate) kept: Vec<Sight>,
    /// Where looks between those that are kept were left out.
    pub(crate) condensed: Vec<Stretch>,
}

/// What parts looks at one key, each sorted.
pub(crate) struct Parting<'a> {
    /// The seconds of recorded changes.
    pub(crate) changes: &'a [Instant],
    /// The first seconds of covered spans, and the first seconds after them.
    pub(crate) ends_of_coverage: &'a [Instant],
}

impl Parting<'_> {
    fn parts(&self, stretch: Stretch) -> bool {
        let change = self.changes.partition_point(|at| *at < stretch.from);
        let end = self.ends_of_coverage.partition_point(|at| *at <= stretch.from);
        self.changes.get(change).is_some_and(|at| *at <= stretch.to)
            || self.ends_of_coverage.get(end).is_some_and(|at| *at <= stretch.to)
    }
}

/// Looks of one status, sorted by their ends, to ask whether any touches a stretch.
struct Touching {
    ends: Vec<Instant>,
    /// The earliest beginning of this look and all that end later.
    earliest_from: Vec<Instant>,
}

impl Touching {
    fn of(sorted: &[Sight], status: KeyStatus) -> Self {
        let (mut ends, mut earliest_from) = (Vec::new(), Vec::new());
        for sight in sorted.iter().rev().filter(|sight| sight.status == status) {
            ends.push(sight.to);
            let earliest = earliest_from.last().map_or(sight.from, |earliest| sight.from.min(*earliest));
            earliest_from.push(earliest);
        }
        ends.reverse();
        earliest_from.reverse();
        Self { ends, earliest_from }
    }

    fn touch(&self, stretch: Stretch) -> bool {
        let first = self.ends.partition_point(|end| *end < stretch.from);
        self.earliest_from.get(first).is_some_and(|from| *from <= stretch.to)
    }
}

/// Looks that say the same.
struct Run {
    stretch: Stretch,
    looks: Vec<Sight>,
}

/// The looks in runs, oldest first.
fn runs(mut looks: Vec<Sight>, parting: &Parting<'_>) -> Vec<Run> {
    looks.sort_by(|a, b| (a.to, a.from, a.status, &a.scan).cmp(&(b.to, b.from, b.status, &b.scan)));
    looks.dedup_by(|next, first| (next.from, next.to, next.status) == (first.from, first.to, first.status));
    let active = Touching::of(&looks, KeyStatus::Active);
    let inactive = Touching::of(&looks, KeyStatus::Inactive);
    let mut runs: Vec<Run> = Vec::new();
    for look in looks {
        let others = if look.status == KeyStatus::Active { &inactive } else { &active };
        let alone = Stretch::of(&look);
        let joined =
            runs.last_mut().filter(|run| run.looks.last().is_some_and(|last| last.status == look.status));
        let joined = joined.and_then(|run| {
            let together = run.stretch.and(alone);
            (!parting.parts(together) && !others.touch(together)).then_some((run, together))
        });
        match joined {
            Some((run, together)) => {
                run.stretch = together;
                run.looks.push(look);
            }
            None => runs.push(Run { stretch: alone, looks: vec![look] }),
        }
    }
    runs
}

impl KeyLooks {
    /// Condenses looks in any order.
    pub(crate) fn of(looks: Vec<Sight>, parting: &Parting<'_>) -> Self {
        let mut condensed = Self::default();
        for run in runs(looks, parting) {
            condensed.keep(run, false);
        }
        condensed
    }

    /// Adds looks. `None` where some that were left out are needed, because something parts them now.
    pub(crate) fn with(&self, more: Vec<Sight>, parting: &Parting<'_>) -> Option<Self> {
        let mut all = more;
        all.extend(self.kept.iter().cloned());
        let runs = runs(all, parting);
        let mut left = self.condensed.iter().filter(|old| !runs.iter().any(|run| run.stretch.holds(**old)));
        if left.next().is_some() {
            return None;
        }
        let mut condensed = Self::default();
        for run in runs {
            let before = self.condensed.iter().any(|old| run.stretch.holds(*old));
            condensed.keep(run, before);
        }
        Some(condensed)
    }

    /// Keeps of a run the looks that begin or end first or last.
    fn keep(&mut self, run: Run, condensed_before: bool) {
        let Run { stretch, looks } = run;
        let count = looks.len();
        let first = looks.iter().map(|look| look.from).min();
        let last = looks.iter().map(|look| look.from).max();
        let first = looks.iter().position(|look| Some(look.from) == first);
        let last = looks.iter().rposition(|look| Some(look.from) == last);
        let before = self.kept.len();
        let ends =
            |index: usize| index == 0 || index + 1 == count || Some(index) == first || Some(index) == last;
        self.kept
            .extend(looks.into_iter().enumerate().filter(|(index, _)| ends(*index)).map(|(_, look)| look));
        if condensed_before || self.kept.len() - before < count {
            self.condensed.push(stretch);
        }
    }
}

#[cfg(test)]
mod tests {
    use keysweep_core::coverage::Coverage;
    use keysweep_core::infer::{Change, Contradiction, Inference, KeyHistory, Look, infer};
    use keysweep_core::time::Span;

    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_unix(second)
    }

    /// Scans of one key over time, true to no history at all: looks, changes and coverage contradict each other as they like.
    #[derive(Default)]
    struct Past {
        changes: Vec<Change>,
        coverage: Coverage,
        asserted: Coverage,
        all: Vec<Sight>,
        kept: KeyLooks,
        anew: usize,
    }

    impl Past {
        /// What one scan adds at the second `now`.
        fn scan(&mut self, now: i64, rng: &mut fastrand::Rng) {
            let status = |rng: &mut fastrand::Rng, inactive: f64| {
                if rng.f64() < inactive { KeyStatus::Inactive } else { KeyStatus::Active }
            };
            for _ in 0..rng.usize(0..2) {
                let change = Change { at: at(rng.i64(0..now)), status: status(rng, 0.5) };
                self.changes.push(change);
            }
            self.changes.sort_unstable();
            for (coverage, likely) in [(&mut self.coverage, 0.6), (&mut self.asserted, 0.1)] {
                if rng.f64() < likely {
                    let from = rng.i64(0..now);
                    let span = Span::new(at(from), at(rng.i64(from + 1..=now)));
                    *coverage = Coverage::from_spans(coverage.spans().iter().copied().chain(span));
                }
            }
            let likely = if rng.f64() < 0.8 { 0.9 } else { 0.2 };
            let looks = |rng: &mut fastrand::Rng| {
                let to = now - rng.i64(0..4);
                Sight {
                    from: at(to - rng.i64(0..3)),
                    to: at(to),
                    status: status(rng, likely),
                    scan: "a".into(),
                }
            };
            let new: Vec<Sight> = (0..rng.usize(0..3)).map(|_| looks(rng)).collect();
            self.all.extend(new.iter().cloned());

            let changes: Vec<Instant> = self.changes.iter().map(|change| change.at).collect();
            let mut ends: Vec<Instant> = [&self.coverage, &self.asserted]
                .into_iter()
                .flat_map(Coverage::spans)
                .flat_map(|span| [span.from(), span.to()])
                .collect();
            ends.sort_unstable();
            let parting = Parting { changes: &changes, ends_of_coverage: &ends };
            self.kept = self.kept.with(new, &parting).unwrap_or_else(|| {
                self.anew += 1;
                KeyLooks::of(self.all.clone(), &parting)
            });
        }

        fn infer(&self, looks: &[Sight], now: i64, created: i64, settled: bool) -> Inference {
            let look = |sight: &Sight| Look { from: sight.from, to: sight.to, status: sight.status };
            let mut looks: Vec<Look> = looks.iter().map(look).collect();
            looks.sort_by_key(|look| (look.to, look.from, look.status));
            let mut inference = infer(&KeyHistory {
                created: at(created),
                changes: &self.changes,
                looks: &looks,
                seen: Look { from: at(now), to: at(now + 1), status: KeyStatus::Inactive },
                coverage: &self.coverage,
                asserted: &self.asserted,
                settled_until: self.coverage.spans().last().map(|span| span.to()).filter(|_| settled),
                now: at(now + 2),
            });
            // Each look before the creation is told by itself; that there is any is what counts.
            inference
                .contradictions
                .dedup_by_key(|contradiction| matches!(contradiction, Contradiction::BeforeCreation { .. }));
            if let Some(Contradiction::BeforeCreation { at: second }) = inference.contradictions.first_mut() {
                *second = at(0);
            }
            inference
        }
    }

    #[test]
    fn nothing_else_is_concluded_from_condensed_looks() {
        let (mut left_out, mut anew) = (0, 0);
        for seed in 0..20_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut past = Past::default();
            let mut now = rng.i64(1..10);
            for _ in 0..rng.usize(1..12) {
                now += rng.i64(1..12);
                past.scan(now, &mut rng);
            }
            now += 4;
            let created = if rng.f64() < 0.8 { 0 } else { rng.i64(0..now) };
            for settled in [true, false] {
                let whole = past.infer(&past.all, now, created, settled);
                let condensed = past.infer(&past.kept.kept, now, created, settled);
                assert_eq!(whole, condensed, "seed {seed}: {:?} of {:?}", past.kept, past.all);
            }
            left_out += past.all.len() - past.kept.kept.len();
            anew += past.anew;
        }
        assert!(
            left_out > 10_000 && anew > 1_000,
            "the cases are not what they should be: {left_out}, {anew}"
        );
    }

    #[test]
    fn a_thousand_quiet_scans_leave_two_looks() {
        let parting = Parting { changes: &[], ends_of_coverage: &[at(5)] };
        let mut looks = KeyLooks::default();
        for scan in 0..1000 {
            let sight = Sight {
                from: at(10 * scan + 8),
                to: at(10 * scan + 9),
                status: KeyStatus::Inactive,
                scan: "a".into(),
            };
            looks = looks.with(vec![sight], &parting).unwrap();
        }
        let ends: Vec<i64> = looks.kept.iter().map(|look| look.to.unix()).collect();
        assert_eq!(ends, [9, 9999]);
        assert_eq!(looks.condensed, [Stretch { from: at(8), to: at(9999) }]);
    }

    #[test]
    fn a_change_inside_asks_for_the_looks_that_were_left_out() {
        let sight = |second| Sight {
            from: at(second),
            to: at(second),
            status: KeyStatus::Inactive,
            scan: "a".into(),
        };
        let quiet = Parting { changes: &[], ends_of_coverage: &[] };
        let looks = KeyLooks::of((1..=9).map(sight).collect(), &quiet);
        assert_eq!(looks.with(vec![sight(10)], &Parting { changes: &[at(5)], ends_of_coverage: &[] }), None);
        assert_eq!(looks.with(vec![sight(10)], &Parting { changes: &[], ends_of_coverage: &[at(5)] }), None);
        assert_ne!(
            looks.with(vec![sight(10)], &Parting { changes: &[at(10)], ends_of_coverage: &[at(1)] }),
            None
        );
    }
}
