//! IAM's and Organizations' answers: everything exactly once, and reports that agree with the truth.

use std::collections::BTreeMap;
use std::time::Duration;

use keysweep_core::account::AccountId;
use keysweep_core::evidence::credential_report::{CredentialReport, Slot};
use keysweep_core::key::KeyStatus;
use keysweep_core::time::Instant;

use super::{KEY, OTHER_KEY, account, call, call_as, days, enter, list_keys, now};
use crate::service::iam::Paging;
use crate::service::organizations;
use crate::{Action, ApiResult, Profile, Sim, WorldSpec};

fn surprising() -> Profile {
    Profile { short_pages: 0.5, empty_pages: 0.5, ..Profile::unlimited() }
}

/// Every item of a listing of IAM, and in how many pages.
fn all<T>(
    mut page: impl FnMut(&Paging) -> crate::service::iam::Page<T>,
    size: Option<i64>,
) -> (Vec<T>, usize) {
    let (mut items, mut paging, mut pages) = (Vec::new(), Paging { marker: None, max_items: size }, 0);
    loop {
        let answer = page(&paging);
        assert!(answer.items.len() <= usize::try_from(size.unwrap_or(100)).unwrap());
        items.extend(answer.items);
        pages += 1;
        paging.marker = answer.marker;
        if paging.marker.is_none() {
            return (items, pages);
        }
    }
}

#[test]
fn paging_gives_every_user_exactly_once() {
    for (profile, size, most) in [
        (Profile::unlimited(), None, 3),
        (Profile::unlimited(), Some(7), 36),
        (surprising(), Some(1000), 250),
        (surprising(), Some(7), 250),
    ] {
        let short = profile.short_pages > 0.0;
        let sim = Sim::new(WorldSpec::single_account(250).profile(profile));
        let (users, pages) = all(
            |paging| call(&sim, Action::ListUsers, |context| context.list_users(None, paging)).unwrap(),
            size,
        );
        let names: Vec<_> = users.iter().map(|user| user.user_name.clone()).collect();
        assert_eq!(names.len(), 250);
        assert!(names.is_sorted_by(|a, b| a < b), "by name, each once");
        assert!(if short { pages <= most } else { pages == most }, "{pages} pages");
        let (details, _) = all(
            |paging| {
                call(&sim, Action::GetAccountAuthorizationDetails, |context| {
                    context.get_account_authorization_details(&["User"], paging)
                })
                .unwrap()
            },
            size,
        );
        assert_eq!(details.iter().map(|user| user.user_name.clone()).collect::<Vec<_>>(), names);
    }
}

