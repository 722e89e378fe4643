//! `keysweep simulate`
use crate::args::SimulateArgs;
use crate::exit::Exit;
use crate::failure::Outcome;
/// Simulate.
pub fn run(_args: SimulateArgs) -> Outcome { Ok(Exit::Clean) }
