//! What each port makes of AWS's answers: right, unusual, and with parts missing.

use keysweep_core::account::{AccountState, OrganizationalUnit, Partition};
use keysweep_core::call::{Call, CallError, CallErrorKind};
use keysweep_core::key::{KeyStatus, LastUsed, ListedStatus};
use keysweep_core::ports::{Accounts, Directory, Inventory, RawEvent, ReportState, StatusHistory};
use keysweep_core::time::Instant;

use crate::server::{REQUEST_ID, Reply, Server, query};

/// Answers every call of the Query protocol with this result.
async fn xml(operation: &'static str, result: &str) -> Server {
    let answer = query(operation, result);
    Server::start(move |_| Reply::Answer(200, answer.clone())).await
}

async fn json(body: &str) -> Server {
    let body = body.to_owned();
    Server::start(move |_| Reply::Answer(200, body.clone())).await
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

fn malformed(error: &CallError, call: Call, why: &str) {
    assert_eq!((error.call, error.kind), (call, CallErrorKind::Malformed), "{error}");
    assert_eq!(error.request_id.as_deref(), Some(REQUEST_ID));
    assert!(error.message.contains(why), "{error} does not say {why:?}");
}

const KEY: &str = "<member><UserName>ü &amp; co</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>\
                   <Status>Inactive</Status><CreateDate>2020-02-03T04:05:06Z</CreateDate></member>";

fn keys(members: &str, rest: &str) -> String {
    format!("<AccessKeyMetadata>{members}</AccessKeyMetadata>{rest}")
}

#[tokio::test]
async fn keys_are_listed_for_the_named_user() {
    let expired = KEY.replace("Inactive", "Expired").replace("EXAMPLE", "EXPIRED");
    let result = keys(&(KEY.to_owned() + &expired), "<IsTruncated>true</IsTruncated><Marker>m2</Marker>");
    let server = xml("ListAccessKeys", &result).await;
    let user = "ü & co".parse().unwrap();
    let page = server.session().await.own().list_access_keys(&user, Some("m1")).await.unwrap();
    assert_eq!(page.items[0].id.as_str(), "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(page.items[0].status, ListedStatus::Known(KeyStatus::Inactive));
    assert_eq!(page.items[0].created, at("2020-02-03T04:05:06Z"));
    assert_eq!(page.items[1].status, ListedStatus::Other("Expired".to_owned()));
    assert_eq!(page.next.as_deref(), Some("m2"));
    let request = &server.requests()[0];
    assert!(request.body.contains("UserName=%C3%BC%20%26%20co"), "{}", request.body);
    assert!(request.body.contains("Marker=m1"), "{}", request.body);
    assert!(request.head.contains("app/keysweep"), "{}", request.head);
}

#[tokio::test]
async fn no_keys_are_no_keys() {
    for members in ["<AccessKeyMetadata/>", "<AccessKeyMetadata></AccessKeyMetadata>"] {
        let server = xml("ListAccessKeys", &format!("{members}<IsTruncated>false</IsTruncated>")).await;
        let page = server.session().await.own().list_access_keys(&"u".parse().unwrap(), None).await.unwrap();
        assert_eq!((page.items.len(), page.next), (0, None));
    }
}

#[tokio::test]
async fn nothing_that_is_missing_from_a_list_of_keys_is_made_up() {
    let end = "<IsTruncated>false</IsTruncated>";
    let whole = query("ListAccessKeys", &keys(KEY, end));
    let without = |part: &str| query("ListAccessKeys", &keys(&KEY.replace(part, ""), end));
    for (answer, why) in [
        (
            without("<AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>"),
            "AccessKeyMetadata.AccessKeyId is missing",
        ),
        (without("<Status>Inactive</Status>"), "AccessKeyMetadata.Status is missing"),
        (without("<CreateDate>2020-02-03T04:05:06Z</CreateDate>"), "AccessKeyMetadata.CreateDate is missing"),
        (whole.replace("AKIAIOSFODNN7EXAMPLE", "=cmd|x"), "AccessKeyMetadata.AccessKeyId: \"=cmd|x\" is not"),
        (whole.replace("2020-02-03", "2020-02-31"), "the answer cannot be read"),
        (whole.replace("2020-02-03", "yesterday"), "the answer cannot be read"),
        (whole.replace(end, "<Marker>m2</Marker>"), "there is a Marker and IsTruncated is not true"),
        (whole.replace(end, "<IsTruncated>perhaps</IsTruncated>"), "the answer cannot be read"),
        (whole.replace(end, "<IsTruncated>true</IsTruncated>"), "IsTruncated is true and Marker is missing"),
        (whole.replace(end, "<IsTruncated>true</IsTruncated><Marker>asked</Marker>"), "Marker is the one"),
        (whole.replace("AccessKeyMetadata", "SomethingElse"), "AccessKeyMetadata is missing"),
        (String::new(), "the answer cannot be read"),
        ("<html>Sign in</html>".to_owned(), "the answer cannot be read"),
        ("{}".to_owned(), "the answer cannot be read"),
    ] {
        let server = Server::start(move |_| Reply::Answer(200, answer.clone())).await;
        let own = server.session().await.own();
        let error = own.list_access_keys(&"u".parse().unwrap(), Some("asked")).await.unwrap_err();
        malformed(&error, Call::ListAccessKeys, why);
    }
}

/// The SDK would read most of these as a shorter list.
#[tokio::test]
async fn a_list_that_is_cut_off_anywhere_is_refused() {
    let answer = query("ListAccessKeys", &keys(KEY, "<IsTruncated>false</IsTruncated>"));
    let cuts: Vec<usize> =
        answer.match_indices('<').map(|(start, _)| start).chain([answer.trim_end().len() - 1]).collect();
    for cut in cuts {
        let text = answer[..cut].to_owned();
        let server = Server::start(move |_| Reply::Answer(200, text.clone())).await;
        let own = server.session().await.own();
        let error = own.list_access_keys(&"u".parse().unwrap(), None).await.unwrap_err();
        malformed(&error, Call::ListAccessKeys, "");
    }
}

#[tokio::test]
async fn users_are_listed_a_thousand_at_a_time() {
    let user = "<member><Path>/a/</Path><UserName>jo</UserName><UserId>AIDA1</UserId>\
                <Arn>arn:aws:iam::000000000042:user/a/jo</Arn><CreateDate>2020-02-03T04:05:06Z</CreateDate></member>";
    let list = |user: &str| format!("<IsTruncated>false</IsTruncated><Users>{user}</Users>");
    let server = xml("ListUsers", &list(user)).await;
    let page = server.session().await.own().list_users(None).await.unwrap();
    assert_eq!(page.items[0].name.as_str(), "jo");
    assert_eq!(page.items[0].id, "AIDA1");
    assert_eq!(page.items[0].arn, "arn:aws:iam::000000000042:user/a/jo");
    assert_eq!(page.items[0].created, at("2020-02-03T04:05:06Z"));
    assert!(server.requests()[0].body.contains("MaxItems=1000"));
    for (part, why) in [
        ("<UserName>jo</UserName>", "Users.UserName is missing"),
        ("<UserId>AIDA1</UserId>", "Users.UserId is missing"),
        ("<Arn>arn:aws:iam::000000000042:user/a/jo</Arn>", "Users.Arn is missing"),
        ("<CreateDate>2020-02-03T04:05:06Z</CreateDate>", "Users.CreateDate is missing"),
    ] {
        let server = xml("ListUsers", &list(&user.replace(part, ""))).await;
        malformed(&server.session().await.own().list_users(None).await.unwrap_err(), Call::ListUsers, why);
    }
}

#[tokio::test]
async fn last_uses_are_dates_or_none() {
    let key = "AKIAIOSFODNN7EXAMPLE".parse().unwrap();
    let never = "<Region>N/A</Region><ServiceName>N/A</ServiceName>";
    let used = "<LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate><Region>eu-west-1</Region><ServiceName>s3</ServiceName>";
    let somewhere = "<LastUsedDate>2026-01-02T03:04:05Z</LastUsedDate>".to_owned() + never;
    let date = at("2026-01-02T03:04:05Z");
    for (fields, expected) in [
        (never, LastUsed::NotRecorded),
        (used, LastUsed::At { at: date, service: Some("s3".into()), region: Some("eu-west-1".into()) }),
        (&somewhere, LastUsed::At { at: date, service: None, region: None }),
    ] {
        let result = format!("<UserName>u</UserName><AccessKeyLastUsed>{fields}</AccessKeyLastUsed>");
        let server = xml("GetAccessKeyLastUsed", &result).await;
        assert_eq!(server.session().await.own().get_access_key_last_used(&key).await.unwrap(), expected);
    }
    let server = xml("GetAccessKeyLastUsed", "<UserName>u</UserName>").await;
    let error = server.session().await.own().get_access_key_last_used(&key).await.unwrap_err();
    malformed(&error, Call::GetAccessKeyLastUsed, "AccessKeyLastUsed is missing");
}

#[tokio::test]
async fn tags_may_have_empty_values_and_no_empty_keys() {
    let tag = "<member><Key>owner</Key><Value></Value></member>";
    let tags = |tag: &str| format!("<IsTruncated>false</IsTruncated><Tags>{tag}</Tags>");
    let server = xml("ListUserTags", &tags(tag)).await;
    let page = server.session().await.own().list_user_tags(&"u".parse().unwrap(), None).await.unwrap();
    assert_eq!(page.items, [("owner".to_owned(), String::new())]);
    let server = xml("ListUserTags", &tags("<member><Value>x</Value></member>")).await;
    let error = server.session().await.own().list_user_tags(&"u".parse().unwrap(), None).await.unwrap_err();
    malformed(&error, Call::ListUserTags, "Tags.Key is missing");
}

#[tokio::test]
async fn authorization_details_are_asked_for_users_only() {
    let result = "<IsTruncated>false</IsTruncated><UserDetailList><member><UserName>jo</UserName><UserId>AIDA1</UserId>\
                  <Tags><member><Key>owner</Key><Value>ops</Value></member></Tags></member></UserDetailList>";
    let server = xml("GetAccountAuthorizationDetails", result).await;
    let page = server.session().await.own().get_account_authorization_details(None).await.unwrap();
    assert_eq!(page.items[0].name.as_str(), "jo");
    assert_eq!(page.items[0].id, "AIDA1");
    assert_eq!(page.items[0].tags["owner"], "ops");
    let body = &server.requests()[0].body;
    assert!(body.contains("Filter.member.1=User") && body.contains("MaxItems=1000"), "{body}");
}

#[tokio::test]
async fn summaries_count_users_and_root_keys() {
    let entry = |key: &str, value: &str| format!("<entry><key>{key}</key><value>{value}</value></entry>");
    let result = format!("<SummaryMap>{}{}</SummaryMap>", entry("Users", "7"), entry("Groups", "2"));
    let server = xml("GetAccountSummary", &result).await;
    let summary = server.session().await.own().get_account_summary().await.unwrap();
    assert_eq!((summary.users, summary.root_access_keys), (Some(7), None));
    let server =
        xml("GetAccountSummary", &format!("<SummaryMap>{}</SummaryMap>", entry("Users", "-7"))).await;
    let error = server.session().await.own().get_account_summary().await.unwrap_err();
    malformed(&error, Call::GetAccountSummary, "SummaryMap.Users: -7 is not a count");
}

#[tokio::test]
async fn report_states_are_those_of_the_api() {
    for (state, expected) in [
        ("STARTED", ReportState::Started),
        ("INPROGRESS", ReportState::InProgress),
        ("COMPLETE", ReportState::Complete),
    ] {
        let server = xml("GenerateCredentialReport", &format!("<State>{state}</State>")).await;
        assert_eq!(server.session().await.own().generate_credential_report().await.unwrap(), expected);
    }
    for (result, why) in
        [("<State>PAUSED</State>", "State: \"PAUSED\" is not known"), ("", "State is missing")]
    {
        let server = xml("GenerateCredentialReport", result).await;
        let error = server.session().await.own().generate_credential_report().await.unwrap_err();
        malformed(&error, Call::GenerateCredentialReport, why);
    }
}

#[tokio::test]
async fn reports_are_bytes_and_their_time() {
    let content = "<Content>dXNlcgr/</Content>";
    let time = "<GeneratedTime>2026-01-02T03:04:05Z</GeneratedTime>";
    let server =
        xml("GetCredentialReport", &format!("{content}<ReportFormat>text/csv</ReportFormat>{time}")).await;
    let report = server.session().await.own().get_credential_report().await.unwrap();
    assert_eq!(report.content, b"user\n\xff");
    assert_eq!(report.generated_at, at("2026-01-02T03:04:05Z"));
    for (result, why) in [
        (content.to_owned(), "GeneratedTime is missing"),
        (time.to_owned(), "Content is missing"),
        (content.replace("dX", "!!") + time, "the answer cannot be read"),
    ] {
        let server = xml("GetCredentialReport", &result).await;
        let error = server.session().await.own().get_credential_report().await.unwrap_err();
        malformed(&error, Call::GetCredentialReport, why);
    }
}

#[tokio::test]
async fn events_are_looked_up_in_the_lead_region() {
    let body = r#"{"Events":[{"EventId":"e1","CloudTrailEvent":"{\"a\":1}","EventTime":1.5e9},{}],"NextToken":"t2"}"#;
    let server = json(body).await;
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-31T00:00:00Z"));
    let page = server.session().await.own().lookup_events(from, to, Some("t1")).await.unwrap();
    let expected = RawEvent { id: Some("e1".to_owned()), record: Some("{\"a\":1}".to_owned()) };
    assert_eq!(page.items, [expected, RawEvent { id: None, record: None }]);
    assert_eq!(page.next.as_deref(), Some("t2"));
    let request = &server.requests()[0];
    assert_eq!(request.signed_for(), "us-east-1");
    for part in [
        r#""LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"UpdateAccessKey"}]"#,
        r#""StartTime":1767225600"#,
        r#""EndTime":1769817600"#,
        r#""MaxResults":50"#,
        r#""NextToken":"t1""#,
    ] {
        assert!(request.body.contains(part), "{} lacks {part}", request.body);
    }
}

#[tokio::test]
async fn histories_that_are_missing_or_cut_off_are_refused() {
    let (from, to) = (Instant::from_unix(0), Instant::from_unix(1));
    for (body, why) in [
        ("{}", "Events is missing"),
        (r#"{"Events":null}"#, "Events is missing"),
        (r#"{"Events":[{"EventId":"e1"}"#, "the answer cannot be read"),
        (r#"{"Events":[{"EventId":"e1"}]"#, "the answer cannot be read"),
        (r#"{"Events":[],"NextToken":"t1"}"#, "NextToken is the one that was asked with"),
        ("", "Events is missing"),
    ] {
        let server = json(body).await;
        let error = server.session().await.own().lookup_events(from, to, Some("t1")).await.unwrap_err();
        malformed(&error, Call::LookupEvents, why);
    }
}

#[tokio::test]
async fn accounts_have_a_state_or_a_status() {
    let server = json(
        r#"{"Accounts":[{"Id":"000000000042","Name":"a","State":"PENDING_CLOSURE","Status":"ACTIVE"},
            {"Id":"000000000043","Status":"SUSPENDED"},{"Id":"000000000044","State":"ASLEEP"}],"NextToken":"t2"}"#,
    )
    .await;
    let page = server.session().await.list_accounts(None).await.unwrap();
    let states: Vec<_> =
        page.items.iter().map(|account| (account.id.to_string(), account.state.clone())).collect();
    assert_eq!(
        states,
        [
            ("000000000042".to_owned(), AccountState::PendingClosure),
            ("000000000043".to_owned(), AccountState::Suspended),
            ("000000000044".to_owned(), AccountState::Other("ASLEEP".to_owned())),
        ]
    );
    assert_eq!((page.items[0].name.as_deref(), page.items[1].name.as_deref()), (Some("a"), None));
    assert_eq!(page.next.as_deref(), Some("t2"));
    for (body, why) in [
        (r#"{"Accounts":[{"Status":"ACTIVE"}]}"#, "Accounts.Id is missing"),
        (r#"{"Accounts":[{"Id":"42","Status":"ACTIVE"}]}"#, "Accounts.Id: \"42\" is not"),
        (r#"{"Accounts":[{"Id":"000000000042"}]}"#, "Accounts.State is missing"),
        (r#"{"NextToken":"t2"}"#, "Accounts is missing"),
        (r#"{"Accounts":["#, "the answer cannot be read"),
    ] {
        let server = json(body).await;
        malformed(&server.session().await.list_accounts(None).await.unwrap_err(), Call::ListAccounts, why);
    }
}

#[tokio::test]
async fn pages_of_accounts_may_be_empty_and_not_the_last() {
    let server = json(r#"{"Accounts":[],"NextToken":"t2"}"#).await;
    let page = server.session().await.list_accounts(Some("t1")).await.unwrap();
    assert_eq!((page.items.len(), page.next.as_deref()), (0, Some("t2")));
    assert!(server.requests()[0].body.contains(r#""MaxResults":20"#));
    let server = json(r#"{"Accounts":[{"Id":"000000000042","State":"ACTIVE"}],"NextToken":""}"#).await;
    let page = server.session().await.list_accounts_for_parent("ou-1", None).await.unwrap();
    assert_eq!((page.items.len(), page.next), (1, None));
    assert!(server.requests()[0].body.contains(r#""ParentId":"ou-1""#));
}

#[tokio::test]
async fn the_tree_and_the_organization_are_read() {
    let server = json(r#"{"Organization":{"Id":"o-1","MasterAccountId":"000000000042"}}"#).await;
    let organization = server.session().await.describe_organization().await.unwrap();
    assert_eq!(
        (organization.id.as_str(), organization.management_account.to_string().as_str()),
        ("o-1", "000000000042")
    );
    let server = json(r#"{"Organization":{"Id":"o-1"}}"#).await;
    let error = server.session().await.describe_organization().await.unwrap_err();
    malformed(&error, Call::DescribeOrganization, "Organization.MasterAccountId is missing");

    let server = json(r#"{"Roots":[{"Id":"r-1","Name":"Root"}]}"#).await;
    let unit = |id: &str, name: &str| OrganizationalUnit { id: id.to_owned(), name: name.to_owned() };
    assert_eq!(server.session().await.list_roots(None).await.unwrap().items, [unit("r-1", "Root")]);

    let server = json(r#"{"OrganizationalUnits":[{"Id":"ou-1","Name":"Prod"}]}"#).await;
    let page = server.session().await.list_organizational_units_for_parent("r-1", None).await.unwrap();
    assert_eq!(page.items, [unit("ou-1", "Prod")]);

    let server = json(r#"{"Tags":[{"Key":"env","Value":"prod"}]}"#).await;
    let page =
        server.session().await.list_tags_for_resource("000000000042".parse().unwrap(), None).await.unwrap();
    assert_eq!(page.items, [("env".to_owned(), "prod".to_owned())]);
    assert!(server.requests()[0].body.contains(r#""ResourceId":"000000000042""#));
}

#[tokio::test]
async fn the_callers_partition_decides_where_events_are_looked_up() {
    let identity = "<Arn>arn:aws-us-gov:iam::000000000042:user/jo</Arn><UserId>AIDA1</UserId><Account>000000000042</Account>";
    let answer = query("GetCallerIdentity", identity);
    let server = Server::start(move |request| match request.operation.as_str() {
        "GetCallerIdentity" => Reply::Answer(200, answer.clone()),
        _ => Reply::Answer(200, r#"{"Events":[]}"#.to_owned()),
    })
    .await;
    let session = server.session().await;
    assert_eq!(session.partition(), Partition::Aws);
    let caller = session.get_caller_identity().await.unwrap();
    assert_eq!(caller.account.to_string(), "000000000042");
    assert_eq!((caller.partition, session.partition()), (Partition::AwsUsGov, Partition::AwsUsGov));
    session.own().lookup_events(Instant::from_unix(0), Instant::from_unix(1), None).await.unwrap();
    let regions: Vec<_> = server.requests().iter().map(|request| request.signed_for().to_owned()).collect();
    assert_eq!(regions, ["eu-west-1", "us-gov-west-1"]);

    let server = xml("GetCallerIdentity", &identity.replace("aws-us-gov", "aws-iso")).await;
    let error = server.session().await.get_caller_identity().await.unwrap_err();
    malformed(
        &error,
        Call::GetCallerIdentity,
        "the partition of \"arn:aws-iso:iam::000000000042:user/jo\" is not known",
    );
}
