//! Imports CloudTrail events from files.
//!
//! [`read`] reads one file of any kind as a stream, told by its content; [`list`] says which files a directory holds;
//! [`run`] keeps what they tell.

mod file;
mod intake;
mod json;
mod listing;
mod source;
mod table;

pub use file::{Contents, FileError, Format, NotUnderstood, Place, read};
pub use intake::{Covers, Gain, Objection, Outcome, Request, Summary, run};
pub use listing::{Listing, list};
