//! How a visit stands: what is there, what counts of it, what still lacks, and what its officer and
//! its reviewer are to know of the clocks.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    queries::{EventRow, VisitRow},
    rules::{ClockReading, Clocks, Holds},
};
use crate::district::Category;
use crate::evidence::album::Stored;
use crate::platform::{
    db::{Id, UtcTime},
    named::named,
};
use crate::record::local;

/// What a visit may lack. `photo` is lacked where only a photo is evidence enough, `recording` where a
/// sound recording, a video or a photo is.
pub const LACKS: [&str; 5] = [
    "check_in",
    "findings",
    "photo",
    "recording",
    "same_time_of_day",
];

named! {
    /// What the officer is to know of what they sent, and the reviewer of what they look at.
    pub enum WarningCode {
        /// The phone's time lies after the arrival.
        ClockAhead "clock_ahead",
        /// It came late, and the phone's clock is not known.
        ClockUnmeasured "clock_unmeasured",
        /// The phone's time lies before the visit was given, and its clock is not known.
        ClockUndecided "clock_undecided",
        /// It was captured before the visit was given.
        BeforeAssignment "before_assignment",
        /// Nobody was there yet at the complained hours.
        OutsideTimeBand "outside_time_band",
    }
}

impl WarningCode {
    /// In Chinese: what is so, and what to do.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ClockAhead => {
                "手机时间晚于收到时间，已按收到时间认定。请校准手机时间，上传时附上手机当前时间（Device-Now）。"
            }
            Self::ClockUnmeasured => {
                "补传较晚，手机时间未经核对，暂按手机所示时间记录，由审核人认定。上传时请附上手机当前时间（Device-Now）。"
            }
            Self::ClockUndecided => {
                "手机所示时间早于派件时间，无法判定是手机时间偏慢还是派件前所为，由审核人认定。请校准手机时间，附上手机当前时间（Device-Now）重新签到或拍摄。"
            }
            Self::BeforeAssignment => "派件前所为，不计入本次核实。请到现场重新签到或拍摄。",
            Self::OutsideTimeBand => {
                "签到不在反映的时段内，只能认定无法核实。请在该时段再到现场签到。"
            }
        }
    }
}

/// Something to know of what was sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WarningView {
    /// What.
    pub code: WarningCode,
    /// Of what: `check_in`, `findings`, or `evidence`.
    pub kind: String,
    /// The event's `client_id`, or the id of the evidence.
    pub id: String,
    /// In Chinese: what is so, and what to do.
    pub words: &'static str,
}

/// When a piece of a visit's own evidence was captured, by each clock.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaptureView {
    /// The evidence's id.
    pub id: Id,
    /// By the device, as far as it says.
    pub claimed_at: Option<DateTime<FixedOffset>>,
    /// As it is read, never after it reached us.
    pub happened_at: DateTime<FixedOffset>,
    /// When it reached us.
    pub received_at: DateTime<FixedOffset>,
    /// How the device's time was read.
    pub clock: ClockReading,
    /// By how many seconds our clock was ahead of the device's, where it was measured.
    pub clock_offset_s: Option<i64>,
    /// Whether it was captured after the visit was given; absent when clocks cannot tell.
    pub after_assignment: Option<bool>,
}

/// A stored offset of clocks.
fn offset_of(milliseconds: Option<i64>) -> Option<TimeDelta> {
    milliseconds.and_then(TimeDelta::try_milliseconds)
}

/// The clocks that tell of an event.
#[must_use]
pub fn clocks_of(event: &EventRow) -> Clocks {
    Clocks {
        claimed: event.device_time.0,
        received: event.received_at.0,
        offset: offset_of(event.clock_offset_ms),
    }
}

/// The clocks that tell of a piece of evidence. One without a time of its own counts by when it
/// reached us.
fn clocks_of_evidence(piece: &Stored) -> Clocks {
    let received = piece.created_at.0;
    let claimed = piece.claimed_at();
    Clocks {
        claimed: claimed.map_or(received, |at| at.0),
        received,
        offset: claimed.and_then(|_| offset_of(piece.clock_offset_ms)),
    }
}

/// A visit and what is there of it.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    row: &'a VisitRow,
    events: &'a [EventRow],
    evidence: &'a [Stored],
    recording_suffices: bool,
}

impl<'a> Standing<'a> {
    /// Of a visit, with its events as they reached us and its own evidence.
    #[must_use]
    pub const fn of(row: &'a VisitRow, events: &'a [EventRow], evidence: &'a [Stored]) -> Self {
        Self {
            row,
            events,
            evidence,
            recording_suffices: false,
        }
    }

    /// Of a visit to a matter of this category, which says what is evidence enough.
    #[must_use]
    pub fn about(self, category: Option<&Category>) -> Self {
        Self {
            recording_suffices: category.is_some_and(|category| category.recording_suffices),
            ..self
        }
    }

    /// The visit's id.
    #[must_use]
    pub const fn visit(&self) -> Id {
        self.row.id
    }

    fn assigned_at(&self) -> Option<DateTime<Utc>> {
        self.row.assigned_at.map(|at| at.0)
    }

