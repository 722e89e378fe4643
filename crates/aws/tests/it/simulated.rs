//! Every port through the real SDK against the simulated AWS: what it gives is what is true there, page by page, and each
//! fault that the simulation knows becomes the right kind of error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use keysweep_aws::{EnteredAccount, Session, SessionOptions, StaticCredentials};
use keysweep_core::account::{AccountState, OrganizationalUnit, Partition};
use keysweep_core::call::{Call, CallError, CallErrorKind, CallResult};
use keysweep_core::key::{AccessKey, LastUsed, ListedStatus, User, UserName};
use keysweep_core::ports::{Accounts, Directory, Inventory, Page, ReportState, StatusHistory};
use keysweep_core::time::SignedDuration;
use keysweep_sim::fault::{Denial, Effect, Rule};
use keysweep_sim::{Action, Profile, Rate, Rates, Sim, Truth, WorldSpec, wire};
use tokio::net::TcpListener;

/// A simulated AWS on the wire, and how to reach it.
struct Simulated {
    sim: Arc<Sim>,
    options: SessionOptions,
    _server: wire::Server,
}

impl Simulated {
    async fn start(spec: WorldSpec) -> Self {
        let region = spec.partition.lead_region();
        // The SDK looks at the real clock to see whether credentials have ended.
        let sim = Arc::new(Sim::real_time(spec));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = wire::serve(listener, Arc::clone(&sim)).unwrap();
        let operator = sim.operator();
        let options = SessionOptions {
            region: Some(region.to_owned()),
            endpoint_url: Some(format!("http://{}", server.address())),
            credentials: Some(StaticCredentials {
                access_key_id: operator.access_key_id,
                secret_access_key: operator.secret_access_key,
                session_token: operator.session_token,
            }),
            ..SessionOptions::default()
        };
        Self { sim, options, _server: server }
    }

    async fn session(&self) -> Session {
        Session::load(self.options.clone()).await.unwrap()
    }

    fn truth(&self) -> Truth {
        self.sim.truth()
    }
}

/// Follows a listing to its end.
async fn all<T>(ask: impl AsyncFn(Option<&str>) -> CallResult<Page<T>>) -> Vec<T> {
    let (mut items, mut token) = (Vec::new(), None);
    loop {
        let page = ask(token.as_deref()).await.unwrap();
        items.extend(page.items);
        match page.next {
            Some(next) => token = Some(next),
            None => return items,
        }
    }
}

async fn users(account: &EnteredAccount) -> Vec<User> {
    all(async |marker| account.list_users(marker).await).await
}

async fn keys(account: &EnteredAccount, user: &UserName) -> Vec<AccessKey> {
    all(async |marker| account.list_access_keys(user, marker).await).await
}

/// Pages that end early, and empty pages before full ones.
fn surprising_pages() -> Profile {
    Profile { short_pages: 0.5, empty_pages: 0.5, ..Profile::unlimited() }
}

#[tokio::test]
async fn an_organization_is_read_to_its_last_key() {
    let simulated =
        Simulated::start(WorldSpec::organization(45, 4).inactive_users(0.3).profile(surprising_pages()))
            .await;
    let truth = simulated.truth();
    let session = simulated.session().await;
    let caller = session.get_caller_identity().await.unwrap();
    assert_eq!((caller.account, caller.partition), (truth.accounts[0].id, Partition::Aws));
    let organization = session.describe_organization().await.unwrap();
    assert_eq!(organization.management_account, caller.account);

    let listed = all(async |token| session.list_accounts(token).await).await;
    let states: BTreeMap<_, _> =
        listed.iter().map(|account| (account.id, account.state.as_api().to_owned())).collect();
    assert_eq!(states, truth.accounts.iter().map(|account| (account.id, account.state.clone())).collect());
    assert!(
        listed.iter().any(|account| account.state != AccountState::Active),
        "the world has closed accounts"
    );

    for account in truth.accounts.iter().filter(|account| account.state == "ACTIVE") {
        let entered = if account.id == caller.account {
            session.own()
        } else {
            session.enter(account.id).await.unwrap()
        };
        let mut found = BTreeMap::new();
        let listed = users(&entered).await;
        assert_eq!(listed.len(), account.users);
        for user in &listed {
            for key in keys(&entered, &user.name).await {
                found.insert(key.id.to_string(), (user.arn.clone(), key.status, key.created));
            }
        }
        let of_users = account.keys.iter().filter(|key| key.user != "<root_account>");
        let expected: BTreeMap<_, _> = of_users
            .map(|key| (key.id.clone(), (key.user_arn.clone(), ListedStatus::Known(key.status), key.created)))
            .collect();
        assert_eq!(found, expected, "{}", account.id);
    }
}

