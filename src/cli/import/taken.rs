//! The intake a row becomes, and by what it is known.

use chrono::{DateTime, Utc};

use super::{
    dates::{When, instant},
    mapping::Plan,
    row::{Position, Row},
};
use crate::complaint::{
    body::{ComplaintBody, IntakeBody, LocationBody},
    otherwise::{Grain, Grains},
    person::ReporterBody,
};
use crate::district::Profile;
use crate::text::file_number;

/// Letters an upstream number has at most, and a row's own id with its source.
const EXTERNAL_NO_LETTERS: usize = 64;

/// By what a row is known when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Its upstream number, as whoever gave it wrote it.
    pub(super) number: Option<String>,
    /// Its own id behind its source, where it has no such number.
    pub(super) row_key: Option<String>,
    /// What it may be known by from before upstream numbers were told from a table's own ids.
    pub(super) former: String,
}

impl Known {
    /// Of a row.
    ///
    /// # Errors
    /// Words for the line.
    fn of(plan: &Plan, row: &Row) -> Result<Self, String> {
        let former = format!("{}-{}", plan.source, row.id);
        let number = match &row.number {
            Some(number) => Some(number.clone()),
            None if plan.own_ids => None,
            None => Some(row.id.clone()),
        };
        let id = number.as_ref().unwrap_or(&former);
        if id.chars().count() > EXTERNAL_NO_LETTERS {
            return Err(format!(
                "{id:?} has more than {EXTERNAL_NO_LETTERS} letters"
            ));
        }
        Ok(Self {
            row_key: number.is_none().then(|| file_number(&former)),
            number,
            former,
        })
    }
}

/// A row as an intake.
pub(super) struct Taken {
    pub(super) body: IntakeBody,
    /// When it reached its channel.
    pub(super) received_at: DateTime<Utc>,
    /// How exactly it tells its times.
    pub(super) grains: Grains,
    pub(super) known: Known,
}

/// The intake a row becomes.
///
/// # Errors
/// Words for the line.
pub(super) fn taken(plan: &Plan, row: &Row, now: DateTime<Utc>) -> Result<Taken, String> {
    let known = Known::of(plan, row)?;
    let when = When {
        now,
        offset: plan.offset,
    };
    let (received_at, received) = instant(&row.date, &when)?;
    let occurred = row.occurred_at.as_deref();
    let occurred = occurred.map(|text| instant(text, &when)).transpose()?;
    let grains = Grains {
        received_at: received,
        occurred_at: occurred.map_or(Grain::Second, |(_, grain)| grain),
    };
    let body = IntakeBody {
        channel: plan
            .word("channel", row.channel.as_deref(), &plan.channel)
            .to_owned(),
        external_no: known.number.clone(),
        source_class: None,
        received_at: Some(received_at),
        object_id: None,
        petitioners: Vec::new(),
        complaint: ComplaintBody {
            category: plan
                .word("category", row.category.as_deref(), &plan.category)
                .to_owned(),
            description: row.text.clone(),
            location: location(&row.position, plan)?,
            address: address(row),
            premises: row.premises.clone(),
            occurred_at: occurred.map(|(at, _)| at),
            occurred_until: None,
            demand: None,
            reporter: row.phone.clone().map(|phone| ReporterBody {
                name: None,
                phone: Some(phone),
                id_number: None,
            }),
            acknowledged_similar: Vec::new(),
            same_as: None,
            secrecy: None,
            naming_consent: None,
        },
    };
    Ok(Taken {
        body,
        received_at,
        grains,
        known,
    })
}

/// Whether a row names our district, or none.
pub(super) fn is_ours(profile: &Profile, row: &Row) -> bool {
    row.district.is_empty() || profile.rules.name.ends_with(&row.district)
}

/// District and place as an address.
fn address(row: &Row) -> Option<String> {
    let words = format!("{}{}", row.district, row.place);
    (!words.is_empty()).then_some(words)
}

/// A pair and its datum, or none of them.
fn location(position: &Position, plan: &Plan) -> Result<Option<LocationBody>, String> {
    let (Some(lon), Some(lat)) = (&position.lon, &position.lat) else {
        return match (&position.lon, &position.lat) {
            (None, None) => Ok(None),
            _ => Err("has half a position".to_owned()),
        };
    };
    let number = |text: &str, what: &str| {
        text.parse::<f64>()
            .map_err(|_| format!("{what} {text:?} is no number"))
    };
    let datum = position.datum.as_ref().or(plan.datum.as_ref());
    let datum = datum.ok_or("has a position without its datum; name it with --datum")?;
    Ok(Some(LocationBody {
        lon: number(lon, "lon")?,
        lat: number(lat, "lat")?,
        datum: datum
            .parse()
            .map_err(|_| format!("{datum:?} is no datum"))?,
        accuracy_m: position
            .accuracy
            .as_deref()
            .map(|text| number(text, "accuracy"))
            .transpose()?,
    }))
}
