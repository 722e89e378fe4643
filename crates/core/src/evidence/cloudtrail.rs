//! Reads CloudTrail records of `UpdateAccessKey`. A record that should tell of a status change and cannot be understood
//! is an error, never skipped: the history that holds it is then not complete.

use serde::Deserialize;

use super::{ChangeSource, EventId, StatusChange, Target};
use crate::key::KeyStatus;
use crate::time::Instant;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A status was set.
    Change(StatusChange),
    /// AWS refused the call (`errorCode` is there): nothing changed.
    Refused,
    /// It tells of something else than `UpdateAccessKey` of IAM.
    Other,
}

/// Why a record cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the CloudTrail record {}cannot be understood: {reason}", .event.as_ref().map(|id| format!("{id} ")).unwrap_or_default())]
pub struct RecordError {
    /// `eventID`, where it could be read.
    pub event: Option<EventId>,
    /// `eventTime`, where it could be read.
    pub at: Option<Instant>,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRecord {
    event_name: Option<String>,
    event_source: Option<String>,
    event_time: Option<String>,
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    error_code: Option<String>,
    #[serde(rename = "sourceIPAddress")]
    source_ip: Option<String>,
    recipient_account_id: Option<String>,
    user_identity: Option<RawIdentity>,
    // Read only where the record tells of a successful UpdateAccessKey: other operations put anything here.
    request_parameters: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawIdentity {
    #[serde(rename = "type")]
    kind: Option<String>,
    arn: Option<String>,
    user_name: Option<String>,
    invoked_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawParameters {
    user_name: Option<String>,
    access_key_id: Option<String>,
    status: Option<String>,
}

impl Record {
    /// Reads one record: a JSON object as it stands in `CloudTrailEvent` of `LookupEvents` and in a trail's `Records`. The
    /// source of a change is the event history; who reads files says so.
    /// Event versions 1.05 to 1.11 are alike in what is read here; fields that are not known are passed over.
    pub fn read(json: &str) -> Result<Self, RecordError> {
        let raw: RawRecord = serde_json::from_str(json).map_err(|error| RecordError {
            event: None,
            at: None,
            reason: format!("not a CloudTrail record in JSON: {error}"),
        })?;
        match (raw.event_source.as_deref(), raw.event_name.as_deref()) {
            (Some("iam.amazonaws.com"), Some("UpdateAccessKey")) => {}
            (Some(_), Some(_)) => return Ok(Self::Other),
            (None, _) => return Err(raw.error("it has no eventSource")),
            (_, None) => return Err(raw.error("it has no eventName")),
        }
        if raw.error_code.is_some() {
            return Ok(Self::Refused);
        }
        raw.change().map(Self::Change)
    }
}

impl RawRecord {
    fn error(&self, reason: impl Into<String>) -> RecordError {
        RecordError {
            event: self.event_id.as_deref().map(EventId::new),
            at: self.event_time.as_deref().and_then(|text| text.parse().ok()),
            reason: reason.into(),
        }
    }

    fn change(self) -> Result<StatusChange, RecordError> {
        let parameters = match &self.request_parameters {
            Some(value) => RawParameters::deserialize(value)
                .map_err(|error| self.error(format!("its requestParameters cannot be read: {error}")))?,
            None => return Err(self.error("it has no requestParameters")),
        };
        let at = match self.event_time.as_deref().map(str::parse) {
            Some(Ok(at)) => at,
            Some(Err(error)) => return Err(self.error(format!("its eventTime {error}"))),
            None => return Err(self.error("it has no eventTime")),
        };
        let event = match self.event_id.as_deref() {
            Some(id) if !id.is_empty() => EventId::new(id),
            _ => return Err(self.error("it has no eventID")),
        };
        let key = match parameters.access_key_id.as_deref().map(str::parse) {
            Some(Ok(key)) => key,
            Some(Err(error)) => return Err(self.error(format!("its accessKeyId {error}"))),
            None => return Err(self.error("its requestParameters have no accessKeyId")),
        };
        let status = match parameters.status.as_deref() {
            Some("Active") => KeyStatus::Active,
            Some("Inactive") => KeyStatus::Inactive,
            Some(other) => {
                return Err(self.error(format!("its status {other:?} is neither Active nor Inactive")));
            }
            None => return Err(self.error("its requestParameters have no status")),
        };
        let account = match self.recipient_account_id.as_deref().map(str::parse) {
            Some(Err(error)) => return Err(self.error(format!("its recipientAccountId {error}"))),
            Some(Ok(account)) => Some(account),
            None => None,
        };
        let identity = self.user_identity.unwrap_or_default();
        // A user that acts on its own key may leave the name out. Only the root user has none.
        let name = parameters.user_name.or(identity.user_name).filter(|name| !name.is_empty());
        let target = match name.and_then(|name| name.parse().ok()) {
            Some(name) => Target::User(name),
            None if identity.kind.as_deref() == Some("Root") => Target::Root,
            None => Target::NotRecorded,
        };
        Ok(StatusChange {
            at,
            status,
            key,
            target,
            account,
            event,
            actor: identity.arn.or(identity.invoked_by),
            source_ip: self.source_ip,
            source: ChangeSource::EventHistory,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut record = serde_json::json!({
            "eventVersion": "1.08",
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLEEX", "arn": "arn:aws:iam::111122223333:user/admin",
                "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLEADMINEXAM", "userName": "admin"
            },
            "eventTime": "2026-07-10T12:24:29Z",
            "eventSource": "iam.amazonaws.com",
            "eventName": "UpdateAccessKey",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.20",
            "userAgent": "aws-cli/2.17.32",
            "requestParameters": {"userName": "app", "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Inactive"},
            "responseElements": null,
            "requestID": "6e516ef1-9cd8-47ad-b467-3f672af5d137",
            "eventID": "64b7de64-bf53-47ae-b7e3-d30cb1b5136e",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management"
        });
        change(&mut record);
        record.to_string()
    }

    fn changed(record: &str) -> StatusChange {
        match Record::read(record) {
            Ok(Record::Change(change)) => change,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_status_change_is_read() {
        let change = changed(&record(|_| ()));
        assert_eq!(change.at.to_string(), "2026-07-10T12:24:29Z");
        assert_eq!(change.status, KeyStatus::Inactive);
        assert_eq!(change.key.as_str(), "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(change.target, Target::User("app".parse().unwrap()));
        assert_eq!(change.account, "111122223333".parse().ok());
        assert_eq!(change.event.as_str(), "64b7de64-bf53-47ae-b7e3-d30cb1b5136e");
        assert_eq!(change.actor.as_deref(), Some("arn:aws:iam::111122223333:user/admin"));
        assert_eq!(change.source_ip.as_deref(), Some("192.0.2.20"));
    }

    #[test]
    fn versions_1_05_to_1_11_are_read() {
        let old = record(|record| {
            record["eventVersion"] = "1.05".into();
            for field in ["readOnly", "managementEvent", "eventCategory"] {
                record.as_object_mut().unwrap().remove(field);
            }
        });
        let new = record(|record| {
            record["eventVersion"] = "1.11".into();
            record["tlsDetails"] = serde_json::json!({"tlsVersion": "TLSv1.3"});
            record["sessionCredentialFromConsole"] = "true".into();
        });
        assert_eq!(changed(&old), changed(&new));
    }

    #[test]
    fn a_user_that_acts_on_its_own_key_may_leave_its_name_out() {
        let own = record(|record| {
            record["requestParameters"].as_object_mut().unwrap().remove("userName");
        });
        assert_eq!(changed(&own).target, Target::User("admin".parse().unwrap()));
        let root = record(|record| {
            record["requestParameters"].as_object_mut().unwrap().remove("userName");
            record["userIdentity"] = serde_json::json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"});
        });
        assert_eq!(changed(&root).target, Target::Root);
        let nobody = record(|record| {
            record["requestParameters"].as_object_mut().unwrap().remove("userName");
            record["userIdentity"] = serde_json::json!({"type": "AssumedRole"});
        });
        assert_eq!(changed(&nobody).target, Target::NotRecorded);
    }

    #[test]
    fn a_refused_call_changes_nothing() {
        let refused = record(|record| {
            record["errorCode"] = "AccessDenied".into();
            record["errorMessage"] = "User: x is not authorized to perform: iam:UpdateAccessKey".into();
            record["requestParameters"] = serde_json::Value::Null;
        });
        assert_eq!(Record::read(&refused), Ok(Record::Refused));
        let refused = record(|record| record["errorCode"] = "NoSuchEntityException".into());
        assert_eq!(Record::read(&refused), Ok(Record::Refused));
    }

    #[test]
    fn other_operations_are_other_whatever_they_hold() {
        let create = record(|record| {
            record["eventName"] = "CreateAccessKey".into();
            record["requestParameters"] = serde_json::Value::Null;
        });
        assert_eq!(Record::read(&create), Ok(Record::Other));
        let s3 = record(|record| {
            record["eventSource"] = "s3.amazonaws.com".into();
            record["requestParameters"] = serde_json::json!({"status": ["x"]});
        });
        assert_eq!(Record::read(&s3), Ok(Record::Other));
    }

    #[test]
    fn a_change_that_cannot_be_understood_is_an_error_that_names_it() {
        let error = |change: fn(&mut serde_json::Value)| Record::read(&record(change)).unwrap_err();
        let unknown = error(|record| record["requestParameters"]["status"] = "Expired".into());
        assert_eq!(
            unknown.to_string(),
            "the CloudTrail record 64b7de64-bf53-47ae-b7e3-d30cb1b5136e cannot be understood: its status \"Expired\" is \
             neither Active nor Inactive"
        );
        assert_eq!(unknown.at, "2026-07-10T12:24:29Z".parse().ok());
        for (change, reason) in [
            (
                (|record| record["requestParameters"] = serde_json::Value::Null)
                    as fn(&mut serde_json::Value),
                "no requestParameters",
            ),
            (
                |record| record["requestParameters"]["accessKeyId"] = 7.into(),
                "requestParameters cannot be read",
            ),
            (|record| record["requestParameters"]["accessKeyId"] = "x".into(), "accessKeyId"),
            (|record| record["eventTime"] = "2026-02-30T00:00:00Z".into(), "eventTime"),
            (|record| record["eventTime"] = serde_json::Value::Null, "no eventTime"),
            (|record| record["eventID"] = serde_json::Value::Null, "no eventID"),
            (|record| record["eventSource"] = serde_json::Value::Null, "no eventSource"),
            (|record| record["eventName"] = serde_json::Value::Null, "no eventName"),
            (|record| record["recipientAccountId"] = "12".into(), "recipientAccountId"),
            (|record| record["userIdentity"] = 5.into(), "not a CloudTrail record"),
        ] {
            assert!(error(change).reason.contains(reason), "{reason}: {}", error(change));
        }
        for text in ["", "null", "[]", "{", "\u{0}", "{}"] {
            assert!(Record::read(text).is_err(), "{text:?}");
        }
    }
}
