//! Serves a simulated organization until it is ended, for the tests with real clients: prints the variables that make
//! the AWS SDKs, the AWS CLI and boto3 talk to it.
//!
//! `serve [--listen ADDRESS] [--accounts N] [--users N] [--seed N] [--profile unlimited|aws-like]`
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::error::Error;
use std::sync::Arc;

use keysweep_sim::{Profile, Sim, WorldSpec, wire};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = "127.0.0.1:0".to_owned();
    let mut spec = WorldSpec::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
        match option.as_str() {
            "--listen" => listen = value,
            "--accounts" => spec.accounts = value.parse()?,
            "--users" => spec.users_per_account = value.parse()?,
            "--seed" => spec.seed = value.parse()?,
            "--profile" if value == "unlimited" => spec.profile = Profile::unlimited(),
            "--profile" if value == "aws-like" => spec.profile = Profile::aws_like(),
            _ => return Err(format!("{option} {value} is not an option").into()),
        }
    }
    let sim = Arc::new(Sim::real_time(spec));
    let server = wire::serve(TcpListener::bind(listen).await?, Arc::clone(&sim))?;
    for (name, value) in sim.environment(server.address()) {
        println!("export {name}={value}");
    }
    std::future::pending::<()>().await;
    Ok(())
}
