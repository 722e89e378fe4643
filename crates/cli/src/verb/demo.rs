//! `keysweep demo`
use crate::args::DemoArgs;
use crate::exit::Exit;
use crate::failure::Outcome;
/// Demo.
pub fn run(_args: DemoArgs) -> Outcome { Ok(Exit::Clean) }
