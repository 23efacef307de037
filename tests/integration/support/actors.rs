//! Those who speak to the server: residents, officers, the brigade. Every answer they get is
//! held against the OpenAPI document.

use dengwen::account::{
    Role, password,
    queries::{self, NewStaff},
};
use dengwen::platform::db::{
    Id,
    schema::{complaint, ledger_entry, staff},
};
use diesel::prelude::*;
use reqwest::{Method, StatusCode, header::HeaderMap, multipart};
use serde_json::{Value, json};

use super::{World, contract};

const PASSWORD: &str = "a password for tests";

/// Someone with or without a token.
#[derive(Clone)]
pub struct Actor {
    client: reqwest::Client,
    base: String,
    pub token: Option<String>,
    pub name: String,
}

/// An answer, already held against the contract.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub bytes: Vec<u8>,
}

impl World {
    /// Somebody without a token.
    pub fn resident(&self) -> Actor {
        Actor {
            client: self.client.clone(),
            base: format!("http://{}", self.server.address),
            token: None,
            name: "resident".to_owned(),
        }
    }

    /// A complaint by somebody without a token: its receipt.
    pub async fn file(&self, body: Value) -> Reply {
        let resident = self.resident();
        let receipt = resident.post("/api/v1/complaints", body).await;
        receipt.expect(201)
    }

    /// Number of the entry that a complaint belongs to.
    pub fn entry_of(&self, number: &str) -> String {
        self.db_read(|c| {
            complaint::table
                .inner_join(ledger_entry::table)
                .filter(complaint::number.eq(number))
                .select(ledger_entry::number)
                .first(c)
                .unwrap()
        })
    }

    /// A resident signed in by the code sent to `phone`.
    pub async fn signed_in_resident(&self, phone: &str) -> Actor {
        let mut resident = self.resident();
        resident
            .post("/api/v1/residents/otp", json!({ "phone": phone }))
            .await
            .expect(204);
        let text = self.sms.last_to(phone).unwrap();
        let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
        let tokens = resident
            .post(
                "/api/v1/residents/sessions",
                json!({ "phone": phone, "code": code }),
            )
            .await
            .expect(200);
        resident.token = tokens.body["access_token"].as_str().map(str::to_owned);
        resident
    }

    /// A member of staff of a role, made and signed in.
    pub async fn staff(&self, role: Role) -> Actor {
        self.staff_at(role, role.as_str(), None, None).await
    }

    /// A second member of a role, by a user name of its own.
    pub async fn staff_named(&self, role: Role, username: &str) -> Actor {
        self.staff_at(role, username, None, None).await
    }

    /// The brigade's officer.
    pub async fn brigade(&self) -> Actor {
        self.staff(Role::Brigade).await
    }

    /// A grid officer of a grid.
    pub async fn officer(&self, username: &str, grid: &str) -> Actor {
        self.staff_at(Role::GridOfficer, username, None, Some(grid))
            .await
    }

    /// A street's account.
    pub async fn street(&self, username: &str, street: &str) -> Actor {
        self.staff_at(Role::Street, username, Some(street), None)
            .await
    }

    /// An account of a role that belongs to a unit.
    pub async fn unit(&self, role: Role, username: &str, unit: &str) -> Actor {
        self.db_add_staff(role, username, None, None);
        self.db_read(|c| {
            diesel::update(staff::table.filter(staff::username.eq(username)))
                .set(staff::unit_code.eq(unit))
                .execute(c)
                .unwrap()
        });
        self.sign_in(username).await
    }

    async fn staff_at(
        &self,
        role: Role,
        username: &str,
        street: Option<&str>,
        grid: Option<&str>,
    ) -> Actor {
        self.db_add_staff(role, username, street, grid);
        self.sign_in(username).await
    }

