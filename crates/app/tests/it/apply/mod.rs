//! `apply` on the simulated AWS, one thing at a time: what it refuses, what becomes of each key, and what it journals. Random
//! runs in which everything goes wrong at once are in `tests/safety`.

mod deletes;
mod elsewhere;
mod journalling;
mod keys;
mod refusals;
mod scene;
mod stops;
mod unfinished;
