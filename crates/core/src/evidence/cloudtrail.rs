//! Reads CloudTrail records of `UpdateAccessKey`.
