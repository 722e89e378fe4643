//! The timeline of one key as a drawing to be: what lies where on a line from its creation to now. Where a fact stands is
//! decided here, in shares of the line's length, so that the terminal and an SVG show the same picture; how it looks is
//! left to them.

use keysweep_core::assessment::AccountAssessment;
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::Evidence;
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::key::{KeyStatus, LastUsed};
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, Span};

use crate::words::{self, date, second};

/// A line of time, and what lies on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The line.
    pub scale: Scale,
    /// Stretches of time, earliest first, by kind.
    pub bars: Vec<Bar>,
    /// Moments, earliest first: each fact of the finding, the last use, the threshold and the assessment.
    pub marks: Vec<Mark>,
}

/// From an instant to its place on the line: 0 at the beginning, 1 at the end, never running backwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    from: Instant,
    to: Instant,
    cut: Option<Instant>,
}

/// The share of the line that the time before the cut is pressed into.
const PRESSED: f64 = 0.15;

/// A stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it shows.
    pub kind: BarKind,
    /// Its first second.
    pub from: Instant,
    /// The first second after it; for [`BarKind::Start`] and [`BarKind::Inactive`] the last second in it.
    pub to: Instant,
    /// Where it begins.
    pub begins: f64,
    /// Where it ends.
    pub ends: f64,
    /// What it says, in a sentence without a full stop.
    pub text: String,
}

/// What a stretch shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarKind {
    /// Every status change in it is known.
    Covered,
    /// Somebody asserted that every status change in it is known.
    Asserted,
    /// Neither: anything may have happened.
    Gap,
    /// The inactive period began in it.
    Start,
    /// The key was inactive in it, with the confidence of the claim.
    Inactive,
}

/// A moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it shows.
    pub kind: MarkKind,
    /// When; for a look, its end.
    pub at: Instant,
    /// Where.
    pub place: f64,
    /// What it says, with its source: no capital and no full stop.
    pub text: String,
}

/// What a moment shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// The key was created, Active.
    Created,
    /// It was set Active.
    SwitchedOn,
    /// It was set Inactive.
    SwitchedOff,
    /// It was seen Active.
    SeenActive,
    /// It was seen Inactive.
    SeenInactive,
    /// Its last recorded use.
    LastUsed,
    /// The threshold, counted back from the assessment.
    Threshold,
    /// The assessment.
    Now,
}

impl MarkKind {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::SwitchedOn => "switched_on",
            Self::SwitchedOff => "switched_off",
            Self::SeenActive => "seen_active",
            Self::SeenInactive => "seen_inactive",
            Self::LastUsed => "last_used",
            Self::Threshold => "threshold",
            Self::Now => "now",
        }
    }
}

impl BarKind {
    /// Its name in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Asserted => "asserted",
            Self::Gap => "gap",
            Self::Start => "start",
            Self::Inactive => "inactive",
        }
    }
}

impl Scale {
    /// The line from `from` to `to`. Where all that is of interest from `focus` on takes less than half of it, the time
    /// before is cut: pressed together, and to be drawn as broken.
    fn new(from: Instant, to: Instant, focus: Instant) -> Self {
        // A little room before the first thing of interest, so that it does not stand on the cut.
        let margin = (to - focus) / 20;
        let begin = (focus - margin).max(from);
        let cut = ((begin - from) > (to - begin)).then_some(begin);
        Self { from, to, cut }
    }

    /// The first second of the line.
    pub const fn from(self) -> Instant {
        self.from
    }

    /// Its last second.
    pub const fn to(self) -> Instant {
        self.to
    }

    /// Up to where the time is pressed together; `None` where all of it has one measure.
    pub const fn cut(self) -> Option<Instant> {
        self.cut
    }

    /// Where the instant stands, from 0 to 1. What lies outside stands at the nearer end.
    pub fn place(self, at: Instant) -> f64 {
        match self.cut {
            Some(cut) if at < cut => PRESSED * share(self.from, cut, at),
            Some(cut) => PRESSED + (1.0 - PRESSED) * share(cut, self.to, at),
            None => share(self.from, self.to, at),
        }
    }
}

