//! What became of a complaint, as those read it who handle it: what was decided, who went there,
//! what was answered, and how that was received.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, FixedOffset, NaiveDate};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    notice_views::{self, NoticeView},
    queries::{self, ComplaintRow},
    subjects,
    visits::{self, CaseVisitView},
};
use crate::district::Profile;
use crate::evidence::{album::Stored, queries as evidence};
use crate::ledger::views::HistoryItem;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{petition_review, rating, reply, staff, triage_decision},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::Words;
use crate::record::{self, local};

/// Steps of a history shown at most.
const HISTORY_MAX: i64 = 1000;

/// Other complaints named for one file at most.
const ELSEWHERE_MAX: usize = 50;

/// A reply, as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StaffReplyView {
    /// `final` or `progress`.
    pub kind: String,
    /// Document code.
    pub document: String,
    /// Document name.
    pub document_name: String,
    /// The words; masked for roles without need.
    pub text: String,
    /// User name of who wrote it; of an answer that came in as history, of who took it in.
    pub written_by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// How the reply was received.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RatingView {
    /// `satisfied`, `basically_satisfied`, `dissatisfied`.
    pub score: String,
    /// Why; masked for roles without need.
    pub text: Option<String>,
    /// Whether the matter should be taken up again.
    pub wants_reopening: bool,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// A decision of the brigade (研判).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TriageDecisionView {
    /// `accept`, `refuse`, `no_longer_accept`, `transfer`, `object`, `split`, `return`, `take_back`.
    pub action: String,
    /// Why; masked for roles without need.
    pub reason: Option<String>,
    /// Procedure code.
    pub procedure: Option<String>,
    /// Document code.
    pub document: Option<String>,
    /// What the reporter was told; masked for roles without need.
    pub notice: Option<String>,
    /// Unit it went to.
    pub transfer_to: Option<String>,
    /// User name of who decided; of a decision that came in as history, of who took it in.
    pub decided_by: String,
    /// When.
    pub at: DateTime<FixedOffset>,
    /// When it was undone, before its reporter was told.
    pub undone_at: Option<DateTime<FixedOffset>>,
}

/// What a photo's file says of itself. Evidence, for roles with need alone.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoFactsView {
    /// The photo's id.
    pub id: Id,
    /// The visit it was taken on.
    pub verification: Option<Id>,
    /// When it was taken, by the device.
    pub taken_at: Option<DateTime<FixedOffset>>,
    /// Metres between the place in the file and the claimed one.
    pub distance_m: Option<f64>,
    /// The device.
    pub device: Option<String>,
    /// When it reached us.
    pub received_at: DateTime<FixedOffset>,
    /// By how many seconds our clock was ahead of the device's, where the device said what it showed.
    pub clock_offset_s: Option<i64>,
    /// Numbers of other complaints that carry the very same file.
    pub elsewhere: Vec<String>,
}

/// A step of 复查 or 复核, as it became known.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PetitionReviewView {
    /// `review` 复查, `final_review` 复核.
    pub stage: String,
    /// `asked`, `decided`.
    pub step: String,
    /// The day.
    pub on: NaiveDate,
    /// `upheld` 维持, `changed` 变更, `revoked` 撤销; once it is decided.
    pub outcome: Option<String>,
    /// Document code.
    pub document: String,
    /// Document name.
    pub document_name: String,
    /// The document's number; masked for roles without need.
    pub document_no: Option<String>,
}

/// What became of a complaint.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseView {
    /// Decisions of the brigade.
    pub decisions: Vec<TriageDecisionView>,
    /// Visits to its matter.
    pub visits: Vec<CaseVisitView>,
    /// What its reporter was told or was to be told, oldest first.
    pub notices: Vec<NoticeView>,
    /// Replies.
    pub replies: Vec<StaffReplyView>,
    /// How the replies were received, oldest first.
    pub ratings: Vec<RatingView>,
    /// 复查 and 复核 of the answer, oldest first.
    pub reviews: Vec<PetitionReviewView>,
    /// What the photos' files say of themselves; empty for roles without need.
    pub photo_facts: Vec<PhotoFactsView>,
    /// Every step, oldest first.
    pub history: Vec<HistoryItem>,
}

