//! What evidence is, what it belongs to and whom it is from.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::platform::{db::Id, http::says_something, named::named};

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

/// Whether evidence shows a matter before or after it was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// 整改前.
    Before,
    /// 整改后.
    After,
    /// Neither.
    #[default]
    None,
}

impl Phase {
    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::None => "none",
        }
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Before or after.
    pub phase: Phase,
    /// The sender's own id of the upload.
    pub upload_id: Option<String>,
    /// The device's clock when it was captured.
    pub device_time: Option<DateTime<Utc>>,
    /// By how much our clock was ahead of the device's when it was sent.
    pub clock_offset: Option<TimeDelta>,
}

impl Said {
    /// With how the device's clock goes, where the device said what it showed.
    #[must_use]
    pub fn measured(self, clock_offset: Option<TimeDelta>) -> Self {
        Self {
            clock_offset,
            ..self
        }
    }
}

/// What an upload says of what it brings.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    /// The device's own id of this upload; sent again with the same files, it is the same upload, and
    /// what is there is answered.
    #[validate(
        length(min = 1, max = 64, message = "has 1 to 64 letters"),
        custom(function = "says_something")
    )]
    #[param(min_length = 1, max_length = 64)]
    pub upload_id: Option<String>,
    /// The device's clock when it was captured.
    #[serde(
        default,
        deserialize_with = "crate::platform::http::dates::maybe_instant"
    )]
    pub device_time: Option<DateTime<Utc>>,
    /// Whether it shows the matter before or after it was put right.
    #[serde(default)]
    #[param(inline)]
    pub phase: Phase,
}

impl From<UploadQuery> for Said {
    fn from(query: UploadQuery) -> Self {
        Self {
            phase: query.phase,
            upload_id: query.upload_id,
            device_time: query.device_time,
            clock_offset: None,
        }
    }
}
