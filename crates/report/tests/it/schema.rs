//! Every JSON document is valid against its published schema, and the schemas are strict.

use keysweep_core::call::CallErrorKind;
use keysweep_core::cause::Cause;
use keysweep_core::problem::Gap;
use keysweep_report::{Format, Options, render};
use serde_json::Value;

use crate::samples;
pub(crate) use crate::validator::{errors, holds, published};

const SCHEMA: &str = include_str!("../../../../docs/schema/assessment-v1.schema.json");

pub(crate) fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[test]
fn every_document_is_valid() {
    let schema = schema();
    for (name, assessment) in samples::all() {
        for mask in [false, true] {
            let json = render(&assessment, Format::Json, &Options { mask, ..Options::default() }).unwrap();
            let document = serde_json::from_str(&json).unwrap();
            assert_eq!(errors(&schema, &schema, &document, ""), Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn the_validator_refuses_what_is_wrong() {
    let schema = schema();
    let json = render(&samples::every_verdict(), Format::Json, &Options::default()).unwrap();
    let document: Value = serde_json::from_str(&json).unwrap();
    let wrong = |place: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(place).unwrap() = value;
        assert!(!errors(&schema, &schema, &document, "").is_empty(), "{place}");
    };
    wrong("/schema", "keysweep.assessment/v2".into());
    wrong("/started_at", "yesterday".into());
    wrong("/accounts/0/account_id", "42".into());
    wrong("/accounts/0/status", "fine".into());
    wrong("/accounts/0/users", (-1).into());
    wrong("/accounts/0/findings/0/verdict", Value::Null);
    wrong("/accounts/0/findings/0/tags", serde_json::json!({ "a": 1 }));
    wrong("/accounts/0/findings/0/last_used", serde_json::json!({}));
    let mut more = document.clone();
    more["accounts"][0]["findings"][0]["risk"] = "high".into();
    assert_eq!(errors(&schema, &schema, &more, ""), ["/accounts/0/findings/0/risk is not in the schema"]);
}

#[test]
fn every_object_of_the_schema_is_closed_and_complete() {
    fn visit(schema: &Value, seen: &mut usize) {
        if let Some(properties) = schema.get("properties") {
            *seen += 1;
            assert_eq!(schema["additionalProperties"], Value::Bool(false), "{schema}");
            let mut required: Vec<_> =
                schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            let mut names: Vec<_> = properties.as_object().unwrap().keys().map(String::as_str).collect();
            required.sort_unstable();
            names.sort_unstable();
            assert_eq!(required, names);
        }
        match schema {
            Value::Object(members) => members.values().for_each(|inner| visit(inner, seen)),
            Value::Array(items) => items.iter().for_each(|inner| visit(inner, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    visit(&schema(), &mut seen);
    assert_eq!(seen, 26);
    let directory = format!("{}/../../docs/schema", env!("CARGO_MANIFEST_DIR"));
    let files =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> =
        files.map(|file| file.strip_suffix("-v1.schema.json").unwrap().to_owned()).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in &names {
        let (schema, mut seen) = (published(name), 0);
        visit(&schema, &mut seen);
        assert!(seen > 1, "{name}");
        assert_eq!(schema["$id"], format!("urn:keysweep:schema:{name}:v1"));
    }
}

#[test]
fn every_line_and_the_rules_are_valid() {
    for (_, assessment) in samples::all() {
        let text = render(&assessment, Format::Ndjson, &Options::default()).unwrap();
        text.lines().for_each(|line| holds("ndjson", line));
    }
    holds("rules", &keysweep_report::rules::json::document(&keysweep_core::rule::RULES));
}

/// The names in the schema's list, sorted.
fn listed(place: &str) -> Vec<String> {
    let schema = schema();
    let values = schema.pointer(place).unwrap().as_array().unwrap();
    let mut names: Vec<String> =
        values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    names.sort_unstable();
    names
}

#[test]
fn every_gap_and_every_kind_of_error_is_in_the_schema() {
    let user = || "alice".parse().unwrap();
    let key = || samples::key_id(1).parse().unwrap();
    let gaps = [
        Gap::AccountNotEntered,
        Gap::UsersNotListed,
        Gap::ReportUnavailable,
        Gap::ReportDistrusted { user: user() },
        Gap::RootKeysNotAssessed,
        Gap::KeysNotListed { user: user() },
        Gap::UserVanished { user: user() },
        Gap::UnknownStatus { user: user(), key: key(), status: "Expired".to_owned() },
        Gap::HistoryNotRead,
        Gap::EventNotUnderstood { event: None },
        Gap::LastUseNotRead { user: user(), key: key() },
        Gap::UserTagsNotRead,
        Gap::AccountsNotListed,
        Gap::OrganizationalUnitsNotRead,
        Gap::AccountTagsNotRead,
        Gap::NothingSelected,
        Gap::ExpectedAccountNotComplete,
        Gap::Interrupted,
    ];
    // A gap that is new in the core does not compile here until it is in the list above, and so in the schema.
    for gap in &gaps {
        match gap {
            Gap::AccountNotEntered
            | Gap::UsersNotListed
            | Gap::ReportUnavailable
            | Gap::ReportDistrusted { .. }
            | Gap::RootKeysNotAssessed
            | Gap::KeysNotListed { .. }
            | Gap::UserVanished { .. }
            | Gap::UnknownStatus { .. }
            | Gap::HistoryNotRead
            | Gap::EventNotUnderstood { .. }
            | Gap::LastUseNotRead { .. }
            | Gap::UserTagsNotRead
            | Gap::AccountsNotListed
            | Gap::OrganizationalUnitsNotRead
            | Gap::AccountTagsNotRead
            | Gap::NothingSelected
            | Gap::ExpectedAccountNotComplete
            | Gap::Interrupted => {}
        }
    }
    let mut names: Vec<_> = gaps.iter().map(Gap::name).collect();
    names.sort_unstable();
    assert_eq!(listed("/$defs/problem/properties/gap/enum"), names);

    let mut names: Vec<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
    names.sort_unstable();
    assert_eq!(listed("/$defs/cause/enum"), names);

    let kinds = [
        CallErrorKind::Throttled,
        CallErrorKind::Denied,
        CallErrorKind::NotFound,
        CallErrorKind::ReportInProgress,
        CallErrorKind::ReportAbsent,
        CallErrorKind::CredentialsExpired,
        CallErrorKind::CredentialsInvalid,
        CallErrorKind::Unavailable,
        CallErrorKind::Malformed,
        CallErrorKind::Rejected,
    ];
    let mut names: Vec<_> = kinds.into_iter().map(CallErrorKind::name).collect();
    names.sort_unstable();
    assert_eq!(listed("/$defs/problem/properties/error_kind/enum"), names);
}
