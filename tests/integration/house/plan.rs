//! The plan of the house, as data: who stands on whom, who owns which table, who may do what.

/// The rooms from the ground up. A room names only those before it.
pub const ROOMS: &[&str] = &[
    "cipher",
    "photo",
    "geo",
    "text",
    "linkage",
    "platform",
    "config",
    "district",
    "record",
    "clock",
    "app",
    "bucket",
    "health",
    "account",
    "privacy",
    "register",
    "registers",
    "evidence",
    "notice",
    "matching",
    "ledger",
    "complaint",
    "verification",
    "handover",
    "triage",
    "finds",
    "work",
    "search",
    "sweep",
    "rotation",
    "jobs",
    "operations",
    "openapi",
    "server",
    "cli",
];

/// The rooms that are pure: no database, no HTTP, no file, no network, no clock.
pub const GROUND: &[&str] = &["cipher", "geo", "linkage", "photo", "text"];

/// Pure files beside those that are called `rules.rs`, `…_rules.rs` or `machine.rs` or hold a
/// transition table.
pub const PURE: &[&str] = &[
    "src/clock/kinds.rs",
    "src/clock/reckoning.rs",
    "src/complaint/body.rs",
    "src/complaint/rank.rs",
    "src/matching/campaigns.rs",
    "src/matching/escalation.rs",
    "src/matching/explain.rs",
    "src/matching/facts.rs",
    "src/matching/people.rs",
];

/// What a pure file names of no library.
pub const FRAMEWORKS: &[&str] = &[
    "actix_http",
    "actix_service",
    "actix_web",
    "diesel",
    "diesel_migrations",
];

/// What reads or writes files, or looks at the machine.
pub const FILES: &[&str] = &[
    "std::env",
    "std::fs",
    "std::os",
    "std::process",
    "rustix",
    "tempfile",
    "tokio::fs",
    "tokio::process",
];

/// What talks to the network.
pub const NETWORK: &[&str] = &[
    "std::net",
    "tokio::net",
    "object_store",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "reqwest",
];

/// Types that know what time it is.
pub const CLOCKS: &[&str] = &["Instant", "Local", "SystemTime", "Utc"];

/// Where transactions are opened beside handlers and jobs: files, and in the rooms the one function that
/// several handlers share.
pub const OPENERS: &[(&str, &str)] = &[
    ("src/bucket.rs", "ask"),
    ("src/cli/", ""),
    ("src/complaint/routes.rs", "store_and_answer"),
    ("src/evidence/reuse.rs", "file_older"),
    ("src/jobs.rs", ""),
    ("src/platform/", ""),
    ("src/register/handlers.rs", "change"),
    ("src/register/handlers.rs", "create"),
    ("src/register/handlers.rs", "lift"),
    ("src/triage/replies.rs", "step"),
    ("src/verification/dispatch.rs", "order"),
];

/// Where states are written: file, and function or inserted struct.
pub const STATE_WRITERS: &[(&str, &str)] = &[
    ("src/complaint/filing.rs", "NewComplaint"),
    ("src/complaint/queries.rs", "write_state"),
    ("src/handover/queries.rs", "send"),
    ("src/handover/queries.rs", "write_state"),
    ("src/ledger/queries.rs", "open_clue"),
    ("src/ledger/queries.rs", "write_state"),
    ("src/notice/queries.rs", "insert"),
    ("src/notice/queries.rs", "write_state"),
    ("src/verification/dispatch.rs", "insert"),
    ("src/verification/queries.rs", "write_state"),
];

/// The types that have states: each has its machine, whose every step the tests try and the documents
/// show.
pub const SUBJECTS: &[&str] = &[
    "dengwen::complaint::queries::Complaint",
    "dengwen::handover::queries::Handover",
    "dengwen::ledger::queries::Entry",
    "dengwen::notice::queries::Notice",
    "dengwen::verification::queries::Visit",
];

/// Tables whose column `state` belongs to a machine.
pub const MACHINES: &[&str] = &[
    "complaint",
    "handover",
    "ledger_entry",
    "notice",
    "verification",
];

/// Each table and the room that alone writes it.
pub const OWNERS: &[(&str, &str)] = &[
    ("clock", "clock"),
    ("clock_extension", "clock"),
    ("clock_suspension", "clock"),
    ("code_recovery", "complaint"),
    ("complaint", "complaint"),
    ("complaint_part", "complaint"),
    ("complaint_place", "complaint"),
    ("complaint_sender", "complaint"),
    ("complaint_text", "complaint"),
    ("complaint_unread", "complaint"),
    ("evidence", "evidence"),
    ("evidence_band", "evidence"),
    ("find", "finds"),
    ("former_petitioner", "complaint"),
    ("filer_key", "complaint"),
    ("handover", "handover"),
    ("heartbeat", "platform"),
    ("idempotency", "platform"),
    ("import_batch", "cli"),
    ("import_row", "cli"),
    ("installation", "platform"),
    ("job", "platform"),
    ("key_rotation", "platform"),
    ("known_device", "account"),
    ("ledger_decision", "ledger"),
    ("ledger_entry", "ledger"),
    ("ledger_merge", "ledger"),
    ("match_decision", "triage"),
    ("match_fact", "matching"),
    ("match_key", "matching"),
    ("match_verdict", "matching"),
    ("matter_follow", "complaint"),
    ("notice", "notice"),
    ("person_search", "complaint"),
    ("petition_review", "triage"),
    ("petitioner", "complaint"),
    ("premises", "registers"),
    ("premises_alias", "registers"),
    ("rating", "complaint"),
    ("record", "record"),
    ("recovery_code", "account"),
    ("reply", "triage"),
    ("reporter_wish", "complaint"),
    ("resident", "account"),
    ("resident_otp", "account"),
    ("second_factor", "account"),
    ("revocable_decision", "triage"),
    ("search_block", "complaint"),
    ("search_item", "complaint"),
    ("search_term", "complaint"),
    ("secret_key", "platform"),
    ("sender_block", "registers"),
    ("sender_block_key", "registers"),
    ("sequence", "ledger"),
    ("session", "account"),
    ("staff", "account"),
    ("staff_channel", "account"),
    ("supplement", "complaint"),
    ("triage_claim", "triage"),
    ("triage_decision", "triage"),
    ("unmasking", "complaint"),
    ("verification", "verification"),
    ("verification_complaint", "verification"),
    ("verification_event", "verification"),
];

/// Rooms that fill or empty tables of all others, without a handler: measurements of the whole.
pub const FILLERS: &[&str] = &["src/cli/bench/"];

/// Macros that write whatever table a register in its own file names.
pub const MAKERS: &[&str] = &["src/register/table.rs"];
