//! The registers, each in a file of its own.

pub mod premises;
