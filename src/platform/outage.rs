//! What a failed query says of the database: that it is away, full, read-only, damaged, without a
//! table or a right it should have, or only busy. One place, because a client is to come back (503) for each of them but for damage, and
//! must never read of our fault (500) when a server was merely restarted.
//!
//! Diesel tells a handful of SQLSTATEs apart and hides the others, and SQLite gives only words; so
//! beside diesel's kinds the words decide, as both databases say them in English and PostgreSQL in
//! Chinese. Sessions ask PostgreSQL for English where their role may.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error};

/// Why the database could not do what it was asked, when the request itself was not at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outage {
    /// It cannot be reached, went away or did not answer in time.
    Lost,
    /// Others hold what was needed, or took too long: a retry will do.
    Busy,
    /// There is no room left to write.
    Full,
    /// It takes no writes: a standby, or a file system mounted for reading.
    ReadOnly,
    /// Its files cannot be read or written.
    Storage,
    /// What it holds is damaged; a retry will not help.
    Damaged,
    /// A table or column is missing, or a right was taken away: an operator must put it back.
    Unfit,
}

impl Outage {
    /// Every one of them.
    pub const ALL: [Self; 7] = [
        Self::Lost,
        Self::Busy,
        Self::Full,
        Self::ReadOnly,
        Self::Storage,
        Self::Damaged,
        Self::Unfit,
    ];

    /// The word for metrics and for `/readyz`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Busy => "busy",
            Self::Full => "full",
            Self::ReadOnly => "read_only",
            Self::Storage => "storage",
            Self::Damaged => "damaged",
            Self::Unfit => "unfit",
        }
    }

    /// Seconds after which a retry is worth while.
    #[must_use]
    pub const fn retry_after_s(self) -> u64 {
        match self {
            Self::Busy => 1,
            Self::Lost => 2,
            Self::ReadOnly => 5,
            Self::Full | Self::Storage | Self::Damaged | Self::Unfit => 30,
        }
    }

    /// Whether the connection it was met on leads to a server of no use, so that another must be
    /// made, perhaps to another host.
    #[must_use]
    pub const fn ends_connection(self) -> bool {
        matches!(self, Self::Lost | Self::ReadOnly)
    }

    /// What a failed query says, or `None` when the query itself was wrong.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::DatabaseError(kind, info) => match kind {
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                    Some(Self::Lost)
                }
                DatabaseErrorKind::SerializationFailure => Some(Self::Busy),
                DatabaseErrorKind::ReadOnlyTransaction => Some(Self::ReadOnly),
                DatabaseErrorKind::Unknown => Self::of_words(info.message()),
                _ => None,
            },
            Error::BrokenTransactionManager => Some(Self::Lost),
            Error::RollbackErrorOnCommit { commit_error, .. } => Self::of(commit_error),
            _ => None,
        }
    }

    /// What a connection that could not be made says.
    #[must_use]
    pub fn of_connection(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::CouldntSetupConfiguration(error) => Self::of(error),
            error => Self::of_words(&error.to_string()).filter(|found| *found != Self::Busy),
        }
        .unwrap_or(Self::Lost)
    }

    fn of_words(message: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(words, _)| message.contains(words))
            .map(|(_, outage)| *outage)
            .or_else(|| says_unfit(message).then_some(Self::Unfit))
    }
}

/// 42501, 42P01 and 42703, and what SQLite says of a missing table or column. Functions and types
/// that do not exist are a wrong query of ours.
fn says_unfit(message: &str) -> bool {
    let begins = |words: &[&str]| words.iter().any(|word| message.starts_with(word));
    let of_english = message.ends_with("does not exist") && begins(&["relation ", "column "]);
    let of_chinese = message.ends_with("不存在") && begins(&["关系", "字段", "列"]);
    of_english
        || of_chinese
        || begins(&["permission denied for ", "no such table", "no such column"])
        || message.contains("has no column named")
        || message.contains("权限不够")
}

