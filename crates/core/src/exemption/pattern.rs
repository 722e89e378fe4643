//! Patterns over ARNs of IAM users. `*` stands for any characters, `?` for one; everything else for itself, in its case.

use std::fmt;
use std::str::FromStr;

/// A pattern that ARNs of users match as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserPattern(String);

/// Why a text is not such a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a pattern for users: {reason}")]
pub struct NotAPattern {
    text: String,
    reason: &'static str,
}

impl FromStr for UserPattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let refuse = |reason| Err(NotAPattern { text: text.to_owned(), reason });
        if !text.starts_with("arn:") || !text.contains(":user/") {
            return refuse("it is an ARN, such as arn:aws:iam::111122223333:user/service/*");
        }
        if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return refuse("it holds white space, which no ARN has");
        }
        // A reader of `[ab]` or `{a,b}` would expect a choice, and get a pattern that protects nothing.
        if text.contains(['[', ']', '{', '}', '\\']) {
            return refuse("only * and ? are wildcards; write ? for a character such as [");
        }
        Ok(Self(text.to_owned()))
    }
}

impl UserPattern {
    /// Whether the whole of `arn` fits.
    pub fn matches(&self, arn: &str) -> bool {
        matches(&self.0, arn)
    }
}

impl fmt::Display for UserPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the whole of `text` fits `pattern`. Linear but for the product of lengths in the worst case: after a mismatch
/// only the last `*` takes one character more.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                at += 1;
                retry = Some((at, seen));
            }
            Some(wanted) if *wanted == '?' || *wanted == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match retry {
                Some((after_star, taken)) => {
                    (at, seen) = (after_star, taken + 1);
                    retry = Some((at, seen));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, by trying every split.
    fn slowly(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|taken| slowly(rest, &text[taken..])),
            (Some(('?', rest)), Some((_, more))) => slowly(rest, more),
            (Some((wanted, rest)), Some((found, more))) => wanted == found && slowly(rest, more),
            _ => false,
        }
    }

    #[test]
    fn every_short_pattern_matches_as_its_definition_says() {
        let words = |letters: &[char], longest: u32| -> Vec<Vec<char>> {
            (0..=longest)
                .flat_map(|length| {
                    let count = letters.len().pow(length);
                    (0..count).map(move |mut number| {
                        (0..length)
                            .map(|_| {
                                let letter = letters[number % letters.len()];
                                number /= letters.len();
                                letter
                            })
                            .collect()
                    })
                })
                .collect()
        };
        let texts = words(&['a', 'b'], 5);
        for pattern in words(&['a', 'b', '*', '?'], 4) {
            for text in &texts {
                let (p, t): (String, String) = (pattern.iter().collect(), text.iter().collect());
                assert_eq!(matches(&p, &t), slowly(&pattern, text), "{p:?} {t:?}");
            }
        }
    }

    #[test]
    fn only_patterns_over_users_are_taken() {
        for text in [
            "",
            "*",
            "billing",
            "arn:aws:iam::111122223333:role/x",
            "arn:aws:iam::1:user/a b",
            "arn:aws:iam::*:user/[ab]",
        ] {
            assert!(text.parse::<UserPattern>().is_err(), "{text:?}");
        }
        let pattern: UserPattern = "arn:*:iam::*:user/*break-glass*".parse().unwrap();
        assert!(pattern.matches("arn:aws-cn:iam::111122223333:user/ops/break-glass-1"));
        assert!(!pattern.matches("arn:aws:iam::111122223333:user/breakglass"));
    }
}
