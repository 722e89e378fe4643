//! Plans, approvals and exemptions, and what moves to another store.

use std::io::Cursor;

use keysweep_core::approval::Approval;
use keysweep_core::exemption::Exemption;
use keysweep_core::journal::Ledger;
use keysweep_core::plan::digest::Digest;
use keysweep_core::ports::{Agreements, Journal, KeptPlan};
use keysweep_store::{Location, Sql, StoreError, StoreErrorKind};

use super::{account, append, at, begun, exported, kept, opened, plan, take};
use crate::places::{Place, sqlite, suite};

suite! {
    plans_are_kept_once_and_published_once
    approvals_come_back_in_their_order_and_of_their_plan
    exemptions_are_kept_by_id_and_removed
}

on_each_database! {
    damaged_agreements_are_refused_and_told
    exemptions_plans_and_journals_move_and_contradict_nothing
}

async fn plans_are_kept_once_and_published_once<S: Agreements<Error = StoreError>>(store: &S) {
    let (old, new) = (kept("old", 1), kept("new", 2));
    for plan in [&new, &old, &new] {
        store.keep_plan(plan).await.unwrap();
    }
    assert_eq!(store.plans().await.unwrap(), [new.clone(), old.clone()]);
    // What is there under its digest is another: nothing could tell later what was agreed to.
    for other in [
        KeptPlan { text: "{}".to_owned(), ..old.clone() },
        KeptPlan { id: "older".to_owned(), ..old.clone() },
        KeptPlan { made_at: at(0), ..old.clone() },
    ] {
        let error = store.keep_plan(&other).await.unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
    }
    assert_eq!(store.plans().await.unwrap(), [new.clone(), old.clone()]);
    assert!(store.published().await.unwrap().is_empty());
    store.publish(new.digest, at(5)).await.unwrap();
    store.publish(new.digest, at(1)).await.unwrap();
    store.publish(old.digest, at(3)).await.unwrap();
    // A plan that is not kept cannot be published.
    store.publish(plan(), at(1)).await.unwrap();
    assert_eq!(store.published().await.unwrap(), [(at(3), old), (at(5), new)]);
}

fn approval(by: &str, plan: Digest) -> Approval {
    Approval {
        plan,
        by: by.to_owned(),
        account: account(),
        arn: format!("arn:{by}"),
        comment: Some("fine".to_owned()).filter(|_| by == "alice"),
        at: at(10),
        expires: at(20),
    }
}

async fn approvals_come_back_in_their_order_and_of_their_plan<S: Agreements<Error = StoreError>>(store: &S) {
    let other = Digest::of(b"another plan");
    let all = [approval("zoe", plan()), approval("alice", plan()), approval("zoe", plan())];
    for approval in all.iter().chain([&approval("eve", other)]) {
        store.approve(approval).await.unwrap();
    }
    assert_eq!(store.approvals(plan()).await.unwrap(), all);
    assert_eq!(store.approvals(other).await.unwrap(), [approval("eve", other)]);
    assert!(store.approvals(Digest::of(b"none")).await.unwrap().is_empty());
}

fn exemption(id: &str, reason: &str) -> Exemption {
    Exemption::new(id, "tag:team=a=b".parse().unwrap(), reason, "alice", at(0), at(86_400)).unwrap()
}

async fn exemptions_are_kept_by_id_and_removed<S: Agreements<Error = StoreError>>(store: &S) {
    assert!(store.exempt(&exemption("b", "one")).await.unwrap());
    assert!(store.exempt(&exemption("a", "two")).await.unwrap());
    assert!(!store.exempt(&exemption("b", "other")).await.unwrap());
    assert_eq!(store.kept_exemptions().await.unwrap(), [exemption("a", "two"), exemption("b", "one")]);
    assert!(store.remove_exemption("b").await.unwrap());
    assert!(!store.remove_exemption("b").await.unwrap());
    assert_eq!(store.kept_exemptions().await.unwrap(), [exemption("a", "two")]);
}

async fn damaged_agreements_are_refused_and_told(place: &Place<Sql>) {
    let store = &place.store;
    store.exempt(&exemption("a", "why")).await.unwrap();
    store.approve(&approval("alice", plan())).await.unwrap();
    place.execute("update exemptions set protects = 'everything'").await;
    let error = store.kept_exemptions().await.unwrap_err();
    assert!(error.kind.to_string().contains("exemption a"), "{}", error.kind);
    place
        .execute("update exemptions set protects = 'key:AKIA0000000000000001', expires_at = 99999999999")
        .await;
    assert!(store.kept_exemptions().await.is_err(), "an exemption of more than a year");
    place.execute("update approvals set account = -1").await;
    assert!(store.approvals(plan()).await.is_err());
    store.keep_plan(&kept("no plan", 1)).await.unwrap();
    let faults = Sql::check(&place.location).await.unwrap().faults.join("\n");
    for part in ["exemption a", "plan no plan"] {
        assert!(faults.contains(part), "{part}: {faults}");
    }
}

async fn exemptions_plans_and_journals_move_and_contradict_nothing(place: &Place<Sql>) {
    let store = &place.store;
    store.exempt(&exemption("a", "why")).await.unwrap();
    store.keep_plan(&kept("one", 1)).await.unwrap();
    store.keep_plan(&kept("two", 2)).await.unwrap();
    store.publish(kept("one", 1).digest, at(7)).await.unwrap();
    store.approve(&approval("alice", plan())).await.unwrap();
    begun(store).await;
    let text = exported(store).await;

    let other = Sql::open(&Location::None).await.unwrap();
    other.import_all(&mut Cursor::new(&text)).await.unwrap();
    other.import_all(&mut Cursor::new(&text)).await.unwrap();
    assert_eq!(other.kept_exemptions().await.unwrap(), store.kept_exemptions().await.unwrap());
    assert_eq!(other.plans().await.unwrap(), store.plans().await.unwrap());
    assert_eq!(other.published().await.unwrap(), store.published().await.unwrap());
    assert_eq!(other.events(plan()).await.unwrap(), store.events(plan()).await.unwrap());
    assert!(other.approvals(plan()).await.unwrap().is_empty(), "whoever moves a store approves again");
    assert_eq!(exported(&other).await, text);
    // What moved is missed where it is removed again.
    let third = sqlite().await;
    third.store.import_all(&mut Cursor::new(&text)).await.unwrap();
    third.execute("delete from journal where number = 4").await;
    assert!(third.store.events(plan()).await.is_err());
    // The journal goes on where it was: the next lease has the next number, as none was opened with it before.
    let lease = take(&other, "two", 0, 100).await;
    assert_eq!(lease.epoch, 2);
    append(&other, opened(2)).await.unwrap();
    Ledger::replay(plan(), &other.events(plan()).await.unwrap()).unwrap();
    let gone_on = exported(&other).await;

    for (from, to, says) in [
        ("\"reason\":\"why\"", "\"reason\":\"because\"", "another exemption"),
        ("\"number\":2", "\"number\":3", "another event 3"),
        (
            "\"access_key\":\"AKIA0000000000000001\"",
            "\"access_key\":\"AKIA0000000000000009\"",
            "stands under another key",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let error = other.import_all(&mut Cursor::new(&changed)).await.unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
    assert_eq!(exported(&other).await, gone_on);
}
