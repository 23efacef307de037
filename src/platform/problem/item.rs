//! What is wrong with one field.

use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::named::named;

named! {
    /// What is wrong with a field: the codes a client can program against. `message` says the rest.
    pub enum ItemCode {
        /// Of a reply to several complaints: one of them is of another matter; of a report, another message.
        AnotherMatter "another_matter",
        /// A query parameter that cannot be read.
        BadParameter "bad_parameter",
        /// An end before its beginning.
        BeforeBegin "before_begin",
        /// A text in which nobody can see a letter.
        Blank "blank",
        /// A password of digits alone.
        DigitsOnly "digits_only",
        /// A field that is named twice.
        DuplicateField "duplicate_field",
        /// A password that is easily guessed.
        EasilyGuessed "easily_guessed",
        /// An empty text where a text or null is meant.
        Empty "empty",
        /// A time that has not come yet.
        InTheFuture "in_the_future",
        /// A day that has passed.
        InThePast "in_the_past",
        /// A letter that is a part of another letter and is not split again.
        IsAPart "is_a_part",
        /// Too short or too long, too few or too many.
        Length "length",
        /// A password that is little more than a name.
        NamesItsOwner "names_its_owner",
        /// A reason that gives none.
        NoReason "no_reason",
        /// A phone that is no mobile number of mainland China.
        NotAMobile "not_a_mobile",
        /// A longitude and latitude that are no position in their datum.
        NotAPosition "not_a_position",
        /// A wish that goes with `dissatisfied` alone.
        NotDissatisfied "not_dissatisfied",
        /// A body that is no JSON.
        NotJson "not_json",
        /// An officer of another grid.
        NotOfThisGrid "not_of_this_grid",
        /// A text with the letter NUL.
        NulLetter "nul_letter",
        /// A value beyond what the field takes.
        OutOfRange "out_of_range",
        /// A position outside the district.
        OutsideDistrict "outside_district",
        /// A position outside the grid or street that the caller looks after.
        OutsideOwnPart "outside_own_part",
        /// An officer farther from the place than a visit allows, without a reason.
        OutsideRadius "outside_radius",
        /// A visit at another time of day than the trouble, without a reason.
        OutsideTimeBand "outside_time_band",
        /// A number outside its bounds.
        Range "range",
        /// One of several was refused: the problem's own `code` says why, and none was done.
        Refused "refused",
        /// A field that is missing.
        Required "required",
        /// An id that came before with other words.
        TellsOtherwise "tells_otherwise",
        /// A time before anything was recorded.
        TooEarly "too_early",
        /// A text with too many letters.
        TooLong "too_long",
        /// Too many of them.
        TooMany "too_many",
        /// Letters split into too many matters at once.
        TooManyParts "too_many_parts",
        /// More photos than are kept.
        TooManyPhotos "too_many_photos",
        /// A text with too few letters.
        TooShort "too_short",
        /// A new password that is the old one.
        Unchanged "unchanged",
        /// A number or name that nothing has.
        Unknown "unknown",
        /// A category the district does not have.
        UnknownCategory "unknown_category",
        /// A channel the district does not have.
        UnknownChannel "unknown_channel",
        /// A demand the district does not have.
        UnknownDemand "unknown_demand",
        /// A field that the operation does not take.
        UnknownField "unknown_field",
        /// A grid the district does not have.
        UnknownGrid "unknown_grid",
        /// A part of a form that the operation does not take.
        UnknownPart "unknown_part",
        /// A procedure the district does not have.
        UnknownProcedure "unknown_procedure",
        /// A unit the district does not have.
        UnknownUnit "unknown_unit",
        /// A word that is none of the field's values.
        UnknownValue "unknown_value",
        /// A code that is not right.
        Wrong "wrong",
        /// A password that is not right.
        WrongPassword "wrong_password",
        /// A value of another type.
        WrongType "wrong_type",
    }
}

/// One thing that is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Item {
    /// Where: a path such as `location.lon` or `query.limit`.
    pub location: String,
    /// What kind of thing is wrong.
    pub code: ItemCode,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Item {
    /// A field item.
    pub fn new(location: &str, code: ItemCode, message: impl Into<String>) -> Self {
        Self {
            location: location.to_owned(),
            code,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is served is the name beside the variant.
    #[test]
    fn codes_are_served_by_their_names() {
        for code in ItemCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
