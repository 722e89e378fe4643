//! The typed operations of the simulated AWS, one file per service. Each takes what AWS takes and gives every field
//! that AWS gives. They are methods of [`crate::Context`], which [`crate::Sim::begin`] hands out; how requests are read
//! and answers are written belongs to the wire.

pub mod cloudtrail;
pub mod iam;
pub mod organizations;
pub mod sts;

/// A tag of a user or of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// `Key`.
    pub key: String,
    /// `Value`.
    pub value: String,
}
