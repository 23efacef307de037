//! What a caller sees of each subject: one condition in SQL, by which lists, what is read alone,
//! photos and whatever else reaches a row go, so that none of them shows more than another.

use diesel::{
    BoxableExpression,
    dsl::{exists, sql},
    helper_types::InnerJoinQuerySource,
    prelude::*,
    sql_types::{Bool, Nullable},
};

use crate::account::{Role, Staff};
use crate::platform::db::{
    Id, MultiBackend,
    schema::{
        complaint, complaint_place, find, handover, ledger_entry, verification,
        verification_complaint,
    },
};
use crate::record::VisitState;

/// A condition on the rows of a query's source.
pub type Condition<Source> =
    Box<dyn BoxableExpression<Source, MultiBackend, SqlType = Nullable<Bool>>>;

/// Complaints with their places.
pub type Placed = InnerJoinQuerySource<complaint::table, complaint_place::table>;

/// A part of a list of complaints.
pub struct Listed {
    /// What is in it.
    pub theirs: Condition<Placed>,
    /// Whether an index by place holds it, in the order of the ids.
    pub by_place: bool,
}

/// The part of the district somebody looks after, and what they see there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    part: Part,
    /// Whether they look after the abuse list and so see what it hides.
    sees_hidden: bool,
    /// The one unit whose handovers are read; empty, which is no unit, where the account has none.
    unit: Option<String>,
    finds: Finds,
}

/// What of that which staff found is read as such.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finds {
    /// All of it, by who studies it.
    All,
    /// What was found in a street.
    OfStreet(String),
    /// Their own.
    Own(Id),
}

