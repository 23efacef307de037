//! The states of a ledger entry (domain §1.12). Those after admission belong to later chapters;
//! they stand here so that the table is whole.

use crate::record::machine::{Machine, Transition};

const OFFICE: &[&str] = &["office", "admin"];
const GROUP: &[&str] = &["office", "steering_group", "admin"];
const BRIGADE: &[&str] = &["brigade", "office", "admin"];
const SYSTEM: &[&str] = &["system"];

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

/// The machine of ledger entries (台账问题).
pub static MACHINE: Machine = Machine {
    name: "ledger_entry",
    states: &[
        ("clue", "线索"),
        ("proposed", "拟入账"),
        ("not_listed", "不予入账"),
        ("escalated", "提级研究"),
        ("listed", "已入账"),
        ("classified", "已分类"),
        ("assigned", "已交办"),
        ("plan_review", "方案待审"),
        ("rectifying", "整改中"),
        ("self_checked", "整改完成（自查）"),
        ("effectiveness_review", "成效审查"),
        ("returned", "退回整改"),
        ("written_off", "已销号"),
        ("follow_up", "跟踪督导"),
        ("rebound_suspected", "反弹疑似"),
        ("rebound_confirmed", "反弹确认"),
        ("relisted", "重新入库"),
        ("long_term", "长效巩固"),
        ("archived", "归档"),
        ("merged", "已并单"),
    ],
    transitions: &[
        t("clue", "propose", "proposed", BRIGADE, "有信访件"),
        t(
            "proposed",
            "list",
            "listed",
            GROUP,
            "有信访件；会议、日期和纪要文号",
        ),
        t("proposed", "not_list", "not_listed", GROUP, "理由"),
        t(
            "proposed",
            "escalate",
            "escalated",
            GROUP,
            "有信访件；提级层级",
        ),
        t(
            "escalated",
            "list",
            "listed",
            GROUP,
            "有信访件；会议、日期、纪要文号和确定的责任单位",
        ),
        t("escalated", "not_list", "not_listed", GROUP, "理由"),
        t(
            "not_listed",
            "propose",
            "proposed",
            BRIGADE,
            "有信访件；新情况",
        ),
        t("clue", "merge", "merged", BRIGADE, "理由"),
        t("proposed", "merge", "merged", BRIGADE, "理由"),
        t("merged", "revive", "clue", BRIGADE, "并单或判重决定被撤销"),
        t(
            "merged",
            "revive_proposed",
            "proposed",
            BRIGADE,
            "并单或判重决定被撤销",
        ),
        t("listed", "classify", "classified", OFFICE, "类别"),
        t("classified", "reclassify", "classified", OFFICE, "理由"),
        t("classified", "assign", "assigned", OFFICE, "责任单位和期限"),
        t("assigned", "submit_plan", "plan_review", OFFICE, ""),
        t("plan_review", "approve_plan", "rectifying", OFFICE, ""),
        t("plan_review", "return_plan", "assigned", OFFICE, "理由"),
        t(
            "rectifying",
            "complete",
            "self_checked",
            OFFICE,
            "工程类无未完成项目",
        ),
        t(
            "self_checked",
            "start_review",
            "effectiveness_review",
            OFFICE,
            "",
        ),
        t("effectiveness_review", "return", "returned", OFFICE, "理由"),
        t("returned", "resume", "rectifying", OFFICE, ""),
        t(
            "effectiveness_review",
            "write_off",
            "written_off",
            OFFICE,
            "公示期满、信访件均已答复",
        ),
        t("written_off", "follow", "follow_up", SYSTEM, ""),
        t(
            "written_off",
            "suspect_rebound",
            "rebound_suspected",
            SYSTEM,
            "",
        ),
        t(
            "follow_up",
            "suspect_rebound",
            "rebound_suspected",
            SYSTEM,
            "",
        ),
        t(
            "rebound_suspected",
            "dismiss_rebound",
            "follow_up",
            BRIGADE,
            "核实不属实",
        ),
        t(
            "rebound_suspected",
            "confirm_rebound",
            "rebound_confirmed",
            BRIGADE,
            "核实属实或部分属实",
        ),
        t("rebound_confirmed", "relist", "relisted", GROUP, "研究决定"),
        t("relisted", "classify", "classified", OFFICE, "类别"),
        t("follow_up", "settle", "long_term", OFFICE, "观察期满无反弹"),
        t("long_term", "archive", "archived", OFFICE, ""),
    ],
    notes: &["open", "take_merge", "undo_merge", "verified"],
};

/// States in which the steering group has not admitted an entry.
pub const NOT_ADMITTED: [&str; 4] = ["clue", "proposed", "escalated", "not_listed"];

/// States in which an entry takes no more complaints. One that was not listed (不予入账) still
/// does: new circumstances may bring it before the steering group again.
pub const CLOSED_TO_COMPLAINTS: [&str; 2] = ["merged", "archived"];

#[cfg(test)]
mod tests {
    use super::MACHINE;

    #[test]
    fn the_table_is_sound() {
        assert_eq!(MACHINE.faults(), Vec::<String>::new());
    }

    #[test]
    fn pairs_outside_the_table_are_conflicts() {
        assert_eq!(
            MACHINE.next("clue", "list").unwrap_err().code().status(),
            409
        );
        assert_eq!(MACHINE.next("proposed", "list").unwrap().to, "listed");
    }
}
