//! Which values a field or a filter is one of, where its type in the code is a text because the
//! database says it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::account::Role;
use crate::clock::kinds::{Duty, Meaning, Outcome};
use crate::complaint::{
    staff_routes::LINKS, timeline::public_events, unmask::UnmaskPurpose, views::LAPSED,
};
use crate::evidence::{file::FILE_TYPES, intake::TOO_MANY_PHOTOS};
use crate::finds::body::CLUE_CHANNELS;
use crate::geo::Datum;
use crate::linkage::levels::SPECS;
use crate::matching::SAID;
use crate::photo::{MediaType, PhotoProblem};
use crate::platform::problem::Code;
use crate::record::{
    ComplaintEvent, ComplaintState, EntryEvent, EntryState,
    machine::{State, Trait},
};
use crate::verification::standing::LACKS;

const RULES: &[&str] = &[
    "R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R11", "new",
];
const OUTCOMES: &[&str] = &[
    "same_submission",
    "attached",
    "provisional",
    "suspected",
    "related",
    "new",
];
const PEOPLE: &[&str] = &["reporter", "joint_signer", "represented"];
const PICTURES: &[&str] = &["photo", "far", "near", "reference"];
const SENT: &[&str] = &["photo", "far", "near", "reference", "file"];
const REMARKS: &[&str] = &["end_missing", "exif_unsound", "trailer"];
const FINDINGS: &[&str] = &["true", "partly_true", "not_true", "unverifiable"];
const UNITS: &[&str] = &["working_day", "natural_day"];
const REPLIES: &[&str] = &["final", "progress"];
const DECISIONS: &[&str] = &[
    "accept",
    "refuse",
    "no_longer_accept",
    "transfer",
    "object",
    "split",
    "return",
    "take_back",
];
const SOURCES: &[&str] = &[
    "central_provincial",
    "quality_indicator",
    "public_petition",
    "enforcement",
];
const SCORES: &[&str] = &["satisfied", "basically_satisfied", "dissatisfied"];

/// The values a field of a schema is one of.
enum Stated {
    Words(&'static [&'static str]),
    Numbers(&'static [u32]),
    ComplaintStates,
    EntryStates,
    QueuedStates,
    PublicEvents,
    HistoryEvents,
    HistoryStates,
    Codes,
    Duties,
    Meanings,
    Outcomes,
    Comparisons,
    Levels,
    Roles,
    Purposes,
    Datums,
    PhotoTypes,
    PhotoProblems,
}

