//! keysweep-report
