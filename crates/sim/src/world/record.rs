//! Writes an event as the JSON record that CloudTrail keeps, in the shapes of recorded events (AWS-FACTS, section
//! CloudTrail). Versions differ, and so does the order of keys: readers must not rely on either.

use jiff::Timestamp;
use keysweep_core::account::{AccountId, Partition};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::{Instant, SignedDuration};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::history::{Actor, Deed, Event};
use crate::seed;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    user_identity: Value,
    event_time: String,
    event_source: &'static str,
    event_name: &'static str,
    aws_region: &'static str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: String,
    user_agent: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: Value,
    response_elements: Value,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: String,
    event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_credential_from_console: Option<&'static str>,
}

const USER_AGENTS: [&str; 5] = [
    "aws-cli/2.27.41 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4 cfg/retry-mode#standard md/prompt#off md/command#iam.update-access-key",
    "Boto3/1.38.36 md/Botocore#1.38.36 ua/2.1 os/linux#5.10 md/arch#x86_64 lang/python#3.12.3 Botocore/1.38.36",
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.0.0",
    "AWS Internal",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
];
const VERSIONS: [&str; 4] = ["1.08", "1.09", "1.10", "1.11"];

/// `Jul 10, 2023 12:24:29 PM`, as IAM's answers are recorded.
fn american(at: Instant) -> String {
    let timestamp = Timestamp::from_second(at.unix()).unwrap_or_default();
    timestamp.strftime("%b %-d, %Y %-I:%M:%S %p").to_string()
}

fn identity(account: AccountId, partition: Partition, event: &Event, dice: u64) -> Value {
    match &event.actor {
        Actor::Root { key } => json!({
            "type": "Root",
            "principalId": account.to_string(),
            "arn": format!("arn:{partition}:iam::{account}:root"),
            "accountId": account.to_string(),
            "accessKeyId": key,
            "sessionContext": session(event.at, dice),
        }),
        Actor::User { name, arn, id, key } => json!({
            "type": "IAMUser",
            "principalId": id,
            "arn": arn,
            "accountId": account.to_string(),
            "accessKeyId": key,
            "userName": name,
        }),
        Actor::Role { role, role_id, session: name, key } => {
            let mut context = session(event.at, dice);
            context["sessionIssuer"] = json!({
                "type": "Role",
                "principalId": role_id,
                "arn": format!("arn:{partition}:iam::{account}:role/{role}"),
                "accountId": account.to_string(),
                "userName": role.rsplit('/').next(),
            });
            let short = role.rsplit('/').next().unwrap_or(role);
            json!({
                "type": "AssumedRole",
                "principalId": format!("{role_id}:{name}"),
                "arn": format!("arn:{partition}:sts::{account}:assumed-role/{short}/{name}"),
                "accountId": account.to_string(),
                "accessKeyId": key,
                "sessionContext": context,
            })
        }
    }
}

fn session(at: Instant, dice: u64) -> Value {
    let began = at - SignedDuration::from_secs(i64::try_from(dice % 3_000).unwrap_or(0));
    let mfa = if dice.is_multiple_of(3) { "true" } else { "false" };
    json!({ "attributes": { "creationDate": began.to_string(), "mfaAuthenticated": mfa } })
}

fn object(fields: &[(&str, Option<&str>)]) -> Value {
    let fields = fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), json!((*value)?))));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn request(deed: &Deed) -> Value {
    match deed {
        Deed::CreateAccessKey { user: None, .. } => Value::Null,
        Deed::CreateAccessKey { user, .. } => object(&[("userName", user.as_deref())]),
        Deed::UpdateAccessKey { user, key, status } => {
            let status = match status {
                KeyStatus::Active => "Active",
                KeyStatus::Inactive => "Inactive",
            };
            object(&[("userName", user.as_deref()), ("accessKeyId", Some(key)), ("status", Some(status))])
        }
        Deed::DeleteAccessKey { user, key } => {
            object(&[("userName", user.as_deref()), ("accessKeyId", Some(key))])
        }
        Deed::CreateUser { user, path } => object(&[("userName", Some(user)), ("path", Some(path))]),
        Deed::UpdateUser { user, new_name, new_path } => object(&[
            ("userName", Some(user)),
            ("newUserName", new_name.as_deref()),
            ("newPath", new_path.as_deref()),
        ]),
        Deed::DeleteUser { user } => object(&[("userName", Some(user))]),
        Deed::TagUser { user, tags } => {
            let tags: Vec<_> =
                tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
            json!({ "userName": user, "tags": tags })
        }
    }
}

