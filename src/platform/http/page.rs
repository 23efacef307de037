//! Keyset pages: a cursor is the last row's sort key, so rows inserted meanwhile neither repeat
//! nor hide others.

use actix_web::{HttpRequest, HttpResponse, http::header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
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
    pub limit: Option<i64>,
}

impl PageQuery {
    /// Rows to show.
    #[must_use]
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }

    /// The sort key to begin after.
    ///
    /// # Errors
    /// 400 when the cursor is not one of ours for this list.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().map(Cursor::decode).transpose()
    }
}

/// What no sort key of ours holds: a letter NUL, a year with a sign. No database keeps either.
const FOREIGN: [&[u8]; 3] = [br"\u0000", b"\"-", b"\"+"];

/// The opaque text of a sort key.
#[derive(Debug)]
pub struct Cursor;

impl Cursor {
    /// Writes a sort key as a cursor.
    #[must_use]
    pub fn encode(key: &impl Serialize) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
    }

    /// Reads a cursor back.
    ///
    /// # Errors
    /// 400 when it is not one of ours.
    pub fn decode<K: DeserializeOwned>(text: &str) -> Result<K, Problem> {
        let refused = || {
            Problem::because(
                Code::UnknownCursor,
                "use next_cursor of an earlier page, unchanged",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        if FOREIGN
            .iter()
            .any(|f| bytes.windows(f.len()).any(|at| at == *f))
        {
            return Err(refused());
        }
        serde_json::from_slice(&bytes).map_err(|_| refused())
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
    /// Makes a page of rows fetched with one more than `limit`.
    pub fn of<R, K: Serialize>(
        mut rows: Vec<R>,
        limit: i64,
        key: impl Fn(&R) -> K,
        show: impl FnMut(R) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows
            .last()
            .filter(|_| more)
            .map(|row| Cursor::encode(&key(row)));
        Self {
            items: rows.into_iter().map(show).collect(),
            next_cursor,
        }
    }

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

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let page = Page::of(vec![1, 2, 3], 2, |n| *n, |n| n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(
            Cursor::decode::<i32>(&page.next_cursor.unwrap()).unwrap(),
            2
        );
        let last = Page::of(vec![1, 2], 2, |n| *n, |n| n);
        assert!(last.next_cursor.is_none());
    }

    #[test]
    fn a_forged_cursor_is_a_400() {
        assert_eq!(
            Cursor::decode::<i32>("!!").unwrap_err().code().status(),
            400
        );
        assert_eq!(
            Cursor::decode::<i32>("e30").unwrap_err().code().status(),
            400
        );
        for json in ["\"a\\u0000\"", "\"-262143-01-01\"", "\"+262142-01-01\""] {
            let forged = URL_SAFE_NO_PAD.encode(json);
            assert!(Cursor::decode::<String>(&forged).is_err(), "{json}");
        }
    }
}
