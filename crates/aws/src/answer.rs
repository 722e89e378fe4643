//! Reads the fields of an answer. The SDK fills required fields that are missing with empty texts and the year 1970; here
//! they are errors that name the field.

use std::fmt::Display;
use std::str::FromStr;

use aws_smithy_types::DateTime;
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::ports::Page;
use keysweep_core::time::Instant;

/// The successful answer of a call, while it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) call: Call,
    pub(crate) request_id: Option<&'a str>,
}

impl Answer<'_> {
    /// The answer cannot be used, for this reason.
    pub(crate) fn malformed(self, why: impl Display) -> CallError {
        CallError {
            call: self.call,
            kind: CallErrorKind::Malformed,
            code: None,
            message: format!("the answer cannot be read: {why}"),
            request_id: self.request_id.map(str::to_owned),
        }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(self, field: &str, value: Option<T>) -> CallResult<T> {
        value.ok_or_else(|| self.malformed(format_args!("{field} is missing")))
    }

    /// A text that must be there.
    pub(crate) fn text<'t>(self, field: &str, value: Option<&'t str>) -> CallResult<&'t str> {
        self.required(field, value.filter(|text| !text.is_empty()))
    }

    /// A text that must be there and mean something.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(self, field: &str, value: Option<&str>) -> CallResult<T> {
        self.text(field, value)?.parse().map_err(|why| self.malformed(format_args!("{field}: {why}")))
    }

    /// A date that must be there. Fractions of a second are cut off.
    pub(crate) fn instant(self, field: &str, value: Option<&DateTime>) -> CallResult<Instant> {
        Ok(Instant::from_unix(self.required(field, value)?.secs()))
    }

    /// A page of IAM: the next marker, if there is one, must be new, and must agree with `IsTruncated`.
    pub(crate) fn marked_page<T>(
        self,
        items: Vec<T>,
        is_truncated: bool,
        marker: Option<String>,
        asked: Option<&str>,
    ) -> CallResult<Page<T>> {
        let marker = marker.filter(|text| !text.is_empty());
        match (is_truncated, &marker) {
            (true, None) => Err(self.malformed("IsTruncated is true and Marker is missing")),
            (false, Some(_)) => Err(self.malformed("there is a Marker and IsTruncated is not true")),
            _ => self.page("Marker", items, marker, asked),
        }
    }

    /// A page of Organizations or CloudTrail: the next token, if there is one, must be new.
    pub(crate) fn page<T>(
        self,
        field: &str,
        items: Vec<T>,
        next: Option<String>,
        asked: Option<&str>,
    ) -> CallResult<Page<T>> {
        let next = next.filter(|text| !text.is_empty());
        if next.is_some() && next.as_deref() == asked {
            // Whoever follows it would ask for the same page for ever.
            return Err(self.malformed(format_args!("{field} is the one that was asked with")));
        }
        Ok(Page { items, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: Answer<'static> = Answer { call: Call::ListUsers, request_id: Some("r-1") };

    #[test]
    fn what_is_missing_is_named() {
        let error = ANSWER.text("Users.UserId", Some("")).unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Malformed);
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        assert_eq!(
            error.to_string(),
            "iam:ListUsers failed: the answer cannot be read: Users.UserId is missing"
        );
    }

    #[test]
    fn fractions_are_cut_downwards() {
        let just_before = DateTime::from_secs_and_nanos(-1, 999_999_999);
        assert_eq!(ANSWER.instant("CreateDate", Some(&just_before)), Ok(Instant::from_unix(-1)));
    }

    #[test]
    fn markers_agree_with_truncation() {
        let page = |truncated, marker: Option<&str>, asked| {
            ANSWER.marked_page(vec![()], truncated, marker.map(str::to_owned), asked)
        };
        assert_eq!(page(false, None, None).unwrap().next, None);
        assert_eq!(page(false, Some(""), None).unwrap().next, None);
        assert_eq!(page(true, Some("b"), Some("a")).unwrap().next.as_deref(), Some("b"));
        for (truncated, marker, asked) in
            [(true, None, None), (false, Some("b"), None), (true, Some("a"), Some("a"))]
        {
            assert_eq!(page(truncated, marker, asked).unwrap_err().kind, CallErrorKind::Malformed);
        }
    }
}
