//! Writes an assessment of 100,000 findings in one format, and says how long that took and the most memory that the process
//! held: `formats_speed FORMAT [--mask]`. `scripts/bench report` runs it for each format.

use std::io;
use std::process::ExitCode;
use std::time::Instant as Stopwatch;

use keysweep_core::account::{Account, AccountId, CallerIdentity, OrganizationalUnit, Partition, Tags};
use keysweep_core::assessment::{AccountAssessment, AccountStatus, Assessment, CallCounts, Method, Scope};
use keysweep_core::coverage::Coverage;
use keysweep_core::evidence::{Evidence, Observation, ObservationSource};
use keysweep_core::finding::{Finding, Verdict};
use keysweep_core::infer::{Assertion, Claim, Confidence, EarliestGround, Grounds, LatestGround};
use keysweep_core::key::{KeyStatus, LastUsed, Owner};
use keysweep_core::policy::Policy;
use keysweep_core::time::{Instant, Interval};
use keysweep_report::{Format, Options};

const ACCOUNTS: u64 = 200;
const FINDINGS: u64 = 500;
const NOW: Instant = Instant::from_unix(1_795_417_950);
const DAY: i64 = 86_400;

/// Makes the findings, says what that took, writes them, and says what that took.
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let format = arguments.first().and_then(|name| name.parse::<Format>().ok());
    let (Some(format), Some(assessment)) = (format, assessment()) else {
        println!("usage: formats_speed FORMAT [--mask]");
        return ExitCode::from(2);
    };
    let options = Options { mask: arguments.iter().any(|word| word == "--mask"), ..Options::default() };
    let mut written = Counted(0);
    let began = Stopwatch::now();
    let result = keysweep_report::write(&assessment, format, &options, &mut written);
    let seconds = began.elapsed().as_secs_f64();
    if let Err(error) = result {
        println!("{error}");
        return ExitCode::FAILURE;
    }
    println!("{seconds:.3} s, {:.1} MB written", f64::from(written.0) / 1e6);
    ExitCode::SUCCESS
}

/// Counts what it is given.
struct Counted(u32);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn assessment() -> Option<Assessment> {
    let caller = AccountId::from_number(111_122_223_333)?;
    Some(Assessment {
        id: "20261123T071200Z-9f86d081".to_owned(),
        version: "bench".to_owned(),
        scope: Scope::Account,
        caller: CallerIdentity {
            account: caller,
            arn: format!("arn:aws:sts::{caller}:assumed-role/security-audit/alice"),
            partition: Partition::Aws,
        },
        policy: Policy::default(),
        started_at: NOW,
        finished_at: NOW,
        accounts: (0..ACCOUNTS).map(account).collect::<Option<_>>()?,
        problems: Vec::new(),
        calls: CallCounts::default(),
    })
}

fn account(number: u64) -> Option<AccountAssessment> {
    let id = AccountId::from_number(100_000_000_000 + number)?;
    let unit = |id: &str, name: &str| OrganizationalUnit { id: id.to_owned(), name: name.to_owned() };
    Some(AccountAssessment {
        account: Account {
            name: Some(format!("workload-{number}")),
            path: Some(vec![unit("r-ab12", "Root"), unit("ou-ab12-work", "Workloads")]),
            ..Account::alone(id)
        },
        status: AccountStatus::Complete,
        method: Some(Method::CredentialReport),
        users: Some(2 * FINDINGS),
        coverage: Coverage::none(),
        asserted: Coverage::none(),
        findings: (0..FINDINGS).map(|key| finding(id, number * FINDINGS + key)).collect::<Option<_>>()?,
        problems: Vec::new(),
        calls: CallCounts::default(),
        assessed_at: Some(NOW),
    })
}

fn finding(account: AccountId, number: u64) -> Option<Finding> {
    let ago = |days: i64| Instant::from_unix(NOW.unix() - days * DAY);
    let name = format!("service-{number}");
    let created = ago(900 + i64::try_from(number % 500).ok()?);
    Some(Finding {
        account,
        owner: Owner::User {
            arn: format!("arn:aws:iam::{account}:user/service/{name}"),
            name: name.parse().ok()?,
        },
        key: Some(format!("AKIA{number:016}").parse().ok()?),
        created,
        verdict: Verdict::LongTerm,
        inactive_since: Claim {
            as_of: NOW,
            interval: Interval::new(created, ago(90))?,
            confidence: Confidence::Proven,
            grounds: Grounds { earliest: EarliestGround::Created, latest: LatestGround::CoverageBegins },
        },
        assertion: Assertion::NotUsed,
        known_by: None,
        last_used: LastUsed::At {
            at: ago(300),
            service: Some("s3".to_owned()),
            region: Some("eu-central-1".to_owned()),
        },
        used_since: None,
        contradictions: Vec::new(),
        evidence: vec![
            Evidence::Created(created),
            Evidence::Observed(Observation {
                from: NOW,
                to: NOW,
                status: KeyStatus::Inactive,
                source: ObservationSource::ListAccessKeys,
            }),
        ],
        tags: Some(Tags::from([("owner".to_owned(), "payments".to_owned())])),
        assessed_at: NOW,
    })
}
