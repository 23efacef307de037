//! Keyset pages: a cursor is the last row's sort key, so rows inserted meanwhile neither repeat
//! nor hide others. It belongs to one list with its filters: in another list the same key would be
//! another place, and rows would be left out without a word.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, http::header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::platform::problem::{Code, Problem};

/// Rows in a page unless the client asks for fewer or more.
pub const DEFAULT_LIMIT: i64 = 50;
/// Rows in a page at most.
pub const MAX_LIMIT: i64 = 200;

/// `cursor` and `limit` of a list.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Where the page begins: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Rows in the page, 1 to 200; 50 unless said.
    #[validate(range(min = 1, max = 200, message = "is 1 to 200"))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

impl PageQuery {
    /// The page of the list that was asked for, and the sort key to begin after.
    ///
    /// # Errors
    /// 400 when the cursor was made for another list or for other filters, or was changed.
    pub fn page<K: DeserializeOwned>(
        &self,
        request: &HttpRequest,
    ) -> Result<(Paging, Option<K>), Problem> {
        let paging = Paging {
            limit: self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT),
            list: list_of(request.path(), request.query_string()),
        };
        let after = self.cursor.as_deref().map(|text| paging.decode(text));
        Ok((paging, after.transpose()?))
    }
}

/// What no sort key of ours holds: a letter NUL, a year with a sign. No database keeps either.
const FOREIGN: [&[u8]; 3] = [br"\u0000", b"\"-", b"\"+"];

/// One list with its filters, whose cursors are its own, and how much of it a page shows.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// Rows to show.
    pub limit: i64,
    list: u64,
}

/// Names a list by its path and filters, in whatever order and spelling they were sent.
fn list_of(path: &str, query: &str) -> u64 {
    let mut filters: Vec<(Cow<'_, str>, Cow<'_, str>)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, value)| name != "cursor" && name != "limit" && !value.is_empty())
        .collect();
    filters.sort_unstable();
    let named = json!([path, filters]).to_string();
    let digest: [u8; 32] = Sha256::digest(named.as_bytes()).into();
    digest
        .iter()
        .take(8)
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

impl Paging {
    /// Makes a page of rows fetched with one more than `limit`.
    pub fn of<R, K: Serialize, T>(
        self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> K,
        show: impl FnMut(R) -> T,
    ) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        Page {
            next_cursor: last.map(|row| self.encode(&key(row))),
            items: rows.into_iter().map(show).collect(),
        }
    }

    /// The opaque text of a sort key in this list, after which its next page begins.
    #[must_use]
    pub fn encode(self, key: &impl Serialize) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(self.list, key)).unwrap_or_default())
    }

    fn decode<K: DeserializeOwned>(self, text: &str) -> Result<K, Problem> {
        let key = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .filter(|bytes| {
                !FOREIGN
                    .iter()
                    .any(|f| bytes.windows(f.len()).any(|at| at == *f))
            })
            .and_then(|bytes| serde_json::from_slice::<(u64, Value)>(&bytes).ok())
            .filter(|(list, _)| *list == self.list)
            .and_then(|(_, key)| serde_json::from_value(key).ok());
        key.ok_or_else(|| {
            Problem::because(
                Code::UnknownCursor,
                "the cursor is of another list or of other filters, or was changed; start anew without cursor",
            )
        })
    }
}

/// A page of rows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: Serialize> Page<T> {
    /// The response, with `Link: rel="next"` where there is a next page.
    #[must_use]
    pub fn into_response(self, request: &HttpRequest) -> HttpResponse {
        page_response(request, self.next_cursor.as_deref(), &self)
    }
}

/// A page's response, for pages that carry more than rows.
#[must_use]
pub fn page_response(
    request: &HttpRequest,
    next_cursor: Option<&str>,
    body: &impl Serialize,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = next_cursor {
        let next = format!("cursor={cursor}");
        let others = request.query_string().split('&');
        let others = others.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
        let query = others.chain([next.as_str()]).collect::<Vec<_>>().join("&");
        let link = format!("<{}?{query}>; rel=\"next\"", request.path());
        response.insert_header((header::LINK, link));
    }
    response.json(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str) -> Paging {
        Paging {
            limit: 2,
            list: list_of("/list", query),
        }
    }

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let list = paging("");
        let page = list.of(vec![1, 2, 3], |n| *n, |n| n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(list.decode::<i32>(&page.next_cursor.unwrap()).unwrap(), 2);
        let last = list.of(vec![1, 2], |n| *n, |n| n);
        assert!(last.next_cursor.is_none());
    }

    #[test]
    fn a_cursor_is_of_its_list_and_filters_alone() {
        let cursor = paging("state=closed&street=%E4%B8%9C&limit=2").encode(&7);
        let same = paging("cursor=x&street=东&limit=9&state=closed");
        assert_eq!(same.decode::<i32>(&cursor).unwrap(), 7);
        for other in ["", "state=closed", "state=open&street=东"] {
            let problem = paging(other).decode::<i32>(&cursor).unwrap_err();
            assert_eq!(problem.code(), Code::UnknownCursor, "{other}");
        }
        let elsewhere = Paging {
            list: list_of("/other", "state=closed&street=东"),
            ..same
        };
        assert!(elsewhere.decode::<i32>(&cursor).is_err());
    }

    #[test]
    fn a_forged_cursor_is_a_400() {
        let list = paging("");
        for text in ["!!", "e30"] {
            assert_eq!(list.decode::<i32>(text).unwrap_err().code().status(), 400);
        }
        for json in ["\"a\\u0000\"", "\"-262143-01-01\"", "\"+262142-01-01\""] {
            let forged = URL_SAFE_NO_PAD.encode(format!("[{},{json}]", list.list));
            assert!(list.decode::<String>(&forged).is_err(), "{json}");
        }
    }
}
