//! `--anonymize`: what must not survive, in any format, and what must stay.

use std::collections::BTreeSet;

use keysweep_core::account::{AccountState, Organization, OrganizationalUnit, Tags};
use keysweep_core::assessment::{Assessment, Scope};
use keysweep_core::call::Call;
use keysweep_core::diff::KeyChange;
use keysweep_core::evidence::{ChangeSource, EventId, Evidence, StatusChange, Target};
use keysweep_core::exemption::{Exemption, Standing};
use keysweep_core::finding::Finding;
use keysweep_core::key::{KeyStatus, Owner};
use keysweep_core::problem::{Gap, Problem};
use keysweep_core::totals::Totals;
use keysweep_report::anonymize::Anonymizer;
use keysweep_report::compared::Became;
use keysweep_report::resolved::{Resolution, Resolved};
use keysweep_report::{Compared, Format, Options, render};
use proptest::prelude::*;

use crate::samples;

/// Takes identifiers of its own for everything that can hold one, and remembers them.
struct Named {
    words: Vec<String>,
    next: usize,
}

impl Named {
    fn name(&mut self) -> String {
        self.next += 1;
        // Each is another one, and none is part of what the formats say themselves.
        format!("{}{:03}zq", self.words[self.next % self.words.len()], self.next)
    }

    fn key(&mut self) -> String {
        self.next += 1;
        format!("AKIAQZXJ{:012}", 987_001_000 + self.next)
    }

    fn account(&mut self) -> String {
        self.next += 1;
        format!("{:012}", 718_293_640_000_u64 + self.next as u64)
    }

    fn finding(&mut self, account: &str, like: Finding, seen: &mut BTreeSet<String>) -> Finding {
        let (user, actor, tag, file) = (self.name(), self.name(), self.name(), self.name());
        let (key, event, address) =
            (self.key(), format!("7a7b7c7d-1111-4222-8333-{}", self.account()), "10.99.88.77");
        seen.extend([&user, &actor, &tag, &file, &key, &event].map(ToString::to_string));
        seen.extend([account.to_owned(), address.to_owned()]);
        let Evidence::Changed(change) = samples::change(1, &user, samples::NOW, KeyStatus::Inactive) else {
            unreachable!()
        };
        let change = |source| {
            Evidence::Changed(StatusChange {
                key: key.parse().unwrap(),
                target: Target::User(user.parse().unwrap()),
                account: Some(account.parse().unwrap()),
                event: EventId::new(&event),
                actor: Some(format!("arn:aws:sts::{account}:assumed-role/{actor}/{user}")),
                source_ip: Some(address.to_owned()),
                source,
                ..change.clone()
            })
        };
        let file = ChangeSource::File { name: format!("{account}_{file}.json.gz"), record: 3 };
        let (exemption, reason, author) = (self.name(), self.name(), self.name());
        seen.extend([&exemption, &reason, &author].map(ToString::to_string));
        let (made, expires) = (samples::at("2026-09-01T00:00:00Z"), samples::at("2027-01-01T00:00:00Z"));
        let protects = format!("key:{key}").parse().unwrap();
        let exemption =
            Exemption::new(&exemption, protects, &format!("{reason} wants it"), &author, made, expires);
        Finding {
            account: account.parse().unwrap(),
            owner: samples::user(account, &user),
            key: Some(key.parse().unwrap()),
            tags: Some(Tags::from([("owner".to_owned(), tag.clone()), (format!("{tag}-key"), tag)])),
            evidence: [vec![change(ChangeSource::EventHistory), change(file)], like.evidence].concat(),
            exemption: Some(Standing::Exempt(exemption.unwrap())),
            ..like
        }
    }
}