/// The share of the time from `from` to `to` that has passed at `at`.
fn share(from: Instant, to: Instant, at: Instant) -> f64 {
    let whole = (to - from).as_secs_f64();
    if whole <= 0.0 {
        return if at < to { 0.0 } else { 1.0 };
    }
    ((at - from).as_secs_f64() / whole).clamp(0.0, 1.0)
}

impl Timeline {
    /// The timeline of `finding`, which is one of `account`'s, against `policy`.
    pub fn of(finding: &Finding, account: &AccountAssessment, policy: &Policy) -> Self {
        let now = finding.assessed_at;
        let threshold = now - policy.threshold.length();
        let moments = || finding.evidence.iter().map(Evidence::at);
        let from = moments().chain([finding.created]).min().unwrap_or(finding.created);
        let to = moments().chain([now]).max().unwrap_or(now);
        let interesting =
            finding.evidence.iter().filter(|evidence| !matches!(evidence, Evidence::Created(_)));
        let spans = account.coverage.spans().iter().chain(account.asserted.spans()).map(|span| span.from());
        let focus = interesting
            .map(Evidence::at)
            .chain(spans)
            .chain([threshold, finding.inactive_since.interval.latest()])
            .map(|at| at.max(from))
            .min()
            .unwrap_or(from);
        let scale = Scale::new(from, to, focus);
        Self { scale, bars: bars(finding, account, scale), marks: marks(finding, threshold, policy, scale) }
    }
}

fn bars(finding: &Finding, account: &AccountAssessment, scale: Scale) -> Vec<Bar> {
    let bar = |kind, from: Instant, to: Instant, text| Bar {
        kind,
        from,
        to,
        begins: scale.place(from),
        ends: scale.place(to),
        text,
    };
    let range = |from, to| format!("from {} up to {}", second(from), second(to));
    let line = Span::new(scale.from, scale.to.next());
    let within = |coverage: &Coverage| -> Vec<Span> {
        let cut = |span: &Span| Span::new(span.from().max(scale.from), span.to().min(scale.to.next()));
        coverage.spans().iter().filter_map(cut).collect()
    };
    let covered = within(&account.coverage);
    let asserted = within(&account.asserted);
    let known = covered.iter().chain(&asserted);
    let gaps = known.fold(Coverage::from_spans(line), |gaps, span| gaps.without(*span));
    let mut bars = Vec::new();
    for (kind, spans, what) in [
        (BarKind::Covered, covered.as_slice(), "every status change is known"),
        (BarKind::Asserted, &asserted, "somebody asserted that every status change is known"),
        (BarKind::Gap, gaps.spans(), "not every status change is known"),
    ] {
        bars.extend(spans.iter().map(|span| {
            let text = format!("{what} {}", range(span.from(), span.to().previous()));
            bar(kind, span.from(), span.to(), text)
        }));
    }
    if finding.verdict != Verdict::Contradictory {
        let claim = &finding.inactive_since;
        let (earliest, latest) = (claim.interval.earliest(), claim.interval.latest());
        let began = if claim.interval.is_exact() {
            format!("became inactive at {}", second(latest))
        } else {
            format!("became inactive at some time from {} up to {}", second(earliest), second(latest))
        };
        bars.push(bar(BarKind::Start, earliest, latest, began));
        if latest < claim.as_of {
            let text = format!("inactive {} ({})", range(latest, claim.as_of), claim.confidence);
            bars.push(bar(BarKind::Inactive, latest, claim.as_of, text));
        }
    }
    bars
}

fn marks(finding: &Finding, threshold: Instant, policy: &Policy, scale: Scale) -> Vec<Mark> {
    let mark = |kind, at, text| Mark { kind, at, place: scale.place(at), text };
    let fact = |evidence: &Evidence| {
        let kind = match evidence {
            Evidence::Created(_) => MarkKind::Created,
            Evidence::Changed(change) => match change.status {
                KeyStatus::Active => MarkKind::SwitchedOn,
                KeyStatus::Inactive => MarkKind::SwitchedOff,
            },
            Evidence::Observed(look) => match look.status {
                KeyStatus::Active => MarkKind::SeenActive,
                KeyStatus::Inactive => MarkKind::SeenInactive,
            },
        };
        mark(kind, evidence.at(), words::evidence(evidence))
    };
    let mut marks: Vec<Mark> = finding.evidence.iter().map(fact).collect();
    if let LastUsed::At { at, .. } = &finding.last_used {
        marks.push(mark(
            MarkKind::LastUsed,
            *at,
            format!("last used at {}", crate::explanation::last_used(&finding.last_used)),
        ));
    }
    if threshold >= scale.from {
        let length = words::exactly(policy.threshold.length());
        let text = format!("{length} before the assessment, the threshold, is {}", second(threshold));
        marks.push(mark(MarkKind::Threshold, threshold, text));
    }
    let now = finding.assessed_at;
    marks.push(mark(MarkKind::Now, now, format!("assessed at {}", second(now))));
    marks.sort_by_key(|mark| (mark.at, mark.kind));
    marks
}

