//! The filters of the list of complaints as they are sent.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::district::Profile;

/// Filters of the list. All may be combined.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// What is looked for. A number is recognised in any spelling: of a complaint, of an entry, upstream,
    /// and for the brigade and the office a query code. Else one to eight words with spaces between them,
    /// all of which stand in the text, the address or the name of the premises, as roles without need
    /// read them: two Chinese letters or more, or a whole word or number of other letters. Premises of
    /// the register are found by each of their names.
    #[validate(length(max = 100, message = "has 100 letters at most"))]
    #[param(max_length = 100)]
    pub q: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Category code of either level.
    pub category: Option<String>,
    /// Street code.
    pub street: Option<String>,
    /// Grid code.
    pub grid: Option<String>,
    /// Channel code.
    pub channel: Option<String>,
    /// Procedure code.
    pub procedure: Option<String>,
    /// Number of the ledger entry.
    pub entry: Option<String>,
    /// Name of the premises, or one of the further names that the register has for them.
    #[validate(length(max = 100, message = "has 100 letters at most"))]
    #[param(max_length = 100)]
    pub premises: Option<String>,
    /// Received on or after this day, in Asia/Shanghai.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub received_from: Option<NaiveDate>,
    /// Received on or before this day, in Asia/Shanghai.
    #[serde(default, deserialize_with = "crate::platform::http::dates::maybe_day")]
    pub received_until: Option<NaiveDate>,
    /// `true`: only those for which the last day of a duty is over; `false`: only the others.
    pub overdue: Option<bool>,
    /// Who holds it in the queue: `me`, a user name, or `none`; for the brigade and the office.
    pub claimed_by: Option<String>,
    /// `true` lists what blocked senders sent, for the brigade and the office; else what is not
    /// hidden.
    pub hidden: Option<bool>,
    /// `true`, of what is hidden: only what nobody has looked at yet.
    pub unreviewed: Option<bool>,
    /// `own`, `suspected`, `provisional`, `confirmed`: accepted complaints whose link is still a
    /// question are found by it.
    pub link: Option<String>,
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

/// Whether every code names something there is.
///
/// # Errors
/// The filter's name and what it has to be.
pub(super) fn check_codes(
    profile: &Profile,
    query: &ListQuery,
) -> Result<(), (&'static str, &'static str)> {
    profile.known_filters(None, query.street.as_deref())?;
    let is_category = |code: &String| profile.knows_category(code);
    let known = [
        (
            query.category.as_ref().is_none_or(is_category),
            (
                "category",
                "is not a category of the district, of either level",
            ),
        ),
        (
            query
                .grid
                .as_ref()
                .is_none_or(|code| profile.grid(code).is_some()),
            ("grid", "is not a grid of the district"),
        ),
        (
            query
                .channel
                .as_ref()
                .is_none_or(|code| profile.channel(code).is_some()),
            ("channel", "is not a channel of the district"),
        ),
        (
            query
                .procedure
                .as_ref()
                .is_none_or(|code| profile.procedure(code).is_some()),
            ("procedure", "is not a procedure of the district"),
        ),
        (
            query.received_from <= query.received_until || query.received_until.is_none(),
            ("received_until", "is before `received_from`"),
        ),
    ];
    match known.into_iter().find(|(known, _)| !known) {
        Some((_, why)) => Err(why),
        None => Ok(()),
    }
}
