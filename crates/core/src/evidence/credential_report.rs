//! Reads IAM's credential report.