/// What became of a complaint, in the words a role may read.
///
/// # Errors
/// A fault when the database fails.
pub fn of_complaint(
    conn: &mut Connection,
    keys: &Keys,
    profile: &Profile,
    row: &ComplaintRow,
    photos: &[Stored],
    words: &Words,
) -> Result<CaseView, Problem> {
    let history = record::history(conn, keys, row.id, HISTORY_MAX).or_fault("load the history")?;
    Ok(CaseView {
        decisions: decisions(conn, keys, row.id, words).or_fault("load decisions")?,
        visits: visits::in_short(conn, row).or_fault("load visits")?,
        notices: notice_views::of_complaint(conn, keys, row.id, words)?,
        replies: replies(conn, keys, profile, row.id, words).or_fault("load replies")?,
        ratings: ratings(conn, keys, row.id, words).or_fault("load ratings")?,
        reviews: reviews(conn, profile, row.id, words).or_fault("load reviews")?,
        photo_facts: if words.with_need() {
            photo_facts(conn, photos).or_fault("load photos")?
        } else {
            Vec::new()
        },
        history: history
            .into_iter()
            .map(|step| HistoryItem::of(step, words))
            .collect(),
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = triage_decision)]
struct DecisionRow {
    id: Id,
    action: String,
    reason: Option<String>,
    procedure: Option<String>,
    document: Option<String>,
    notice: Option<String>,
    transfer_to: Option<String>,
    decided_at: UtcTime,
    undone_at: Option<UtcTime>,
}

fn decisions(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    words: &Words,
) -> QueryResult<Vec<TriageDecisionView>> {
    let rows: Vec<(DecisionRow, String)> = triage_decision::table
        .inner_join(staff::table)
        .filter(triage_decision::complaint_id.eq(id))
        .order(triage_decision::id.asc())
        .select((DecisionRow::as_select(), staff::username))
        .load(conn)?;
    let views = rows.into_iter().map(|(row, decided_by)| {
        let read = |column: sealed::SealedColumn, stored| {
            words.maybe(column.read_maybe(keys, row.id.0.as_bytes(), stored))
        };
        TriageDecisionView {
            action: row.action,
            reason: read(sealed::TRIAGE_REASON, row.reason),
            procedure: row.procedure,
            document: row.document,
            notice: read(sealed::TRIAGE_NOTICE, row.notice),
            transfer_to: row.transfer_to,
            decided_by,
            at: local(row.decided_at),
            undone_at: row.undone_at.map(local),
        }
    });
    Ok(views.collect())
}

fn replies(
    conn: &mut Connection,
    keys: &Keys,
    profile: &Profile,
    id: Id,
    words: &Words,
) -> QueryResult<Vec<StaffReplyView>> {
    let rows: Vec<(queries::ReplyRow, String)> = reply::table
        .inner_join(staff::table)
        .filter(reply::complaint_id.eq(id))
        .order(reply::id.asc())
        .select((queries::ReplyRow::as_select(), staff::username))
        .load(conn)?;
    let opened = rows.into_iter().map(|(row, by)| (row.opened(keys), by));
    let views = opened.map(|(row, written_by)| StaffReplyView {
        document_name: profile
            .document(&row.document)
            .map_or("", |d| &d.name)
            .to_owned(),
        kind: row.kind,
        document: row.document,
        text: words.stored(row.text, row.text_masked),
        written_by,
        at: local(row.created_at),
    });
    Ok(views.collect())
}

type RatingRow = (Id, String, Option<String>, Option<String>, bool, UtcTime);

fn ratings(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    words: &Words,
) -> QueryResult<Vec<RatingView>> {
    let rows: Vec<RatingRow> = rating::table
        .filter(rating::complaint_id.eq(id))
        .order(rating::reply_id.asc())
        .select((
            rating::reply_id,
            rating::score,
            rating::text,
            rating::text_masked,
            rating::wants_reopening,
            rating::created_at,
        ))
        .load(conn)?;
    let views = rows
        .into_iter()
        .map(|(reply, score, text, masked, wants_reopening, at)| {
            let open = |stored| sealed::RATING.open_text(keys, reply.0.as_bytes(), stored);
            let full = text.and_then(open).or_else(|| masked.clone());
            RatingView {
                score,
                text: words.maybe_stored(full, masked),
                wants_reopening,
                at: local(at),
            }
        });
    Ok(views.collect())
}

type ReviewRow = (
    String,
    String,
    NaiveDate,
    Option<String>,
    String,
    Option<String>,
);

fn reviews(
    conn: &mut Connection,
    profile: &Profile,
    id: Id,
    words: &Words,
) -> QueryResult<Vec<PetitionReviewView>> {
    let rows: Vec<ReviewRow> = petition_review::table
        .filter(petition_review::complaint_id.eq(id))
        .order(petition_review::id.asc())
        .select((
            petition_review::stage,
            petition_review::step,
            petition_review::happened_on,
            petition_review::outcome,
            petition_review::document,
            petition_review::document_no,
        ))
        .load(conn)?;
    let views = rows
        .into_iter()
        .map(
            |(stage, step, on, outcome, document, document_no)| PetitionReviewView {
                document_name: profile
                    .document(&document)
                    .map_or("", |d| &d.name)
                    .to_owned(),
                stage,
                step,
                on,
                outcome,
                document,
                document_no: words.maybe(document_no),
            },
        );
    Ok(views.collect())
}

fn photo_facts(conn: &mut Connection, photos: &[Stored]) -> QueryResult<Vec<PhotoFactsView>> {
    let kept: Vec<&Stored> = photos.iter().filter(|photo| photo.is_kept()).collect();
    let elsewhere = elsewhere(conn, &kept)?;
    let views = kept.into_iter().map(|photo| PhotoFactsView {
        id: photo.id,
        verification: photo.visit(),
        taken_at: photo.taken_at.map(local),
        distance_m: photo.distance_m,
        device: photo.device.clone(),
        received_at: local(photo.created_at),
        clock_offset_s: photo.clock_offset_ms.map(|offset| offset / 1_000),
        elsewhere: elsewhere.get(&photo.sha256).cloned().unwrap_or_default(),
    });
    Ok(views.collect())
}

/// Numbers of the other complaints that carry the same files, by file.
fn elsewhere(
    conn: &mut Connection,
    photos: &[&Stored],
) -> QueryResult<HashMap<String, Vec<String>>> {
    let own: Vec<Id> = photos.iter().map(|photo| photo.subject_id).collect();
    let files: Vec<&str> = photos.iter().map(|photo| photo.sha256.as_str()).collect();
    let found = evidence::with_contents(conn, &files, &own)?;
    let others: Vec<Id> = found.iter().map(|(_, subject)| *subject).collect();
    let numbers = subjects::numbers_behind(conn, &others)?;
    let mut by_file: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (file, subject) in found {
        let behind = numbers.get(&subject).into_iter().flatten().cloned();
        by_file.entry(file).or_default().extend(behind);
    }
    let told = by_file
        .into_iter()
        .map(|(file, numbers)| (file, numbers.into_iter().take(ELSEWHERE_MAX).collect()));
    Ok(told.collect())
}
