//! Answers that arrive in full length, with status 200, and are not the answer to the call: empty ones, ones that were cut
//! or damaged before their length was counted, and those of other calls. Each must be an error of the call that was made,
//! for every call that there is: taken for a shorter list, one would hide keys.

use std::sync::{Arc, Mutex};

use keysweep_aws::{EnteredAccount, Session};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult, Service};
use keysweep_core::key::KeyStatus;
use keysweep_core::ports::{Accounts, Directory, Inventory, KeyControl, StatusHistory};
use keysweep_core::time::Instant;

use crate::server::{Reply, Server, query};

/// Every call of a scan and of a clean-up; what deliveries are answered has tests of its own.
const CALLS: [Call; 20] = [
    Call::GetCallerIdentity,
    Call::AssumeRole,
    Call::DescribeOrganization,
    Call::ListAccounts,
    Call::ListRoots,
    Call::ListOrganizationalUnitsForParent,
    Call::ListAccountsForParent,
    Call::ListTagsForResource,
    Call::GenerateCredentialReport,
    Call::GetCredentialReport,
    Call::ListUsers,
    Call::ListAccessKeys,
    Call::GetAccessKeyLastUsed,
    Call::ListUserTags,
    Call::GetAccountAuthorizationDetails,
    Call::GetAccountSummary,
    Call::GetUser,
    Call::LookupEvents,
    Call::DeleteAccessKey,
    Call::UpdateAccessKey,
];

fn is_xml(call: Call) -> bool {
    matches!(call.service(), Service::Sts | Service::Iam)
}

/// A right answer, with something in every list.
fn right(call: Call) -> String {
    let user = "<Path>/</Path><UserName>jo</UserName><UserId>AIDA1</UserId><Arn>arn:aws:iam::000000000042:user/jo</Arn>\
                <CreateDate>2020-02-03T04:05:06Z</CreateDate>";
    let tags = "<Tags><member><Key>owner</Key><Value>ops</Value></member></Tags>";
    let end = "<IsTruncated>false</IsTruncated>";
    let accounts = r#"{"Accounts":[{"Id":"000000000042","Name":"a","State":"ACTIVE"}]}"#;
    let result = match call {
        Call::GetCallerIdentity => {
            "<Arn>arn:aws:iam::000000000042:user/jo</Arn><UserId>AIDA1</UserId><Account>000000000042</Account>".to_owned()
        }
        Call::AssumeRole => "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            .to_owned(),
        Call::GenerateCredentialReport => "<State>COMPLETE</State>".to_owned(),
        Call::GetCredentialReport => {
            "<Content>dXNlcgo=</Content><ReportFormat>text/csv</ReportFormat><GeneratedTime>2026-01-02T03:04:05Z</GeneratedTime>".to_owned()
        }
        Call::ListUsers => format!("{end}<Users><member>{user}</member></Users>"),
        Call::ListAccessKeys => format!(
            "<AccessKeyMetadata><member><UserName>jo</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>\
             <Status>Inactive</Status><CreateDate>2020-02-03T04:05:06Z</CreateDate></member></AccessKeyMetadata>{end}"
        ),
        Call::GetAccessKeyLastUsed => "<UserName>jo</UserName><AccessKeyLastUsed><LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate>\
             <Region>eu-west-1</Region><ServiceName>s3</ServiceName></AccessKeyLastUsed>"
            .to_owned(),
        Call::ListUserTags => format!("{end}{tags}"),
        Call::GetAccountAuthorizationDetails => {
            format!("{end}<UserDetailList><member>{user}{tags}</member></UserDetailList>")
        }
        Call::GetAccountSummary => {
            "<SummaryMap><entry><key>Users</key><value>7</value></entry></SummaryMap>".to_owned()
        }
        Call::GetUser => format!("<User>{user}{tags}</User>"),
        Call::DescribeOrganization => {
            return r#"{"Organization":{"Id":"o-1","MasterAccountId":"000000000042"}}"#.to_owned();
        }
        Call::ListAccounts | Call::ListAccountsForParent => return accounts.to_owned(),
        Call::ListRoots => return r#"{"Roots":[{"Id":"r-1","Name":"Root"}]}"#.to_owned(),
        Call::ListOrganizationalUnitsForParent => {
            return r#"{"OrganizationalUnits":[{"Id":"ou-1","Name":"Prod"}]}"#.to_owned();
        }
        Call::ListTagsForResource => return r#"{"Tags":[{"Key":"env","Value":"prod"}]}"#.to_owned(),
        Call::LookupEvents => return r#"{"Events":[{"EventId":"e1","CloudTrailEvent":"{}"}]}"#.to_owned(),
        Call::DeleteAccessKey | Call::UpdateAccessKey => String::new(),
        Call::BatchImportFindings | Call::PutObject => unreachable!("not among them"),
    };
    query(call.name(), &result)
}

/// Whoever asks, and a server that answers with whatever it is told.
struct Asking {
    session: Session,
    own: EnteredAccount,
    answer: Arc<Mutex<String>>,
}

impl Asking {
    async fn new() -> Self {
        let answer = Arc::new(Mutex::new(String::new()));
        let said = Arc::clone(&answer);
        let server = Server::start(move |_| Reply::Answer(200, said.lock().unwrap().clone())).await;
        let session = server.session().await;
        Self { own: session.own(), session, answer }
    }

