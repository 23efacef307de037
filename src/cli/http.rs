//! A client of the API over plain HTTP: the demonstration and the benchmark call the server that
//! they run themselves, on this host.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH},
    http::request::Builder,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use uuid::Uuid;

/// Calls one server and keeps its connections; cheap to clone.
#[derive(Clone)]
pub(super) struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Http {
    /// Calls the server at `base`, as in `http://127.0.0.1:8080`.
    pub(super) fn to(base: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            base: base.to_owned(),
        }
    }

    pub(super) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    pub(super) fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    fn call(&self, method: Method, path: &str) -> Call {
        Call {
            head: Request::builder()
                .method(method)
                .uri(format!("{}{path}", self.base)),
            body: Bytes::new(),
        }
    }

    /// The body of the answer.
    ///
    /// # Errors
    /// When there is no answer, or one that refuses: its status and what it says.
    pub(super) async fn send(&self, call: Call) -> anyhow::Result<Bytes> {
        let request = call.head.body(Full::new(call.body))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        anyhow::ensure!(
            status.is_success(),
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }
}

/// A request that is being put together.
pub(super) struct Call {
    head: Builder,
    body: Bytes,
}

impl Call {
    /// As the member of staff whose access token this is.
    pub(super) fn bearer(mut self, token: &str) -> Self {
        self.head = self.head.header(AUTHORIZATION, format!("Bearer {token}"));
        self
    }

    /// With the version that was read.
    pub(super) fn if_match(mut self, version: &Value) -> Self {
        self.head = self.head.header(IF_MATCH, format!("\"{version}\""));
        self
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.with("application/json", body.to_string().into())
    }

    pub(super) fn form(self, form: Form) -> Self {
        let kind = format!("multipart/form-data; boundary={}", form.boundary);
        self.with(&kind, form.finish())
    }

    fn with(mut self, kind: &str, body: Bytes) -> Self {
        self.head = self.head.header(CONTENT_TYPE, kind);
        self.body = body;
        self
    }
}

/// A form of several parts (RFC 7578).
pub(super) struct Form {
    boundary: String,
    parts: Vec<u8>,
}

impl Form {
    pub(super) fn new() -> Self {
        Self {
            boundary: Uuid::new_v4().simple().to_string(),
            parts: Vec::new(),
        }
    }

    /// With a part of text.
    pub(super) fn text(self, name: &str, text: &str) -> Self {
        self.part(&format!("name=\"{name}\""), text.as_bytes())
    }

    /// With a file of that name.
    pub(super) fn file(self, name: &str, file: &str, bytes: &[u8]) -> Self {
        self.part(&format!("name=\"{name}\"; filename=\"{file}\""), bytes)
    }

    fn part(mut self, disposition: &str, bytes: &[u8]) -> Self {
        let head = format!(
            "--{}\r\ncontent-disposition: form-data; {disposition}\r\n\r\n",
            self.boundary
        );
        self.parts.extend_from_slice(head.as_bytes());
        self.parts.extend_from_slice(bytes);
        self.parts.extend_from_slice(b"\r\n");
        self
    }

    fn finish(mut self) -> Bytes {
        let end = format!("--{}--\r\n", self.boundary);
        self.parts.extend_from_slice(end.as_bytes());
        self.parts.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_its_parts_between_boundaries() {
        let form = Form::new()
            .text("complaint", "{}")
            .file("photo", "照片1.jpg", b"\xff\xd8");
        let boundary = form.boundary.clone();
        let expected = [
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"complaint\"\r\n\r\n{{}}\r\n").as_bytes(),
            format!("--{boundary}\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"照片1.jpg\"\r\n\r\n").as_bytes(),
            b"\xff\xd8\r\n",
            format!("--{boundary}--\r\n").as_bytes(),
        ]
        .concat();
        assert_eq!(form.finish(), expected);
    }
}
