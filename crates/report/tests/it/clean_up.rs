//! The JSON of a clean-up: plans, journals and receipts that hold everything there is are valid against their published schemas,
//! and what is not in the schemas is not in the documents.

use std::collections::BTreeSet;

use keysweep_core::account::Partition;
use keysweep_core::exemption::Unreadable;
use keysweep_core::journal::receipt::{Action, How};
use keysweep_core::journal::{Deletion, Sealed, Setting};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document::{self, NotAPlan};
use keysweep_core::plan::{KeptBecause, Plan};
use keysweep_report::journal as written;
use serde_json::Value;

use crate::clean_up_samples::{
    ACCOUNT, every, every_confidence, every_partition, every_reason_not_to_plan, every_receipt, everything,
    look, nothing, now, sealed,
};
use crate::samples::NOW;
use crate::validator::{errors, holds, published};

fn plan() -> Value {
    serde_json::from_str(&document::write(&everything(Partition::Aws))).unwrap()
}

#[test]
fn every_plan_is_valid() {
    let plans: Vec<Plan> = every_partition().into_iter().map(everything).chain([nothing()]).collect();
    for plan in plans {
        let text = document::write(&plan);
        assert_eq!(document::read(&text).unwrap().0, plan, "only plans that are read count");
        holds("plan", &text);
    }
}

