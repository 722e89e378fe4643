//! What the soundness tests and `examples/soundness.rs` share: a seeded generator, true histories, the evidence that they
//! leave, a reference that tries every history, and the checks of the inference against both.

#![allow(clippy::unwrap_used, reason = "test code: a panic is a failed check")]

pub(crate) mod check;
pub(crate) mod evidence;
pub(crate) mod reference;
pub(crate) mod rng;
pub(crate) mod small;
pub(crate) mod truth;
pub(crate) mod world;
