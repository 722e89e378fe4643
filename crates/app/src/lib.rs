//! keysweep-app
