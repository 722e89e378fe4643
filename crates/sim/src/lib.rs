//! A simulated AWS organization: a world with a true history, a clock that tests move, and faults on request. One front
//! door ([`Sim::begin`]) leads to typed operations; the ports and the wire are two ways to it.

pub mod action;
pub mod clock;
pub mod context;
pub mod error;
pub mod fault;
pub mod ports;
pub mod profile;
mod seed;
pub mod service;
mod sim;
#[cfg(test)]
mod tests;
mod throttle;
pub mod truth;
pub mod wire;
mod world;

pub use action::Action;
pub use clock::SimClock;
pub use context::{Caller, CallerKind, Context, Delivery};
pub use error::{ApiError, ApiResult};
pub use keysweep_core::call::Service;
pub use ports::{SimAccount, SimClockPort, SimPorts};
pub use profile::{Lag, Profile, Rate, Rates};
pub use sim::{CallerCredentials, Sim};
pub use throttle::{CallCount, CallLog};
pub use truth::Truth;
pub use world::edit::{AccountEdit, Edit, KeyEdit, UserEdit};
pub use world::spec::WorldSpec;
