//! What is found and masked in a text.

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 手机或固定电话.
    Phone,
    /// 身份证号.
    IdNumber,
    /// 车牌.
    Plate,
    /// 电子邮箱.
    Email,
    /// 微信号、QQ 号.
    Account,
    /// 银行卡号.
    BankCard,
    /// 姓名.
    Name,
    /// 室号.
    Room,
    /// 查询码.
    Code,
    /// 出生日期.
    Birth,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Phone,
        Self::IdNumber,
        Self::Plate,
        Self::Email,
        Self::Account,
        Self::BankCard,
        Self::Name,
        Self::Room,
        Self::Code,
        Self::Birth,
    ];

    /// What stands in the text instead.
    #[must_use]
    pub const fn replacement(self) -> &'static str {
        match self {
            Self::Phone => "[电话]",
            Self::IdNumber => "[身份证]",
            Self::Plate => "[车牌]",
            Self::Email => "[邮箱]",
            Self::Account => "[账号]",
            Self::BankCard => "[银行卡]",
            Self::Name => "[姓名]",
            Self::Room => "[室号]",
            Self::Code => "[查询码]",
            Self::Birth => "[生日]",
        }
    }
}