fn response(event: &Event) -> Value {
    match &event.deed {
        Deed::CreateAccessKey { owner, key, .. } => {
            let created = american(event.at);
            let fields = [
                ("accessKeyId", key.as_deref()),
                ("status", Some("Active")),
                ("userName", owner.as_deref()),
                ("createDate", Some(created.as_str())),
            ];
            json!({ "accessKey": object(&fields) })
        }
        Deed::CreateUser { user, path } => {
            json!({ "user": { "userName": user, "path": path, "createDate": american(event.at) } })
        }
        _ => Value::Null,
    }
}

/// The record of an event.
pub(crate) fn write(account: AccountId, partition: Partition, event: &Event) -> String {
    if let Some(raw) = &event.raw {
        return raw.clone();
    }
    let dice = seed::mix(&[seed::text(&event.id)]);
    let pick = |count: usize, salt: u64| seed::rng(&[dice, salt]).usize(..count);
    let user_agent = USER_AGENTS[pick(USER_AGENTS.len(), 1)];
    let console = user_agent.starts_with("Mozilla");
    let refused = event.refused.as_ref();
    let parameters = match refused {
        Some(refused) if refused.without_parameters => Value::Null,
        _ => request(&event.deed),
    };
    let record = Record {
        event_version: VERSIONS[pick(VERSIONS.len(), 2)],
        user_identity: identity(account, partition, event, dice),
        event_time: event.at.to_string(),
        event_source: "iam.amazonaws.com",
        event_name: event.deed.name(),
        aws_region: partition.lead_region(),
        source_ip_address: match user_agent {
            "AWS Internal" => "AWS Internal".to_owned(),
            _ => format!("203.0.113.{}", pick(254, 3) + 1),
        },
        user_agent,
        error_code: refused.map(|refused| refused.code.as_str()),
        error_message: refused.map(|refused| refused.message.as_str()),
        request_parameters: parameters,
        response_elements: if refused.is_some() { Value::Null } else { response(event) },
        request_id: &event.request_id,
        event_id: &event.id,
        read_only: false,
        event_type: "AwsApiCall",
        management_event: true,
        recipient_account_id: account.to_string(),
        event_category: "Management",
        tls_details: (user_agent != "AWS Internal").then(|| {
            json!({
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": "iam.amazonaws.com",
            })
        }),
        session_credential_from_console: console.then_some("true"),
    };
    // Half of the records have their keys in the order of the struct, as CloudTrail mostly writes them, and half sorted.
    let text = if dice.is_multiple_of(2) {
        serde_json::to_string(&record)
    } else {
        serde_json::to_value(&record).map(|sorted| sorted.to_string())
    };
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(deed: Deed) -> Event {
        Event {
            id: "5b1c5d25-5ac1-4c8e-a8ef-000000000000".into(),
            request_id: "r".into(),
            at: "2023-07-10T12:24:29Z".parse().unwrap(),
            delivered: Instant::from_unix(0),
            actor: Actor::User {
                name: "jane".into(),
                arn: "arn:aws:iam::111122223333:user/people/jane".into(),
                id: "AIDA".into(),
                key: "AKIA".into(),
            },
            deed,
            refused: None,
            raw: None,
        }
    }

    fn parse(event: &Event) -> Value {
        let text = write("111122223333".parse().unwrap(), Partition::Aws, event);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn changes_have_the_recorded_shapes() {
        let update = parse(&event(Deed::UpdateAccessKey {
            user: None,
            key: "AKIAIOSFODNN7EXAMPLE".into(),
            status: KeyStatus::Inactive,
        }));
        assert_eq!(
            update["requestParameters"],
            json!({"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"})
        );
        assert_eq!(update["responseElements"], Value::Null);
        assert_eq!(update["userIdentity"]["userName"], "jane");
        let create = parse(&event(Deed::CreateAccessKey {
            user: None,
            owner: Some("jane".into()),
            key: Some("AKIAIOSFODNN7EXAMPLE".into()),
        }));
        assert_eq!(create["requestParameters"], Value::Null);
        assert_eq!(create["responseElements"]["accessKey"]["createDate"], "Jul 10, 2023 12:24:29 PM");
    }

    #[test]
    fn refused_calls_have_no_parameters() {
        let mut refused = event(Deed::DeleteAccessKey { user: Some("jane".into()), key: "AKIA".into() });
        refused.refused = Some(super::super::history::Refused {
            code: "AccessDenied".into(),
            message: "no".into(),
            without_parameters: true,
        });
        let record = parse(&refused);
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!(record["requestParameters"], Value::Null);
    }
}
