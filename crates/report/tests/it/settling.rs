//! Which findings of an earlier scan a later one settles.

use keysweep_core::assessment::{AccountStatus, Assessment, Method};
use keysweep_core::call::Call;
use keysweep_core::problem::Gap;
use keysweep_core::time::SignedDuration;
use keysweep_report::resolved::{Resolution, Settling, settled};

use crate::samples;

const ACCOUNT: &str = "111122223333";

/// The keys that are settled where `later` is what a scan so long after the sample's found.
fn settled_after(hours: i64, later: impl FnOnce(&mut Assessment)) -> Vec<String> {
    let earlier = samples::every_verdict();
    let mut scan = samples::every_verdict();
    let time = SignedDuration::from_hours(hours);
    scan.started_at = samples::at(samples::NOW) + time;
    scan.accounts[0].assessed_at = Some(scan.started_at);
    let gone = ["legacy-backup", "batch-loader", "<root_account>"];
    scan.accounts[0].findings.retain(|finding| !gone.contains(&finding.owner.name()));
    later(&mut scan);
    let settled = settled(&earlier, &scan);
    assert!(settled.iter().all(|settled| settled.resolution == Resolution::NotInactive));
    let mut keys: Vec<_> =
        settled.iter().map(|settled| settled.finding.key.as_ref().unwrap().to_string()).collect();
    keys.sort();
    keys
}

#[test]
fn keys_that_a_complete_scan_no_longer_finds_are_settled_but_for_root_users() {
    let both = [samples::key_id(1), samples::key_id(5)];
    assert_eq!(settled_after(24, |_| ()), both);
    assert_eq!(settled_after(0, |scan| scan.accounts[0].method = Some(Method::Exhaustive)), both);
}

#[test]
fn a_credential_report_may_be_older_than_the_finding_and_then_settles_nothing() {
    assert_eq!(settled_after(3, |_| ()), [""; 0]);
}

#[test]
fn an_account_that_was_not_assessed_completely_settles_nothing() {
    let nothing = [""; 0];
    assert_eq!(settled_after(24, |scan| scan.accounts.clear()), nothing);
    for status in [AccountStatus::Partial, AccountStatus::NotAssessed] {
        assert_eq!(settled_after(24, |scan| scan.accounts[0].status = status), nothing);
    }
    assert_eq!(settled_after(24, |scan| scan.accounts[0].assessed_at = None), nothing);
    let problem = || {
        let denied = samples::denied(Call::ListAccessKeys, "AccessDenied", "not authorized");
        samples::problem(ACCOUNT, Gap::KeysNotListed { user: "alice".parse().unwrap() }, Some(denied))
    };
    assert_eq!(settled_after(24, |scan| scan.accounts[0].problems.push(problem())), nothing);
}

/// The sample's scan, so many hours later; it finds what the sample finds but for these users' keys.
fn scan_after(hours: i64, gone: &[&str]) -> Assessment {
    let mut scan = samples::every_verdict();
    let time = SignedDuration::from_hours(hours);
    scan.started_at = samples::at(samples::NOW) + time;
    scan.finished_at = scan.started_at;
    for account in &mut scan.accounts {
        account.assessed_at = Some(scan.started_at);
        account.findings.retain(|finding| !gone.contains(&finding.owner.name()));
        for finding in &mut account.findings {
            finding.assessed_at = scan.started_at;
        }
    }
    scan
}

/// The keys that the last of the scans settles of those before it, and how many of them it looked at.
fn gathered(later: &Assessment, before: &[Assessment]) -> (Vec<String>, usize) {
    let mut settling = Settling::of(later);
    let taken = before.iter().take_while(|earlier| settling.take(earlier)).count();
    let keys = settling.into_settled();
    (keys.iter().map(|settled| settled.finding.key.as_ref().unwrap().to_string()).collect(), taken)
}

#[test]
fn what_one_scan_could_not_settle_is_left_to_the_next() {
    let gone = ["legacy-backup"];
    let key = vec![samples::key_id(1)];
    let (first, second, third) = (scan_after(0, &[]), scan_after(3, &gone), scan_after(24, &gone));
    // The second may have gone by a report that was made before the key was gone.
    assert_eq!(gathered(&second, std::slice::from_ref(&first)), (vec![], 1));
    assert_eq!(gathered(&third, &[second.clone(), first.clone()]), (key.clone(), 2));
    // One that did not assess everything settles nothing of what it did not see.
    let mut partial = scan_after(12, &gone);
    partial.accounts[0].status = AccountStatus::Partial;
    assert_eq!(gathered(&third, &[partial, second, first.clone()]), (key, 3));
    // What a complete scan has told, nobody needs to tell again.
    let middle = scan_after(12, &gone);
    assert_eq!(gathered(&third, &[middle, first]), (vec![], 1));
}
