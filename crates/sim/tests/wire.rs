//! The wire as bytes on a socket: what clients that behave never send, and what no client wants to receive. Real
//! clients drive it in `scripts/clients`.
