//! Covered time: the spans in which every status change would have been seen.

use crate::time::{Instant, SignedDuration, Span};

/// A set of seconds as sorted spans that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    spans: Vec<Span>,
}

impl Coverage {
    /// No second is covered.
    pub const fn none() -> Self {
        Self { spans: Vec::new() }
    }

    /// The seconds of all `spans`, joined where they overlap or touch.
    pub fn from_spans(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut sorted: Vec<Span> = spans.into_iter().collect();
        sorted.sort_unstable();
        let mut joined: Vec<Span> = Vec::with_capacity(sorted.len());
        for span in sorted {
            match joined.last_mut() {
                Some(last) if span.from() <= last.to() => {
                    if let Some(longer) = Span::new(last.from(), last.to().max(span.to())) {
                        *last = longer;
                    }
                }
                _ => joined.push(span),
            }
        }
        Self { spans: joined }
    }

    /// This coverage and the seconds of `span`.
    #[must_use]
    pub fn with(&self, span: Span) -> Self {
        Self::from_spans(self.spans.iter().copied().chain([span]))
    }

    /// This coverage and the seconds of all `spans`.
    #[must_use]
    pub fn joined(&self, spans: &[Span]) -> Self {
        Self::from_spans(self.spans.iter().chain(spans).copied())
    }

    /// This coverage less the seconds of `hole`.
    #[must_use]
    pub fn without(&self, hole: Span) -> Self {
        let left = |span: &Span| Span::new(span.from(), span.to().min(hole.from()));
        let right = |span: &Span| Span::new(span.from().max(hole.to()), span.to());
        Self { spans: self.spans.iter().flat_map(|span| [left(span), right(span)]).flatten().collect() }
    }

    /// The spans, earliest first.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The span that holds `instant`.
    pub fn span_at(&self, instant: Instant) -> Option<Span> {
        let after = self.spans.partition_point(|span| span.from() <= instant);
        let span = *self.spans.get(after.checked_sub(1)?)?;
        span.contains(instant).then_some(span)
    }

    /// Whether no second is covered.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many seconds are covered in all.
    pub fn length(&self) -> SignedDuration {
        self.spans.iter().map(|span| span.length()).fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, to: i64) -> Span {
        Span::new(Instant::from_unix(from), Instant::from_unix(to)).unwrap()
    }

    #[test]
    fn spans_that_overlap_or_touch_are_joined() {
        let coverage = Coverage::from_spans([span(8, 9), span(1, 3), span(3, 5), span(2, 4)]);
        assert_eq!(coverage.spans(), [span(1, 5), span(8, 9)]);
        assert_eq!(coverage.with(span(5, 8)).spans(), [span(1, 9)]);
    }

    #[test]
    fn a_hole_splits_a_span() {
        let coverage = Coverage::from_spans([span(1, 5), span(8, 9)]);
        assert_eq!(coverage.without(span(2, 3)).spans(), [span(1, 2), span(3, 5), span(8, 9)]);
        assert_eq!(coverage.without(span(0, 2)).spans(), [span(2, 5), span(8, 9)]);
        assert_eq!(coverage.without(span(4, 9)).spans(), [span(1, 4)]);
        assert_eq!(coverage.without(span(5, 8)), coverage);
    }

    #[test]
    fn a_span_is_found_by_any_second_inside_it() {
        let coverage = Coverage::from_spans([span(1, 5), span(8, 9)]);
        let found = |second| coverage.span_at(Instant::from_unix(second));
        assert_eq!(found(0), None);
        assert_eq!(found(1), Some(span(1, 5)));
        assert_eq!(found(4), Some(span(1, 5)));
        assert_eq!(found(5), None);
        assert_eq!(found(8), Some(span(8, 9)));
        assert_eq!(found(9), None);
    }
}
