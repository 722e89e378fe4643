//! The evidence of one key as an owned value that is written and read as one line of text, so that a failing case can be
//! kept and replayed; and the definition, second by second, of what the two hypotheses assume.

use std::fmt;
use std::str::FromStr;

use keysweep_core::coverage::Coverage;
use keysweep_core::infer::{Change, KeyHistory, Look};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::{Instant, Span};

/// All that [`KeyHistory`] borrows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) created: Instant,
    pub(crate) changes: Vec<Change>,
    pub(crate) looks: Vec<Look>,
    pub(crate) seen: Look,
    pub(crate) coverage: Coverage,
    pub(crate) asserted: Coverage,
    pub(crate) settled_until: Option<Instant>,
    pub(crate) now: Instant,
}

pub(crate) const fn at(second: i64) -> Instant {
    Instant::from_unix(second)
}

impl Evidence {
    pub(crate) fn history(&self) -> KeyHistory<'_> {
        KeyHistory {
            created: self.created,
            changes: &self.changes,
            looks: &self.looks,
            seen: self.seen,
            coverage: &self.coverage,
            asserted: &self.asserted,
            settled_until: self.settled_until,
            now: self.now,
        }
    }

    /// Every look, that of the assessment too.
    pub(crate) fn all_looks(&self) -> impl Iterator<Item = Look> {
        self.looks.iter().copied().chain([self.seen])
    }

    /// Whether the first hypothesis makes every change of this second a recorded one: the history was read, and the
    /// second lies after its settled part.
    pub(crate) fn assumed_delivered(&self, second: Instant) -> bool {
        self.settled_until.is_some_and(|until| until <= second && second <= self.now)
    }

    /// Whether the second hypothesis makes every change of this second a recorded one: it lies after one sign of an
    /// Inactive key and not after another, and no sign of an Active key touches the time from the start of the one to the
    /// end of the other. Where one second has recorded changes of both kinds, they are a sign of an Active key.
    pub(crate) fn assumed_quiet(&self, second: Instant) -> bool {
        let active_at = |at: Instant| {
            self.changes.iter().any(|other| other.at == at && other.status == KeyStatus::Active)
        };
        let changes = self.changes.iter().filter(|change| change.at <= self.seen.to);
        let (mut inactive, mut active) = (Vec::new(), Vec::new());
        for change in changes {
            let signs = if active_at(change.at) { &mut active } else { &mut inactive };
            signs.push((change.at, change.at));
        }
        for look in self.all_looks() {
            let signs = if look.status == KeyStatus::Active { &mut active } else { &mut inactive };
            signs.push((look.from, look.to));
        }
        let quiet = |before: &(Instant, Instant), after: &(Instant, Instant)| {
            !active.iter().any(|(from, to)| before.0 <= *to && *from <= after.1)
        };
        inactive
            .iter()
            .filter(|before| before.1 < second)
            .any(|before| inactive.iter().filter(|after| second <= after.1).any(|after| quiet(before, after)))
    }

    /// Whether somebody asserted that every change of this second is a recorded one.
    pub(crate) fn asserted(&self, second: Instant) -> bool {
        self.asserted.span_at(second).is_some()
    }

    /// Whether anything shows or may show the key Active after the end of the second `end`.
    pub(crate) fn active_after(&self, end: Instant) -> bool {
        self.changes.iter().any(|change| change.at > end && change.status == KeyStatus::Active)
            || self.all_looks().any(|look| look.to > end && look.status == KeyStatus::Active)
    }
}

const fn letter(status: KeyStatus) -> char {
    match status {
        KeyStatus::Active => 'A',
        KeyStatus::Inactive => 'I',
    }
}

/// `created 0 changes I3,A5 looks A1-2 seen I6-7 covered 1..4,5..8 asserted - settled 8 now 9`; nothing is written `-`.
impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let look = |look: &Look| format!("{}{}-{}", letter(look.status), look.from.unix(), look.to.unix());
        let list = |items: Vec<String>| if items.is_empty() { "-".to_owned() } else { items.join(",") };
        let changes =
            self.changes.iter().map(|change| format!("{}{}", letter(change.status), change.at.unix()));
        let spans = |coverage: &Coverage| {
            let spans = coverage.spans().iter();
            list(spans.map(|span| format!("{}..{}", span.from().unix(), span.to().unix())).collect())
        };
        write!(
            f,
            "created {} changes {} looks {} seen {} covered {} asserted {} settled {} now {}",
            self.created.unix(),
            list(changes.collect()),
            list(self.looks.iter().map(look).collect()),
            look(&self.seen),
            spans(&self.coverage),
            spans(&self.asserted),
            self.settled_until.map_or("-".to_owned(), |until| until.unix().to_string()),
            self.now.unix(),
        )
    }
}

impl FromStr for Evidence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let value = |name: &str| {
            let found = words.chunks(2).find(|pair| pair[0] == name).and_then(|pair| pair.get(1));
            found.copied().ok_or_else(|| format!("no {name:?} in {text:?}"))
        };
        let list = |name| value(name).map(|list| list.split(',').filter(|item| *item != "-"));
        let second = |text: &str| text.parse().map(at).map_err(|_| format!("{text:?} is not a second"));
        let marked = |text: &str| match text.split_at_checked(1) {
            Some(("A", rest)) => Ok((KeyStatus::Active, rest.to_owned())),
            Some(("I", rest)) => Ok((KeyStatus::Inactive, rest.to_owned())),
            _ => Err(format!("{text:?} begins with neither A nor I")),
        };
        let pair = |text: &str, between: &str| {
            let (from, to) = text.split_once(between).ok_or_else(|| format!("no {between:?} in {text:?}"))?;
            Ok::<_, String>((second(from)?, second(to)?))
        };
        let change = |text| {
            let (status, rest) = marked(text)?;
            Ok::<_, String>(Change { at: second(&rest)?, status })
        };
        let look = |text| {
            let (status, rest) = marked(text)?;
            let (from, to) = pair(&rest, "-")?;
            Ok::<_, String>(Look { from, to, status })
        };
        let span = |text| {
            let (from, to) = pair(text, "..")?;
            Span::new(from, to).ok_or_else(|| format!("{text:?} is empty"))
        };
        Ok(Self {
            created: second(value("created")?)?,
            changes: list("changes")?.map(change).collect::<Result<_, _>>()?,
            looks: list("looks")?.map(look).collect::<Result<_, _>>()?,
            seen: look(value("seen")?)?,
            coverage: Coverage::from_spans(list("covered")?.map(span).collect::<Result<Vec<_>, _>>()?),
            asserted: Coverage::from_spans(list("asserted")?.map(span).collect::<Result<Vec<_>, _>>()?),
            settled_until: list("settled")?.next().map(second).transpose()?,
            now: second(value("now")?)?,
        })
    }
}
