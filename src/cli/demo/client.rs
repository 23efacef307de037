//! A small client of the API, for those who play in the demonstration.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

/// Somebody who calls the API.
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// Somebody without an account.
    pub(super) fn resident(base: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            base: base.to_owned(),
            token: None,
        }
    }

    /// A member of staff.
    pub(super) async fn staff(base: &str, username: &str, password: &str) -> anyhow::Result<Self> {
        let mut client = Self::resident(base);
        let body = json!({ "username": username, "password": password });
        let tokens = client.post("/api/v1/sessions", &body).await?;
        client.token = tokens
            .get("access_token")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Ok(client)
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.http.get(self.url(path))).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.http.post(self.url(path)).json(body)).await
    }

    /// A POST with the version that was read.
    pub(super) async fn post_if(
        &self,
        path: &str,
        version: &Value,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let request = self
            .http
            .post(self.url(path))
            .header("if-match", format!("\"{version}\""));
        self.send(request.json(body)).await
    }

    /// A multipart POST of a JSON part, where there is one, and photos under a name.
    pub(super) async fn post_photos(
        &self,
        path: &str,
        complaint: Option<&Value>,
        name: &'static str,
        photos: Vec<Vec<u8>>,
    ) -> anyhow::Result<Value> {
        let mut form = Form::new();
        if let Some(complaint) = complaint {
            form = form.part("complaint", Part::text(complaint.to_string()));
        }
        for (at, photo) in photos.into_iter().enumerate() {
            form = form.part(
                name,
                Part::bytes(photo).file_name(format!("照片{}.jpg", at + 1)),
            );
        }
        self.send(self.http.post(self.url(path)).multipart(form))
            .await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        anyhow::ensure!(status.is_success(), "{status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// A text of an answer by JSON pointer; empty when it is not there.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}