    /// The events of a kind that count: those that reached us since the visit was assigned. After a
    /// return the visit is made again.
    fn counted(&self, kind: &'static str) -> impl Iterator<Item = &'a EventRow> {
        let since = self.assigned_at();
        self.events
            .iter()
            .filter(move |e| e.kind == kind && since.is_none_or(|at| e.received_at.0 >= at))
    }

    /// The evidence of the visit that is kept.
    fn pieces(&self) -> impl Iterator<Item = &'a Stored> {
        let visit = Some(self.row.id);
        self.evidence
            .iter()
            .filter(move |piece| piece.is_kept() && piece.visit() == visit)
    }

    /// The finding that counts: the last by when it was written, however late it reached us. A clock
    /// ahead of ours is no reason to come last.
    #[must_use]
    pub fn finding(&self) -> Option<&'a EventRow> {
        let since = self.assigned_at();
        self.counted("findings")
            .max_by_key(|e| (clocks_of(e).moment(since).at, e.id))
    }

    /// Whether the officer was there at the complained hours: by the check-in, since the visit was
    /// assigned, and not by when the findings were written. `None` when no hour is asked or nobody
    /// has checked in yet.
    #[must_use]
    pub fn came_in_time(&self) -> Option<Holds> {
        let band = self.row.band()?;
        let since = self.assigned_at();
        let came = self.counted("check_in");
        came.map(|e| clocks_of(e).falls_in(band, since)).max()
    }

    /// Whether there is a photo taken after the visit was assigned, or a recording where that is
    /// evidence enough.
    fn has_evidence(&self) -> Holds {
        let since = self.assigned_at();
        let recordings = self.recording_suffices;
        self.pieces()
            .filter(|piece| piece.is_photo() || (recordings && piece.is_recording()))
            .map(|piece| clocks_of_evidence(piece).is_of_visit(since))
            .max()
            .unwrap_or(Holds::No)
    }

    /// What a visit still lacks before it counts as submitted, of [`LACKS`]. What clocks cannot tell
    /// lacks nothing: it is for the reviewer to decide.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let has = |kind| self.counted(kind).next().is_some();
        let result = self.finding().and_then(|e| e.result.as_deref());
        let needs_hour = result.is_some_and(|result| result != "unverifiable");
        let has_evidence = self.has_evidence() != Holds::No;
        let there = [
            has("check_in"),
            has("findings"),
            self.recording_suffices || has_evidence,
            !self.recording_suffices || has_evidence,
            !needs_hour || self.came_in_time() != Some(Holds::No),
        ];
        LACKS
            .into_iter()
            .zip(there)
            .filter(|(_, there)| !there)
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// What officer and reviewer are to know of the clocks, of what came since the visit was assigned.
    #[must_use]
    pub fn warnings(&self) -> Vec<WarningView> {
        let mut warnings = Vec::new();
        let mut warn = |code: WarningCode, kind: &str, id: String| {
            warnings.push(WarningView {
                code,
                kind: kind.to_owned(),
                id,
                words: code.words(),
            });
        };
        let since = self.assigned_at();
        let hour_is_asked = self.came_in_time() == Some(Holds::No);
        for event in self.counted("check_in") {
            let clocks = clocks_of(event);
            if let Some(code) = doubt(clocks, since) {
                warn(code, "check_in", event.client_id.clone());
            }
            if hour_is_asked && clocks.is_of_visit(since) == Holds::Yes {
                let code = WarningCode::OutsideTimeBand;
                warn(code, "check_in", event.client_id.clone());
            }
        }
        for event in self.counted("findings") {
            let read = doubt(clocks_of(event), since);
            if let Some(code) = read.filter(|code| *code != WarningCode::BeforeAssignment) {
                warn(code, "findings", event.client_id.clone());
            }
        }
        let came_now = |piece: &&Stored| since.is_none_or(|at| piece.created_at.0 >= at);
        for piece in self.pieces().filter(came_now) {
            if let Some(code) = doubt(clocks_of_evidence(piece), since) {
                warn(code, "evidence", piece.id.to_string());
            }
        }
        warnings
    }

    /// When each piece of the visit's own evidence was captured.
    #[must_use]
    pub fn captures(&self) -> Vec<CaptureView> {
        let since = self.assigned_at();
        let captures = self.pieces().map(|piece| {
            let clocks = clocks_of_evidence(piece);
            let moment = clocks.moment(since);
            CaptureView {
                id: piece.id,
                claimed_at: piece.claimed_at().map(local),
                happened_at: local(UtcTime(moment.at)),
                received_at: local(piece.created_at),
                clock: moment.reading,
                clock_offset_s: clocks.offset.map(|offset| offset.num_seconds()),
                after_assignment: clocks.is_of_visit(since).known(),
            }
        });
        captures.collect()
    }
}

/// What is to be known of something's clocks, if anything is.
fn doubt(clocks: Clocks, since: Option<DateTime<Utc>>) -> Option<WarningCode> {
    match clocks.moment(since).reading {
        ClockReading::Arrival => Some(WarningCode::ClockAhead),
        ClockReading::Undecided => Some(WarningCode::ClockUndecided),
        _ if clocks.is_of_visit(since) == Holds::No => Some(WarningCode::BeforeAssignment),
        ClockReading::Unmeasured => Some(WarningCode::ClockUnmeasured),
        ClockReading::Agrees | ClockReading::Corrected => None,
    }
}
