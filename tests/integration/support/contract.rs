//! Holds every answer against the committed OpenAPI document, more strictly than a client would:
//! a field the document does not name fails, so does a text that is not of its format, a promised
//! header that is missing, and every 5xx that no story asked for.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Reply;

/// The document, as committed; `documents` holds it against what the code says.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../openapi/dengwen.json")).unwrap());

/// The components with every object closed: by the name itself, and, for the parts of an `allOf`,
/// with only what lies below closed, by the name and [`OPEN`].
static CLOSED: LazyLock<Value> = LazyLock::new(|| {
    let mut components = DOCUMENT["components"].clone();
    let schemas = components["schemas"].as_object_mut().unwrap();
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        schemas.insert(name.clone(), closed(schema, true));
        schemas.insert(format!("{name}{OPEN}"), closed(schema, false));
    }
    components
});

const OPEN: &str = "-open";

/// A schema that takes no field it does not name, unless it says that it does.
fn closed(schema: &Value, here: bool) -> Value {
    let Some(fields) = schema.as_object() else {
        return schema.clone();
    };
    let mut made = Map::new();
    for (name, value) in fields {
        let value = match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| (name.clone(), closed(property, true)))
                .collect(),
            ("allOf", Value::Array(parts)) => {
                parts.iter().map(|part| closed(part, false)).collect()
            }
            ("oneOf" | "anyOf", Value::Array(parts)) => {
                parts.iter().map(|part| closed(part, here)).collect()
            }
            ("items" | "additionalProperties", value) => closed(value, true),
            ("$ref", Value::String(reference)) if !here => json!(format!("{reference}{OPEN}")),
            _ => value.clone(),
        };
        made.insert(name.clone(), value);
    }
    let names_fields = fields.contains_key("properties") || fields.contains_key("allOf");
    if here && names_fields && !fields.contains_key("additionalProperties") {
        made.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    Value::Object(made)
}

static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

/// Fails when the answer is not what the document promises for this operation and status.
#[track_caller]
pub fn check(method: &Method, path: &str, reply: &Reply) {
    let path = path.split('?').next().unwrap();
    assert!(
        reply.status < 500 || reply.status == 503,
        "{method} {path}: {} {}",
        reply.status,
        String::from_utf8_lossy(&reply.bytes)
    );
    let Some(template) = template_of(path) else {
        assert!(
            reply.status >= 400,
            "{method} {path} is not in the document"
        );
        return;
    };
    let named = if *method == Method::HEAD {
        "get"
    } else {
        &method.as_str().to_lowercase()
    };
    let operation = &DOCUMENT["paths"][&template][named];
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
    for (header, _) in response["headers"].as_object().into_iter().flatten() {
        assert!(
            reply.headers.contains_key(header),
            "{method} {template} {place}: {header} is promised"
        );
    }
    if reply.headers.contains_key("location") {
        assert!(
            !response["headers"]["Location"].is_null(),
            "{method} {template} {place}: Location is not in the document"
        );
    }
    if *method == Method::GET && reply.status == 200 && reply.headers.contains_key("etag") {
        assert!(
            !response["headers"]["ETag"].is_null(),
            "{method} {template}: ETag is not in the document"
        );
    }
    if *method == Method::HEAD {
        assert!(reply.bytes.is_empty(), "{method} {template}: a body");
        return;
    }
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
        let mut whole = closed(schema, true);
        whole["components"] = CLOSED.clone();
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(name: &str, instance: &Value) -> Vec<String> {
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        let errors = validator(name, &schema).iter_errors(instance);
        errors.map(|e| e.to_string()).collect()
    }

    /// The checker itself: it sees a field that leaks, also into what is put together of parts,
    /// and a text that is not of its format.
    #[test]
    fn a_leak_and_a_wrong_format_are_seen() {
        let done = json!({ "number": "GL-2026-0001", "state": "clue", "state_name": "线索" });
        assert!(!errors("StepView", &json!({})).is_empty());
        let leaks = |name: &str, instance: &Value| {
            let mut leaking = instance.clone();
            leaking["phone"] = json!("13800001234");
            let seen = errors(name, &leaking);
            seen.iter()
                .any(|e| e.contains("phone") && e.contains("nexpected"))
        };
        for name in [
            "StepView",
            "ComplaintView",
            "QueueItem",
            "EntryView",
            "Receipt",
        ] {
            assert!(leaks(name, &done), "{name}: {:?}", errors(name, &done));
        }
        let id = |text: &str| errors("Id", &json!(text));
        assert!(id("00000000-0000-7000-8000-000000000000").is_empty());
        assert!(!id("not a uuid").is_empty());
        let mut at = done;
        at["received_at"] = json!("yesterday");
        let seen = errors("ComplaintView", &at);
        assert!(seen.iter().any(|e| e.contains("date-time")), "{seen:?}");
    }
}