#[test]
fn a_user_deleted_between_two_pages_hides_no_other() {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        for name in ["a", "b", "c", "d"] {
            world.account(account("111111111111")).user(name);
        }
    });
    let list =
        |paging: &Paging| call(&sim, Action::ListUsers, |context| context.list_users(None, paging)).unwrap();
    let first = list(&Paging { marker: None, max_items: Some(2) });
    call(&sim, Action::DeleteUser, |context| context.delete_user("b")).unwrap();
    let second = list(&Paging { marker: first.marker, max_items: Some(2) });
    let names: Vec<_> = first.items.iter().chain(&second.items).map(|user| user.user_name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

/// The accounts of every page.
fn walk(
    mut page: impl FnMut(&organizations::Paging) -> ApiResult<organizations::Page<organizations::Account>>,
) -> Vec<AccountId> {
    let (mut ids, mut paging) = (Vec::new(), organizations::Paging::default());
    loop {
        let answer = page(&paging).unwrap();
        assert!(answer.items.len() <= 20);
        ids.extend(answer.items.iter().map(|account| account.id));
        paging.next_token = answer.next_token;
        if paging.next_token.is_none() {
            return ids;
        }
    }
}

#[test]
fn the_organization_is_listed_and_walked_completely() {
    let sim =
        Sim::new(WorldSpec { profile: surprising(), closed_accounts: 0.3, ..WorldSpec::organization(90, 0) });
    let listed = walk(|paging| call(&sim, Action::ListAccounts, |context| context.list_accounts(paging)));
    let truth = sim.truth();
    assert_eq!(listed, truth.accounts.iter().map(|account| account.id).collect::<Vec<_>>());
    assert!(truth.accounts.iter().any(|account| account.state == "SUSPENDED"));
    assert!(truth.accounts.iter().any(|account| account.state == "PENDING_CLOSURE"));

    // The same accounts hang in the tree.
    let mut paths = BTreeMap::new();
    let mut paging = organizations::Paging::default();
    let root = loop {
        let page = call(&sim, Action::ListRoots, |context| context.list_roots(&paging)).unwrap();
        match page.items.into_iter().next() {
            Some(root) => break root.id,
            None => paging.next_token = Some(page.next_token.unwrap()),
        }
    };
    let mut open = vec![(root, Vec::<String>::new())];
    while let Some((id, path)) = open.pop() {
        let accounts = walk(|paging| {
            call(&sim, Action::ListAccountsForParent, |context| context.list_accounts_for_parent(&id, paging))
        });
        for account in accounts {
            assert_eq!(paths.insert(account, path.join("/")), None, "{account} twice");
        }
        let mut paging = organizations::Paging::default();
        loop {
            let page = call(&sim, Action::ListOrganizationalUnitsForParent, |context| {
                context.list_organizational_units_for_parent(&id, &paging)
            })
            .unwrap();
            for unit in page.items {
                open.push((unit.id, [path.clone(), vec![unit.name]].concat()));
            }
            paging.next_token = page.next_token;
            if paging.next_token.is_none() {
                break;
            }
        }
    }
    let expected: BTreeMap<_, _> =
        truth.accounts.iter().map(|account| (account.id, account.ou_path.clone())).collect();
    assert_eq!(paths, expected);
    assert!(expected.values().any(|path| path.matches('/').count() == 2), "three levels");
}

#[test]
fn organizations_tokens_belong_to_their_listing() {
    let sim = Sim::new(WorldSpec::organization(30, 0));
    let page =
        call(&sim, Action::ListAccounts, |context| context.list_accounts(&organizations::Paging::default()));
    let paging = organizations::Paging { next_token: page.unwrap().next_token, max_results: None };
    let roots = call(&sim, Action::ListRoots, |context| context.list_roots(&paging));
    assert_eq!(roots.unwrap_err().code, "InvalidInputException");
}

fn report(sim: &Sim, id: AccountId) -> (Vec<u8>, Instant) {
    let credentials = enter(sim, id).unwrap();
    let generate = || {
        call_as(sim, &credentials, Action::GenerateCredentialReport, |context| {
            context.generate_credential_report()
        })
        .unwrap()
        .state
    };
    while generate() != "COMPLETE" {
        sim.clock().advance(Duration::from_secs(1));
    }
    let report =
        call_as(sim, &credentials, Action::GetCredentialReport, |context| context.get_credential_report());
    let report = report.unwrap();
    (report.content, report.generated_time)
}

/// What a report says, read by keysweep's own reader: by user, the keys as their status and creation.
fn rows(content: &[u8]) -> BTreeMap<String, Vec<(bool, Instant)>> {
    let report = CredentialReport::read(content).unwrap();
    let root = ("<root_account>".to_owned(), report.root);
    let users = report.users.into_iter().map(|(name, row)| (name.to_string(), row));
    std::iter::once(root)
        .chain(users)
        .map(|(name, row)| {
            let mut slots: Vec<_> = row
                .slots
                .iter()
                .filter_map(|slot| match slot {
                    Slot::Key { status, rotated, .. } => Some((*status == KeyStatus::Active, *rotated)),
                    Slot::Empty => None,
                    Slot::Contradictory => panic!("{name} contradicts itself"),
                })
                .collect();
            slots.sort_unstable();
            (name, slots)
        })
        .collect()
}

#[test]
fn reports_agree_with_the_truth() {
    let sim =
        Sim::new(WorldSpec { inactive_root: 0.3, ..WorldSpec::organization(8, 40).inactive_users(0.4) });
    for truth in &sim.truth().accounts {
        let (content, _) = report(&sim, truth.id);
        let rows = rows(&content);
        assert_eq!(rows.len(), truth.users + 1);
        for (user, slots) in rows {
            let mut expected: Vec<_> = truth
                .keys
                .iter()
                .filter(|key| key.user == user)
                .map(|key| (key.status == KeyStatus::Active, key.created))
                .collect();
            expected.sort_unstable();
            assert_eq!(slots, expected, "{user} of {}", truth.id);
        }
    }
}

#[test]
fn the_report_is_kept_for_four_hours_and_does_not_see_later_changes() {
    let profile = Profile { report_delay: Duration::from_secs(3), ..Profile::unlimited() };
    let sim = Sim::new(WorldSpec { profile, ..WorldSpec::empty(now()) });
    let id = account("111111111111");
    sim.edit(|world| {
        world.account(id).user("alice").key(KEY, now() - days(10));
    });
    let generate = || {
        call(&sim, Action::GenerateCredentialReport, |context| context.generate_credential_report())
            .unwrap()
            .state
    };
    let get = || call(&sim, Action::GetCredentialReport, |context| context.get_credential_report());
    let refused = || {
        let error = get().unwrap_err();
        (error.status, error.code.into_owned())
    };
    assert_eq!(refused(), (410, "ReportNotPresent".into()));
    assert_eq!(generate(), "STARTED");
    assert_eq!(refused(), (404, "ReportInProgress".into()));
    assert_eq!(generate(), "INPROGRESS");
    sim.clock().advance(Duration::from_secs(3));
    assert_eq!(generate(), "COMPLETE");
    let first = get().unwrap();
    assert!(rows(&first.content)["alice"][0].0, "Active");

    call(&sim, Action::UpdateAccessKey, |context| context.update_access_key(Some("alice"), KEY, "Inactive"))
        .unwrap();
    sim.clock().advance(Duration::from_secs(4 * 3_600 - 4));
    assert_eq!(generate(), "COMPLETE");
    assert_eq!(get().unwrap().content, first.content, "the kept copy");
    sim.clock().advance(Duration::from_secs(2));
    assert_eq!(refused(), (410, "ReportExpired".into()));
    assert_eq!(generate(), "STARTED");
    sim.clock().advance(Duration::from_secs(3));
    assert!(!rows(&get().unwrap().content)["alice"][0].0, "Inactive");
}

#[test]
fn a_report_can_be_there_from_the_start() {
    let spec = WorldSpec {
        report_age: Some(super::minutes(200)),
        ..WorldSpec::organization(4, 30).inactive_users(1.0)
    };
    let sim = Sim::new(spec);
    let truth = sim.truth();
    let mut differences = 0;
    for account in truth.accounts.iter().filter(|account| account.state == "ACTIVE") {
        let (content, generated) = report(&sim, account.id);
        assert_eq!(generated, truth.now - super::minutes(200));
        for (user, slots) in rows(&content) {
            let then = slots.iter().filter(|(active, _)| *active).count();
            let keys = account.keys.iter().filter(|key| key.user == user);
            differences += usize::from(then != keys.filter(|key| key.status == KeyStatus::Active).count());
        }
    }
    assert!(differences > 0, "keys deactivated since are Active in the report");
}

#[test]
fn more_than_two_keys_are_told_in_the_last_column() {
    let sim = Sim::new(WorldSpec { additional_credentials_info: true, ..WorldSpec::empty(now()) });
    let id = account("111111111111");
    sim.edit(|world| {
        let mut account = world.account(id);
        let mut user = account.user("alice");
        user.key(KEY, now() - days(10));
        user.key(OTHER_KEY, now() - days(9));
        user.key("AKIAIOSFODNN8EXAMPLE", now() - days(8));
        account.user("bob");
    });
    let text = String::from_utf8(report(&sim, id).0).unwrap();
    assert!(text.lines().next().unwrap().ends_with(",additional_credentials_info"));
    let alice = text.lines().find(|line| line.starts_with("alice,")).unwrap();
    assert!(alice.ends_with("\"1 additional access key(s), use ListAccessKeys\""), "{alice}");
    assert!(text.lines().find(|line| line.starts_with("bob,")).unwrap().ends_with(','));
}

#[test]
fn users_and_keys_can_be_made_changed_and_deleted() {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        world.account(account("111111111111"));
    });
    let operator = sim.operator();
    call(&sim, Action::CreateUser, |context| context.create_user("alice", Some("/service/"), &[])).unwrap();
    let again = call(&sim, Action::CreateUser, |context| context.create_user("Alice", None, &[]));
    assert_eq!(again.unwrap_err().code, "EntityAlreadyExists");
    let hostile = call(&sim, Action::CreateUser, |context| context.create_user("<b>", None, &[]));
    assert_eq!(hostile.unwrap_err().code, "ValidationError");
    let create = || call(&sim, Action::CreateAccessKey, |context| context.create_access_key(Some("alice")));
    let (first, second) = (create().unwrap(), create().unwrap());
    let refused = create().unwrap_err();
    assert_eq!((refused.status, refused.code.as_ref()), (409, "LimitExceeded"));
    let mut expected = vec![
        (first.access_key_id.clone(), "Active".to_owned()),
        (second.access_key_id.clone(), "Active".to_owned()),
    ];
    expected.sort();
    assert_eq!(list_keys(&sim, &operator, "alice").unwrap(), expected);

    let rename = call(&sim, Action::UpdateUser, |context| context.update_user("alice", Some("alicia"), None));
    rename.unwrap();
    assert_eq!(list_keys(&sim, &operator, "alice").unwrap_err().code, "NoSuchEntity");
    let update = |user, key: &str, status| {
        call(&sim, Action::UpdateAccessKey, |context| context.update_access_key(Some(user), key, status))
    };
    assert_eq!(update("alice", &first.access_key_id, "Inactive").unwrap_err().code, "NoSuchEntity");
    assert_eq!(update("alicia", KEY, "Inactive").unwrap_err().code, "NoSuchEntity");
    assert_eq!(update("alicia", &first.access_key_id, "Expired").unwrap_err().code, "ValidationError");
    update("alicia", &first.access_key_id, "Inactive").unwrap();
    let begun = sim.begin(&first.access_key_id, None, Action::GetCallerIdentity, "us-east-1");
    assert_eq!(begun.map(|_| ()).unwrap_err().code, "InvalidClientTokenId");

    let delete_user = || call(&sim, Action::DeleteUser, |context| context.delete_user("alicia"));
    assert_eq!(delete_user().unwrap_err().code, "DeleteConflict");
    for key in [&first.access_key_id, &second.access_key_id] {
        let delete =
            || call(&sim, Action::DeleteAccessKey, |context| context.delete_access_key(Some("alicia"), key));
        delete().unwrap();
        assert_eq!(delete().unwrap_err().code, "NoSuchEntity");
    }
    delete_user().unwrap();
    assert_eq!(sim.truth().accounts[0].deleted_keys.len(), 2);
}

