//! The keysweep binary.
fn main() {}