/// How far somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// All of the district.
    District,
    /// One street.
    Street(&'a str),
    /// One grid, and whatever this officer was sent to.
    Grid(&'a str, Id),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// All of it.
    District,
    /// One street; nothing where the account has no street.
    Street(String),
    /// One grid, and whatever this officer was sent to.
    Grid { code: String, officer: Id },
}

/// Complaints that lie in a grid.
#[diesel::dsl::auto_type]
fn in_grid(code: String) -> _ {
    complaint_place::grid_code.eq(code)
}

/// Visits an officer was sent to and that were not called off.
#[diesel::dsl::auto_type]
fn sent(officer: Id) -> _ {
    let called_off: VisitState = VisitState::Cancelled;
    verification::officer_id
        .eq(officer)
        .and(verification::state.ne(called_off))
}

impl Scope {
    /// Of a member of staff. An account that should be bound to a place and is not sees nothing.
    #[must_use]
    pub fn of(staff: &Staff) -> Self {
        let code = |code: &Option<String>| code.clone().unwrap_or_default();
        let part = match staff.role {
            Role::Street => Part::Street(code(&staff.street_code)),
            Role::GridOfficer => Part::Grid {
                code: code(&staff.grid_code),
                officer: staff.id,
            },
            _ => Part::District,
        };
        let unit = match staff.role {
            Role::Admin | Role::Brigade | Role::Office => None,
            _ => Some(code(&staff.unit_code)),
        };
        let finds = match staff.role {
            Role::Admin | Role::Brigade | Role::Office => Finds::All,
            Role::Street => Finds::OfStreet(code(&staff.street_code)),
            _ => Finds::Own(staff.id),
        };
        Self {
            part,
            sees_hidden: sees_hidden(staff.role),
            unit,
            finds,
        }
    }

    /// The part, for whoever looks for it in an index first and at each row afterwards.
    #[must_use]
    pub fn reach(&self) -> Reach<'_> {
        match &self.part {
            Part::District => Reach::District,
            Part::Street(code) => Reach::Street(code),
            Part::Grid { code, officer } => Reach::Grid(code, *officer),
        }
    }

    /// Whether what lies in a place alone is for them to read.
    #[must_use]
    pub fn holds(&self, street: Option<&str>, grid: Option<&str>) -> bool {
        match &self.part {
            Part::District => true,
            Part::Street(code) => !code.is_empty() && street == Some(code),
            Part::Grid { code, .. } => !code.is_empty() && grid == Some(code),
        }
    }

    /// Whether only a part of the district is seen: an index by place narrows then.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.part != Part::District
    }

    /// The one street whose registers are read; empty, which is no street, for a grid's.
    #[must_use]
    pub fn street(&self) -> Option<&str> {
        match &self.part {
            Part::District => None,
            Part::Street(code) => Some(code),
            Part::Grid { .. } => Some(""),
        }
    }

    /// Whether it is just this street.
    #[must_use]
    pub fn is_street(&self, street: &str) -> bool {
        self.part == Part::Street(street.to_owned())
    }

    /// Complaints of their part, and those an officer was sent to, wherever they lie. What the abuse
    /// list hides is for those who look after it. Each is looked at by itself: for what is found
    /// already, one by its number or the few of an entry.
    #[must_use]
    pub fn complaints(&self) -> Condition<Placed> {
        let shown = complaint::hidden.eq(false);
        match (&self.part, self.sees_hidden) {
            (Part::District, true) => Box::new(complaint::id.is_not_null().nullable()),
            (Part::District, false) => Box::new(shown.nullable()),
            (Part::Street(code), _) => {
                Box::new(complaint_place::street_code.eq(code.clone()).and(shown))
            }
            (Part::Grid { code, officer }, _) => {
                // One inside the other, or SQLite goes through all visits of the officer.
                let visit = verification::table
                    .filter(verification::id.eq(verification_complaint::verification_id))
                    .filter(sent(*officer));
                let answered = verification_complaint::table
                    .filter(verification_complaint::complaint_id.eq(complaint::id))
                    .filter(exists(visit));
                let theirs = in_grid(code.clone()).or(exists(answered).nullable());
                Box::new(theirs.and(shown))
            }
        }
    }

    /// The same complaints for a list of them all, in parts that are each read in the order of their ids
    /// from an index, and no further than a page goes: however much there ever was in a grid, the
    /// newest of it are found at once. A complaint may stand in two parts.
    #[must_use]
    pub fn listed_complaints(&self) -> Vec<Listed> {
        let Part::Grid { code, officer } = &self.part else {
            return vec![Listed {
                theirs: self.complaints(),
                by_place: self.is_bounded(),
            }];
        };
        let shown = || complaint::hidden.eq(false);
        let answered = sql::<Bool>(
            "complaint.id IN (SELECT answered.complaint_id FROM verification_complaint AS answered \
             JOIN verification ON verification.id = answered.verification_id WHERE ",
        )
        .bind::<Nullable<Bool>, _>(sent(*officer))
        .sql(")");
        vec![
            Listed {
                theirs: Box::new(in_grid(code.clone()).and(shown())),
                by_place: true,
            },
            Listed {
                theirs: Box::new(answered.and(shown()).nullable()),
                by_place: false,
            },
        ]
    }

    /// The same complaints where no place is read beside them, for whoever looks after all of the
    /// district; nothing for everybody else.
    #[must_use]
    pub fn complaints_of_the_district(&self) -> Condition<complaint::table> {
        match (&self.part, self.sees_hidden) {
            // Told in a column of the lists' indexes, so that they are counted from these alone.
            (Part::District, true) => Box::new(complaint::hidden.is_not_null().nullable()),
            (Part::District, false) => Box::new(complaint::hidden.eq(false).nullable()),
            (Part::Street(_) | Part::Grid { .. }, _) => {
                Box::new(complaint::id.is_null().nullable())
            }
        }
    }

    /// Visits: of an officer those they were sent to, and those of their grid that wait for somebody to
    /// be sent. One that went to another officer is closed to the former; one that was called off,
    /// because the matter lies elsewhere or has ended, to all officers.
    #[must_use]
    pub fn visits(&self) -> Condition<verification::table> {
        let Part::Grid { code, officer } = &self.part else {
            return self.visits_known();
        };
        let waits = verification::grid_code
            .eq(code.clone())
            .and(verification::state.ne(VisitState::Cancelled))
            .and(verification::officer_id.is_null());
        Box::new(sent(*officer).or(waits.nullable()))
    }

    /// Visits there are for who sends what they captured on one: of an officer theirs and all of their
    /// grid, also after they were called off. What somebody did on the way is kept, however late it
    /// comes, and whoever of the grid sends to another's is told that it went to another.
    #[must_use]
    pub fn visits_known(&self) -> Condition<verification::table> {
        match &self.part {
            Part::District => Box::new(verification::id.is_not_null().nullable()),
            Part::Street(_) => Box::new(verification::id.is_null().nullable()),
            Part::Grid { code, officer } => {
                let of_grid = verification::grid_code.eq(code.clone());
                Box::new(verification::officer_id.eq(*officer).or(of_grid.nullable()))
            }
        }
    }

    /// What was sent to units: of whoever does not send it what was sent to their own unit, wherever it
    /// lies.
    #[must_use]
    pub fn handovers(&self) -> Condition<handover::table> {
        match &self.unit {
            None => Box::new(handover::id.is_not_null().nullable()),
            Some(code) => Box::new(handover::unit_code.eq(code.clone()).nullable()),
        }
    }

    /// What staff found: their own, of a street's account what was found in the street, of who studies it
    /// all.
    #[must_use]
    pub fn finds(&self) -> Condition<find::table> {
        match &self.finds {
            Finds::All => Box::new(find::complaint_id.is_not_null().nullable()),
            Finds::OfStreet(code) => Box::new(find::street_code.eq(code.clone())),
            Finds::Own(id) => Box::new(find::found_by.eq(*id).nullable()),
        }
    }

    /// Entries that lie in their part, and those that one of a street's complaints belongs to. The
    /// clue of a hidden complaint, its only one, is hidden with it.
    #[must_use]
    pub fn entries(&self) -> Condition<ledger_entry::table> {
        match (&self.part, self.sees_hidden) {
            (Part::District, true) => Box::new(ledger_entry::id.is_not_null().nullable()),
            (Part::District, false) => shown_entries(),
            (Part::Street(code), _) => {
                let own = complaint::table
                    .inner_join(complaint_place::table)
                    .filter(complaint_place::street_code.eq(code.clone()))
                    .filter(complaint::hidden.eq(false))
                    .filter(complaint::entry_id.eq(ledger_entry::id))
                    .limit(1)
                    .select(complaint::id)
                    .single_value();
                let theirs = ledger_entry::street_code
                    .eq(code.clone())
                    .or(own.is_not_null().nullable());
                Box::new(theirs.and(shown_entries()))
            }
            (Part::Grid { .. }, _) => Box::new(ledger_entry::id.is_null().nullable()),
        }
    }
}

/// Entries but for the clues of what the abuse list hides. Asked for one of its complaints, a planner
/// seeks; asked whether there is any, it lists all there are.
#[must_use]
pub fn shown_entries() -> Condition<ledger_entry::table> {
    let only = complaint::table
        .filter(complaint::entry_id.eq(ledger_entry::id))
        .limit(1)
        .select(complaint::hidden)
        .single_value();
    let counted = ledger_entry::complaint_count.gt(0).nullable();
    Box::new(counted.or(only.is_null().nullable()).or(only.eq(false)))
}

/// Roles that look after the abuse list and so see what it hides.
#[must_use]
pub const fn sees_hidden(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Brigade | Role::Office)
}
