//! Worlds from a seed: the same again, exact in number, made when touched.

use std::collections::BTreeSet;

use keysweep_core::account::Partition;
use keysweep_core::key::KeyStatus;

use super::{days, enter};
use crate::service::iam::Paging;
use crate::{Action, Sim, WorldSpec};

#[test]
fn the_same_seed_gives_the_same_world() {
    let truth = |seed| Sim::new(WorldSpec::organization(30, 12).seed(seed)).truth();
    assert_eq!(truth(3), truth(3));
    assert_ne!(truth(3), truth(4));
}

#[test]
fn accounts_touched_alone_equal_accounts_touched_together() {
    let spec = || WorldSpec::organization(12, 9).seed(5).inactive_users(0.3);
    let all = Sim::new(spec());
    let truth = all.truth();
    let lazy = Sim::new(spec());
    let last = truth.accounts.iter().rfind(|account| account.state == "ACTIVE").unwrap();
    let credentials = enter(&lazy, last.id).unwrap();
    let users = super::call_as(&lazy, &credentials, Action::ListUsers, |context| {
        context.list_users(None, &Paging { marker: None, max_items: Some(1000) })
    });
    assert_eq!(lazy.touched_accounts(), 1);
    assert_eq!(users.unwrap().items.len(), last.users);
    assert_eq!(lazy.truth(), truth);
}

#[test]
fn the_number_of_users_with_inactive_keys_is_exact() {
    for (accounts, users, share) in
        [(1, 5_000, 0.1), (200, 50, 0.05), (7, 13, 0.33), (5, 10, 0.9), (3, 4, 1.0), (3, 4, 0.0), (4, 0, 0.5)]
    {
        let spec = WorldSpec { inactive_root: 0.0, ..WorldSpec::organization(accounts, users) };
        let truth = Sim::new(spec.inactive_users(share)).truth();
        let found: BTreeSet<_> =
            truth.inactive_keys().map(|(account, key)| (account.id, &key.user)).collect();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        let expected = (share * (accounts * users) as f64).round() as usize;
        assert_eq!(found.len(), expected, "{accounts} {users} {share}");
        assert!(truth.accounts.iter().all(|account| account.users == users));
    }
}

#[test]
fn histories_are_possible() {
    let truth = Sim::new(WorldSpec::organization(40, 50).inactive_users(0.4)).truth();
    let keys = truth.accounts.iter().flat_map(|account| account.keys.iter().chain(&account.deleted_keys));
    let mut ids = BTreeSet::new();
    for key in keys {
        assert!(ids.insert(&key.id), "{} twice", key.id);
        assert!(key.created <= truth.now, "{key:?}");
        assert!(key.created >= truth.now - days(8 * 365), "{key:?}");
        assert!(key.changes.iter().all(|change| key.created < change.at && change.at < truth.now), "{key:?}");
        assert!(key.changes.is_sorted_by_key(|change| change.at), "{key:?}");
        assert!(key.last_used.is_none_or(|used| key.created <= used && used <= truth.now), "{key:?}");
        let last = key.changes.last().map_or(KeyStatus::Active, |change| change.status);
        assert_eq!(key.status, last, "{key:?}");
        assert_eq!(key.inactive_since.is_some(), key.status == KeyStatus::Inactive, "{key:?}");
        assert!(
            key.deleted.is_none_or(|deleted| key.changes.iter().all(|change| change.at <= deleted)),
            "{key:?}"
        );
    }
}

#[test]
fn inactive_periods_are_of_every_length() {
    let truth = Sim::new(WorldSpec::organization(40, 50).inactive_users(0.4)).truth();
    let ages: Vec<_> =
        truth.inactive_keys().map(|(_, key)| truth.now - key.inactive_since.unwrap()).collect();
    let count = |from, to| ages.iter().filter(|age| (from..to).contains(*age)).count();
    assert!(count(super::minutes(0), super::minutes(120)) > 10, "inside the settling margin");
    assert!(count(super::minutes(120), days(30)) > 50);
    assert!(count(days(31), days(90)) > 50);
    assert!(count(days(91), days(2_000)) > 100);
    let again = truth.inactive_keys().filter(|(_, key)| {
        key.changes.iter().rev().take(2).filter(|change| change.status == KeyStatus::Inactive).count() == 2
    });
    assert!(again.count() > 10, "set Inactive again");
    let root = truth.inactive_keys().filter(|(_, key)| key.user == "<root_account>").count();
    assert!(root > 0, "root keys");
}

