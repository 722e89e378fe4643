//! `keysweep simulate`: serves a simulated organization until it is stopped, for any AWS tool.

use std::sync::Arc;

use anyhow::Context as _;
use keysweep_sim::{Profile, Rate, Rates, Sim, WorldSpec, wire};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::args::{RateProfile, SimulateArgs};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::interrupt;
use crate::output::Output;
use crate::terminal::say;

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
