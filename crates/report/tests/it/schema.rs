//! Every JSON document is valid against its published schema, and the schemas are strict. The validator here knows the few
//! keywords that the schema uses and refuses any other; a full one would cost more to compile than this crate.

use keysweep_core::call::CallErrorKind;
use keysweep_core::cause::Cause;
use keysweep_core::problem::Gap;
use keysweep_report::{Format, Options, render};
use serde_json::Value;

use crate::samples;

const SCHEMA: &str = include_str!("../../../../docs/schema/assessment-v1.schema.json");

pub(crate) fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// The published schema `keysweep.NAME/v1`.
fn published(name: &str) -> Value {
    let file = format!("{}/../../docs/schema/{name}-v1.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The document is valid against the published schema `keysweep.NAME/v1`.
pub(crate) fn holds(name: &str, document: &str) {
    let schema = published(name);
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(errors(&schema, &schema, &document, ""), Vec::<String>::new(), "{name}");
}

/// What is wrong with `value`, each with its place.
pub(crate) fn errors(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        let fine = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "required" => true,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix('#').unwrap();
                found.extend(errors(root, root.pointer(name).unwrap(), value, place));
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|one| errors(root, one, value, place).is_empty()),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is_of(value, name.as_str().unwrap())),
                name => is_of(value, name.as_str().unwrap()),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(errors(root, rule, item, &format!("{place}/{at}")));
                }
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    match value.get(name) {
                        Some(inner) => found.extend(errors(root, rule, inner, &format!("{place}/{name}"))),
                        None if value.is_object() => found.push(format!("{place}/{name} is missing")),
                        None => {}
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if schema.pointer(&format!("/properties/{name}")).is_none() {
                        match rule {
                            Value::Bool(false) => found.push(format!("{place}/{name} is not in the schema")),
                            rule => found.extend(errors(root, rule, inner, &format!("{place}/{name}"))),
                        }
                    }
                }
                true
            }
            other => {
                found.push(format!("the validator does not know the keyword {other}"));
                true
            }
        };
        if !fine {
            found.push(format!("{place}: {value} is against {keyword} {rule}"));
        }
    }
    found
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// The two patterns of the schema.
fn matches(pattern: &str, text: &str) -> bool {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    match pattern {
        "^[0-9]{12}$" => shape == "000000000000",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" => shape == "0000-00-00T00:00:00Z",
        _ => false,
    }
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
    for name in ["diagnosis", "diff", "explanation", "history", "ndjson", "rules"] {
        let (schema, mut seen) = (published(name), 0);
        visit(&schema, &mut seen);
        assert!(seen > 3, "{name}");
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
