//! Refuses answers of the Query protocol (IAM, STS) that are not whole. The SDK's XML reader takes the end of the text for
//! the end of every open element, does not compare the names of tags, passes over elements that it does not know, and reads a
//! missing list as empty: an answer that was damaged on its way, or is another call's, would be a shorter list, and keys would
//! be missing from a scan that calls itself complete.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError};
use quick_xml::events::Event;

/// Looks at the text of every successful answer, after the SDK has read it.
#[derive(Debug)]
pub(crate) struct WholeAnswers;

/// Why an answer is not whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotWhole {
    #[error("it is empty")]
    Empty,
    #[error("it is cut off")]
    CutOff,
    #[error("its tags do not match")]
    Garbled,
    #[error("it is the answer of another call")]
    OfAnotherCall,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} holds something else than members")]
    Strange(&'static str),
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

/// Lists whose items are all called `member`.
const LISTS: [&str; 4] = ["Users", "AccessKeyMetadata", "Tags", "UserDetailList"];

fn check(operation: &str, body: &[u8]) -> Result<(), NotWhole> {
    let mut reader = Reader::from_reader(body);
    let mut seen: Vec<&'static str> = Vec::new();
    // For each element that is open, the list that it is.
    let mut open: Vec<Option<&'static str>> = Vec::new();
    let mut begun = false;
    loop {
        let event = reader.read_event().map_err(|error| match error {
            XmlError::IllFormed(
                IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
            ) => NotWhole::Garbled,
            _ => NotWhole::CutOff,
        })?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().into_inner();
                match open.last() {
                    None if begun => return Err(NotWhole::Garbled),
                    None if name.strip_suffix("Response") != Some(operation) => {
                        return Err(NotWhole::OfAnotherCall);
                    }
                    Some(Some(list)) if name != "member" => return Err(NotWhole::Strange(list)),
                    _ => begun = true,
                }
                let list = LISTS.into_iter().find(|list| *list == name);
                seen.extend(list);
                if matches!(event, Event::Start(_)) {
                    open.push(list);
                }
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) if !text.trim_ascii().is_empty() => match open.last() {
                None if begun => return Err(NotWhole::Garbled),
                None => return Err(NotWhole::OfAnotherCall),
                Some(Some(list)) => return Err(NotWhole::Strange(list)),
                Some(None) => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    if !begun {
        return Err(NotWhole::Empty);
    }
    if !open.is_empty() {
        return Err(NotWhole::CutOff);
    }
    match always_there(operation).iter().find(|name| !seen.contains(name)) {
        Some(missing) => Err(NotWhole::Missing(missing)),
        None => Ok(()),
    }
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
        assert_eq!(check("ListUserTags", format!("<?xml version=\"1.0\"?>\n{EMPTY}").as_bytes()), Ok(()));
        assert_eq!(check("ListUserTags", b""), Err(NotWhole::Empty));
        for length in 1..EMPTY.len() {
            assert_eq!(check("ListUserTags", &EMPTY.as_bytes()[..length]), Err(NotWhole::CutOff), "{length}");
        }
    }

    #[test]
    fn what_is_lost_in_the_middle_is_noticed() {
        let item = "<Tags><member><Key>a</Key><Value>b</Value></member></Tags>";
        let whole = EMPTY.replace("<Tags/>", item);
        assert_eq!(check("ListUserTags", whole.as_bytes()), Ok(()));
        let check = |body: &str| check("ListUserTags", body.as_bytes());
        for lost in ["<Tags>", "</Value></member>", "a</Key>"] {
            assert_eq!(check(&whole.replacen(lost, "", 1)), Err(NotWhole::Garbled), "{lost}");
        }
        for (whole_part, strange) in [("member>", "item>"), ("<Tags>", "<Tags>x"), ("<member>", "")] {
            let strange = whole.replace(whole_part, strange);
            assert_eq!(check(&strange), Err(NotWhole::Strange("Tags")), "{strange}");
        }
        assert_eq!(check(&format!("{whole}{whole}")), Err(NotWhole::Garbled));
    }

    #[test]
    fn answers_of_other_calls_are_told() {
        for body in [EMPTY.replace("ListUserTags", "ListUsers"), "{}".to_owned(), "<html></html>".to_owned()]
        {
            assert_eq!(check("ListUserTags", body.as_bytes()), Err(NotWhole::OfAnotherCall), "{body}");
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
