//! The states of a visit (domain §1.12).

use crate::record::machine::{Machine, Transition};

const BRIGADE: &[&str] = &["brigade", "admin"];
const ENDERS: &[&str] = &["reporter", "brigade", "office", "admin"];
const NOTHING_TO_DO: &str = "信访件已撤回、已答复或已办结，或地点已更正到其他网格";
const OFFICER: &[&str] = &["grid_officer"];

const fn t(
    from: &'static str,
    event: &'static str,
    to: &'static str,
    who: &'static [&'static str],
    guard: &'static str,
) -> Transition {
    Transition {
        from,
        event,
        to,
        who,
        guard,
    }
}

/// The machine of visits (核实任务).
pub static MACHINE: Machine = Machine {
    name: "verification",
    states: &[
        ("pending", "待派"),
        ("assigned", "已派"),
        ("checked_in", "已签到"),
        ("submitted", "已提交"),
        ("passed", "通过"),
        ("returned", "退回"),
        ("cancelled", "撤销"),
    ],
    transitions: &[
        t("pending", "assign", "assigned", BRIGADE, "本网格的网格员"),
        t("assigned", "reassign", "assigned", BRIGADE, "理由"),
        t("checked_in", "reassign", "assigned", BRIGADE, "理由"),
        t("returned", "reassign", "assigned", BRIGADE, "理由"),
        t(
            "assigned",
            "check_in",
            "checked_in",
            OFFICER,
            "在半径内，否则说明理由",
        ),
        t(
            "returned",
            "check_in",
            "checked_in",
            OFFICER,
            "在半径内，否则说明理由",
        ),
        t(
            "checked_in",
            "submit",
            "submitted",
            OFFICER,
            "至少一张派件后拍摄的照片；噪声、油烟须派件后同时段到场，否则只能无法核实",
        ),
        t("submitted", "pass", "passed", BRIGADE, ""),
        t("submitted", "return", "returned", BRIGADE, "理由"),
        t("pending", "cancel", "cancelled", ENDERS, NOTHING_TO_DO),
        t("assigned", "cancel", "cancelled", ENDERS, NOTHING_TO_DO),
        t("checked_in", "cancel", "cancelled", ENDERS, NOTHING_TO_DO),
        t("submitted", "cancel", "cancelled", ENDERS, NOTHING_TO_DO),
        t("returned", "cancel", "cancelled", ENDERS, NOTHING_TO_DO),
    ],
    notes: &["dispatch", "correct_place"],
};

/// States of a visit that has ended.
pub const ENDED: [&str; 2] = ["passed", "cancelled"];

#[cfg(test)]
mod tests {
    use super::MACHINE;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(MACHINE.faults(), Vec::<String>::new());
    }
}
