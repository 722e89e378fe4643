//! keysweep-aws
