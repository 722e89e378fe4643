//! Reads the parameters of the AWS Query protocol (`Name=value`, `List.member.1`, `List.member.1.Key`) and refuses
//! what a service's model does not allow, in AWS's words.

use std::borrow::Cow;

use crate::service::Tag;
use crate::{ApiError, ApiResult};

/// The parameters of one request.
pub(super) struct Parameters<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Parameters<'a> {
    /// Reads a form body or a query string.
    pub(super) fn read(form: &'a [u8]) -> Self {
        Self { pairs: form_urlencoded::parse(form).collect() }
    }

    /// The value of a parameter; `None` where it was not sent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// The value of a parameter that the operation needs.
    pub(super) fn required(&self, name: &str) -> ApiResult<&str> {
        self.get(name).ok_or_else(|| {
            let name = lower_first(name);
            invalid(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        })
    }

    /// A whole number. Its bounds are the operation's business.
    pub(super) fn number(&self, name: &str) -> ApiResult<Option<i64>> {
        let malformed = |text: &str| {
            ApiError::new(400, "MalformedInput", format!("{text:?} at '{name}' is not a whole number"))
        };
        self.get(name).map(|text| text.parse().map_err(|_| malformed(text))).transpose()
    }

    /// The texts of a list.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        self.members(name, "").collect()
    }

    /// A list of tags.
    pub(super) fn tags(&self, name: &str) -> ApiResult<Vec<Tag>> {
        let mut keys = self.members(name, ".Key");
        let mut values = self.members(name, ".Value");
        let mut tags = Vec::new();
        loop {
            match (keys.next(), values.next()) {
                (Some(key), Some(value)) => tags.push(Tag { key: key.to_owned(), value: value.to_owned() }),
                (None, None) => return Ok(tags),
                _ => return Err(invalid(format!("Each member of {name} needs a Key and a Value"))),
            }
        }
    }

    /// `NAME.member.1SUFFIX`, `NAME.member.2SUFFIX` and so on.
    fn members(&self, name: &str, suffix: &str) -> impl Iterator<Item = &str> {
        (1_u32..).map_while(move |index| self.get(&format!("{name}.member.{index}{suffix}")))
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::new(400, "ValidationError", message)
}

/// AWS's messages name a parameter with a small first letter.
fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_tags_are_read_in_order() {
        let form = b"Filter.member.1=User&Filter.member.2=Role&Tags.member.1.Key=a%26b&Tags.member.1.Value=\
            &Tags.member.2.Key=c+d&Tags.member.2.Value=%C3%A9";
        let parameters = Parameters::read(form);
        assert_eq!(parameters.list("Filter"), ["User", "Role"]);
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        assert_eq!(parameters.tags("Tags").unwrap(), [tag("a&b", ""), tag("c d", "é")]);
    }

    #[test]
    fn what_the_model_does_not_allow_is_refused() {
        let parameters = Parameters::read(b"Marker=x&Tags.member.1.Key=a");
        assert_eq!(parameters.number("Marker").unwrap_err().code, "MalformedInput");
        assert!(parameters.tags("Tags").is_err());
        assert!(parameters.required("UserName").unwrap_err().message.contains("'userName'"));
        assert_eq!(parameters.number("Absent").unwrap(), None);
    }
}
