//! Problems (RFC 9457): the one error type between a rule and the client.
//!
//! Policy. Queries return diesel's `QueryResult`. Whoever calls a query says what its failure
//! means, by [`OnDb::or_fault`] (ours: 500, told only to the log) or by turning a missing row or a
//! violated constraint into a named problem. Rules return `Problem` with a code of the table
//! below. The client reads `detail` and `items`; what only the log may know travels in a field
//! that is never serialised. This file names no web framework: `platform::http` renders it.

mod item;

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

pub use item::{Item, ItemCode};

use super::alarms::Alarm;
use super::outage::Outage;

/// Seconds after which to look again while an alarm is raised.
const ALARM_RETRY_S: u64 = 30;

/// Seconds after which a lost photo may have been put back from a backup.
const PHOTO_RETRY_S: u64 = 3600;

macro_rules! problem_codes {
    ($($variant:ident $code:literal $status:literal $zh:literal $en:literal;)*) => {
        /// Every problem code the API can answer with, one line each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant's meaning is its English title in the table")]
        pub enum Code { $($variant,)* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable machine-readable code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The HTTP status the code travels with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// The title in Chinese (the default) or English.
            #[must_use]
            pub const fn title(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Code::$variant, Language::Zh) => $zh,
                      (Code::$variant, Language::En) => $en,)*
                }
            }
        }
    };
}

problem_codes! {
    MalformedRequest      "malformed_request"      400 "请求格式无法识别"           "The request could not be read";
    BadParameter          "bad_parameter"          400 "查询参数有误"               "A query parameter is not valid";
    UnknownCursor         "unknown_cursor"         400 "分页游标无效"               "The page cursor is not valid";
    Unauthenticated       "unauthenticated"        401 "需要登录"                   "Sign in first";
    BadCredentials        "bad_credentials"        401 "用户名或密码不正确"         "The user name or password is wrong";
    SecondFactorRequired  "second_factor_required" 401 "需要动态口令"               "The code of the second factor is needed";
    TokenExpired          "token_expired"          401 "登录已过期"                 "The token has expired";
    AccountDisabled       "account_disabled"       403 "账号已停用或已调整"         "The account was disabled or changed";
    EnrolSecondFactor     "enrol_second_factor"    403 "请先启用动态口令"           "Set up the second factor first";
    Forbidden             "forbidden"              403 "无权办理"                   "You may not do this";
    NotFound              "not_found"              404 "未找到"                     "Not found";
    MethodNotAllowed      "method_not_allowed"     405 "不支持该请求方法"           "The method is not allowed here";
    WrongState            "wrong_state"            409 "当前状态不允许此操作"       "The present state does not allow this";
    IdempotencyConflict   "idempotency_conflict"   409 "同一幂等键对应了不同内容"   "The idempotency key was used with another body";
    AlreadyExists         "already_exists"         409 "已存在"                     "It exists already";
    ClaimedByOther        "claimed_by_other"       409 "该件已由他人领取"           "Someone else holds this item";
    NotClaimed            "not_claimed"            409 "请先领取该件"               "Claim the item first";
    MergeRefused          "merge_refused"          409 "不能并单"                   "These cannot be merged";
    UndoRefused           "undo_refused"           409 "不能撤销并单"               "This merge cannot be undone";
    Gone                  "gone"                   410 "已失效"                     "It is no longer available";
    PreconditionFailed    "precondition_failed"    412 "内容已被他人修改"           "Someone changed it first";
    BodyTooLarge          "body_too_large"         413 "内容过大"                   "The body is too large";
    PhotoTooLarge         "photo_too_large"        413 "照片过大"                   "The photo is too large";
    UnsupportedMediaType  "unsupported_media_type" 415 "不支持的内容类型"           "The content type is not supported";
    UnsupportedEncoding   "unsupported_encoding"   415 "不支持的内容编码"           "The content encoding is not supported";
    UnsupportedPhotoType  "unsupported_photo_type" 415 "不支持的照片格式"           "The photo type is not supported";
    Invalid               "invalid"                422 "内容不符合要求"             "Some fields are not valid";
    PhotoUnreadable       "photo_unreadable"       422 "照片无法读取"               "The photo could not be read";
    GuardFailed           "guard_failed"           422 "未满足办理条件"             "A condition of this step is not met";
    PreconditionRequired  "precondition_required"  428 "需要 If-Match"              "Send If-Match with the ETag you read";
    TooManyRequests       "too_many_requests"      429 "操作过于频繁"               "Too many requests";
    RequestTimeout        "request_timeout"        408 "上传超时"                   "The request took too long to arrive";
    NoTextMessages        "no_text_messages"       503 "暂不能发送短信"             "No text messages can be sent here";
    PhotoLost             "photo_lost"             503 "照片文件缺失或损坏"         "The photo's file is lost or damaged";
    Internal              "internal"               500 "系统内部错误"               "Something failed on our side";
    Unavailable           "unavailable"            503 "系统繁忙，请稍后再试"       "Busy: try again shortly";
}

