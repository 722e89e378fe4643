//! Masks access key ids in any text. It masks the ids that the assessment names, and whatever looks like one: AWS's
//! messages, names and tags may hold ids that keysweep knows nothing of.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use keysweep_core::assessment::Assessment;
use keysweep_core::evidence::Evidence;
use keysweep_core::finding::Finding;
use keysweep_core::key::AccessKeyId;

/// Masks texts, or leaves them as they are.
#[derive(Debug)]
pub struct Mask<'a> {
    known: Option<Known<'a>>,
}

#[derive(Debug)]
struct Known<'a> {
    ids: HashSet<&'a [u8]>,
    lengths: BTreeSet<usize>,
}

/// The characters at either end that stay readable, as in [`AccessKeyId::masked`].
const SHOWN: usize = 4;

/// The prefixes of long-term and of temporary access keys.
const PREFIXES: [&[u8]; 2] = [b"AKIA", b"ASIA"];

/// The shortest id: a prefix, and twelve capital letters or digits. [`AccessKeyId`] allows no shorter one either.
const SHORTEST: usize = 16;

impl<'a> Mask<'a> {
    /// Masks nothing.
    pub const fn off() -> Self {
        Self { known: None }
    }

    /// Masks every id that `assessment` names, and everything that looks like one.
    pub fn on(assessment: &'a Assessment) -> Self {
        Self::over([assessment])
    }

    /// Masks every id that one of `assessments` names, and everything that looks like one.
    pub fn over(assessments: impl IntoIterator<Item = &'a Assessment>) -> Self {
        let ids = assessments.into_iter().flat_map(known_ids);
        let ids: HashSet<&[u8]> = ids.map(|id| id.as_str().as_bytes()).collect();
        let lengths = ids.iter().map(|id| id.len()).collect();
        Self { known: Some(Known { ids, lengths }) }
    }

    /// Masks everything that looks like an id, where no assessment tells which ids there are.
    pub fn of_whatever_looks_like_one() -> Self {
        Self { known: Some(Known { ids: HashSet::new(), lengths: BTreeSet::new() }) }
    }

    /// [`Mask::on`] or [`Mask::off`].
    pub fn new(assessment: &'a Assessment, on: bool) -> Self {
        if on { Self::on(assessment) } else { Self::off() }
    }

    /// What `options` ask for, for a report on `assessment`.
    pub fn asked(assessment: &'a Assessment, options: &'a crate::Options) -> Self {
        let earlier = options.compared.as_ref().map(|compared| &compared.earlier);
        if options.mask { Self::over(std::iter::once(assessment).chain(earlier)) } else { Self::off() }
    }

    /// Whether it masks.
    pub const fn is_on(&self) -> bool {
        self.known.is_some()
    }

    /// The id as it may be shown.
    pub fn key<'t>(&self, id: &'t AccessKeyId) -> Cow<'t, str> {
        if self.is_on() { id.masked().into() } else { id.as_str().into() }
    }

    /// The text as it may be shown.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.known {
            Some(known) => known.mask(text),
            None => text.into(),
        }
    }

    /// An owned text as it may be shown.
    pub fn owned<'t>(&self, text: String) -> Cow<'t, str> {
        match self.text(&text) {
            Cow::Owned(masked) => masked.into(),
            Cow::Borrowed(_) => text.into(),
        }
    }
}

impl Known<'_> {
    /// Ids consist of ASCII letters, digits and underscores, so they lie inside maximal runs of those.
    fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let bytes = text.as_bytes();
        let mut stars: Vec<(usize, usize)> = Vec::new();
        for (start, run) in runs(bytes, |byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            // Most words of a report are shorter than the shortest id that there is.
            if run.len() < SHORTEST {
                continue;
            }
            for &length in self.lengths.range(..=run.len()) {
                for (at, window) in run.windows(length).enumerate() {
                    if self.ids.contains(window) {
                        stars.push((start + at, length));
                    }
                }
            }
            for (at, capitals) in runs(run, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
                let prefix = capitals.windows(SHOWN).position(|four| PREFIXES.contains(&four));
                if let Some(skip) = prefix
                    && capitals.len() - skip >= SHORTEST
                {
                    stars.push((start + at + skip, capitals.len() - skip));
                }
            }
        }
        if stars.is_empty() {
            return text.into();
        }
        // Two ids may overlap: each loses its own middle, so neither can be read whatever the other one shows.
        let starred = |at: usize| {
            stars.iter().any(|&(start, length)| start + SHOWN <= at && at + SHOWN < start + length)
        };
        text.char_indices().map(|(at, char)| if starred(at) { '*' } else { char }).collect::<String>().into()
    }
}

/// The maximal runs of bytes that `inside` holds for, each with its start.
fn runs(bytes: &[u8], inside: impl Fn(u8) -> bool) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes.get(at..)?.iter().position(|&byte| inside(byte))?;
        let length = bytes[start..].iter().position(|&byte| !inside(byte)).unwrap_or(bytes.len() - start);
        at = start + length;
        Some((start, &bytes[start..at]))
    })
}

/// Every id that an assessment names.
fn known_ids(assessment: &Assessment) -> impl Iterator<Item = &AccessKeyId> {
    let of_findings = assessment.findings().flat_map(|finding: &Finding| {
        let changed = finding.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Changed(change) => Some(&change.key),
            Evidence::Created(_) | Evidence::Observed(_) => None,
        });
        finding.key.iter().chain(changed)
    });
    of_findings.chain(assessment.problems().filter_map(|problem| problem.gap.key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask<'a>(ids: &[&'a str]) -> Mask<'a> {
        let ids: HashSet<&[u8]> = ids.iter().map(|id| id.as_bytes()).collect();
        let lengths = ids.iter().map(|id| id.len()).collect();
        Mask { known: Some(Known { ids, lengths }) }
    }

    #[test]
    fn what_looks_like_an_id_is_masked_wherever_it_stands() {
        for (text, shown) in [
            ("AKIAIOSFODNN7EXAMPLE", "AKIA************MPLE"),
            ("key ASIAIOSFODNN7EXAMPLE, denied", "key ASIA************MPLE, denied"),
            ("xAKIAIOSFODNN7EXAMPLE_old", "xAKIA************MPLE_old"),
            ("AKIAAKIAAKIAAKIAAKIA", "AKIA************AKIA"),
            ("ZAKIAIOSFODNN7EXAMPLE", "ZAKIA************MPLE"),
            ("AKIATOOSHORT", "AKIATOOSHORT"),
            ("é AKIAIOSFODNN7EXAMPLE é", "é AKIA************MPLE é"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(mask(&[]).text(text), shown);
        }
    }

    #[test]
    fn known_ids_are_masked_though_they_look_like_none() {
        let mask = mask(&["old_style_key_id_1", "key_id_1_and_more_of_it"]);
        assert_eq!(mask.text("(old_style_key_id_1)"), "(old_**********id_1)");
        assert_eq!(mask.text("xold_style_key_id_1x"), "xold_**********id_1x");
        // The two overlap in `key_id_1`: both lose their middle.
        let both = mask.text("old_style_key_id_1_and_more_of_it");
        assert_eq!(both, format!("old_{}f_it", "*".repeat(25)));
    }
}
