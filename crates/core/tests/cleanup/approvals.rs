//! Whose approval counts, and until when.

use keysweep_core::approval::{Approval, ApprovalPolicy, NotApproved, check};
use keysweep_core::plan::digest::Digest;
use keysweep_core::plan::document::digest;
use keysweep_core::time::SignedDuration;

use crate::sample::{DAY, HOUR, caller, finding, now, plan_of};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn approval(by: &str, arn: &str) -> Approval {
    Approval {
        plan: digest(&plan_of(vec![finding(1)])),
        by: by.to_owned(),
        account: caller().account,
        arn: format!("arn:aws:sts::999999999999:assumed-role/approver/{arn}"),
        comment: None,
        at: now(),
        expires: now() + DAY * 3,
    }
}

fn judge(approvals: &[Approval], policy: ApprovalPolicy, at: SignedDuration) -> Result<usize, NotApproved> {
    let plan = plan_of(vec![finding(1)]);
    check(approvals, &plan, digest(&plan), policy, now() + at).map(|counted| counted.len())
}

#[test]
fn one_approval_holds_until_it_expires() {
    let policy = ApprovalPolicy::default();
    let bob = [approval("bob", "bob")];
    assert_eq!(judge(&bob, policy, SignedDuration::ZERO), Ok(1));
    assert_eq!(judge(&bob, policy, DAY * 3 - SECOND), Ok(1));
    assert!(matches!(judge(&bob, policy, DAY * 3), Err(NotApproved::Expired { .. })));
    assert!(matches!(judge(&[], policy, SignedDuration::ZERO), Err(NotApproved::ByNobody { .. })));
}

#[test]
fn an_approval_holds_no_longer_than_the_policy_lets_it() {
    let mut long = approval("bob", "bob");
    long.expires = now() + DAY * 300;
    assert!(matches!(judge(&[long], ApprovalPolicy::default(), DAY * 3), Err(NotApproved::Expired { .. })));
}

#[test]
fn an_approval_is_for_one_digest() {
    let mut other = approval("bob", "bob");
    other.plan = Digest::of(b"another plan");
    let refused = judge(&[other.clone()], ApprovalPolicy::default(), SignedDuration::ZERO);
    assert!(matches!(refused, Err(NotApproved::OtherPlan { .. })), "{refused:?}");
    let both = [other, approval("carol", "carol")];
    assert_eq!(judge(&both, ApprovalPolicy::default(), SignedDuration::ZERO), Ok(1));
}

#[test]
fn clocks_that_go_backwards_are_noticed() {
    let policy = ApprovalPolicy::default();
    let bob = [approval("bob", "bob")];
    assert!(matches!(judge(&bob, policy, -HOUR), Err(NotApproved::FromTheFuture { .. })));
    let mut early = approval("bob", "bob");
    early.at = now() - HOUR;
    assert!(matches!(judge(&[early], policy, SignedDuration::ZERO), Err(NotApproved::BeforeThePlan { .. })));
}

#[test]
fn the_author_may_be_forbidden_to_approve() {
    let mut own = approval("alice", "alice");
    own.arn = caller().arn;
    assert_eq!(judge(std::slice::from_ref(&own), ApprovalPolicy::default(), SignedDuration::ZERO), Ok(1));
    let policy = ApprovalPolicy { by_author: false, ..ApprovalPolicy::default() };
    assert!(matches!(judge(&[own], policy, SignedDuration::ZERO), Err(NotApproved::ByItsAuthor { .. })));
    assert_eq!(judge(&[approval("bob", "bob")], policy, SignedDuration::ZERO), Ok(1));
}

#[test]
fn two_people_are_two_names_and_two_identities() {
    let policy = ApprovalPolicy { approvers: 2, ..ApprovalPolicy::default() };
    let judge = |approvals: &[Approval]| judge(approvals, policy, SignedDuration::ZERO);
    let too_few = |result: Result<usize, NotApproved>| {
        matches!(result, Err(NotApproved::TooFew { have: 1, need: 2, .. }))
    };
    assert!(too_few(judge(&[approval("bob", "bob")])));
    assert!(too_few(judge(&[approval("bob", "bob"), approval("bob", "bob")])));
    assert!(too_few(judge(&[approval("bob", "bob"), approval("carol", "bob")])));
    assert!(too_few(judge(&[approval("bob", "bob"), approval(" Bob ", "other")])));
    assert_eq!(judge(&[approval("bob", "bob"), approval("carol", "carol")]), Ok(2));
    // Whatever the order: one name with two identities, one of them shared with another name, is one person.
    let mixed = [approval("bob", "1"), approval("bob", "2"), approval("carol", "1")];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert!(too_few(judge(&order.map(|place| mixed[place].clone()))), "{order:?}");
    }
}
