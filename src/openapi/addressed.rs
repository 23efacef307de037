//! What is so of every operation by its path: which texts its parameters take, and that those with
//! a tracking code count the tries of a sender.

use serde_json::{Map, Value, json};

/// Letters of a number or a code in a path; spaces and hyphens of a typed one included.
const LETTERS: u32 = 64;

/// Says it in a document.
pub(super) fn say(document: &mut Value) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for operation in item.as_object_mut().into_iter().flatten().map(|(_, o)| o) {
            parameters(operation);
            if path.contains("{code}") {
                refuses_tries(operation);
            }
        }
    }
}

fn parameters(operation: &mut Value) {
    let list = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in list.into_iter().flatten() {
        if parameter.get("in") != Some(&json!("path")) {
            continue;
        }
        let name = parameter
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let is_id = name == "id" || name.ends_with("_id");
        if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
            limit(schema, is_id);
        }
    }
}

fn limit(schema: &mut Map<String, Value>, is_id: bool) {
    let stated = if is_id {
        json!({ "format": "uuid" })
    } else {
        json!({ "minLength": 1, "maxLength": LETTERS, "pattern": "^[^/\\u0000]+$" })
    };
    schema.extend(stated.as_object().cloned().unwrap_or_default());
}

/// A sender who tries many codes that are none is told to wait.
fn refuses_tries(operation: &mut Value) {
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    if let Some(responses) = responses {
        responses
            .entry("429")
            .or_insert_with(|| json!({ "$ref": "#/components/responses/AnyProblem" }));
    }
}