    /// Adds an account, as `dengwen staff add` does.
    pub fn db_add_staff(
        &self,
        role: Role,
        username: &str,
        street: Option<&str>,
        grid: Option<&str>,
    ) {
        static HASH: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| password::hash(PASSWORD).unwrap());
        let new = NewStaff {
            username: username.to_owned(),
            display_name: username.to_owned(),
            role: role.to_string(),
            unit_code: None,
            street_code: street.map(str::to_owned),
            grid_code: grid.map(str::to_owned),
            password_hash: HASH.clone(),
        };
        let now = self.server.app.now();
        let id = self
            .db_read(|c| queries::insert_staff(c, &new, now))
            .unwrap();
        if role == Role::Service {
            self.db_bind_channels(id, &["hotline_12345", "platform", "letter"]);
        }
    }

    /// Binds a service account to its channels.
    pub fn db_bind_channels(&self, id: Id, channels: &[&str]) {
        let channels: Vec<String> = channels.iter().map(|c| (*c).to_owned()).collect();
        self.db_read(|c| queries::bind_channels(c, id, &channels))
            .unwrap();
    }

    /// Signs an existing account in.
    pub async fn sign_in(&self, username: &str) -> Actor {
        let mut actor = self.resident();
        let tokens = actor
            .post(
                "/api/v1/sessions",
                json!({ "username": username, "password": PASSWORD }),
            )
            .await
            .expect(200);
        actor.token = tokens.body["access_token"].as_str().map(str::to_owned);
        actor.name = username.to_owned();
        actor
    }
}

impl Actor {
    /// Somebody without a token, who speaks to a server by its address.
    pub fn at(base: &str) -> Self {
        Self {
            client: reqwest::Client::new(),
            base: base.to_owned(),
            token: None,
            name: "resident".to_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, |r| r).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, |r| r.json(&body)).await
    }

    /// A POST with an idempotency key.
    pub async fn post_once(&self, path: &str, key: &str, body: Value) -> Reply {
        self.send(Method::POST, path, |r| {
            r.header("idempotency-key", key).json(&body)
        })
        .await
    }

    /// A POST with the version that was read.
    pub async fn post_if(&self, path: &str, version: i64, body: Value) -> Reply {
        self.send(Method::POST, path, |r| {
            r.header("if-match", format!("\"{version}\"")).json(&body)
        })
        .await
    }

    /// A PATCH with the version that was read.
    pub async fn patch_if(&self, path: &str, version: i64, body: Value) -> Reply {
        self.send(Method::PATCH, path, |r| {
            r.header("if-match", format!("\"{version}\"")).json(&body)
        })
        .await
    }

    /// Claims a complaint and accepts it, for the brigade.
    pub async fn accept(&self, number: &str) {
        let claim = json!({ "number": number });
        let claimed = self.post("/api/v1/triage/claims", claim).await;
        claimed.expect(201);
        let decision = json!({ "action": "accept", "procedure": "enforcement_request" });
        let path = format!("/api/v1/complaints/{number}/decision");
        self.post(&path, decision).await.expect(200);
    }

    /// Claims a complaint and sends it to a unit, for the brigade.
    pub async fn transfer(&self, number: &str, unit: &str) {
        let claim = json!({ "number": number });
        let claimed = self.post("/api/v1/triage/claims", claim).await;
        claimed.expect(201);
        let decision = json!({ "action": "transfer", "reason": "属该单位职责", "notice": "已转送有权单位。", "transfer_to": unit });
        let path = format!("/api/v1/complaints/{number}/decision");
        self.post(&path, decision).await.expect(200);
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, |r| r).await
    }

    /// A multipart POST: parts of (name, file name, bytes); a part without a file name is text.
    pub async fn post_parts(&self, path: &str, parts: &[(&str, Option<&str>, Vec<u8>)]) -> Reply {
        self.send(Method::POST, path, |r| r.multipart(form(parts)))
            .await
    }

    /// Any request; `shape` adds headers and body.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        shape: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Reply {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = shape(request).send().await.unwrap();
        let status: StatusCode = response.status();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let reply = Reply {
            status: status.as_u16(),
            headers,
            body,
            bytes,
        };
        contract::check(&method, path, &reply);
        reply
    }
}

/// A multipart form of (name, file name, bytes).
pub fn form(parts: &[(&str, Option<&str>, Vec<u8>)]) -> multipart::Form {
    parts
        .iter()
        .fold(multipart::Form::new(), |form, (name, file, bytes)| {
            let part = multipart::Part::bytes(bytes.clone());
            let part = match file {
                Some(file) => part.file_name((*file).to_owned()),
                None => part.mime_str("application/json").unwrap(),
            };
            form.part((*name).to_owned(), part)
        })
}

impl Reply {
    /// Demands a status; on another the whole answer is in the failure.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }

    /// Demands a problem of a code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.body["code"], code, "{}", reply.body);
        reply
    }

    /// A text of the body by JSON pointer.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("no text at {pointer} in {}", self.body))
            .to_owned()
    }
}
