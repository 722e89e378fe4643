//! The NDJSON as a program reads it, and against the schema of the JSON document, whose fields it has.

use keysweep_report::{Format, Options, render};
use serde_json::{Value, json};

use crate::samples;
use crate::schema::{errors, schema};
use crate::security_tools::settled;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_is_one_record_in_the_order_of_accounts() {
    let text = render(&samples::organization(), Format::Ndjson, &settled()).unwrap();
    let told: Vec<String> = lines(&text)
        .iter()
        .map(|line| {
            let id = [&line["finding_id"], &line["gap"], &line["account_id"]];
            let id = id.into_iter().find_map(Value::as_str).unwrap_or_default();
            format!("{} {id}", line["type"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            "assessment ",
            "problem organizational_units_not_read",
            "account 111122223333",
            "finding 111122223333:AKIAIOSFODNN70000001",
            "finding 111122223333:AKIAIOSFODNN70000002",
            "account 222233334444",
            "finding 222233334444:AKIAIOSFODNN70000005",
            "problem history_not_read",
            "problem keys_not_listed",
            "problem keys_not_listed",
            "problem event_not_understood",
            "problem unknown_status",
            "problem report_unavailable",
            "account 333344445555",
            "problem account_not_entered",
            "account 444455556666",
            "problem account_not_entered",
            "account 555566667777",
            "account 666677778888",
            "account 777788889999",
            "resolved 111122223333:AKIAIOSFODNN70000008",
            "resolved 999900001111:AKIAIOSFODNN70000009",
        ]
    );
}

#[test]
fn each_record_has_the_fields_of_the_json_document() {
    let schema = schema();
    for (name, assessment) in samples::all() {
        let text = render(&assessment, Format::Ndjson, &settled()).unwrap();
        for mut line in lines(&text) {
            let fields = line.as_object_mut().unwrap();
            assert_eq!(fields.remove("schema").unwrap(), "keysweep.ndjson/v1");
            let kind = fields.remove("type").unwrap();
            let id = fields.remove("assessment_id").unwrap();
            let definition = match kind.as_str().unwrap() {
                "assessment" => {
                    fields.insert("schema".to_owned(), "keysweep.assessment/v1".into());
                    fields.insert("assessment_id".to_owned(), id.clone());
                    fields.insert("organization_problems".to_owned(), json!([]));
                    fields.insert("accounts".to_owned(), json!([]));
                    &schema
                }
                "account" => {
                    fields.insert("findings".to_owned(), json!([]));
                    fields.insert("problems".to_owned(), json!([]));
                    &schema["$defs"]["account"]
                }
                kind => {
                    assert!(fields.remove("account_name").is_some() && fields.remove("ou_path").is_some());
                    if kind == "resolved" {
                        assert!(
                            fields.remove("resolution").is_some() && fields.remove("resolved_at").is_some()
                        );
                    }
                    &schema["$defs"][if kind == "problem" { "problem" } else { "finding" }]
                }
            };
            assert!(definition.is_object(), "{kind}");
            assert_eq!(id, assessment.id.as_str());
            assert_eq!(errors(&schema, definition, &line, ""), Vec::<String>::new(), "{name}: {kind}");
        }
    }
}

#[test]
fn lines_name_the_account_of_their_key() {
    let text = render(&samples::organization(), Format::Ndjson, &Options::default()).unwrap();
    let found = lines(&text).into_iter().find(|line| line["type"] == "finding").unwrap();
    assert_eq!((&found["account_name"], &found["ou_path"]), (&"production".into(), &"Workloads".into()));
}
