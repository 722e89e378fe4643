//! Credentials, roles, and the limits on calls.

use std::time::Duration;

use keysweep_core::account::AccountState;

use super::{KEY, OTHER_KEY, account, call, call_as, days, enter, list_keys, now};
use crate::service::iam::Paging;
use crate::service::organizations;
use crate::service::sts::AssumeRoleInput;
use crate::{Action, CallerCredentials, CallerKind, Profile, Rate, Rates, Sim, WorldSpec};

fn key(id: &str) -> CallerCredentials {
    CallerCredentials { access_key_id: id.into(), secret_access_key: String::new(), session_token: None }
}

fn world() -> Sim {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        let mut management = world.account(account("111111111111"));
        management.user("alice").path("/people/").key(KEY, now() - days(100));
        management.user("bob").key(OTHER_KEY, now() - days(100)).deactivated(now() - days(50));
        world.account(account("222222222222"));
    });
    sim
}

fn refusal(result: crate::ApiResult<impl std::fmt::Debug>) -> (u16, String) {
    let error = result.unwrap_err();
    (error.status, error.code.into_owned())
}

#[test]
fn credentials_decide_who_the_caller_is() {
    let sim = world();
    let whoami = |credentials: &CallerCredentials| {
        call_as(&sim, credentials, Action::GetCallerIdentity, |context| context.get_caller_identity())
    };
    assert_eq!(
        whoami(&sim.operator()).unwrap().arn,
        "arn:aws:sts::111111111111:assumed-role/keysweep-operator/operator"
    );
    let alice = whoami(&key(KEY)).unwrap();
    assert_eq!(
        (alice.arn.as_str(), alice.account),
        ("arn:aws:iam::111111111111:user/people/alice", account("111111111111"))
    );
    assert!(alice.user_id.starts_with("AIDA"));
    let member = enter(&sim, account("222222222222")).unwrap();
    let member = whoami(&member).unwrap();
    assert_eq!(member.arn, "arn:aws:sts::222222222222:assumed-role/OrganizationAccountAccessRole/test");
}

#[test]
fn unknown_and_inactive_keys_and_wrong_tokens_are_refused() {
    let sim = world();
    let whoami = |credentials: &CallerCredentials| {
        refusal(call_as(&sim, credentials, Action::GetCallerIdentity, |context| {
            context.get_caller_identity()
        }))
    };
    let invalid = (403, "InvalidClientTokenId".to_owned());
    assert_eq!(whoami(&key(OTHER_KEY)), invalid, "Inactive");
    assert_eq!(whoami(&key("AKIAZZZZZZZZZZZZZZZZ")), invalid, "unknown");
    assert_eq!(whoami(&key("")), invalid, "none");
    assert_eq!(whoami(&CallerCredentials { session_token: None, ..sim.operator() }), invalid, "no token");
    assert_eq!(
        whoami(&CallerCredentials { session_token: Some("x".into()), ..sim.operator() }),
        invalid,
        "other token"
    );
    assert_eq!(
        whoami(&CallerCredentials { session_token: Some("x".into()), ..key(KEY) }),
        invalid,
        "a token too many"
    );
    let json = call_as(&sim, &key(OTHER_KEY), Action::ListAccounts, |context| {
        context.list_accounts(&organizations::Paging::default())
    });
    assert_eq!(refusal(json), (400, "UnrecognizedClientException".into()));
    // IAM counts the attempt with the Inactive key.
    assert_eq!(sim.truth().key(OTHER_KEY).unwrap().last_used, Some(now()));
}

#[test]
fn sessions_end() {
    let sim = world();
    let member = enter(&sim, account("222222222222")).unwrap();
    let whoami =
        || call_as(&sim, &member, Action::GetCallerIdentity, |context| context.get_caller_identity());
    sim.clock().advance(Duration::from_secs(3_599));
    whoami().unwrap();
    sim.clock().advance(Duration::from_secs(1));
    assert_eq!(refusal(whoami()), (403, "ExpiredToken".into()));
}

#[test]
fn roles_ask_for_their_external_id_and_can_be_missing() {
    let sim = world();
    sim.edit(|world| {
        world.account(account("333333333333")).no_role().role("audit/keysweep", Some("secret-1"));
        world.account(account("444444444444")).invited();
        world.account(account("555555555555")).state(AccountState::Suspended);
    });
    let assume = |account: &str, role: &str, external_id: Option<&str>| {
        let input = AssumeRoleInput {
            role_arn: format!("arn:aws:iam::{account}:role/{role}"),
            role_session_name: "test".into(),
            duration_seconds: None,
            external_id: external_id.map(str::to_owned),
        };
        call(&sim, Action::AssumeRole, |context| context.assume_role(&input))
    };
    let denied = (403, "AccessDenied".to_owned());
    assert!(assume("333333333333", "audit/keysweep", Some("secret-1")).is_ok());
    assert_eq!(refusal(assume("333333333333", "audit/keysweep", Some("secret-2"))), denied);
    assert_eq!(refusal(assume("333333333333", "audit/keysweep", None)), denied);
    assert_eq!(refusal(assume("333333333333", "keysweep", Some("secret-1"))), denied);
    assert_eq!(refusal(assume("444444444444", "OrganizationAccountAccessRole", None)), denied);
    assert_eq!(refusal(assume("555555555555", "OrganizationAccountAccessRole", None)), denied);
    assert_eq!(refusal(assume("999999999999", "OrganizationAccountAccessRole", None)), denied);
    // The management account has no such role, and does not need one.
    assert_eq!(refusal(assume("111111111111", "OrganizationAccountAccessRole", None)), denied);
    // An external id that nobody asks for does no harm.
    assert!(assume("222222222222", "OrganizationAccountAccessRole", Some("any")).is_ok());
}

