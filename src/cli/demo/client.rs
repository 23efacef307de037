//! A small client of the API, for those who play in the demonstration.

use serde_json::{Value, json};

use crate::cli::http::{Call, Form, Http};

/// Somebody who calls the API.
pub(super) struct Client {
    http: Http,
    token: Option<String>,
}

impl Client {
    /// Somebody without an account.
    pub(super) fn resident(base: &str) -> Self {
        Self {
            http: Http::to(base),
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
        self.send(self.http.get(path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.http.post(path).json(body)).await
    }

    /// A POST with the version that was read.
    pub(super) async fn post_if(
        &self,
        path: &str,
        version: &Value,
        body: &Value,
    ) -> anyhow::Result<Value> {
        self.send(self.http.post(path).if_match(version).json(body))
            .await
    }

    /// A multipart POST of a JSON part, where there is one, and photos under a name.
    pub(super) async fn post_photos(
        &self,
        path: &str,
        complaint: Option<&Value>,
        name: &str,
        photos: Vec<Vec<u8>>,
    ) -> anyhow::Result<Value> {
        let mut form = Form::new();
        if let Some(complaint) = complaint {
            form = form.text("complaint", &complaint.to_string());
        }
        for (at, photo) in photos.iter().enumerate() {
            form = form.file(name, &format!("照片{}.jpg", at + 1), photo);
        }
        self.send(self.http.post(path).form(form)).await
    }

    async fn send(&self, call: Call) -> anyhow::Result<Value> {
        let call = match &self.token {
            Some(token) => call.bearer(token),
            None => call,
        };
        let body = self.http.send(call).await?;
        Ok(serde_json::from_slice(&body).unwrap_or(Value::Null))
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