/// Fields whose type in the code is a text, because the database says it.
static FIELDS: &[(&str, &str, Stated)] = &[
    ("ComplaintView", "source_class", Stated::Words(SOURCES)),
    ("EntrySummary", "source_class", Stated::Words(SOURCES)),
    ("PlaceView", "datum", Stated::Words(&["CGCS2000"])),
    ("PlaceView", "raw_datum", Stated::Datums),
    ("TimelineItem", "event", Stated::PublicEvents),
    ("CaseVisitView", "result", Stated::Words(FINDINGS)),
    ("Comparison", "level", Stated::Levels),
    ("Comparison", "name", Stated::Comparisons),
    ("ComplaintSummary", "link", Stated::Words(&LINKS)),
    ("ComplaintSummary", "link_rule", Stated::Words(RULES)),
    (
        "DeadlineView",
        "kind",
        Stated::Words(&["notify", "reply", "objection"]),
    ),
    ("DeadlineView", "unit", Stated::Words(UNITS)),
    ("DeadlineView", "duty", Stated::Duties),
    ("DeadlineView", "meaning", Stated::Meanings),
    ("DeadlineView", "outcome", Stated::Outcomes),
    (
        "DecisionView",
        "outcome",
        Stated::Words(&["listed", "not_listed", "escalated"]),
    ),
    ("DistrictView", "datums", Stated::Datums),
    ("DistrictView", "photo_types", Stated::PhotoTypes),
    ("DistrictView", "file_types", Stated::Words(&FILE_TYPES)),
    ("EarlierFinding", "result", Stated::Words(FINDINGS)),
    ("EarlierMatter", "rule", Stated::Words(RULES)),
    ("EntryComplaint", "link", Stated::Words(&LINKS)),
    ("EntryComplaint", "link_rule", Stated::Words(RULES)),
    ("EntryPhoto", "role", Stated::Words(PICTURES)),
    (
        "EventView",
        "kind",
        Stated::Words(&["check_in", "findings"]),
    ),
    ("EventView", "result", Stated::Words(FINDINGS)),
    ("FindSummary", "clue_channel", Stated::Words(CLUE_CHANNELS)),
    (
        "FindSummary",
        "discovery_mode",
        Stated::Words(&["grassroots", "own_check"]),
    ),
    ("FindSummary", "result", Stated::Words(FINDINGS)),
    ("FindView", "link", Stated::Words(&LINKS)),
    ("FullPerson", "kind", Stated::Words(PEOPLE)),
    ("HistoryItem", "event", Stated::HistoryEvents),
    ("HistoryItem", "from_state", Stated::HistoryStates),
    ("HistoryItem", "to_state", Stated::HistoryStates),
    ("LookView", "purpose", Stated::Purposes),
    ("LookView", "role", Stated::Roles),
    ("MatchesView", "link", Stated::Words(&LINKS)),
    ("MatchesView", "link_rule", Stated::Words(RULES)),
    (
        "PetitionReviewView",
        "outcome",
        Stated::Words(&["upheld", "changed", "revoked"]),
    ),
    (
        "PetitionReviewView",
        "stage",
        Stated::Words(&["review", "final_review"]),
    ),
    (
        "PetitionReviewView",
        "step",
        Stated::Words(&["asked", "decided"]),
    ),
    ("PhotoView", "problem", Stated::PhotoProblems),
    ("PhotoView", "remarks", Stated::Words(REMARKS)),
    ("PhotoView", "role", Stated::Words(SENT)),
    ("PhotoView", "status", Stated::Words(&["kept", "refused"])),
    (
        "PlaceView",
        "kind",
        Stated::Words(&["point", "named", "none"]),
    ),
    ("ProblemDocument", "code", Stated::Codes),
    ("ProcedureView", "reply_unit", Stated::Words(UNITS)),
    ("QueueFilters", "link", Stated::Words(&LINKS)),
    ("QueueFilters", "state", Stated::QueuedStates),
    ("RatingView", "score", Stated::Words(SCORES)),
    ("ReplyView", "kind", Stated::Words(REPLIES)),
    ("ReporterView", "kind", Stated::Words(PEOPLE)),
    (
        "RunningClock",
        "kind",
        Stated::Words(&["notify", "reply", "objection", "visit"]),
    ),
    ("RunningClock", "duty", Stated::Duties),
    ("RunningClock", "meaning", Stated::Meanings),
    ("StaffReplyView", "kind", Stated::Words(REPLIES)),
    ("Tokens", "token_type", Stated::Words(&["Bearer"])),
    ("TrackedDecision", "kind", Stated::Words(DECISIONS)),
    ("TriageDecisionView", "action", Stated::Words(DECISIONS)),
    ("UnmaskingView", "purpose", Stated::Purposes),
    ("UnmaskingView", "role", Stated::Roles),
    ("VerdictView", "outcome", Stated::Words(OUTCOMES)),
    ("VerdictView", "rule", Stated::Words(RULES)),
    ("VerificationView", "result", Stated::Words(FINDINGS)),
    ("VerificationView", "missing", Stated::Words(&LACKS)),
    ("VisitView", "result", Stated::Words(FINDINGS)),
    (
        "WarningView",
        "kind",
        Stated::Words(&["check_in", "findings", "evidence"]),
    ),
];

/// Long edges of a photo's copies, pixels.
const SIZES: &[u32] = &[400, 1600];

/// Filters of lists and the like, where only the operations of one tag mean it so by that tag.
static FILTERS: &[(Option<&str>, &str, Stated)] = &[
    (None, "size", Stated::Numbers(SIZES)),
    (None, "link", Stated::Words(&LINKS)),
    (Some("complaints"), "state", Stated::ComplaintStates),
    (Some("finds"), "state", Stated::ComplaintStates),
    (Some("ledger"), "state", Stated::EntryStates),
    (Some("triage"), "state", Stated::QueuedStates),
];

fn names_of<S: State>(states: &[S]) -> Vec<&'static str> {
    states.iter().map(|state| state.as_str()).collect()
}

