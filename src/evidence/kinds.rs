//! What evidence is, what it belongs to and whom it is from.

use chrono::{DateTime, Utc};

use crate::platform::{db::Id, named::named};

named! {
    /// What evidence is.
    pub enum Kind {
        /// 照片: shown in two copies without metadata.
        Photo "photo",
        /// 扫描件: a picture of a document, which bears names; kept sealed only.
        Scan "scan",
        /// PDF 文件, kept sealed only.
        Pdf "pdf",
        /// 录音, kept sealed only.
        Sound "sound",
        /// 录像, kept sealed only.
        Video "video",
    }
}

named! {
    /// What evidence may belong to.
    pub enum SubjectKind {
        /// A complaint (信访件).
        Complaint "complaint",
        /// A visit on site (现场核实).
        Verification "verification",
    }
}

named! {
    /// Whether evidence shows a matter before or after it was put right.
    pub enum Phase {
        /// 整改前.
        Before "before",
        /// 整改后.
        After "after",
        /// Neither.
        None "none",
    }
}

named! {
    /// Whom evidence is from.
    pub enum Source {
        /// The reporter.
        Reporter "reporter",
        /// An officer on site.
        Officer "officer",
        /// Staff at a desk.
        Staff "staff",
        /// Another system.
        Upstream "upstream",
        /// A file of older records.
        Import "import",
    }
}

/// What evidence belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Its kind.
    pub kind: SubjectKind,
    /// Its id.
    pub id: Id,
}

impl Subject {
    /// A complaint.
    #[must_use]
    pub const fn complaint(id: Id) -> Self {
        let kind = SubjectKind::Complaint;
        Self { kind, id }
    }

    /// A visit.
    #[must_use]
    pub const fn verification(id: Id) -> Self {
        let kind = SubjectKind::Verification;
        Self { kind, id }
    }
}

/// What who sends evidence says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Before or after.
    pub phase: Phase,
    /// The sender's own id of the upload.
    pub upload_id: Option<String>,
    /// The device's clock when it was captured.
    pub device_time: Option<DateTime<Utc>>,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            phase: Phase::None,
            upload_id: None,
            device_time: None,
        }
    }
}