/// The two languages problem titles are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 简体中文, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Language {
    /// The language tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

/// What went wrong, for the client; and, apart, for the log.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    items: Vec<Item>,
    retry_after_s: Option<u64>,
    internal: Option<String>,
    outage: Option<Outage>,
}

impl Problem {
    /// A problem with the code's title alone.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            items: Vec::new(),
            retry_after_s: None,
            internal: None,
            outage: None,
        }
    }

    /// A problem with a sentence for the client: what was wrong, what to do next.
    pub fn because(code: Code, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::new(code)
        }
    }

    /// 404 without telling whether the thing exists for somebody else.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// 422 about one field.
    pub fn invalid(location: &str, code: ItemCode, message: impl Into<String>) -> Self {
        Self::invalid_items(vec![Item::new(location, code, message)])
    }

    /// 422 about several fields.
    #[must_use]
    pub fn invalid_items(items: Vec<Item>) -> Self {
        Self {
            items,
            ..Self::new(Code::Invalid)
        }
    }

    /// 400 about one query parameter.
    pub fn bad_parameter(name: &str, message: impl Into<String>) -> Self {
        Self {
            items: vec![Item::new(
                &format!("query.{name}"),
                ItemCode::BadParameter,
                message,
            )],
            ..Self::new(Code::BadParameter)
        }
    }

    /// 409 that names the present state and what was asked of it.
    pub fn wrong_state(from: &str, wanted: &str) -> Self {
        Self::because(
            Code::WrongState,
            format!("state is `{from}`; `{wanted}` is not possible from it"),
        )
    }

    /// 429, to be tried again after the given seconds.
    #[must_use]
    pub fn too_many(retry_after_s: u64) -> Self {
        Self {
            retry_after_s: Some(retry_after_s.max(1)),
            ..Self::new(Code::TooManyRequests)
        }
    }

    /// 503, to be tried again after the given seconds; the reason goes to the log.
    pub fn unavailable(internal: impl Into<String>, retry_after_s: u64) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            internal: Some(internal.into()),
            ..Self::new(Code::Unavailable)
        }
    }

    /// 503 when a stored photo is gone or not what was stored, until somebody puts it back.
    pub fn photo_lost(internal: impl Into<String>) -> Self {
        Self {
            internal: Some(internal.into()),
            retry_after_s: Some(PHOTO_RETRY_S),
            ..Self::new(Code::PhotoLost)
        }
    }

    /// 503 when the database is away, full, busy or unfit: to be tried again. Damage is not mended by a
    /// retry: 500.
    pub fn outage(outage: Outage, internal: impl Into<String>) -> Self {
        let problem = match outage {
            Outage::Damaged => Self::fault(internal),
            _ => Self::unavailable(internal, outage.retry_after_s()),
        };
        Self {
            outage: Some(outage),
            ..problem
        }
    }

    /// 503 for `/readyz`: the class of the reason and nothing else of it.
    #[must_use]
    pub fn not_ready(outage: Outage) -> Self {
        Self {
            detail: Some(format!("database: {}", outage.as_str())),
            retry_after_s: Some(outage.retry_after_s()),
            outage: Some(outage),
            ..Self::new(Code::Unavailable)
        }
    }

    /// 503 for `/readyz` while an alarm is raised: its name; the words go to the log.
    #[must_use]
    pub fn alarmed(alarm: Alarm, words: impl Into<String>) -> Self {
        Self {
            detail: Some(format!("alarm: {}", alarm.as_str())),
            ..Self::unavailable(words, ALARM_RETRY_S)
        }
    }

    /// What the database met, when that is why.
    #[must_use]
    pub fn outage_met(&self) -> Option<Outage> {
        self.outage
    }

    /// The same, to be tried again after the given seconds.
    #[must_use]
    pub fn retry_in(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Our fault: 500 for the client, the reason for the log alone.
    pub fn fault(internal: impl Into<String>) -> Self {
        Self {
            internal: Some(internal.into()),
            ..Self::new(Code::Internal)
        }
    }

    /// Adds field items to any problem.
    #[must_use]
    pub fn with_items(mut self, items: Vec<Item>) -> Self {
        self.items = items;
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The fields concerned.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Seconds after which to try again, when that helps.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        self.retry_after_s
    }

    /// What only the log may know.
    #[must_use]
    pub fn internal(&self) -> Option<&str> {
        self.internal.as_deref()
    }

    /// The document sent to the client.
    #[must_use]
    pub fn document(&self, language: Language) -> ProblemDocument {
        ProblemDocument {
            r#type: format!("urn:dengwen:problem:{}", self.code.as_str()),
            title: self.code.title(language).to_owned(),
            status: self.code.status(),
            code: self.code.as_str().to_owned(),
            detail: self.detail.clone(),
            items: self.items.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.as_str())?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        for item in &self.items {
            write!(
                f,
                "; {} {}: {}",
                item.location,
                item.code.as_str(),
                item.message
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The body of every error answer (`application/problem+json`, RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// The code as a URN, `urn:dengwen:problem:CODE`.
    pub r#type: String,
    /// The code's title in the language of `Accept-Language` (zh-CN or en).
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code to program against.
    pub code: String,
    /// What was wrong this time and what to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields concerned, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub items: Vec<Item>,
}

/// Says what a failed query means.
pub trait OnDb<T> {
    /// The failure is ours: 500 (or 503 when the database was away, full or busy), with `what` in
    /// the log.
    ///
    /// # Errors
    /// The fault, when the query failed.
    fn or_fault(self, what: &str) -> Result<T, Problem>;
}

impl<T> OnDb<T> for Result<T, diesel::result::Error> {
    fn or_fault(self, what: &str) -> Result<T, Problem> {
        self.map_err(|error| {
            let internal = format!("{what}: {error}");
            match Outage::of(&error) {
                Some(outage) => Problem::outage(outage, internal),
                None => Problem::fault(internal),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_errors() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            assert!((400..600).contains(&code.status()));
        }
    }

    #[test]
    fn a_busy_database_is_no_fault() {
        use diesel::result::{DatabaseErrorKind::Unknown, Error};
        let status = |words: &str| {
            let error = Error::DatabaseError(Unknown, Box::new(words.to_owned()));
            let problem = Err::<(), _>(error).or_fault("x").unwrap_err();
            (problem.code().status(), problem.retry_after_s())
        };
        assert_eq!(status("database is locked"), (503, Some(1)));
        assert_eq!(status("database or disk is full"), (503, Some(30)));
        assert_eq!(status("database disk image is malformed"), (500, None));
        assert_eq!(status("column \"x\" does not exist"), (503, Some(30)));
        assert_eq!(status("syntax error at or near \"x\""), (500, None));
    }

    #[test]
    fn the_client_never_reads_the_internal_text() {
        let problem = Problem::fault("password of table x");
        let body = serde_json::to_string(&problem.document(Language::En)).unwrap();
        assert!(!body.contains("password"));
        assert!(!problem.to_string().contains("password"));
    }
}
