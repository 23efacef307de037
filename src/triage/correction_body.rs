//! What is corrected of a complaint: the fields that may be sent, and what may stand in each.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use validator::Validate;

use crate::complaint::{
    body::{Border, LocationBody, check_demand, check_location},
    person_changes::{PersonChangeBody, PersonChanges},
    place,
    queries::{self, ComplaintRow},
    replaced::CorrectedField,
    signers::SIGNERS_MAX,
    upstream,
};
use crate::district::Profile;
use crate::geo::RawPosition;
use crate::platform::{
    crypto::Keys,
    db::Connection,
    http::{Patch, given, given_instant, is_blank, says_something},
    problem::{Item, ItemCode, OnDb, Problem},
};
use crate::record::local;

/// Letters of an upstream number at most.
const NUMBER_LETTERS: usize = 64;

/// What to correct, several facts at once. A field that is absent stays as it is; null clears it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionBody {
    /// Category code; cannot be cleared.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 64)]
    pub category: Patch,
    /// Where it is (D46); street, grid, open visits and what it may be a duplicate of follow from it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LocationBody>)]
    pub location: Patch<LocationBody>,
    /// The shop, site or company complained of.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100)]
    pub premises: Patch,
    /// Address in words.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub address: Patch,
    /// Registered id of the object.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub object_id: Patch,
    /// What the reporter wants.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub demand: Patch,
    /// The channel it came by; cannot be cleared. Clocks count by its terms from the day they always did; what
    /// it does not know falls away, and what it knows besides begins with the day the complaint came.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 64)]
    pub channel: Patch,
    /// The upstream number. One that is another complaint's of the channel is a conflict that names it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    pub external_no: Patch,
    /// The complaint in words, where they were taken down wrongly; cannot be cleared. The first ones stay.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false, max_length = 2000)]
    pub description: Patch,
    /// Begin of what is complained of, RFC 3339.
    #[serde(default, deserialize_with = "given_instant")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub occurred_at: Patch<DateTime<Utc>>,
    /// Its end.
    #[serde(default, deserialize_with = "given_instant")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub occurred_until: Patch<DateTime<Utc>>,
    /// Those who petition: added, corrected, withdrawn. Whether it is anonymous and how many petition follows.
    #[serde(default)]
    #[validate(nested)]
    #[schema(required = false, max_items = 500)]
    pub persons: Vec<PersonChangeBody>,
    /// Why; kept in the record.
    #[validate(
        length(min = 2, max = 500, message = "has 2 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 2, max_length = 500)]
    pub reason: String,
}

/// What was checked of a correction.
pub(super) struct Checked {
    /// The position, where one was given.
    pub(super) position: Option<RawPosition>,
    /// The persons.
    pub(super) persons: PersonChanges,
}

impl CorrectionBody {
    /// Checks the fields.
    pub(super) fn check(&self, profile: &Profile) -> Result<Checked, Problem> {
        let mut items = Vec::new();
        let position = self
            .location
            .flatten()
            .and_then(|l| check_location(l, profile, Border::Open, &mut items));
        self.check_codes(profile, &mut items);
        self.check_texts(profile, &mut items);
        if self.persons.len() > SIGNERS_MAX {
            let message = format!("has {SIGNERS_MAX} persons at most");
            items.push(Item::new("persons", ItemCode::TooMany, message));
        }
        let area_code = profile.rules.area_code.as_deref();
        let persons = PersonChanges::check(&self.persons, area_code, &mut items);
        if items.is_empty() {
            Ok(Checked { position, persons })
        } else {
            Err(Problem::invalid_items(items))
        }
    }

