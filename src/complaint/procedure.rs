//! The procedure a complaint is handled by (办理程序).

use diesel::prelude::*;

use super::queries::ComplaintRow;
use crate::district::{
    Profile,
    calendar::{DeadlineRule, date_of},
};
use crate::platform::db::{
    Connection,
    schema::{complaint, deadline},
};

/// Begins a procedure. It brings its own reply clock; the stricter of it and the channel's stays.
///
/// # Errors
/// What the database answers.
pub fn start(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    code: &str,
) -> QueryResult<()> {
    diesel::update(complaint::table.find(row.id))
        .set(complaint::procedure.eq(code))
        .execute(conn)?;
    let Some(procedure) = profile.procedure(code) else {
        return Ok(());
    };
    let rule = DeadlineRule {
        amount: procedure.reply_days,
        unit: procedure.reply_unit,
        roll_forward: procedure.roll_forward,
    };
    let due = profile.calendar.due(date_of(row.received_at.0), &rule);
    diesel::update(
        deadline::table
            .filter(deadline::complaint_id.eq(row.id))
            .filter(deadline::kind.eq("reply"))
            .filter(deadline::due_on.gt(due.on)),
    )
    .set((
        deadline::due_on.eq(due.on),
        deadline::amount.eq(i32::try_from(procedure.reply_days).unwrap_or(i32::MAX)),
        deadline::unit.eq(rule.unit.as_str()),
        deadline::roll_forward.eq(rule.roll_forward),
        deadline::provisional.eq(due.provisional),
        deadline::source.eq(format!("办理程序：{}", procedure.name)),
    ))
    .execute(conn)?;
    Ok(())
}
