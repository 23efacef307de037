//! What happens to a complaint, a visit, what is sent to a unit, a notice, an entry and an account: the words of the history. A
//! machine's table says which of them lead from a state to another.

use super::machine::EventName;
use crate::platform::named::named;

/// Makes the events of one kind of subject.
macro_rules! events {
    (
        $(#[$about:meta])*
        pub enum $set:ident of $kind:literal {
            $($variant:ident $name:literal $zh:literal,)+
        }
    ) => {
        named! {
            $(#[$about])*
            pub enum $set {
                $(#[doc = $zh] $variant $name,)+
            }
        }

        impl EventName for $set {
            const KIND: &'static str = $kind;
            const ALL: &'static [Self] = Self::ALL;

            fn as_str(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

events! {
    /// What happens to a complaint.
    pub enum ComplaintEvent of "complaint" {
        Register "register" "登记",
        Screen "screen" "待判重",
        Queue "queue" "待受理",
        SettleMatch "settle_match" "判重已定",
        ReopenMatch "reopen_match" "重新判重",
        Accept "accept" "受理",
        Refuse "refuse" "不予受理",
        NoLongerAccept "no_longer_accept" "不再受理",
        Transfer "transfer" "转送移交",
        Object "object" "异议退单",
        TakeBack "take_back" "撤回决定",
        Undo "undo" "撤销误操作",
        UndoRated "undo_rated" "撤销误办结",
        ChangeProcedure "change_procedure" "更改办理程序",
        Return "return" "退回补正",
        Split "split" "一信多诉，拆分",
        Resubmit "resubmit" "补正后返回",
        Start "start" "开始办理",
        Reply "reply" "答复",
        Rate "rate" "评价",
        Close "close" "办结",
        Reopen "reopen" "重新办理",
        Review "review" "复查复核",
        Withdraw "withdraw" "撤回",
        Archive "archive" "归档",
        Study "study" "待研判",
        TakeUp "take_up" "采用线索",
        Settle "settle" "线索处理完毕",
        Dismiss "dismiss" "不予采用",
        Restudy "restudy" "重新研判",
        Dispatch "dispatch" "派人核实",
        Visit "visit" "现场核实",
        Verified "verified" "核实通过",
        Progress "progress" "告知进展",
        ExtendReply "extend_reply" "延期办理",
        Supplement "supplement" "补充内容",
        AddPhotos "add_photos" "补充照片",
        ReadAdditions "read_additions" "已阅补充",
        Correct "correct" "更正",
        DecideMatch "decide_match" "判重决定",
        RefineLink "refine_link" "判重规则更新",
        ChangeEntry "change_entry" "转入另一台账问题",
        SplitFrom "split_from" "由来信拆分",
        Unhide "unhide" "解除隐藏",
        KeepHidden "keep_hidden" "维持隐藏",
        BlockSender "block_sender" "列入滥用名单",
        LiftSenderBlock "lift_sender_block" "移出滥用名单",
        UnmaskReporter "unmask_reporter" "查看反映人",
        ReadOriginal "read_original" "查看原图",
        SetWishes "set_wishes" "登记保密意愿",
    }
}

events! {
    /// What happens to a visit.
    pub enum VisitEvent of "verification" {
        Dispatch "dispatch" "派件",
        Assign "assign" "指派",
        Reassign "reassign" "改派",
        HandBack "hand_back" "退派",
        CheckIn "check_in" "签到",
        Submit "submit" "提交",
        Pass "pass" "通过",
        Return "return" "退回",
        Cancel "cancel" "撤销",
        CorrectPlace "correct_place" "更正地点",
        CorrectFinding "correct_finding" "更正核实结果",
        ReleaseComplaint "release_complaint" "信访件移出本次核实",
        TakeComplaint "take_complaint" "信访件并入本次核实",
    }
}

events! {
    /// What happens to what is sent to a unit.
    pub enum HandoverEvent of "handover" {
        Send "send" "转送",
        Sign "sign" "签收",
        Answer "answer" "回复",
        SendBack "send_back" "退件",
        Withdraw "withdraw" "撤回",
    }
}

events! {
    /// What happens to a notice.
    pub enum NoticeEvent of "notice" {
        Queue "queue" "拟告知",
        Send "send" "发出",
        Deliver "deliver" "送达",
        HandOver "hand_over" "当面或电话告知",
        Publish "publish" "公布",
        Fail "fail" "未送达",
        ComeBack "come_back" "退回",
        GiveUp "give_up" "无法联系",
        Cancel "cancel" "取消",
    }
}

events! {
    /// What happens to a ledger entry.
    pub enum EntryEvent of "ledger_entry" {
        Open "open" "发现线索",
        Propose "propose" "提请入账",
        List "list" "入账",
        NotList "not_list" "不予入账",
        Escalate "escalate" "提级研究",
        Merge "merge" "并入另一问题",
        Revive "revive" "恢复",
        ReviveProposed "revive_proposed" "恢复为拟入账",
        Classify "classify" "分类",
        Reclassify "reclassify" "重新分类",
        Assign "assign" "交办",
        SubmitPlan "submit_plan" "报送方案",
        ApprovePlan "approve_plan" "方案通过",
        ReturnPlan "return_plan" "方案退回",
        Complete "complete" "整改完成",
        StartReview "start_review" "开始成效审查",
        Return "return" "退回整改",
        Resume "resume" "继续整改",
        WriteOff "write_off" "销号",
        Follow "follow" "跟踪督导",
        SuspectRebound "suspect_rebound" "疑似反弹",
        DismissRebound "dismiss_rebound" "排除反弹",
        ConfirmRebound "confirm_rebound" "确认反弹",
        Relist "relist" "重新入库",
        Settle "settle" "转入长效巩固",
        Archive "archive" "归档",
        TakeMerge "take_merge" "并入其他问题",
        UndoMerge "undo_merge" "撤销并单",
        Verified "verified" "核实通过",
        ComplaintJoined "complaint_joined" "信访件转入",
        ComplaintLeft "complaint_left" "信访件转出",
        Recounted "recounted" "计数变化",
    }
}

events! {
    /// What happens to an account of staff.
    pub enum AccountEvent of "staff" {
        Add "add" "新建账号",
        BindChannels "bind_channels" "设定渠道",
        Disable "disable" "停用",
        Enable "enable" "启用",
        ChangePassword "change_password" "更改密码",
        ResetPassword "reset_password" "重置密码",
        SecondFactorOn "second_factor_on" "启用第二因素",
        SecondFactorOff "second_factor_off" "停用第二因素",
        UnmaskAlarm "unmask_alarm" "查看反映人过多",
        SearchPerson "search_person" "按人查件",
    }
}

events! {
    /// What happens to a job.
    pub enum JobEvent of "job" {
        Retry "retry" "重新执行",
    }
}

events! {
    /// What happens to an item of a register.
    pub enum RegisterEvent of "register" {
        Add "add" "新增",
        Change "change" "变更",
        Withdraw "withdraw" "撤销登记",
        Lift "lift" "提前解除",
    }
}
