//! Refuses answers of the Query protocol (IAM, STS) that are not whole. The SDK's XML reader takes the end of the text for
//! the end of every open element, and reads a missing list as empty: an answer cut off on its way would be a shorter list,
//! and keys would be missing from a scan that calls itself complete.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Looks at the text of every successful answer, after the SDK has read it.
#[derive(Debug)]
pub(crate) struct WholeAnswers;

/// Why an answer is not whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotWhole {
    #[error("it is cut off")]
    CutOff,
    #[error("{0} is missing")]
    Missing(&'static str),
}

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "whole answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if !response.status().is_success() || context.output_or_error().is_err() {
            return Ok(());
        }
        let operation = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        let body = response.body().bytes().unwrap_or_default();
        Ok(check(operation, body)?)
    }
}

/// The elements that an answer has even where it lists nothing. `IsTruncated` is not among them: AWS's service model
/// leaves it optional, moto leaves it out, and a `Marker` without it is refused where pages are read.
fn always_there(operation: &str) -> &'static [&'static str] {
    match operation {
        "ListUsers" => &["Users"],
        "ListAccessKeys" => &["AccessKeyMetadata"],
        "ListUserTags" => &["Tags"],
        "GetAccountAuthorizationDetails" => &["UserDetailList"],
        _ => &[],
    }
}

fn check(operation: &str, body: &[u8]) -> Result<(), NotWhole> {
    let whole = body
        .trim_ascii_end()
        .strip_suffix(b"Response>")
        .and_then(|body| body.strip_suffix(operation.as_bytes()))
        .is_some_and(|body| body.ends_with(b"</"));
    if !whole {
        return Err(NotWhole::CutOff);
    }
    match always_there(operation).iter().find(|name| !has_element(body, name)) {
        Some(missing) => Err(NotWhole::Missing(missing)),
        None => Ok(()),
    }
}

/// Whether an element of this name begins somewhere in the text.
fn has_element(body: &[u8], name: &str) -> bool {
    body.split(|byte| *byte == b'<').any(|text| {
        text.strip_prefix(name.as_bytes())
            .and_then(|rest| rest.first())
            .is_some_and(|next| matches!(next, b'>' | b'/' | b' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "<ListUserTagsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUserTagsResult>\
                         <Tags/><IsTruncated>false</IsTruncated></ListUserTagsResult></ListUserTagsResponse>";

    #[test]
    fn only_the_whole_text_is_whole() {
        assert_eq!(check("ListUserTags", EMPTY.as_bytes()), Ok(()));
        assert_eq!(check("ListUserTags", format!("{EMPTY}\n").as_bytes()), Ok(()));
        for length in 0..EMPTY.len() {
            assert_eq!(check("ListUserTags", &EMPTY.as_bytes()[..length]), Err(NotWhole::CutOff), "{length}");
        }
    }

    #[test]
    fn missing_elements_are_named() {
        let check = |body: String| check("ListUserTags", body.as_bytes());
        assert_eq!(check(EMPTY.replace("<Tags/>", "")), Err(NotWhole::Missing("Tags")));
        assert_eq!(check(EMPTY.replace("<Tags/>", "<TagsOfOthers/>")), Err(NotWhole::Missing("Tags")));
        assert_eq!(check(EMPTY.replace("<IsTruncated>false</IsTruncated>", "")), Ok(()));
    }
}