#[tokio::test]
async fn the_tree_leads_to_every_account() {
    let simulated = Simulated::start(WorldSpec::organization(30, 1).profile(surprising_pages())).await;
    let session = simulated.session().await;
    let roots = all(async |token| session.list_roots(token).await).await;
    assert_eq!(roots.iter().map(|root| root.name.as_str()).collect::<Vec<_>>(), ["Root"]);
    let mut paths = BTreeMap::new();
    let mut open: Vec<(OrganizationalUnit, String)> =
        roots.into_iter().map(|root| (root, String::new())).collect();
    while let Some((unit, path)) = open.pop() {
        for account in all(async |token| session.list_accounts_for_parent(&unit.id, token).await).await {
            paths.insert(account.id, path.clone());
        }
        for below in
            all(async |token| session.list_organizational_units_for_parent(&unit.id, token).await).await
        {
            let path = if path.is_empty() { below.name.clone() } else { format!("{path}/{}", below.name) };
            open.push((below, path));
        }
    }
    let truth = simulated.truth();
    assert_eq!(paths, truth.accounts.iter().map(|account| (account.id, account.ou_path.clone())).collect());
    let tagged = truth.accounts.last().unwrap().id;
    let tags = all(async |token| session.list_tags_for_resource(tagged, token).await).await;
    assert!(tags.iter().all(|(key, _)| !key.is_empty()));
}

#[tokio::test]
async fn large_accounts_come_in_pages() {
    let simulated = Simulated::start(WorldSpec::single_account(1100)).await;
    let own = simulated.session().await.own();
    let first = own.list_users(None).await.unwrap();
    assert_eq!(first.items.len(), 1000);
    let listed: BTreeSet<_> =
        users(&own).await.into_iter().map(|user| (user.name.to_string(), user.id)).collect();
    assert_eq!(listed.len(), 1100);
    let details = all(async |marker| own.get_account_authorization_details(marker).await).await;
    let detailed: BTreeSet<_> = details.iter().map(|user| (user.name.to_string(), user.id.clone())).collect();
    assert_eq!(detailed, listed);
    assert_eq!(own.get_account_summary().await.unwrap().users, Some(1100));

    // Both ways to a user's tags give the same.
    let tagged = details.iter().find(|user| !user.tags.is_empty()).expect("the world has tagged users");
    let tags = all(async |marker| own.list_user_tags(&tagged.name, marker).await).await;
    assert_eq!(tags.into_iter().collect::<BTreeMap<_, _>>(), tagged.tags);

    // The report has a row for each user and one for the root user, and a header.
    let state = own.generate_credential_report().await.unwrap();
    assert!(matches!(state, ReportState::Started | ReportState::Complete), "{state:?}");
    let report = own.get_credential_report().await.unwrap();
    let text = String::from_utf8(report.content).unwrap();
    assert_eq!(text.lines().count(), 1100 + 2);
    assert!((simulated.sim.now() - report.generated_at).as_secs() < 3600);
}

#[tokio::test]
async fn every_recorded_status_change_is_in_the_history() {
    let simulated = Simulated::start(WorldSpec::single_account(400).inactive_users(0.6)).await;
    let own = simulated.session().await.own();
    let to = simulated.sim.now();
    let from = to - SignedDuration::from_hours(89 * 24);
    let events = all(async |token| own.lookup_events(from, to, token).await).await;
    let listed: BTreeSet<_> = events.iter().map(|event| event.id.clone().unwrap()).collect();
    let truth = simulated.truth();
    let changes = truth.accounts[0].keys.iter().flat_map(|key| &key.changes);
    let delivered = to - SignedDuration::from_hours(3);
    let expected: BTreeSet<_> = changes
        .filter(|change| change.at > from && change.at < delivered && !change.event.is_empty())
        .map(|change| change.event.clone())
        .collect();
    assert!(expected.len() > 50, "more than one page: {}", expected.len());
    assert!(expected.is_subset(&listed), "missing: {:?}", expected.difference(&listed).collect::<Vec<_>>());
    for event in &events {
        let record = event.record.as_deref().unwrap();
        assert!(
            record.contains(event.id.as_deref().unwrap()) && record.contains("UpdateAccessKey"),
            "{record}"
        );
    }
}