fn journal() -> Value {
    let bytes = written::document(Some("plan-1"), document::digest(&nothing()), &sealed()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn every_journal_is_valid() {
    for one in sealed() {
        assert_eq!(Sealed::read(one.number, &one.text(), one.previous, one.digest).as_ref(), Ok(&one));
    }
    for plan_id in [Some("plan-1"), None] {
        for events in [sealed(), Vec::new()] {
            let bytes = written::document(plan_id, document::digest(&nothing()), &events).unwrap();
            holds("journal", std::str::from_utf8(&bytes).unwrap());
        }
    }
}

fn receipt_document() -> Value {
    serde_json::from_slice(&written::receipts(&every_receipt()).unwrap()).unwrap()
}

#[test]
fn every_receipt_is_valid() {
    let made = every_receipt();
    let ways: BTreeSet<_> = made.iter().map(|one| (one.action.name(), one.how.name())).collect();
    let expected = [
        ("deleted", "deleted"),
        ("deleted", "gone"),
        ("deactivated", "set"),
        ("deactivated", "seen"),
        ("reactivated", "set"),
        ("reactivated", "seen"),
    ];
    assert_eq!(ways, BTreeSet::from(expected));
    for receipts in [made, Vec::new()] {
        holds("receipts", std::str::from_utf8(&written::receipts(&receipts).unwrap()).unwrap());
    }
}

/// The words that a place of a schema lists.
fn listed(schema: &Value, place: &str) -> BTreeSet<String> {
    let list = schema.pointer(place).and_then(Value::as_array).unwrap();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The words by which a place of a schema tells its forms apart.
fn told_apart(schema: &Value, place: &str, by: &str) -> BTreeSet<String> {
    let words = schema[&"$defs"][place]["anyOf"].as_array().unwrap().iter().flat_map(|form| {
        let property = &form["properties"][by];
        match property["enum"].as_array() {
            Some(words) => words.clone(),
            None => vec![property["const"].clone()],
        }
    });
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_schema_of_plans_lists_the_words_of_the_core_and_no_others() {
    let schema = published("plan");
    let list = |place: &str| listed(&schema, &format!("/$defs/{place}/enum"));
    let reasons = every_reason_not_to_plan();
    assert_eq!(list("not_planned/properties/reason"), names(reasons.iter().map(KeptBecause::name)));
    let confidences = every_confidence();
    assert_eq!(list("key/properties/confidence"), names(confidences.iter().map(|one| one.name())));
    let partitions = every_partition();
    assert_eq!(list("plan/properties/partition"), names(partitions.iter().map(|one| one.id())));
    let unreadable = every!(Unreadable:
        Unreadable::Tags => Unreadable::Tags,
        Unreadable::OrganizationalUnits => Unreadable::OrganizationalUnits,
    );
    let words = names(unreadable.into_iter().map(Unreadable::name));
    assert_eq!(list("not_planned/properties/unreadable"), words);
    assert_eq!(unreadable_in_journals(), words);
    assert_eq!(list("scope/properties/kind"), names(["account", "organization"]));
}

/// What the schema of journals says could not be read.
fn unreadable_in_journals() -> BTreeSet<String> {
    let schema = published("journal");
    let forms = schema["$defs"]["skip"]["anyOf"].as_array().unwrap().clone();
    let form = forms.into_iter().find(|form| form["properties"]["reason"]["const"] == "cannot_tell_exempt");
    listed(&form.unwrap(), "/properties/unreadable/enum")
}

#[test]
fn the_schemas_of_journals_and_receipts_list_the_words_of_the_core_and_no_others() {
    let schema = published("receipts");
    let list = |field: &str| listed(&schema, &format!("/$defs/receipt/properties/{field}/enum"));
    let actions = every!(Action:
        Action::Deleted => Action::Deleted,
        Action::Deactivated => Action::Deactivated,
        Action::Reactivated => Action::Reactivated,
    );
    assert_eq!(list("action"), names(actions.into_iter().map(Action::name)));
    let deletion = Deletion { request_id: None, last_look: now(), verified_at: None };
    let ways = every!(How:
        How::Confirmed(_) => How::Confirmed(deletion),
        How::SeenGone { .. } => How::SeenGone { seen_at: now(), last_look: None },
        How::Set(_) => How::Set(Setting { request_id: None, before: look(), after: None }),
        How::SeenSet { .. } => How::SeenSet { seen: look(), before: None },
    );
    assert_eq!(list("result"), names(ways.iter().map(How::name)));
    assert_eq!(list("confidence"), names(every_confidence().iter().map(|one| one.name())));

    let schema = published("journal");
    let written: Vec<Value> = sealed().iter().map(|one| serde_json::from_str(&one.text()).unwrap()).collect();
    let words = |place: &str| {
        let found = written.iter().filter_map(|event| event.pointer(place)?.as_str());
        names(found)
    };
    assert_eq!(told_apart(&schema, "event", "event"), words("/event"));
    let of = |event: &str, place: &str| {
        let found = written.iter().filter(|one| one["event"] == event);
        names(found.filter_map(|event| event.pointer(place)?.as_str()))
    };
    assert_eq!(told_apart(&schema, "outcome", "result"), of("ended", "/outcome/result"));
    assert_eq!(told_apart(&schema, "switch_outcome", "result"), of("switched", "/outcome/result"));
    assert_eq!(told_apart(&schema, "skip", "reason"), words("/skip/reason"));
    assert_eq!(listed(&schema, "/$defs/status/enum"), words("/to"));
    for outcome in ["outcome", "switch_outcome"] {
        let place = format!("/$defs/{outcome}/anyOf/3/properties/reason/enum");
        assert_eq!(listed(&schema, &place), words("/outcome/reason"));
    }
}

/// Every place of a document at which there is an object.
fn objects(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.push(place.to_owned());
            members.iter().for_each(|(name, inner)| objects(inner, &format!("{place}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, inner)| objects(inner, &format!("{place}/{at}"), found));
        }
        _ => {}
    }
}

/// The document is valid by `schema`, and is not any more with a member more or less, wherever that is.
fn strict(root: &Value, schema: &Value, document: &Value) {
    assert_eq!(errors(root, schema, document, ""), Vec::<String>::new());
    let mut places = Vec::new();
    objects(document, "", &mut places);
    for place in places {
        let members = |document: &Value| document.pointer(&place).unwrap().as_object().unwrap().clone();
        let with = |members| {
            let mut changed = document.clone();
            *changed.pointer_mut(&place).unwrap() = Value::Object(members);
            errors(root, schema, &changed, "")
        };
        let mut more = members(document);
        more.insert("force".to_owned(), true.into());
        assert_ne!(with(more), Vec::<String>::new(), "{place}/force");
        for name in members(document).keys() {
            let mut less = members(document);
            less.remove(name);
            assert_ne!(with(less), Vec::<String>::new(), "{place} without {name}");
        }
    }
}

#[test]
fn a_member_more_or_less_makes_a_document_invalid() {
    for (name, document) in [("plan", plan()), ("receipts", receipt_document())] {
        let schema = published(name);
        strict(&schema, &schema, &document);
    }
    let schema = published("journal");
    let mut short = journal();
    short["events"].as_array_mut().unwrap().truncate(1);
    strict(&schema, &schema, &short);
    // What stands in the text of an event is looked at, too.
    for one in sealed() {
        strict(&schema, &schema["$defs"]["event"], &serde_json::from_str(&one.text()).unwrap());
    }
    let mut wrong = journal();
    wrong["events"][0]["event"] = r#"{"event":"opened"}"#.into();
    assert_ne!(errors(&schema, &schema, &wrong, ""), Vec::<String>::new());
}

/// Every place of a document that holds a value without members.
fn leaves(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, inner)| leaves(inner, &format!("{place}/{name}"), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, inner)| leaves(inner, &format!("{place}/{at}"), found));
        }
        _ => found.push(place.to_owned()),
    }
}

/// A document with the digest that it would have if it were a plan.
fn with_its_digest(mut document: Value) -> Value {
    if let Err(NotAPlan::Changed { actual, .. }) = document::read(&document.to_string()) {
        document["digest"] = actual.to_string().into();
    }
    document
}

/// The schema refuses nothing that `apply` reads, whatever stands in a single field.
#[test]
fn whatever_is_read_as_a_plan_is_valid() {
    let schema = published("plan");
    // One key of each list is enough, and of those that are not planned one for each field that belongs to a reason.
    let mut plan = everything(Partition::Aws);
    plan.keys.truncate(1);
    plan.deactivations.truncate(1);
    let with_field =
        ["unknown_status", "exempt", "cannot_tell_exempt", "used_since", "grace", "keys_not_read"];
    plan.not_planned.retain(|kept| with_field.contains(&kept.reason.name()));
    let original: Value = serde_json::from_str(&document::write(&plan)).unwrap();
    let mut places = Vec::new();
    leaves(&original, "", &mut places);
    let numbers = [0, 1, 2, 2_592_000, 3_162_240_000, i64::MAX].map(Value::from);
    let texts =
        ["", "text", NOW, "0000-01-01T00:00:00Z", "000000000000", "a_16_characters_", "settling", "tags"];
    let others = [Value::Null, true.into(), false.into(), serde_json::json!([]), serde_json::json!(["x"])];
    let values: Vec<Value> = numbers.into_iter().chain(texts.map(Value::from)).chain(others).collect();
    let mut read = BTreeSet::new();
    for place in places {
        for new in values.iter().filter(|new| original.pointer(&place) != Some(new)) {
            let mut edited = original.clone();
            *edited.pointer_mut(&place).unwrap() = new.clone();
            let edited = with_its_digest(edited);
            if document::read(&edited.to_string()).is_ok() {
                assert_eq!(errors(&schema, &schema, &edited, ""), Vec::<String>::new(), "{place} = {new}");
                read.insert(place.clone());
            }
        }
    }
    // Such edits are read, so that the test says something.
    for place in [
        "/plan/users",
        "/plan/made_at",
        "/plan/threshold_seconds",
        "/plan/accounts/0/name",
        "/plan/keys/0/confidence",
        "/plan/keys/0/owner_tag",
        "/plan/not_planned/0/access_key_id",
        "/plan/not_planned/1/user",
    ] {
        assert!(read.contains(place), "{place}: {read:?}");
    }
}

/// What the reader of plans refuses in a field, whatever stands elsewhere, the schema refuses too.
#[test]
fn what_no_plan_says_in_a_field_is_not_valid() {
    let (schema, original) = (published("plan"), plan());
    for (place, wrong) in [
        ("/schema", "keysweep.plan/v2".into()),
        ("/digest", "sha256:0".into()),
        ("/plan/made_at", "2026-11-23T07:12:30+00:00".into()),
        ("/plan/partition", "aws-iso".into()),
        ("/plan/scope/kind", "unit".into()),
        ("/plan/threshold_seconds", 0.into()),
        ("/plan/settling_margin_seconds", 3_162_240_001_i64.into()),
        ("/plan/deactivate_unused_seconds", 2_591_999.into()),
        ("/plan/users", (-1).into()),
        ("/plan/keys/0/account_id", "42".into()),
        ("/plan/keys/0/user", "".into()),
        ("/plan/keys/0/user_arn", format!("arn:aws:iam::{ACCOUNT}:role/x").into()),
        ("/plan/keys/0/access_key_id", "AKIA".into()),
        ("/plan/keys/0/expected_status", "Active".into()),
        ("/plan/keys/0/reason", "unused".into()),
        ("/plan/keys/0/confidence", "certain".into()),
        ("/plan/deactivations/0/expected_status", "Inactive".into()),
        ("/plan/deactivations/0/reason", "long_term".into()),
        ("/plan/deactivations/0/other_keys", Value::Null),
        ("/plan/not_planned/0/reason", "forgotten".into()),
        ("/plan/not_planned/8/unreadable", "everything".into()),
    ] as [(&str, Value); 21]
    {
        let mut edited = original.clone();
        *edited.pointer_mut(place).unwrap() = wrong.clone();
        assert!(document::read(&with_its_digest(edited.clone()).to_string()).is_err() || place == "/digest");
        let found = errors(&schema, &schema, &edited, "");
        assert!(found.iter().any(|error| error.starts_with(place)), "{place} = {wrong}: {found:?}");
    }
}

/// The JSON of a value without white space, its members in the order of the schema.
fn canonical(root: &Value, schema: &Value, value: &Value) -> String {
    if let Some(place) = schema["$ref"].as_str() {
        return canonical(root, root.pointer(place.strip_prefix('#').unwrap()).unwrap(), value);
    }
    if let Some(forms) = schema["anyOf"].as_array() {
        let form = forms.iter().find(|form| errors(root, form, value, "").is_empty()).unwrap();
        return canonical(root, form, value);
    }
    match value {
        Value::Object(members) => {
            let order = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let write = |name: &str| {
                let inner = canonical(root, &schema["properties"][name], &members[name]);
                format!("{}:{inner}", Value::from(name))
            };
            format!("{{{}}}", order.map(write).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| canonical(root, &schema["items"], item));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        value => value.to_string(),
    }
}

/// The schemas say in which order of the members a digest is made.
#[test]
fn digests_are_made_as_the_schemas_say() {
    let (schema, document) = (published("plan"), plan());
    let text = canonical(&schema, &schema["$defs"]["plan"], &document["plan"]);
    assert_eq!(document["digest"], Digest::of(text.as_bytes()).to_string());

    let (schema, document) = (published("receipts"), receipt_document());
    let made = document["receipts"].as_array().unwrap();
    assert_eq!(made.len(), 8);
    for receipt in made {
        let text = canonical(&schema, &schema["$defs"]["receipt"], receipt);
        let text = text.replace(&format!("\"digest\":{}", receipt["digest"]), "\"digest\":null");
        assert_eq!(receipt["digest"], Digest::of(text.as_bytes()).to_string());
    }
}
