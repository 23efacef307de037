//! The complaints of a person, by a number they left: a look behind the mask, for a purpose and a reason.

use std::collections::HashSet;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    routes::{ComplaintItem, of_rows},
    walk,
    wanted::Wanted,
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    person::Person,
    petitioners::person_keys,
    queries::ComplaintRow,
    reason::says_why,
    terms::{self, Mark},
    unmask::{Look, UnmaskPurpose, looked, refused},
};
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, complaint_place},
    },
    http::{Answer, Body},
    problem::{Item, ItemCode, OnDb, Problem},
};
use crate::privacy::{Need, Scope, secrecy};
use crate::text::{IdentityText, PhoneText};

use diesel::prelude::*;

/// Complaints of a person that are shown.
const SHOWN_MAX: usize = 100;

/// Complaints looked at: blind indexes lead to hardly any other's.
const LOOKED_AT: usize = 400;

/// Whose complaints are looked for, and why.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonSearchBody {
    /// A phone number in any spelling; or else an identity number.
    #[validate(length(max = 200, message = "has 200 letters at most"))]
    #[schema(max_length = 200)]
    pub phone: Option<String>,
    /// Number of an identity card, a permit or a passport, as a whole.
    #[validate(length(max = 200, message = "has 200 letters at most"))]
    #[schema(max_length = 200)]
    pub id_number: Option<String>,
    /// What for.
    pub purpose: UnmaskPurpose,
    /// The reason in words: which step of the case needs the person. 「工作需要」 and 「查看一下」 say
    /// nothing. Kept in the record.
    #[validate(
        length(min = 6, max = 500, message = "has 6 to 500 letters"),
        custom(function = "says_why")
    )]
    #[schema(min_length = 6, max_length = 500)]
    pub reason: String,
}

impl std::fmt::Debug for PersonSearchBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonSearchBody(***)")
    }
}

/// The complaints of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonComplaints {
    /// The last hundred, the last one filed first.
    pub items: Vec<ComplaintItem>,
    /// Present and true when there are more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub more: bool,
}

impl PersonSearchBody {
    /// The person as far as the body tells of them.
    fn person(&self, area_code: Option<&str>) -> Result<Person, Problem> {
        let wrong = |field: &str, message: &str| {
            Problem::invalid_items(vec![Item::new(field, ItemCode::Wrong, message)])
        };
        match (&self.phone, &self.id_number) {
            (Some(phone), None) => match PhoneText::read(phone, area_code) {
                PhoneText::Numbers(numbers) => {
                    let mut numbers = numbers.into_iter();
                    Ok(Person {
                        phone: numbers.next(),
                        more_phones: numbers.collect(),
                        ..Person::default()
                    })
                }
                _ => Err(wrong("phone", "is not a person's phone number")),
            },
            (None, Some(number)) => match IdentityText::read(number) {
                IdentityText::Number(number) => Ok(Person {
                    id_number: Some(number),
                    ..Person::default()
                }),
                _ => Err(wrong(
                    "id_number",
                    "is not a number of an identity document",
                )),
            },
            _ => Err(wrong("phone", "is given, or else `id_number`; not both")),
        }
    }
}

/// The complaints in which somebody petitions, or was signed in, who left this number. Numbers are
/// compared by blind indexes; a number that a whole company shares finds nobody. It is a look behind the
/// mask: noted with purpose and reason on every complaint that is found, where its reporter reads it, and
/// in the account's history though none is found; it counts as one look of the twenty in an hour and
/// sixty in a day (429). What was filed by whoever asks for secrecy (保密) is found by the named posts of
/// the profile alone. The answer is never kept.
#[utoipa::path(post, path = "/api/v1/person-searches", tag = "complaints", operation_id = "search_person",
    request_body = PersonSearchBody,
    responses((status = 200, body = PersonComplaints), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn search_person(
    app: web::Data<App>,
    staff: Staff,
    body: Body<PersonSearchBody>,
) -> Result<HttpResponse, Problem> {
    let body = body.value;
    let person = body.person(app.profile.rules.area_code.as_deref())?;
    let indexes = person_keys(&app.keys, &person);
    let (shared, now) = (app.clone(), app.now());
    let (answer, alarm) = app
        .db
        .write(move |conn| {
            let look = Look::search(conn, &staff, now)?;
            let alarm = look.alarm;
            let scope = Scope::of(&staff);
            let need = Need::of(staff.role, &shared.profile);
            let found = of_person(conn, (&scope, need), &indexes)?;
            let ids: Vec<Id> = found.rows.iter().map(|row| row.id).collect();
            look.note(conn, &shared.keys, &ids, body.purpose, &body.reason)?;
            let answer = PersonComplaints {
                items: of_rows(conn, &shared, &staff, found.rows, now)?,
                more: found.next.is_some(),
            };
            Ok((Answer::ok(&answer)?, alarm))
        })
        .await
        .inspect_err(|problem| refused(&app, problem))?;
    looked(&app, alarm);
    Ok(answer.into_response())
}

/// The complaints of whoever has one of these blind indexes.
fn of_person(
    conn: &mut Connection,
    (scope, need): (&Scope, Need),
    indexes: &[String],
) -> Result<walk::Found, Problem> {
    let marks = indexes.iter().map(|index| Mark::Person(index).term());
    let wanted = Wanted::Any(marks.map(Wanted::Term).collect());
    walk::walk(conn, &wanted, (None, SHOWN_MAX, LOOKED_AT), |conn, ids| {
        let rows: Vec<ComplaintRow> = complaint::table
            .inner_join(complaint_place::table)
            .filter(complaint::id.eq_any(ids))
            .filter(complaint_place::complaint_id.eq_any(ids))
            .filter(scope.complaints())
            .select(ComplaintRow::as_select())
            .load(conn)
            .or_fault("load what may be somebody's")?;
        let secret = if need == Need::Everybody {
            HashSet::new()
        } else {
            secrecy::among(conn, ids)?
        };
        let mut theirs = Vec::new();
        for row in rows {
            if !secret.contains(&row.id)
                && terms::is_of(conn, &row, indexes).or_fault("load who petitions")?
            {
                theirs.push(row);
            }
        }
        Ok(theirs)
    })
}