#[test]
fn tags_and_last_use_are_given() {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        let mut account = world.account(account("111111111111"));
        let mut user = account.user("über, \"näme\"");
        user.tag("owner", "platform").tag("team", "sre");
        user.key(KEY, now() - days(10)).last_used(now() - days(2), "s3", "eu-west-1");
        user.key(OTHER_KEY, now() - days(10)).listed_as("Expired");
    });
    let tags = call(&sim, Action::ListUserTags, |context| {
        context.list_user_tags("über, \"näme\"", &Paging { marker: None, max_items: Some(1) })
    })
    .unwrap();
    assert_eq!((tags.items[0].key.as_str(), tags.items[0].value.as_str()), ("owner", "platform"));
    assert!(tags.marker.is_some());
    let used =
        |key| call(&sim, Action::GetAccessKeyLastUsed, |context| context.get_access_key_last_used(key));
    assert_eq!(used(KEY).unwrap().last_used_date, Some(now() - days(2)));
    assert_eq!(used(OTHER_KEY).unwrap().service_name, "N/A");
    assert_eq!(used("AKIAZZZZZZZZZZZZZZZZ").unwrap_err().code, "AccessDenied");
    let keys = list_keys(&sim, &sim.operator(), "über, \"näme\"").unwrap();
    assert!(keys.contains(&(OTHER_KEY.to_owned(), "Expired".to_owned())));
    let (content, _) = report(&sim, account("111111111111"));
    assert!(String::from_utf8(content).unwrap().contains("\"über, \"\"näme\"\"\""), "quoted in the report");
}

#[test]
fn summaries_count_users_and_root_keys() {
    let sim = Sim::new(WorldSpec::empty(now()));
    sim.edit(|world| {
        let mut account = world.account(account("111111111111"));
        account.user("alice");
        account.root_key(KEY, now() - days(900)).deactivated(now() - days(400));
    });
    let summary = call(&sim, Action::GetAccountSummary, |context| context.get_account_summary()).unwrap();
    assert!(summary.contains(&("Users", 1)));
    assert!(summary.contains(&("AccountAccessKeysPresent", 1)));
}