/// A text to stand at a place on the line.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Where: from 0 to 1.
    pub place: f64,
    /// The text.
    pub text: String,
}

impl Timeline {
    /// The days that are worth to be written on the line: its ends, where it is cut, where the known history begins, and
    /// the first and the last day on which the inactive period can have begun. In the order of the line, each day once.
    pub fn days(&self) -> Vec<Label> {
        let bars = self.bars.iter().filter(|bar| matches!(bar.kind, BarKind::Covered | BarKind::Asserted));
        let starts = self.bars.iter().filter(|bar| bar.kind == BarKind::Start);
        let mut days: Vec<Instant> = [self.scale.from, self.scale.to]
            .into_iter()
            .chain(bars.map(|bar| bar.from))
            .chain(starts.flat_map(|bar| [bar.from, bar.to]))
            .collect();
        days.sort_unstable();
        let mut labels: Vec<Label> = Vec::with_capacity(days.len());
        for at in days {
            let text = date(at);
            if labels.last().is_none_or(|last| last.text != text) {
                labels.push(Label { place: self.scale.place(at), text });
            }
        }
        labels
    }
}

/// Where labels stand so that none covers another: for each its row, from 0, and its left edge. `widths` and the answer are
/// in the unit of `room`, the length of the line: columns of a terminal, or the units of an SVG. A label stands below its
/// place, as far as the line's ends allow, in the first row that has room for it with `gap` to its neighbours.
///
/// `labels` are in the order of the line.
pub fn arrange(labels: &[(f64, f64)], room: f64, gap: f64) -> Vec<(usize, f64)> {
    let mut ends: Vec<f64> = Vec::new();
    let mut arranged = Vec::with_capacity(labels.len());
    for &(place, width) in labels {
        let left = (place * room - width / 2.0).min(room - width).max(0.0);
        let row = ends.iter().position(|end| *end + gap <= left).unwrap_or(ends.len());
        match ends.get_mut(row) {
            Some(end) => *end = left + width,
            None => ends.push(left + width),
        }
        arranged.push((row, left));
    }
    arranged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_unix(second)
    }

    #[test]
    fn a_long_quiet_beginning_is_cut_and_places_never_run_backwards() {
        let whole = Scale::new(at(0), at(100), at(20));
        assert!(whole.cut().is_none() && (whole.place(at(25)) - 0.25).abs() < 1e-9);
        let cut = Scale::new(at(0), at(1000), at(900));
        assert_eq!(cut.cut(), Some(at(895)));
        let places: Vec<f64> = (-1..=1001).map(|second| cut.place(at(second))).collect();
        let close = |place: f64, expected: f64| (place - expected).abs() < 1e-9;
        assert!(places.is_sorted() && close(places[0], 0.0) && close(places[1002], 1.0), "{places:?}");
        assert!(close(cut.place(at(895)), PRESSED));
        let point = Scale::new(at(5), at(5), at(5));
        assert!(close(point.place(at(5)), 1.0));
    }

    #[test]
    fn arranged_labels_stay_on_the_line_and_apart() {
        let labels = [(0.0, 10.0), (0.05, 10.0), (0.5, 10.0), (0.52, 10.0), (0.53, 10.0), (1.0, 10.0)];
        let arranged = arrange(&labels, 60.0, 1.0);
        assert_eq!(arranged.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 1, 0, 1, 2, 0]);
        for (at, (row, left)) in arranged.iter().enumerate() {
            assert!(*left >= 0.0 && left + 10.0 <= 60.0);
            let same_row = arranged[..at].iter().filter(|(other, _)| other == row);
            assert!(same_row.into_iter().all(|(_, other)| other + 10.0 < *left));
        }
    }
}
