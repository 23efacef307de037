//! The registers, each in a file of its own, and what other rooms ask of them.

pub mod premises;
pub mod queries;
pub mod sender_blocks;
