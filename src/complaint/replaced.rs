//! What corrections replaced: kept with each of them in the history, sealed, so that a reporter's own
//! words are never lost and every correction can be undone.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, FixedOffset};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, JsonValue, UtcTime, schema::record as record_of},
    problem::Problem,
    sealed::CORRECTION,
};
use crate::record::{ComplaintEvent, local};

/// A fact of a complaint that can be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectedField {
    /// 类别.
    Category,
    /// 位置.
    Location,
    /// 单位名称.
    Premises,
    /// 地址.
    Address,
    /// 对象编号.
    ObjectId,
    /// 诉求.
    Demand,
    /// 渠道.
    Channel,
    /// 上级编号.
    ExternalNo,
    /// 反映内容.
    Description,
    /// 发生时间.
    OccurredAt,
    /// 结束时间.
    OccurredUntil,
    /// 反映人.
    Persons,
}

impl CorrectedField {
    const fn zh(self) -> &'static str {
        match self {
            Self::Category => "类别",
            Self::Location => "位置",
            Self::Premises => "单位名称",
            Self::Address => "地址",
            Self::ObjectId => "对象编号",
            Self::Demand => "诉求",
            Self::Channel => "渠道",
            Self::ExternalNo => "上级编号",
            Self::Description => "反映内容",
            Self::OccurredAt => "发生时间",
            Self::OccurredUntil => "结束时间",
            Self::Persons => "反映人信息",
        }
    }
}

/// A correction, as whoever follows the complaint by its code is told of it: what, and nothing of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackedCorrection {
    /// What was corrected.
    pub fields: Vec<CorrectedField>,
    /// In Chinese.
    pub words: String,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// Seals replaced values for the history.
///
/// # Errors
/// A fault when the cipher fails.
pub fn seal(keys: &Keys, complaint: Id, before: &Value) -> Result<String, Problem> {
    let plain = before.to_string();
    let sealed = CORRECTION.seal(keys, complaint.0.as_bytes(), plain.as_bytes())?;
    Ok(STANDARD.encode(sealed))
}

/// The replaced values; `None` when no key given opens them.
#[must_use]
pub fn open(keys: &Keys, complaint: Id, sealed: &str) -> Option<Value> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let plain = CORRECTION.open(keys, complaint.0.as_bytes(), &bytes).ok();
    if plain.is_none() {
        tracing::warn!("a correction cannot be opened with the keys given");
    }
    serde_json::from_slice(&plain?).ok()
}

/// What each correction of a complaint keeps, oldest first.
fn details(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<(Value, UtcTime)>> {
    let rows: Vec<(JsonValue, UtcTime)> = record_of::table
        .filter(record_of::subject_id.eq(complaint))
        .filter(record_of::event.eq(ComplaintEvent::Correct.as_str()))
        .order(record_of::id.asc())
        .select((record_of::detail, record_of::at))
        .load(conn)?;
    let rows = rows.into_iter();
    Ok(rows.map(|(detail, at)| (detail.0, at)).collect())
}

/// Which fields a correction was of; one this release does not know is passed over.
fn fields_in(detail: &Value) -> Vec<CorrectedField> {
    let fields = detail.get("fields").and_then(Value::as_array);
    let fields = fields.into_iter().flatten().cloned();
    fields
        .filter_map(|field| serde_json::from_value(field).ok())
        .collect()
}

/// What of a complaint was ever corrected.
///
/// # Errors
/// What the database answers.
pub fn fields_of(conn: &mut Connection, complaint: Id) -> QueryResult<BTreeSet<CorrectedField>> {
    let details = details(conn, complaint)?;
    Ok(details
        .iter()
        .flat_map(|(detail, _)| fields_in(detail))
        .collect())
}

/// The descriptions a complaint had before, the first one first.
///
/// # Errors
/// What the database answers.
pub fn former_words(conn: &mut Connection, keys: &Keys, complaint: Id) -> QueryResult<Vec<String>> {
    let details = details(conn, complaint)?;
    let corrected = details
        .iter()
        .filter(|(detail, _)| fields_in(detail).contains(&CorrectedField::Description));
    let words = corrected.filter_map(|(detail, _)| {
        let sealed = detail.get("before")?.as_str()?;
        let before = open(keys, complaint, sealed)?;
        before.get("description")?.as_str().map(str::to_owned)
    });
    Ok(words.collect())
}

/// The corrections of a complaint as its code tells of them, oldest first.
///
/// # Errors
/// What the database answers.
pub fn tracked(conn: &mut Connection, complaint: Id) -> QueryResult<Vec<TrackedCorrection>> {
    let details = details(conn, complaint)?.into_iter();
    let told = details.map(|(detail, at)| {
        let fields = fields_in(&detail);
        let names: Vec<&str> = fields.iter().map(|field| field.zh()).collect();
        TrackedCorrection {
            words: format!("已更正：{}", names.join("、")),
            fields,
            at: local(at),
        }
    });
    Ok(told.collect())
}
