//! Policies as JSON documents, as the IAM console, `aws iam put-role-policy` and every other tool takes them.

use std::fmt::Write as _;

use keysweep_core::permissions::Grant;

use super::{Names, PolicyFile, quoted};

pub(super) fn document(names: &Names, grant: Grant) -> String {
    let statements = grant.statements().into_iter().map(|statement| {
        let actions: Vec<String> =
            statement.actions.iter().map(|action| format!("        {}", quoted(action))).collect();
        format!(
            "    {{\n      \"Sid\": \"{}\",\n      \"Effect\": \"Allow\",\n      \"Action\": [\n{}\n      ],\n      \
             \"Resource\": {}\n    }}",
            statement.sid,
            actions.join(",\n"),
            quoted(&names.arn(grant, statement.resource))
        )
    });
    wrapped(&statements.collect::<Vec<_>>().join(",\n"))
}

pub(super) fn trust(names: &Names) -> Option<String> {
    let principal = quoted(&format!("arn:{}:iam::{}:root", names.partition, names.trusted_account?));
    let condition = match names.external_id.as_deref() {
        None => String::new(),
        Some(id) => format!(
            ",\n      \"Condition\": {{\n        \"StringEquals\": {{\n          \"sts:ExternalId\": {}\n        }}\n      }}",
            quoted(id)
        ),
    };
    Some(wrapped(&format!(
        "    {{\n      \"Sid\": \"EnterFromKeysweep\",\n      \"Effect\": \"Allow\",\n      \"Principal\": {{\n        \
         \"AWS\": {principal}\n      }},\n      \"Action\": \"sts:AssumeRole\"{condition}\n    }}"
    )))
}

/// The version is that of the policy language, not a date of ours.
fn wrapped(statements: &str) -> String {
    format!("{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n{statements}\n  ]\n}}\n")
}

/// The documents by name, in the order in which they are needed.
fn documents(names: &Names) -> Vec<(&'static str, String)> {
    let grants = names.grants().map(|grant| (grant.name(), document(names, grant)));
    grants.chain(trust(names).map(|trust| ("trust", trust))).collect()
}

pub(super) fn files(names: &Names) -> Vec<PolicyFile> {
    let file = |(name, text)| PolicyFile { path: format!("{name}.json"), text };
    documents(names).into_iter().map(file).collect()
}

pub(super) fn all(names: &Names) -> String {
    let mut text = String::from("{");
    for (index, (name, document)) in documents(names).into_iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let _ = write!(text, "{separator}\n  \"{name}\": {}", document.trim_end().replace('\n', "\n  "));
    }
    text.push_str("\n}\n");
    text
}