impl Stated {
    fn names(&self) -> Vec<&'static str> {
        match self {
            Self::Words(words) => words.to_vec(),
            Self::Numbers(_) => Vec::new(),
            Self::ComplaintStates => names_of(ComplaintState::ALL),
            Self::EntryStates => names_of(EntryState::ALL),
            Self::QueuedStates => names_of(&ComplaintState::that_are(Trait::Queued)),
            Self::PublicEvents => public_events().collect(),
            Self::HistoryEvents => {
                let complaint = ComplaintEvent::ALL.iter().map(|event| event.as_str());
                let entry = EntryEvent::ALL.iter().map(|event| event.as_str());
                let all: BTreeSet<_> = complaint.chain(entry).collect();
                all.into_iter().collect()
            }
            Self::HistoryStates => {
                let states = [names_of(ComplaintState::ALL), names_of(EntryState::ALL)];
                let all: BTreeSet<_> = states.into_iter().flatten().collect();
                all.into_iter().collect()
            }
            Self::Codes => Code::ALL.iter().map(|code| code.as_str()).collect(),
            Self::Duties => Duty::ALL.map(Duty::as_str).to_vec(),
            Self::Meanings => Meaning::ALL.map(Meaning::as_str).to_vec(),
            Self::Outcomes => {
                let met = Outcome::ALL.map(Outcome::as_str).into_iter();
                met.chain([LAPSED]).collect()
            }
            Self::Comparisons => {
                let compared = SPECS.iter().map(|spec| spec.name);
                compared.chain([SAID]).collect()
            }
            Self::Levels => {
                let levels = SPECS.iter().flat_map(|spec| spec.levels);
                let all: BTreeSet<_> = levels.map(|level| level.name).collect();
                all.into_iter().collect()
            }
            Self::Roles => Role::ALL.iter().map(|role| role.as_str()).collect(),
            Self::Purposes => UnmaskPurpose::ALL.map(UnmaskPurpose::as_str).to_vec(),
            Self::Datums => Datum::ALL.map(Datum::as_str).to_vec(),
            Self::PhotoTypes => MediaType::ALL.map(MediaType::as_str).to_vec(),
            Self::PhotoProblems => {
                let of_one = PhotoProblem::CODES.into_iter();
                of_one.chain([TOO_MANY_PHOTOS]).collect()
            }
        }
    }

    fn values(&self) -> Vec<Value> {
        match self {
            Self::Numbers(numbers) => numbers.iter().map(|number| json!(number)).collect(),
            _ => self.names().into_iter().map(|name| json!(name)).collect(),
        }
    }
}

/// Says of every schema which values its fields are one of.
pub(super) fn of_fields(schemas: &mut Map<String, Value>) {
    for (schema, field, stated) in FIELDS {
        if let Some(property) = schemas.get_mut(*schema).and_then(|s| property(s, field)) {
            one_of(property, stated);
        }
        // A page of a list holds its rows' schema written out.
        let page = schemas.get_mut(&format!("Page_{schema}"));
        let row = page.and_then(|page| page.pointer_mut("/properties/items/items"));
        if let Some(property) = row.and_then(|row| property(row, field)) {
            one_of(property, stated);
        }
    }
}

/// Says which values a filter takes of an operation with that tag; whether it is one of few.
pub(super) fn of_filter(tag: &str, filter: &str, schema: &mut Value) -> bool {
    let found = FILTERS
        .iter()
        .find(|(of, name, _)| of.is_none_or(|of| of == tag) && *name == filter);
    let Some((_, _, stated)) = found else {
        return false;
    };
    one_of(schema, stated);
    true
}

/// A property of a schema, also of the parts it is put together of.
fn property<'a>(schema: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    if schema.pointer(&format!("/properties/{field}")).is_some() {
        return schema.pointer_mut(&format!("/properties/{field}"));
    }
    let parts = schema.get_mut("allOf")?.as_array_mut()?;
    parts.iter_mut().find_map(|part| property(part, field))
}

fn one_of(schema: &mut Value, stated: &Stated) {
    // Of a list, each of what is in it.
    if let Some(items) = schema.get_mut("items") {
        return one_of(items, stated);
    }
    let mut values = stated.values();
    let may_be_null = schema
        .get("type")
        .and_then(Value::as_array)
        .is_some_and(|types| types.contains(&json!("null")));
    if may_be_null {
        values.push(Value::Null);
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("enum".to_owned(), Value::Array(values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field and filter of the tables is in the document: none is misspelled or gone.
    #[test]
    fn the_tables_name_what_is_there() {
        let document = crate::openapi::stated().unwrap();
        for (schema, field, stated) in FIELDS {
            let schemas = &document["components"]["schemas"];
            let page = &schemas[format!("Page_{schema}")]["properties"]["items"]["items"];
            let named = schemas.get(schema).unwrap_or(page);
            let mut found = named.clone();
            let values = stated.values();
            let property =
                property(&mut found, field).unwrap_or_else(|| panic!("{schema}.{field}"));
            // A list says it of its items.
            let said = property.get("enum").or(property.pointer("/items/enum"));
            let said = said
                .and_then(Value::as_array)
                .unwrap_or_else(|| panic!("{schema}.{field}"));
            assert!(
                values.iter().all(|value| said.contains(value)),
                "{schema}.{field}"
            );
        }
        let operations = document["paths"].as_object().unwrap().values();
        let operations: Vec<&Value> = operations
            .flat_map(|item| item.as_object().unwrap().values())
            .collect();
        for (tag, filter, stated) in FILTERS {
            let stated = json!(stated.values());
            let mut tagged = operations
                .iter()
                .filter(|said| tag.is_none_or(|tag| said["tags"][0] == tag));
            let is_said = tagged.any(|said| {
                let mut all = said["parameters"].as_array().into_iter().flatten();
                all.any(|p| p["name"] == *filter && p["schema"]["enum"] == stated)
            });
            assert!(is_said, "{tag:?} {filter}");
        }
    }
}