#[tokio::test]
async fn last_uses_are_those_of_iam() {
    let simulated = Simulated::start(WorldSpec::single_account(60)).await;
    let own = simulated.session().await.own();
    let truth = simulated.truth();
    let (mut used, mut unused) = (0, 0);
    for key in truth.accounts[0].keys.iter().filter(|key| key.user != "<root_account>") {
        match (own.get_access_key_last_used(&key.id.parse().unwrap()).await.unwrap(), key.last_used) {
            (LastUsed::At { at, .. }, Some(last_used)) => {
                assert_eq!(at, last_used);
                used += 1;
            }
            (LastUsed::NotRecorded, None) => unused += 1,
            (answer, last_used) => panic!("{}: {answer:?} and {last_used:?}", key.id),
        }
    }
    assert!(used > 0 && unused > 0, "{used} used, {unused} unused");
}

#[tokio::test]
async fn other_partitions_are_other_arns_and_regions() {
    for partition in [Partition::AwsUsGov, Partition::AwsCn] {
        let spec = WorldSpec::organization(3, 30).inactive_users(1.0).partition(partition);
        let simulated = Simulated::start(spec).await;
        let session = simulated.session().await;
        // Before anyone asked who the caller is, the region tells.
        let member = simulated.truth().accounts[1].id;
        let entered = session.enter(member).await.unwrap();
        let to = simulated.sim.now();
        let from = to - SignedDuration::from_hours(89 * 24);
        assert!(!entered.lookup_events(from, to, None).await.unwrap().items.is_empty());
        assert_eq!(session.get_caller_identity().await.unwrap().partition, partition);
    }
}

#[tokio::test]
async fn roles_open_accounts_only_as_their_trust_says() {
    let mut spec = WorldSpec::organization(4, 2);
    spec.external_id = Some("ext-7".to_owned());
    spec.not_enterable = vec![2];
    let mut simulated = Simulated::start(spec).await;
    let truth = simulated.truth();
    let (open, closed) = (truth.accounts[1].id, truth.accounts[2].id);
    let stranger = simulated.session().await;
    simulated.options.role.external_id = Some("ext-7".to_owned());
    let trusted = simulated.session().await;
    for error in [stranger.enter(open).await.unwrap_err(), trusted.enter(closed).await.unwrap_err()] {
        assert_eq!((error.call, error.kind), (Call::AssumeRole, CallErrorKind::Denied));
        assert!(error.request_id.is_some());
    }
    let entered = trusted.enter(open).await.unwrap();
    assert_eq!(users(&entered).await.len(), truth.accounts[1].users);
}

#[tokio::test]
async fn limits_are_reported_and_not_waited_for() {
    let rate = Rates::Same(Rate::new(0.001, 3.0));
    let profile = Profile {
        iam: rate.clone(),
        lookup_events: rate.clone(),
        organizations: rate,
        ..Profile::unlimited()
    };
    let simulated = Simulated::start(WorldSpec::organization(3, 2).profile(profile)).await;
    let session = simulated.session().await;
    let own = session.own();
    let (from, to) = (simulated.sim.now() - SignedDuration::from_hours(24), simulated.sim.now());
    for _ in 0..3 {
        own.list_users(None).await.unwrap();
        own.lookup_events(from, to, None).await.unwrap();
        session.list_accounts(None).await.unwrap();
    }
    simulated.sim.reset_calls();
    let errors = [
        own.list_users(None).await.unwrap_err(),
        own.lookup_events(from, to, None).await.unwrap_err(),
        session.list_accounts(None).await.unwrap_err(),
    ];
    let codes: Vec<_> = errors.iter().map(|error| (error.kind, error.code.as_deref().unwrap())).collect();
    assert_eq!(
        codes,
        [
            (CallErrorKind::Throttled, "Throttling"),
            (CallErrorKind::Throttled, "ThrottlingException"),
            (CallErrorKind::Throttled, "TooManyRequestsException"),
        ]
    );
    assert_eq!(simulated.sim.calls().total.sent, 3, "none of them was repeated");
}