#[test]
fn a_quiet_history_has_no_change_of_the_last_90_days() {
    let spec = WorldSpec { quiet_history: true, inactive_root: 1.0, ..WorldSpec::organization(20, 15) };
    let truth = Sim::new(spec.inactive_users(0.4)).truth();
    let changes = || truth.accounts.iter().flat_map(|account| &account.keys).flat_map(|key| &key.changes);
    assert!(changes().count() > 120);
    assert!(changes().all(|change| change.at < truth.now - days(90)));
}

#[test]
fn large_organizations_start_at_once() {
    let sim = Sim::new(WorldSpec::organization(10_000, 20));
    assert_eq!(sim.touched_accounts(), 0);
    let operator = sim.operator();
    sim.begin(&operator.access_key_id, operator.session_token.as_deref(), Action::ListUsers, "us-east-1")
        .unwrap();
    assert_eq!(sim.touched_accounts(), 0);
}

#[test]
fn a_key_leads_to_its_account_and_touches_no_other() {
    let spec = || WorldSpec::organization(50, 10);
    let truth = Sim::new(spec()).truth();
    let accounts = truth.accounts.iter().rev().filter(|account| account.state == "ACTIVE");
    let key = accounts.flat_map(|account| &account.keys).find(|key| key.status == KeyStatus::Active).unwrap();
    let sim = Sim::new(spec());
    sim.begin(&key.id, None, Action::GetCallerIdentity, "us-east-1").unwrap();
    assert_eq!(sim.touched_accounts(), 1);
}

#[test]
fn some_accounts_are_closed_where_there_are_many() {
    for (accounts, share, expected) in
        [(20, 0.04, 2), (50, 0.04, 2), (200, 0.04, 8), (19, 0.5, 0), (50, 0.0, 0)]
    {
        let spec = WorldSpec { closed_accounts: share, ..WorldSpec::organization(accounts, 0) };
        let truth = Sim::new(spec).truth();
        let count = |state| truth.accounts.iter().filter(|account| account.state == state).count();
        assert_eq!(
            (count("SUSPENDED"), count("PENDING_CLOSURE")),
            (expected / 2, expected / 2),
            "{accounts}"
        );
    }
}

#[test]
fn other_partitions_have_their_own_arns() {
    let sim = Sim::new(WorldSpec::organization(2, 3).partition(Partition::AwsUsGov));
    let truth = sim.truth();
    assert!(truth.accounts[1].keys.iter().all(|key| key.user_arn.starts_with("arn:aws-us-gov:iam::")));
    let environment = sim.environment("127.0.0.1:4599");
    assert!(environment.contains(&("AWS_REGION", "us-gov-west-1".to_owned())));
    assert!(environment.contains(&("AWS_ENDPOINT_URL", "http://127.0.0.1:4599".to_owned())));
}

#[test]
fn the_truth_is_written_as_json() {
    let truth = Sim::new(WorldSpec::organization(2, 5).inactive_users(0.5)).truth();
    let json = serde_json::to_value(&truth).unwrap();
    assert_eq!(json["now"], "2026-11-23T09:00:00Z");
    let (account, key) = truth.inactive_keys().next().unwrap();
    let accounts = json["accounts"].as_array().unwrap();
    let found = accounts.iter().find(|json| json["id"] == account.id.to_string()).unwrap();
    let keys = found["keys"].as_array().unwrap();
    let found = keys.iter().find(|json| json["id"] == key.id).unwrap();
    assert_eq!((&found["status"], &found["user"]), (&"Inactive".into(), &key.user.as_str().into()));
}