    fn check_codes(&self, profile: &Profile, items: &mut Vec<Item>) {
        let always = [
            ("category", &self.category),
            ("channel", &self.channel),
            ("description", &self.description),
        ];
        for (field, value) in always {
            if value == &Some(None) {
                items.push(Item::new(field, ItemCode::Required, "cannot be cleared"));
            }
        }
        let category = self.category.as_ref().and_then(Option::as_deref);
        if category.is_some_and(|code| profile.open_category(code).is_none()) {
            let message = "is not a category of this district; see GET /api/v1/district";
            items.push(Item::new("category", ItemCode::UnknownCategory, message));
        }
        let channel = self.channel.as_ref().and_then(Option::as_deref);
        if channel.is_some_and(|code| profile.channel(code).is_none()) {
            let known = profile.channels.iter().map(|c| c.code.as_str());
            let message = format!("is one of {}", known.collect::<Vec<_>>().join(", "));
            items.push(Item::new("channel", ItemCode::UnknownChannel, message));
        }
        if let Some(Some(code)) = &self.demand {
            check_demand(profile, Some(code.trim()), items);
        }
    }

    fn check_texts(&self, profile: &Profile, items: &mut Vec<Item>) {
        let limits = profile.rules.limits;
        let lengths = [
            ("premises", &self.premises, limits.premises_letters),
            ("address", &self.address, limits.address_letters),
            ("object_id", &self.object_id, 64),
            ("demand", &self.demand, 64),
            ("external_no", &self.external_no, NUMBER_LETTERS),
            ("description", &self.description, limits.description_letters),
        ];
        for (field, value, most) in lengths {
            let Some(Some(text)) = value else { continue };
            if is_blank(text) {
                items.push(Item::new(
                    field,
                    ItemCode::Empty,
                    "is a text, or null to clear it",
                ));
            } else if text.trim().chars().count() > most {
                let message = format!("has {most} letters at most");
                items.push(Item::new(field, ItemCode::TooLong, message));
            }
        }
    }

    /// The fields that were given, for the record; no words of the reporter's.
    pub(super) fn fields(&self) -> Vec<CorrectedField> {
        use CorrectedField as F;
        let given = [
            (F::Category, self.category.is_some()),
            (F::Premises, self.premises.is_some()),
            (F::Address, self.address.is_some()),
            (F::ObjectId, self.object_id.is_some()),
            (F::Demand, self.demand.is_some()),
            (F::Location, self.location.is_some()),
            (F::Channel, self.channel.is_some()),
            (F::ExternalNo, self.external_no.is_some()),
            (F::Description, self.description.is_some()),
            (F::OccurredAt, self.occurred_at.is_some()),
            (F::OccurredUntil, self.occurred_until.is_some()),
            (F::Persons, !self.persons.is_empty()),
        ];
        let given = given.into_iter().filter(|(_, given)| *given);
        given.map(|(field, _)| field).collect()
    }

    /// What the given fields hold before the correction, in the form of one. Those who petition are
    /// told by what undoes their correction, when it was made.
    pub(super) fn before(
        &self,
        conn: &mut Connection,
        keys: &Keys,
        row: &ComplaintRow,
    ) -> Result<Map<String, Value>, Problem> {
        use CorrectedField as F;
        let text = queries::text_of(conn, row.id).or_fault("load the text")?;
        let text = text.opened(keys, row.id);
        let place = queries::place_of(conn, row.id).or_fault("load the place")?;
        let number = upstream::read(row.external_no.clone(), text.external_no.clone());
        let fields = self.fields().into_iter().filter_map(|field| {
            let value = match field {
                F::Category => json!(row.category),
                F::Premises => json!(text.premises),
                F::Address => json!(text.address),
                F::ObjectId => json!(text.object_id),
                F::Demand => json!(row.demand),
                F::Location => place::as_sent(&place),
                F::Channel => json!(row.channel),
                F::ExternalNo => json!(number),
                F::Description => json!(text.description),
                F::OccurredAt => json!(row.occurred_at.map(local)),
                F::OccurredUntil => json!(row.occurred_until.map(local)),
                F::Persons => return None,
            };
            let name = json!(field).as_str().map(str::to_owned)?;
            Some((name, value))
        });
        Ok(fields.collect())
    }
}
