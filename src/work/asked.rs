//! What somebody asks of a list, as conditions: the list's own, the part the caller looks after, and
//! the filters. The count and the page are made of the same.

use chrono::NaiveDate;
use diesel::{
    dsl::sql,
    expression::{SqlLiteral, UncheckedBind},
    helper_types::AsExprOf,
    prelude::*,
    sql_types::{Bool, Date, Text},
};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use super::lists::{WorkList, WorkSubject};
use crate::account::{Role, Staff};
use crate::district::Profile;
use crate::platform::{
    db::{
        Id,
        schema::{complaint, verification},
    },
    http::PageQuery,
    problem::Problem,
};
use crate::privacy::{Condition, Scope};

/// Filters of a list. Of visits category and street are those of the entry, the grid is the visit's.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WorkQuery {
    /// Category code of either level.
    pub category: Option<String>,
    /// Street code.
    pub street: Option<String>,
    /// Grid code.
    pub grid: Option<String>,
    /// Only what is due on or before this day.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub due_until: Option<NaiveDate>,
    /// `true`: only what is overdue; `false`: only what is not.
    pub overdue: Option<bool>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

impl WorkQuery {
    /// The page that is asked for.
    pub(super) fn page(&self) -> PageQuery {
        PageQuery {
            cursor: self.cursor.clone(),
            limit: self.limit,
        }
    }

    /// Refuses codes the district does not have.
    ///
    /// # Errors
    /// 400 with the parameter's name.
    pub(super) fn check(&self, profile: &Profile) -> Result<(), Problem> {
        let refused = |(name, why): (&'static str, &'static str)| Problem::bad_parameter(name, why);
        profile
            .known_filters(None, self.street.as_deref())
            .map_err(refused)?;
        let is_category = |code: &String| profile.knows_category(code);
        if !self.category.as_ref().is_none_or(is_category) {
            return Err(refused((
                "category",
                "is not a category of the district, of either level",
            )));
        }
        let is_grid = |code: &String| profile.grid(code).is_some();
        if !self.grid.as_ref().is_none_or(is_grid) {
            return Err(refused(("grid", "is not a grid of the district")));
        }
        Ok(())
    }
}

/// A list as it is asked for.
pub(super) struct Asked {
    pub(super) list: WorkList,
    pub(super) today: NaiveDate,
    scope: Scope,
    /// Whose visits alone.
    officer: Option<Id>,
    filters: WorkQuery,
}

impl Asked {
    pub(super) fn of(list: WorkList, staff: &Staff, today: NaiveDate, filters: &WorkQuery) -> Self {
        Self {
            list,
            today,
            scope: Scope::of(staff),
            officer: (staff.role == Role::GridOfficer).then_some(staff.id),
            filters: filters.clone(),
        }
    }

    /// Its complaints. What the abuse list hides is nobody's work but its own list's.
    pub(super) fn complaints(&self) -> Condition<complaint::table> {
        let list = format!("({})", self.list.condition());
        let mut all: Condition<complaint::table> = Box::new(
            self.scope
                .complaints_of_the_district()
                .and(complaint::hidden.eq(false))
                .and(sql::<Bool>(&list)),
        );
        if let Some(code) = &self.filters.category {
            let is_it = complaint::category.eq(code.clone());
            all = Box::new(all.and(is_it.or(complaint::coarse.eq(code.clone()))));
        }
        if let Some(code) = &self.filters.street {
            all = Box::new(all.and(is_text(&placed("street_code"), code)));
        }
        if let Some(code) = &self.filters.grid {
            all = Box::new(all.and(is_text(&placed("grid_code"), code)));
        }
        for due in self.due(WorkSubject::Complaint) {
            all = Box::new(all.and(due));
        }
        all
    }

    /// Its visits.
    pub(super) fn visits(&self) -> Condition<verification::table> {
        let list = format!("({})", self.list.condition());
        let mut all: Condition<verification::table> =
            Box::new(self.scope.visits().and(sql::<Bool>(&list)));
        if let Some(officer) = self.officer {
            all = Box::new(all.and(verification::officer_id.eq(officer)));
        }
        if self.list == WorkList::VisitsOverdue {
            all = Box::new(all.and(self.is_over()));
        }
        if let Some(code) = &self.filters.category {
            let of_entry = sql::<Bool>(
                "(SELECT ledger_entry.id FROM ledger_entry WHERE ledger_entry.id = verification.entry_id \
                 AND (ledger_entry.category = ",
            )
            .bind::<Text, _>(code.clone())
            .sql(" OR ledger_entry.coarse = ")
            .bind::<Text, _>(code.clone())
            .sql(")) IS NOT NULL");
            all = Box::new(all.and(of_entry));
        }
        if let Some(code) = &self.filters.street {
            let of_entry = "SELECT ledger_entry.street_code FROM ledger_entry \
                 WHERE ledger_entry.id = verification.entry_id";
            all = Box::new(all.and(is_text(of_entry, code)));
        }
        if let Some(code) = &self.filters.grid {
            all = Box::new(all.and(verification::grid_code.eq(code.clone())));
        }
        for due in self.due(WorkSubject::Visit) {
            all = Box::new(all.and(due));
        }
        all
    }

    /// That an item is overdue.
    pub(super) fn is_over(&self) -> WithDay {
        is_due(self.list.subject(), When::Before, self.today)
    }

    /// What the filters by day ask, each by itself.
    fn due(&self, subject: WorkSubject) -> Vec<WithDay> {
        let until = self
            .filters
            .due_until
            .map(|day| is_due(subject, When::Until, day));
        let over = self.filters.overdue.map(|wanted| {
            let when = if wanted {
                When::Before
            } else {
                When::NotBefore
            };
            is_due(subject, when, self.today)
        });
        until.into_iter().chain(over).collect()
    }
}

/// A condition with a day bound into it.
pub(super) type WithDay =
    SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<NaiveDate, Date>>>;

/// How a duty's last day lies to another.
#[derive(Debug, Clone, Copy)]
enum When {
    /// On it or before.
    Until,
    /// Before it.
    Before,
    /// Not before it, or no duty runs.
    NotBefore,
}

/// That a duty runs whose last day lies so.
fn is_due(subject: WorkSubject, when: When, day: NaiveDate) -> WithDay {
    let (not, sign) = match when {
        When::Until => ("", "<="),
        When::Before => ("", "<"),
        When::NotBefore => ("NOT ", "<"),
    };
    sql::<Bool>(&format!("{not}({} {sign} ", subject.due_on()))
        .bind::<Date, _>(day)
        .sql(&format!(" AND {})", subject.runs()))
}

/// That a text found by a query is this one.
fn is_text(found: &str, text: &str) -> UncheckedBind<SqlLiteral<Bool>, AsExprOf<String, Text>> {
    sql::<Bool>(&format!("({found}) = ")).bind::<Text, _>(text.to_owned())
}

/// What is said of a complaint's place: looked up for each row in the list's order, because a street's
/// places are many more than what waits.
fn placed(column: &str) -> String {
    format!(
        "SELECT complaint_place.{column} FROM complaint_place \
         WHERE complaint_place.complaint_id = complaint.id"
    )
}