#[test]
fn parameters_of_assume_role_are_checked() {
    let sim = world();
    let assume = |name: &str, duration: Option<i64>| {
        let input = AssumeRoleInput {
            role_arn: "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole".into(),
            role_session_name: name.into(),
            duration_seconds: duration,
            external_id: None,
        };
        call(&sim, Action::AssumeRole, |context| context.assume_role(&input))
    };
    assert_eq!(assume("test", Some(900)).unwrap().credentials.expiration, now() + super::minutes(15));
    assert!(assume("test", Some(43_200)).is_ok());
    for (name, duration) in [("test", Some(899)), ("test", Some(43_201)), ("t", None), ("te st", None)] {
        assert_eq!(refusal(assume(name, duration)), (400, "ValidationError".into()), "{name} {duration:?}");
    }
}

#[test]
fn only_the_management_account_and_delegated_administrators_see_the_organization() {
    let sim = world();
    sim.edit(|world| {
        world.account(account("333333333333")).delegated_administrator();
    });
    let list = |credentials: &CallerCredentials| {
        call_as(&sim, credentials, Action::ListAccounts, |context| {
            context.list_accounts(&organizations::Paging::default())
        })
    };
    assert_eq!(list(&sim.operator()).unwrap().items.len(), 3);
    assert_eq!(list(&enter(&sim, account("333333333333")).unwrap()).unwrap().items.len(), 3);
    let member = enter(&sim, account("222222222222")).unwrap();
    assert_eq!(refusal(list(&member)), (400, "AccessDeniedException".into()));
    let described =
        call_as(&sim, &member, Action::DescribeOrganization, |context| context.describe_organization());
    assert_eq!(described.unwrap().master_account_id, account("111111111111"));
    let alone = Sim::new(WorldSpec::single_account(3));
    let described = call(&alone, Action::DescribeOrganization, |context| context.describe_organization());
    assert_eq!(refusal(described), (400, "AWSOrganizationsNotInUseException".into()));
}

#[test]
fn calls_beyond_the_rate_are_throttled_by_account_and_operation() {
    let profile = Profile { iam: Rates::Same(Rate::new(2.0, 3.0)), ..Profile::unlimited() };
    let sim = Sim::new(WorldSpec::organization(2, 2).profile(profile));
    let member = sim.truth().accounts[1].id;
    let member = enter(&sim, member).unwrap();
    let list = |credentials: &CallerCredentials| {
        call_as(&sim, credentials, Action::ListUsers, |context| context.list_users(None, &Paging::default()))
    };
    for _ in 0..3 {
        list(&sim.operator()).unwrap();
    }
    let error = list(&sim.operator()).unwrap_err();
    assert_eq!(
        (error.status, error.code.as_ref(), error.message.as_str()),
        (400, "Throttling", "Rate exceeded")
    );
    // Neither another account nor another operation is concerned.
    list(&member).unwrap();
    call(&sim, Action::GetAccountSummary, |context| context.get_account_summary()).unwrap();
    // Two tokens a second come back.
    sim.clock().advance(Duration::from_millis(500));
    list(&sim.operator()).unwrap();
    list(&sim.operator()).unwrap_err();
    let management = sim.caller_account().unwrap();
    let count = sim.calls().of(management, Action::ListUsers);
    assert_eq!((count.sent, count.throttled), (6, 2));
    assert_eq!(sim.calls().total_of(Action::ListUsers).sent, 7);
    sim.reset_calls();
    assert_eq!(sim.calls().total.sent, 0);
}

#[test]
fn every_service_throttles_in_its_own_words() {
    let none = || Rates::Same(Rate::new(0.0, 0.0));
    let profile = Profile {
        iam: none(),
        lookup_events: none(),
        organizations: none(),
        assume_role: none(),
        ..Profile::unlimited()
    };
    let sim = Sim::new(WorldSpec::organization(2, 2).profile(profile));
    let operator = sim.operator();
    let code = |action| {
        let begun =
            sim.begin(&operator.access_key_id, operator.session_token.as_deref(), action, "us-east-1");
        begun.map(|_| ()).unwrap_err().code.into_owned()
    };
    assert_eq!(code(Action::ListUsers), "Throttling");
    assert_eq!(code(Action::AssumeRole), "Throttling");
    assert_eq!(code(Action::LookupEvents), "ThrottlingException");
    assert_eq!(code(Action::ListAccounts), "TooManyRequestsException");
}

#[test]
fn denials_use_awss_words() {
    let sim = world();
    sim.edit(|world| {
        world.account(account("111111111111")).deny(Action::ListAccessKeys, crate::fault::Denial::NoPolicy);
    });
    let error = list_keys(&sim, &sim.operator(), "alice").unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (403, "AccessDenied"));
    assert_eq!(
        error.message,
        "User: arn:aws:sts::111111111111:assumed-role/keysweep-operator/operator is not authorized to perform: iam:ListAccessKeys on resource: user alice because no identity-based policy allows the iam:ListAccessKeys action"
    );
}

#[test]
fn the_caller_of_a_user_key_is_that_user() {
    let sim = world();
    let context = sim.begin(KEY, None, Action::ListAccessKeys, "us-east-1").unwrap();
    assert_eq!(context.caller().kind, CallerKind::User { name: "alice".into() });
    let own = context.list_access_keys(None, &Paging::default()).unwrap();
    assert_eq!(own.items[0].access_key_id, KEY);
    let operator =
        call(&sim, Action::ListAccessKeys, |context| context.list_access_keys(None, &Paging::default()));
    assert_eq!(refusal(operator), (400, "ValidationError".into()));
}
