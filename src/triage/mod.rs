//! The brigade's queue (研判): claim, accept, refuse, transfer, dispatch, reply.

pub mod rank;
