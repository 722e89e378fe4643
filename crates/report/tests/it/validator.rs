//! Holds JSON documents against the published schemas (docs/schema). It knows the few keywords that the schemas use and refuses
//! any other; a full validator would cost more to compile than the crates that are tested. The tests of the program have this
//! file too; `scripts/clients/test_formats.py` uses a full one.

use serde_json::Value;

/// The published schema `keysweep.NAME/v1`.
pub(crate) fn published(name: &str) -> Value {
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
            "$schema" | "$id" | "$defs" | "title" | "description" | "required" | "contentMediaType" => true,
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
            "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
            "minLength" => {
                value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap())
            }
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            // A validator need not look into the text; this one does.
            "contentSchema" => {
                if let Some(text) = value.as_str() {
                    match serde_json::from_str(text) {
                        Ok(inner) => found.extend(errors(root, rule, &inner, place)),
                        Err(error) => found.push(format!("{place}: {error}")),
                    }
                }
                true
            }
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

/// The patterns of the schemas.
fn matches(pattern: &str, text: &str) -> bool {
    let shape: String = text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    match pattern {
        "^[A-Za-z0-9_]{16,128}$" => {
            let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
            (16..=128).contains(&text.len()) && text.chars().all(word)
        }
        "^sha256:[0-9a-f]{64}$" => text.strip_prefix("sha256:").is_some_and(|digits| {
            digits.len() == 64 && digits.chars().all(|char| matches!(char, '0'..='9' | 'a'..='f'))
        }),
        "^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:user/" => ["aws", "aws-us-gov", "aws-cn"]
            .iter()
            .any(|partition| shape.starts_with(&format!("arn:{partition}:iam::000000000000:user/"))),
        "^[0-9]{12}$" => shape == "000000000000",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" => shape == "0000-00-00T00:00:00Z",
        _ => false,
    }
}
