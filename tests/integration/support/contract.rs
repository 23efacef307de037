//! Holds every answer against the OpenAPI document.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::Reply;

/// The document, as served.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(dengwen::openapi::whole()).unwrap());

static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

/// Fails when the answer is not what the document promises for this operation and status.
#[track_caller]
pub fn check(method: &Method, path: &str, reply: &Reply) {
    let path = path.split('?').next().unwrap();
    let Some(template) = template_of(path) else {
        assert!(
            reply.status >= 400,
            "{method} {path} is not in the document"
        );
        return;
    };
    let operation = &DOCUMENT["paths"][&template][method.as_str().to_lowercase()];
    if operation.is_null() {
        assert_eq!(
            reply.status, 405,
            "{method} {template} is not in the document"
        );
        return;
    }
    let responses = &operation["responses"];
    let name = reply.status.to_string();
    let (place, response) = match responses.get(&name) {
        Some(response) => (name, response),
        None if reply.status >= 400 => ("default".to_owned(), &responses["default"]),
        None => panic!("{method} {template}: status {name} is not in the document"),
    };
    let response = match response["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    };
    let media_type = reply
        .headers
        .get("content-type")
        .map_or("", |v| v.to_str().unwrap());
    let media_type = media_type.split(';').next().unwrap();
    let content = &response["content"];
    if content.is_null() {
        assert!(
            reply.bytes.is_empty() || media_type == "text/plain",
            "{method} {template} {place}: no body promised, got {media_type}"
        );
        return;
    }
    let schema = &content[media_type]["schema"];
    assert!(
        !content[media_type].is_null(),
        "{method} {template} {place}: {media_type} is not promised"
    );
    if media_type.ends_with("json") {
        let validator = validator(&format!("{method} {template} {place} {media_type}"), schema);
        let errors: Vec<String> = validator
            .iter_errors(&reply.body)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{method} {template} {place}: {errors:#?} in {}",
            reply.body
        );
    }
}

fn validator(name: &str, schema: &Value) -> &'static Validator {
    let mut validators = VALIDATORS.lock().unwrap();
    validators.entry(name.to_owned()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .build(&whole)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        Box::leak(Box::new(validator))
    })
}

/// The path template that a path fits, exact segments before parameters.
pub fn template_of(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let templates = DOCUMENT["paths"].as_object().unwrap().keys();
    templates
        .filter_map(|template| {
            let names: Vec<&str> = template.split('/').collect();
            let fits = names.len() == parts.len()
                && names
                    .iter()
                    .zip(&parts)
                    .all(|(name, part)| name.starts_with('{') || name == part);
            fits.then(|| {
                (
                    names.iter().filter(|n| n.starts_with('{')).count(),
                    template.clone(),
                )
            })
        })
        .min()
        .map(|(_, template)| template)
}
