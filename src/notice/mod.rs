//! Notices (告知): what somebody was told of, how, and whether it reached them; for any subject.
//!
//! A notice is a row for ever: what was to be said and to whom, both sealed, how often it was tried, and
//! the proof that it arrived. The machine says what may become of it. Whose it is to tell, and what
//! follows for the subject once somebody is told, its own room knows.

pub mod machine;
pub mod queries;