/// An assessment, what it settles, and every identifier in them.
fn original(words: Vec<String>) -> (Assessment, Options, BTreeSet<String>) {
    let mut named = Named { words, next: 0 };
    let mut seen = BTreeSet::new();
    let (account, other, organization) = (named.account(), named.account(), "o-zqzq7zqzq7".to_owned());
    let mut one = samples::account(&account, Some(&named.name()));
    let (root, unit, tag, role) = (format!("r-{}", "zq7x"), named.name(), named.name(), named.name());
    one.account.state = Some(AccountState::Active);
    one.account.path = Some(vec![
        OrganizationalUnit { id: root.clone(), name: "Root".to_owned() },
        OrganizationalUnit { id: "ou-zq7x-zqunit77".to_owned(), name: unit.clone() },
    ]);
    one.account.tags = Some(Tags::from([(format!("{tag}-key"), tag.clone())]));
    one.findings = vec![
        named.finding(&account, samples::long_term(&account, "a", 1), &mut seen),
        named.finding(&account, samples::recent(&account, "b", 2), &mut seen),
        named.finding(&account, samples::contradictory(&account, "c", 3), &mut seen),
        samples::root_key(&account),
    ];
    let (user, key, event, detail) = (named.name(), named.key(), named.name(), named.name());
    let request = "9a9b9c9d-1111-4222-8333-0123456789ab".to_owned();
    let message = format!(
        "User: arn:aws:sts::{account}:assumed-role/{role}/{user} is not authorized to perform: cloudtrail:LookupEvents on \
         resource {unit} ({key}, {event}) from 10.99.88.77 with an explicit deny in a service control policy"
    );
    let problem = |gap| {
        let mut error = samples::denied(Call::LookupEvents, "AccessDeniedException", &message);
        error.request_id = Some(request.clone());
        Problem {
            detail: Some(format!("{detail}: line 7, {user}")),
            ..samples::problem(&account, gap, Some(error))
        }
    };
    one.problems = vec![
        problem(Gap::HistoryNotRead),
        problem(Gap::EventNotUnderstood { event: Some(event.clone()) }),
        problem(Gap::KeysNotListed { user: user.parse().unwrap() }),
        problem(Gap::ReportDistrusted { user: user.parse().unwrap() }),
        problem(Gap::LastUseNotRead { user: user.parse().unwrap(), key: key.parse().unwrap() }),
    ];
    seen.extend(one.account.name.clone());
    let settled = named.finding(&other, samples::undetermined(&other, "d", 4), &mut seen);
    let mut assessment = samples::assessment(vec![one, samples::account(&other, None)]);
    assessment.caller.account = other.parse().unwrap();
    assessment.caller.arn = format!("arn:aws:sts::{other}:assumed-role/{role}/{user}");
    assessment.scope = Scope::Organization(Organization {
        id: organization.clone(),
        management_account: other.parse().unwrap(),
    });
    let mut earlier = assessment.clone();
    let gone = named.finding(&account, samples::long_term(&account, "e", 5), &mut seen);
    let became = Became { account: gone.account, key: gone.key.clone().unwrap(), change: KeyChange::Deleted };
    earlier.accounts[0].findings.push(gone);
    let compared = Some(Compared { earlier, became: vec![became] });
    seen.extend([
        organization,
        root,
        "ou-zq7x-zqunit77".to_owned(),
        unit,
        tag,
        role,
        user,
        key,
        event,
        detail,
        request,
    ]);
    let resolved =
        Resolved { finding: settled, resolution: Resolution::Gone, seen_at: samples::at(samples::NOW) };
    (assessment, Options { resolved: vec![resolved], compared, ..Options::default() }, seen)
}

fn anonymous(key: &[u8], assessment: &Assessment, options: &Options) -> Vec<String> {
    let anonymizer = Anonymizer::new(key);
    let resolved = options.resolved.iter().map(|resolved| anonymizer.resolved(resolved)).collect();
    let compared = options.compared.as_ref().map(|compared| anonymizer.compared(compared));
    let (assessment, options) =
        (anonymizer.assessment(assessment), Options { resolved, compared, ..options.clone() });
    Format::ALL.iter().map(|&format| render(&assessment, format, &options).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn no_identifier_survives_in_any_format(
        words in prop::collection::vec("[a-zA-Z][a-zA-Z0-9+=,.@_-]{0,10}|[数据平台é]{1,4}|x y|service control |policy", 1..8),
        key in prop::collection::vec(any::<u8>(), 16..40),
    ) {
        let (assessment, options, seen) = original(words);
        let shown = Format::ALL.iter().map(|&format| render(&assessment, format, &options).unwrap()).collect::<String>();
        let hidden = |text: &str| !shown.contains(text);
        // The test would be empty if the identifiers were in no report.
        prop_assert!(seen.iter().filter(|one| hidden(one)).count() < seen.len() / 2, "{:?}", seen);
        for (format, output) in Format::ALL.iter().zip(anonymous(&key, &assessment, &options)) {
            let survivor = seen.iter().find(|one| output.contains(one.as_str()));
            prop_assert_eq!(survivor, None, "{}", format);
        }
    }
}

#[test]
fn the_same_key_gives_the_same_reports_and_another_key_others() {
    let (assessment, options, _) = original(vec!["ci-deploy".to_owned(), "payments".to_owned()]);
    let one = anonymous(b"0123456789abcdef", &assessment, &options);
    assert!(one == anonymous(b"0123456789abcdef", &assessment, &options));
    let other = anonymous(b"fedcba9876543210", &assessment, &options);
    assert!(one.iter().zip(&other).all(|(one, other)| one != other));
}

#[test]
fn what_is_said_of_keys_and_causes_stays_and_names_stay_the_same_everywhere() {
    let anonymizer = Anonymizer::new(b"0123456789abcdef");
    for original in [samples::every_verdict(), samples::organization(), samples::asserted()] {
        let anonymous = anonymizer.assessment(&original);
        assert_eq!(Totals::of(&anonymous), Totals::of(&original));
        let causes = |assessment: &Assessment| {
            let mut causes: Vec<_> = assessment.problems().map(Problem::cause).collect();
            causes.sort();
            causes
        };
        assert_eq!(causes(&anonymous), causes(&original));
        for finding in anonymous.findings() {
            if let Owner::User { name, arn } = &finding.owner {
                assert_eq!(arn, &format!("arn:aws:iam::{}:user/{name}", finding.account));
            }
        }
    }
}