/// What databases say, the more telling words first: a write that failed for want of room names
/// the file as well.
const WORDS: &[(&str, Outage)] = &[
    // 53100 and SQLite's "database or disk is full".
    ("No space left on device", Outage::Full),
    ("Disk quota exceeded", Outage::Full),
    ("disk is full", Outage::Full),
    ("could not extend file", Outage::Full),
    ("设备上没有空间", Outage::Full),
    ("超出磁盘限额", Outage::Full),
    ("无法扩展文件", Outage::Full),
    // 25006, a standby, a file or file system for reading only.
    ("readonly database", Outage::ReadOnly),
    ("read-only transaction", Outage::ReadOnly),
    ("session is read-only", Outage::ReadOnly),
    ("server is in hot standby mode", Outage::ReadOnly),
    ("Read-only file system", Outage::ReadOnly),
    ("只读事务", Outage::ReadOnly),
    ("只读文件系统", Outage::ReadOnly),
    // XX001, XX002; SQLite's SQLITE_CORRUPT and SQLITE_NOTADB.
    ("invalid page in block", Outage::Damaged),
    ("disk image is malformed", Outage::Damaged),
    ("file is not a database", Outage::Damaged),
    ("无效的页", Outage::Damaged),
    // 58030, 58P01; SQLITE_IOERR, SQLITE_CANTOPEN.
    ("Input/output error", Outage::Storage),
    ("disk I/O error", Outage::Storage),
    ("unable to open database file", Outage::Storage),
    ("could not read block", Outage::Storage),
    ("could not write block", Outage::Storage),
    ("could not write to file", Outage::Storage),
    ("could not open file", Outage::Storage),
    ("could not fsync file", Outage::Storage),
    ("输入/输出错误", Outage::Storage),
    // 57P01 to 57P03 and 08xxx, should the connection outlive the words; what poolers say of it.
    ("terminating connection", Outage::Lost),
    ("the database system is", Outage::Lost),
    ("server closed the connection", Outage::Lost),
    ("server conn crashed", Outage::Lost),
    ("server_login_retry", Outage::Lost),
    ("query_wait_timeout", Outage::Lost),
    ("终止连接", Outage::Lost),
    ("数据库系统", Outage::Lost),
    // 55P03, 57014, 40P01, 53200, 53300; SQLITE_BUSY and SQLITE_LOCKED.
    ("deadlock", Outage::Busy),
    ("locked", Outage::Busy),
    ("could not obtain lock", Outage::Busy),
    ("canceling statement", Outage::Busy),
    ("out of memory", Outage::Busy),
    ("out of shared memory", Outage::Busy),
    ("too many clients", Outage::Busy),
    ("connection slots are reserved", Outage::Busy),
    ("死锁", Outage::Busy),
    ("锁超时", Outage::Busy),
    ("语句执行超时", Outage::Busy),
    ("取消查询", Outage::Busy),
    ("正在取消", Outage::Busy),
    ("内存用尽", Outage::Busy),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Outage> {
        Outage::of(&Error::DatabaseError(
            DatabaseErrorKind::Unknown,
            Box::new(text.to_owned()),
        ))
    }

    #[test]
    fn a_database_that_is_away_full_or_busy_is_told_from_a_wrong_query() {
        let told = [
            ("canceling statement due to lock timeout", Outage::Busy),
            ("canceling statement due to statement timeout", Outage::Busy),
            ("canceling statement due to user request", Outage::Busy),
            ("deadlock detected", Outage::Busy),
            ("检测到死锁", Outage::Busy),
            ("database is locked", Outage::Busy),
            ("database table is locked", Outage::Busy),
            (
                "could not extend file \"base/5/16400\": No space left on device",
                Outage::Full,
            ),
            (
                "could not write to file \"pg_wal/xlogtemp\": No space left on device",
                Outage::Full,
            ),
            ("database or disk is full", Outage::Full),
            ("attempt to write a readonly database", Outage::ReadOnly),
            (
                "could not open file \"base/5/1\": Read-only file system",
                Outage::ReadOnly,
            ),
            ("disk I/O error", Outage::Storage),
            ("unable to open database file", Outage::Storage),
            ("database disk image is malformed", Outage::Damaged),
            (
                "terminating connection due to administrator command",
                Outage::Lost,
            ),
            ("the database system is shutting down", Outage::Lost),
        ];
        for (text, outage) in told {
            assert_eq!(words(text), Some(outage), "{text}");
        }
        for text in [
            "column \"x\" does not exist",
            "column complaint.x does not exist",
            "column \"x\" of relation \"complaint\" does not exist",
            "relation \"record\" does not exist",
            "permission denied for table complaint",
            "no such table: record",
            "table record has no column named x",
            "对表 complaint 权限不够",
            "关系 \"record\" 不存在",
            "字段 \"x\" 不存在",
        ] {
            assert_eq!(words(text), Some(Outage::Unfit), "{text}");
        }
        for text in [
            "function no_such(integer) does not exist",
            "operator does not exist: text + text",
            "prepared statement \"s1\" does not exist",
            "syntax error at or near \"x\"",
            "value too long for type character varying(5)",
        ] {
            assert_eq!(words(text), None, "{text}");
        }
    }

    #[test]
    fn kinds_decide_before_words() {
        let kind = |kind| Outage::of(&Error::DatabaseError(kind, Box::new("x".to_owned())));
        assert_eq!(
            kind(DatabaseErrorKind::ClosedConnection),
            Some(Outage::Lost)
        );
        assert_eq!(
            kind(DatabaseErrorKind::UnableToSendCommand),
            Some(Outage::Lost)
        );
        assert_eq!(
            kind(DatabaseErrorKind::ReadOnlyTransaction),
            Some(Outage::ReadOnly)
        );
        assert_eq!(
            kind(DatabaseErrorKind::SerializationFailure),
            Some(Outage::Busy)
        );
        assert_eq!(kind(DatabaseErrorKind::UniqueViolation), None);
        assert_eq!(
            Outage::of(&Error::BrokenTransactionManager),
            Some(Outage::Lost)
        );
        assert_eq!(Outage::of(&Error::NotFound), None);
    }

    #[test]
    fn a_connection_that_is_not_made_is_lost_or_read_only() {
        let refused = ConnectionError::BadConnection("Connection refused".to_owned());
        assert_eq!(Outage::of_connection(&refused), Outage::Lost);
        let standby = ConnectionError::BadConnection("session is read-only".to_owned());
        assert_eq!(Outage::of_connection(&standby), Outage::ReadOnly);
    }
}
