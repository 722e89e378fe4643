//! `keysweep simulate`: serves a simulated organization until it is stopped, for any AWS tool.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::ValueEnum;
use keysweep_sim::{Profile, Rate, Rates, Sim, WorldSpec, wire};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::terminal::say;

/// The command line of `keysweep simulate`.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// Where to listen: a loopback address; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4599", value_parser = loopback)]
    pub listen: SocketAddr,
    /// How many accounts the organization has
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub accounts: u32,
    /// How many users each account has
    #[arg(long, value_name = "NUMBER", default_value_t = 40, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    pub users: u32,
    /// The seed of the organization: the same seed, the same organization
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    pub seed: u64,
    /// How fast it answers, and how many calls it allows
    #[arg(long, value_name = "NAME", default_value = "aws-like")]
    pub profile: RateProfile,
    /// IAM's calls a second for each account and operation, in turn over the accounts, with bursts of twice that
    /// [default: the profile's]
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',', value_parser = calls_a_second)]
    pub iam_rates: Vec<f64>,
    /// The share of users that have an inactive key, from 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub inactive_share: Option<f64>,
    /// No status was changed in the last 90 days: all inactive keys are old, and the event history has none of them
    #[arg(long)]
    pub quiet_history: bool,
}

/// How fast the simulated AWS answers, and how many calls it allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RateProfile {
    /// 40 ms latency; limits of calls as practitioners know them from AWS
    AwsLike,
    /// No latency and no limits
    Unlimited,
}

/// Serves.
pub fn run(args: SimulateArgs) -> Outcome {
    interrupt::run(move |stop| serve(args, stop))
}

fn world(args: &SimulateArgs) -> WorldSpec {
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut profile = match args.profile {
        RateProfile::AwsLike => Profile::aws_like(),
        RateProfile::Unlimited => Profile::unlimited(),
    };
    if !args.iam_rates.is_empty() {
        profile.iam = Rates::Each(args.iam_rates.iter().map(|rate| Rate::new(*rate, 2.0 * rate)).collect());
    }
    let spec = WorldSpec {
        quiet_history: args.quiet_history,
        ..WorldSpec::organization(size(args.accounts), size(args.users)).seed(args.seed).profile(profile)
    };
    match args.inactive_share {
        Some(share) => spec.inactive_users(share),
        None => spec,
    }
}

async fn serve(args: SimulateArgs, mut stop: watch::Receiver<bool>) -> Outcome {
    let sim = Arc::new(Sim::real_time(world(&args)));
    let server = TcpListener::bind(args.listen)
        .await
        .and_then(|listener| wire::serve(listener, Arc::clone(&sim)))
        .with_context(|| format!("{} could not be listened on", args.listen))
        .map_err(|error| {
            Failure::failed(error)
                .hint("another program may use the port: choose one with --listen, or 127.0.0.1:0 for any")
        })?;
    let variables = sim.environment(server.address());
    Output::stdout().write(|to| {
        variables.iter().try_for_each(|(name, value)| writeln!(to, "export {name}={value}"))?;
        to.flush()
    })?;
    say(&format!(
        "The simulated AWS answers on {}. Export the variables above in another shell, then try: keysweep scan --org\n\
         What is true: http://{0}/_sim/truth   Calls made: http://{0}/_sim/calls   Stop with Ctrl-C.\n",
        server.address()
    ));
    interrupt::asked(&mut stop).await;
    server.shutdown().await;
    Ok(Exit::Clean)
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr =
        text.parse().map_err(|_| "it is not an address with a port, such as 127.0.0.1:4599".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("it is not a loopback address: the simulated AWS accepts anyone who can reach it, so it is not offered to others"
            .to_owned())
    }
}

fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "it is not a number from 0 to 1".to_owned())
}

fn calls_a_second(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| (0.1..=100_000.0).contains(rate))
        .ok_or_else(|| "it is not a number from 0.1 to 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        assert!(loopback("127.0.0.1:0").is_ok());
        assert!(loopback("[::1]:4599").is_ok());
        for text in ["0.0.0.0:4599", "[::]:4599", "10.0.0.1:4599", "localhost", "127.0.0.1"] {
            assert!(loopback(text).is_err(), "{text}");
        }
    }
}
