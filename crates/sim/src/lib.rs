//! keysweep-sim
