//! The copied texts among an entry's complaints.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::matching::{
    Report,
    campaigns::{Campaign, Signed, campaigns},
    petitioners::petitioners_of,
    queries::filed_reports,
};
use crate::platform::db::{Connection, Id, UtcTime, schema::complaint_text};
use crate::privacy::Words;
use crate::record::local;

/// Letters of a text shown.
const EXCERPT_LETTERS: usize = 40;

/// One text that many sent: a group of voices. Who they are is not said here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignView {
    /// How the text begins, masked.
    pub excerpt: String,
    /// Number of the complaint it came with first.
    pub first: String,
    /// Complaints that have it, a few words changed or none.
    pub complaints: usize,
    /// Different persons who sent it or signed it.
    pub persons: usize,
    /// Complaints that have it and no name.
    pub anonymous: usize,
    /// When the first came.
    pub first_at: DateTime<FixedOffset>,
    /// When the last came.
    pub last_at: DateTime<FixedOffset>,
}

/// The campaigns among complaints, given by id with their numbers, the largest first: three queries
/// however many there are.
///
/// # Errors
/// What the database answers.
pub fn campaigns_of(
    conn: &mut Connection,
    numbers: &HashMap<Id, String>,
    words: &Words,
) -> QueryResult<Vec<CampaignView>> {
    let ids: Vec<Id> = numbers.keys().copied().collect();
    let mut petitioners = petitioners_of(conn, &ids)?;
    let signed = |report: Report| {
        let by = petitioners.remove(&Id(report.id)).unwrap_or_default();
        (report, by)
    };
    let mut reports: Vec<Signed> = filed_reports(conn, &ids)?.into_iter().map(signed).collect();
    reports.sort_by_key(|(report, _)| (report.received_at, report.id));
    let found: Vec<(Id, Campaign)> = campaigns(&reports)
        .into_iter()
        .filter_map(|campaign| Some((Id(reports.get(campaign.first)?.0.id), campaign)))
        .collect();
    let firsts: Vec<Id> = found.iter().map(|(id, _)| *id).collect();
    let texts: Vec<(Id, String)> = complaint_text::table
        .filter(complaint_text::complaint_id.eq_any(firsts))
        .select((
            complaint_text::complaint_id,
            complaint_text::description_masked,
        ))
        .load(conn)?;
    let texts: HashMap<Id, String> = texts.into_iter().collect();
    let views = found.into_iter().filter_map(|(id, campaign)| {
        Some(CampaignView {
            excerpt: excerpt(&words.text(texts.get(&id)?.clone())),
            first: numbers.get(&id)?.clone(),
            complaints: campaign.copies,
            persons: campaign.persons,
            anonymous: campaign.anonymous,
            first_at: at(campaign.first_at),
            last_at: at(campaign.last_at),
        })
    });
    Ok(views.collect())
}

fn at(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    local(UtcTime(time))
}

fn excerpt(text: &str) -> String {
    let mut letters = text.chars();
    let mut excerpt: String = letters.by_ref().take(EXCERPT_LETTERS).collect();
    if letters.next().is_some() {
        excerpt.push('…');
    }
    excerpt
}