    /// Makes the call, which is answered so.
    async fn ask(&self, call: Call, answer: String) -> CallResult<()> {
        *self.answer.lock().unwrap() = answer;
        let account = "000000000043".parse().unwrap();
        let user = "jo".parse().unwrap();
        let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
        let (session, own) = (&self.session, &self.own);
        match call {
            Call::GetCallerIdentity => session.get_caller_identity().await.map(drop),
            Call::AssumeRole => session.enter(account).await.map(drop),
            Call::DescribeOrganization => session.describe_organization().await.map(drop),
            Call::ListAccounts => session.list_accounts(None).await.map(drop),
            Call::ListRoots => session.list_roots(None).await.map(drop),
            Call::ListOrganizationalUnitsForParent => {
                session.list_organizational_units_for_parent("r-1", None).await.map(drop)
            }
            Call::ListAccountsForParent => session.list_accounts_for_parent("r-1", None).await.map(drop),
            Call::ListTagsForResource => session.list_tags_for_resource(account, None).await.map(drop),
            Call::GenerateCredentialReport => own.generate_credential_report().await.map(drop),
            Call::GetCredentialReport => own.get_credential_report().await.map(drop),
            Call::ListUsers => own.list_users(None).await.map(drop),
            Call::ListAccessKeys => own.list_access_keys(&user, None).await.map(drop),
            Call::GetAccessKeyLastUsed => own.get_access_key_last_used(&key).await.map(drop),
            Call::ListUserTags => own.list_user_tags(&user, None).await.map(drop),
            Call::GetAccountAuthorizationDetails => {
                own.get_account_authorization_details(None).await.map(drop)
            }
            Call::GetAccountSummary => own.get_account_summary().await.map(drop),
            Call::GetUser => own.get_user(&user).await.map(drop),
            Call::LookupEvents => {
                own.lookup_events(Instant::from_unix(0), Instant::from_unix(1), None).await.map(drop)
            }
            Call::DeleteAccessKey => own.delete_access_key(&user, &key).await.map(drop),
            Call::UpdateAccessKey => own.update_access_key(&user, &key, KeyStatus::Inactive).await.map(drop),
            Call::BatchImportFindings | Call::PutObject => {
                unreachable!("not among them")
            }
        }
    }

    /// The call must fail as one whose answer cannot be read.
    async fn is_malformed(&self, call: Call, answer: &str) -> CallError {
        let Err(error) = self.ask(call, answer.to_owned()).await else {
            panic!("{call} took this for its answer: {answer:?}");
        };
        assert_eq!((error.call, error.kind), (call, CallErrorKind::Malformed), "{answer:?}: {error}");
        assert!(error.message.starts_with("the answer cannot be read"), "{answer:?}: {error}");
        error
    }
}

#[tokio::test]
async fn right_answers_are_taken() {
    let asking = Asking::new().await;
    for call in CALLS {
        asking.ask(call, right(call)).await.unwrap_or_else(|error| panic!("{call}: {error}"));
    }
    let left_out: Vec<_> = Call::ALL.iter().filter(|call| !CALLS.contains(call)).collect();
    assert_eq!(left_out, [&Call::BatchImportFindings, &Call::PutObject]);
}

#[tokio::test]
async fn empty_answers_are_no_empty_lists() {
    let asking = Asking::new().await;
    for call in CALLS {
        for answer in ["", " ", "\n"] {
            asking.is_malformed(call, answer).await;
        }
    }
}

#[tokio::test]
async fn answers_of_other_calls_are_not_taken() {
    let asking = Asking::new().await;
    for call in CALLS {
        for other in CALLS {
            // JSON does not name its operation, and these two have the same fields.
            let alike = |call| matches!(call, Call::ListAccounts | Call::ListAccountsForParent);
            if call != other && !(alike(call) && alike(other)) {
                asking.is_malformed(call, &right(other)).await;
            }
        }
        for answer in ["<html><body>Sign in</body></html>", "OK", "null", "[]", "{}", "\"\"", "<a/>", "\u{0}"]
        {
            asking.is_malformed(call, answer).await;
        }
    }
}

/// Cut before its length was counted, so that nothing on the way can notice.
#[tokio::test]
async fn answers_that_are_cut_anywhere_are_not_taken() {
    let asking = Asking::new().await;
    for call in CALLS {
        let answer = right(call);
        let end = answer.trim_end().len();
        // Every place where something begins or ends, and some in between.
        let is_border =
            |at: usize| answer.as_bytes()[at - 1..=at].iter().any(|byte| b"<>{}[],:\"".contains(byte));
        for cut in (1..end).filter(|at| at % 7 == 0 || is_border(*at)) {
            asking.is_malformed(call, &answer[..cut]).await;
        }
    }
}

/// As a proxy leaves it that loses a part.
#[tokio::test]
async fn lists_with_something_else_in_them_are_not_taken() {
    let asking = Asking::new().await;
    for call in CALLS {
        let answer = right(call);
        let strange = if is_xml(call) && answer.contains("<member>") {
            vec![
                answer.replace("member>", "item>"),
                answer.replacen("<member>", "", 1),
                answer.replacen("</member>", "", 1),
                answer.replacen("<member>", "<member/><member>", 1),
            ]
        } else if answer.contains(":[{") {
            vec![
                answer.replace(":[{", ":[null,{"),
                answer.replace(":[{", ":[\"x\",{"),
                answer.replace(":[{", ":[1,{"),
                answer.replace(":[{", ":[[],{"),
                answer.replace("}]", "}"),
            ]
        } else {
            continue;
        };
        for answer in strange {
            asking.is_malformed(call, &answer).await;
        }
    }
}