/// One call of each protocol, under a fault.
async fn under(simulated: &Simulated, effect: &Effect) -> [CallError; 3] {
    simulated.sim.clear_faults();
    simulated.sim.add_fault(Rule::new(effect.clone()));
    let mut options = simulated.options.clone();
    // Only where no answer comes: elsewhere a slow machine would turn one fault into another.
    if matches!(effect, Effect::TimeoutBefore) {
        (options.connect_timeout, options.read_timeout) =
            (Duration::from_millis(500), Duration::from_millis(100));
    }
    let session = Session::load(options).await.unwrap();
    let own = session.own();
    let (from, to) = (simulated.sim.now() - SignedDuration::from_hours(24), simulated.sim.now());
    [
        own.list_users(None).await.unwrap_err(),
        own.lookup_events(from, to, None).await.unwrap_err(),
        session.list_accounts(None).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn every_fault_has_its_kind() {
    use CallErrorKind::{Denied, Malformed, Throttled, Unavailable};
    let simulated = Simulated::start(WorldSpec::organization(2, 2)).await;
    let refused =
        |status: u16, code: &str| Effect::Error { status, code: code.to_owned(), message: String::new() };
    for (effect, kind) in [
        (Effect::Throttle, Throttled),
        (Effect::ServiceFailure, Unavailable),
        (refused(503, "ServiceUnavailable"), Unavailable),
        (refused(400, "RequestLimitExceeded"), Throttled),
        (Effect::Denied(Denial::NoPolicy), Denied),
        (Effect::Denied(Denial::ServiceControlPolicy), Denied),
        (Effect::TimeoutBefore, Unavailable),
        (Effect::LostResponse, Unavailable),
        (Effect::Reset, Unavailable),
        (Effect::MalformedBody, Malformed),
        (Effect::WrongContentType, Malformed),
        (Effect::Redirect, Malformed),
    ] {
        for error in under(&simulated, &effect).await {
            assert_eq!(error.kind, kind, "{effect:?}: {error}");
        }
    }
    // Whether the rest of the answer was lost or never written cannot be told: both are failures.
    for error in under(&simulated, &Effect::TruncatedBody).await {
        assert!(matches!(error.kind, Malformed | Unavailable), "{error}");
    }
}

#[tokio::test]
async fn reports_that_never_get_done_are_in_progress() {
    let simulated = Simulated::start(WorldSpec::single_account(3)).await;
    let own = simulated.session().await.own();
    assert_eq!(own.get_credential_report().await.unwrap_err().kind, CallErrorKind::ReportAbsent);
    simulated.sim.add_fault(Rule::new(Effect::StuckReport).action(Action::GenerateCredentialReport));
    simulated.sim.add_fault(Rule::new(Effect::StuckReport).action(Action::GetCredentialReport));
    let state = own.generate_credential_report().await.unwrap();
    assert!(matches!(state, ReportState::Started | ReportState::InProgress), "{state:?}");
    assert_eq!(own.get_credential_report().await.unwrap_err().kind, CallErrorKind::ReportInProgress);
}

#[tokio::test]
async fn unknown_credentials_and_users_are_told_apart() {
    let mut simulated = Simulated::start(WorldSpec::single_account(3)).await;
    let nobody = "nobody-of-that-name".parse().unwrap();
    let error = simulated.session().await.own().list_access_keys(&nobody, None).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (CallErrorKind::NotFound, Some("NoSuchEntity")));
    let error = simulated.session().await.describe_organization().await.unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (CallErrorKind::Denied, Some("AWSOrganizationsNotInUseException"))
    );
    simulated.options.credentials = Some(StaticCredentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
    });
    let session = simulated.session().await;
    for error in [
        session.get_caller_identity().await.unwrap_err(),
        session.own().list_users(None).await.unwrap_err(),
        session.list_accounts(None).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, CallErrorKind::CredentialsInvalid);
        assert!(error.message.contains("check that the access key exists and is active"), "{error}");
    }
}
