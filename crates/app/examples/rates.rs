//! How much of the rate that AWS allows is used, and how many requests are throttled on the way, in accounts with different
//! limits that are scanned at once: `rates ACCOUNTS USERS RATE[,RATE…]`, calls a second of each IAM operation, with bursts of
//! twice that. In process and in real time, so that nothing but the limits takes any. Prints, in percent, the share of its
//! rate that the account in the middle used and that the last one did, and the largest share of requests throttled. `scripts/bench rates` runs it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use keysweep_app::filter::Filters;
use keysweep_app::memory::Forgetful;
use keysweep_app::progress::{Event, Progress};
use keysweep_app::scan::{ScanRequest, Target, scan};
use keysweep_core::account::AccountId;
use keysweep_core::assessment::Conclusion;
use keysweep_core::call::Call;
use keysweep_core::policy::Policy;
use keysweep_sim::{Profile, Rate, Rates, Sim, SimPorts, WorldSpec};
use tokio::sync::watch;

/// When each account's users were known and their keys were to be listed, and how long the account took from then on. What came
/// before waits for other limits: those of the caller's account, to enter 500 others.
#[derive(Default)]
struct Times(Mutex<BTreeMap<AccountId, (Stopwatch, Duration)>>);

impl Progress for Times {
    fn on(&self, event: Event) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::KeysToList { account, .. } => {
                times.entry(account).or_insert_with(|| (Stopwatch::now(), Duration::ZERO));
            }
            Event::AccountFinished { account, .. } => {
                if let Some((began, took)) = times.get_mut(&account) {
                    *took = began.elapsed();
                }
            }
            _ => {}
        }
    }
}

/// Which of the rates an account has.
fn which_rate(account: AccountId, rates: usize) -> usize {
    usize::from(account.to_string().bytes().last().unwrap_or_default()) % rates.max(1)
}

/// Lists the keys of every user: one call each, and next to nothing beside.
fn world(accounts: usize, users: usize, rates: &[f64]) -> WorldSpec {
    let rates = rates.to_vec();
    let limit =
        move |account| rates.get(which_rate(account, rates.len())).map(|rate| Rate::new(*rate, 2.0 * rate));
    let profile = Profile { iam: Rates::By(Arc::new(limit)), short_pages: 0.0, ..Profile::aws_like() };
    let mut spec = WorldSpec::organization(accounts, users).inactive_users(0.0).profile(profile);
    spec.closed_accounts = 0.0;
    spec.inactive_root = 0.0;
    spec
}

/// The accounts with one limit: the share of its rate that each used, and of its requests that was throttled.
#[derive(Clone, Default)]
struct Shares {
    used: Vec<f64>,
    throttled: Vec<f64>,
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [accounts, users, rates] = arguments.as_slice() else { return usage() };
    let rates: Result<Vec<f64>, _> = rates.split(',').map(str::parse).collect();
    let (Ok(accounts), Ok(users), Ok(rates)) = (accounts.parse(), users.parse(), rates) else {
        return usage();
    };
    match measure(accounts, users, &rates) {
        Ok(shares) => {
            for (rate, Shares { mut used, mut throttled }) in rates.iter().zip(shares) {
                used.sort_by(f64::total_cmp);
                throttled.sort_by(f64::total_cmp);
                let percent = |share: Option<&f64>| 100.0 * share.copied().unwrap_or(f64::NAN);
                println!(
                    "{} accounts at {rate}/s: {:.1} {:.1} {:.1}",
                    used.len(),
                    percent(used.get(used.len() / 2)),
                    percent(used.first()),
                    percent(throttled.last())
                );
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            println!("{message}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn usage() -> ExitCode {
    println!("usage: rates ACCOUNTS USERS RATE[,RATE…]");
    ExitCode::from(2)
}

fn measure(accounts: usize, users: usize, rates: &[f64]) -> Result<Vec<Shares>, String> {
    let sim = Arc::new(Sim::real_time(world(accounts, users, rates)));
    let ports = SimPorts::new(Arc::clone(&sim));
    let request = ScanRequest {
        id: "rates".to_owned(),
        version: "0".to_owned(),
        policy: Policy::default(),
        target: Target::Organization(Filters::default()),
        exhaustive: true,
        fresh: false,
        concurrency: accounts,
        max_rates: Vec::new(),
        give_up_after: Duration::from_mins(5),
        deadline: None,
        resume: None,
    };
    let times = Times::default();
    let (_keep, stop) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let scanned = runtime
        .block_on(scan(&ports, &ports, &Forgetful, &ports.clock(), &request, &times, stop))
        .map_err(|error| error.to_string())?;
    let times = times.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    if scanned.assessment.conclusion() != Conclusion::Clean {
        return Err("a call was given up".to_owned());
    }
    let mut shares = vec![Shares::default(); rates.len()];
    for result in &scanned.assessment.accounts {
        let which = which_rate(result.account.id, rates.len());
        let Some(rate) = rates.get(which) else { continue };
        let Some(took) = times.get(&result.account.id).map(|(_, took)| took.as_secs_f64()) else { continue };
        let lists =
            result.calls.iter().find(|(call, _)| *call == Call::ListAccessKeys).map(|(_, count)| count);
        let number = |calls: u64| u32::try_from(calls).map_or(f64::INFINITY, f64::from);
        let Some((sent, throttled)) = lists.map(|count| (number(count.sent), number(count.throttled))) else {
            continue;
        };
        // What the bucket held, and what came in until the account was finished, the other calls' time included.
        let used = (sent - throttled) / (rate * (2.0 + took));
        if let Some(shares) = shares.get_mut(which) {
            shares.used.push(used);
            shares.throttled.push(throttled / sent);
        }
    }
    Ok(shares)
}
