//! A simulated AWS organization: a world with a true history, a clock that tests move, and faults on request. One front
//! door ([`Sim::begin`]) leads to typed operations; the ports and the wire are two ways to it.

pub mod action;
pub mod context;
pub mod error;
pub mod service;
mod sim;
pub mod wire;

pub use action::Action;
pub use context::{Caller, CallerKind, Context, Delivery};
pub use error::{ApiError, ApiResult};
pub use keysweep_core::call::Service;
pub use sim::Sim;
