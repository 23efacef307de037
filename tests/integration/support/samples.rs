//! Bodies made of the document alone: what a client sends who knows nothing else.

use serde_json::{Map, Value, json};

use super::contract::DOCUMENT;

/// The least JSON that an operation takes; nothing where it takes none.
pub fn body_of(operation: &Value) -> Option<Value> {
    let content = &operation["requestBody"]["content"]["application/json"];
    (!content.is_null()).then(|| least(&content["schema"]))
}

/// The least that a schema takes.
fn least(schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return least(DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap());
    }
    if let Some(first) = schema["enum"].get(0).or(schema["oneOf"].get(0)) {
        return if schema["enum"].is_null() {
            least(first)
        } else {
            first.clone()
        };
    }
    let kind = schema["type"].get(0).unwrap_or(&schema["type"]);
    match kind.as_str() {
        Some("object") => object(schema),
        Some("array") => {
            let items = schema["minItems"].as_u64().unwrap_or(0);
            (0..items).map(|_| least(&schema["items"])).collect()
        }
        Some("string") => json!(text(schema)),
        Some("boolean") => json!(false),
        Some("number" | "integer") => schema["minimum"].clone(),
        _ => panic!("{schema} says too little"),
    }
}

fn object(schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten();
    let named = required.map(|name| name.as_str().unwrap());
    let fields: Map<String, Value> = named
        .map(|name| (name.to_owned(), least(&schema["properties"][name])))
        .collect();
    Value::Object(fields)
}

/// A text that says something, in the format and of the length that is asked.
fn text(schema: &Value) -> String {
    match schema["format"].as_str() {
        Some("date") => "2026-11-24".to_owned(),
        Some("date-time") => "2026-11-24T09:00:00+08:00".to_owned(),
        Some("uuid") => "00000000-0000-7000-8000-000000000000".to_owned(),
        _ => {
            let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
            let words = "电话回访核实情况".chars();
            words.take(usize::try_from(most).unwrap()).collect()
        }
    }
}
