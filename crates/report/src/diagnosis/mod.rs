//! What `keysweep doctor` found, in words and as JSON, each failure with what mends it.

pub mod json;
mod mending;
mod text;

pub use mending::{Mending, mending};
pub use text::text;
