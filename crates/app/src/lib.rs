//! The use cases of keysweep over the ports of `keysweep-core`: how accounts are found and entered, which calls are made
//! and at what pace, and how an assessment comes of their answers. Names no AWS SDK; what it is composed of, the binary
//! decides.

pub mod filter;
pub mod progress;
pub mod scan;
