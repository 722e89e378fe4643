//! The ports of `keysweep-core` on AWS itself, through the official SDK. The only crate that names `aws_sdk_*`.
//!
//! One file per service; each method makes one call. Paging, pacing and repeating throttled calls belong to
//! `keysweep-app`; transient faults alone are repeated here, by the SDK. An answer is never completed by guesses: what
//! AWS had to say and did not is an error that names the field.

mod answer;
mod clock;
mod cloudtrail;
mod configured;
mod courier;
mod credentials;
mod endpoints;
mod error;
mod hook;
mod iam;
mod options;
mod organizations;
mod request;
mod retry;
mod s3;
mod security_hub;
mod server_time;
mod session;
mod sts;
mod traffic;
mod trust;
mod whole;

pub use clock::SystemClock;
pub use configured::UnusableConfiguration;
pub use options::{RoleOptions, SessionOptions, StaticCredentials};
pub use security_hub::SecurityHub;
pub use session::{EnteredAccount, Session};
pub use traffic::Traffic;
pub use trust::UnusableCaBundle;
