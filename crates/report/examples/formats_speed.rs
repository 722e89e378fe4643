//! Writes an assessment of 100,000 findings, or of as many as are asked for, in one format, and says how long that took:
//! `formats_speed FORMAT [--mask] [--findings NUMBER] [--hostile] [--output FILE]`, the last but one with names that want to be more than
//! names. `scripts/bench report` runs it for each format, `scripts/browser/run` looks at its pages.

use std::fs::File;
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
use keysweep_core::time::{Instant, Interval, Span};
use keysweep_report::{Format, Options};

/// Findings of an account.
const FINDINGS: u64 = 500;
const NOW: Instant = Instant::from_unix(1_795_417_950);
const DAY: i64 = 86_400;

/// Makes the findings, says what that took, writes them, and says what that took.
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let format = arguments.first().and_then(|name| name.parse::<Format>().ok());
    let after = |name: &str| {
        let at = arguments.iter().position(|word| word == name)?;
        arguments.get(at + 1)
    };
    let findings = after("--findings").map_or(Some(100_000), |number| number.parse().ok());
    let hostile = arguments.iter().any(|word| word == "--hostile");
    let (Some(format), Some(assessment)) =
        (format, findings.and_then(|findings| assessment(findings, hostile)))
    else {
        println!("usage: formats_speed FORMAT [--mask] [--findings NUMBER] [--hostile] [--output FILE]");
        return ExitCode::from(2);
    };
    let options = Options { mask: arguments.iter().any(|word| word == "--mask"), ..Options::default() };
    let mut written = Counted { bytes: 0, file: None };
    if let Some(path) = after("--output") {
        match File::create(path) {
            Ok(file) => written.file = Some(file),
            Err(error) => {
                println!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let began = Stopwatch::now();
    let result = keysweep_report::write(&assessment, format, &options, &mut written);
    let seconds = began.elapsed().as_secs_f64();
    if let Err(error) = result {
        println!("{error}");
        return ExitCode::FAILURE;
    }
    println!("{seconds:.3} s, {:.1} MB written", f64::from(written.bytes) / 1e6);
    ExitCode::SUCCESS
}

/// Counts what it is given, and keeps it where that is asked for.
struct Counted {
    bytes: u32,
    file: Option<File>,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        self.bytes = self.bytes.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn assessment(findings: u64, hostile: bool) -> Option<Assessment> {
    let caller = AccountId::from_number(111_122_223_333)?;
    Some(Assessment {
        id: "20261123T071200Z-1e2409f86d08".to_owned(),
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
        accounts: (0..findings.div_ceil(FINDINGS))
            .map(|number| account(number, hostile))
            .collect::<Option<_>>()?,
        problems: Vec::new(),
        calls: CallCounts::default(),
    })
}

fn account(number: u64, hostile: bool) -> Option<AccountAssessment> {
    let id = AccountId::from_number(100_000_000_000 + number)?;
    let unit = |id: &str, name: &str| OrganizationalUnit { id: id.to_owned(), name: name.to_owned() };
    Some(AccountAssessment {
        account: Account {
            name: Some(name("workload", number, hostile)),
            path: Some(vec![unit("r-ab12", "Root"), unit("ou-ab12-work", "Workloads")]),
            ..Account::alone(id)
        },
        status: AccountStatus::Complete,
        method: Some(Method::CredentialReport),
        users: Some(2 * FINDINGS),
        coverage: Coverage::from_spans(Span::new(ago(90), ago(0))),
        asserted: Coverage::none(),
        findings: (0..FINDINGS)
            .map(|key| finding(id, number * FINDINGS + key, hostile))
            .collect::<Option<_>>()?,
        problems: Vec::new(),
        calls: CallCounts::default(),
        assessed_at: Some(NOW),
    })
}

/// What a page, a table or a terminal could take for more than a name.
const HOSTILE: [&str; 6] = [
    "<img src=x onerror=\"window.evil=1\">",
    "</noscript><script>window.evil=1</script>",
    "\"><svg onload=window.evil=1>'&amp;&lt;",
    "=HYPERLINK(\"http://evil.example\")\r\n\u{202e}\u{7}",
    "数据平台数据平台数据平台数据平台数据平台数据平台数据平台数据平台数据平台数据平台数据平台",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

fn name(kind: &str, number: u64, hostile: bool) -> String {
    let text = usize::try_from(number).ok().and_then(|number| HOSTILE.get(number % HOSTILE.len()));
    match text.filter(|_| hostile) {
        Some(text) => format!("{text}{number}"),
        None => format!("{kind}-{number}"),
    }
}

const fn ago(days: i64) -> Instant {
    Instant::from_unix(NOW.unix() - days * DAY)
}

fn finding(account: AccountId, number: u64, hostile: bool) -> Option<Finding> {
    let user = name("service", number, hostile);
    let created = ago(900 + i64::try_from(number % 500).ok()?);
    Some(Finding {
        account,
        owner: Owner::User {
            arn: format!("arn:aws:iam::{account}:user/service/{user}"),
            name: user.parse().ok()?,
        },
        key: Some(format!("AKIA{number:016}").parse().ok()?),
        created,
        verdict: Verdict::LongTerm,
        inactive_since: Claim {
            as_of: NOW,
            interval: Interval::new(created, ago(90).previous())?,
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
        tags: Some(Tags::from([(
            "owner".to_owned(),
            if hostile { name("owner", number, true) } else { "payments".to_owned() },
        )])),
        exemption: None,
        assessed_at: NOW,
    })
}
