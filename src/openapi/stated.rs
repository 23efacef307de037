//! What the annotations of the handlers cannot say and every client should know: which texts are
//! taken, which values a field is one of, how each operation refuses.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::sets;
use crate::complaint::desk::INTAKE_JSON_BYTES;
use crate::district::Limits;
use crate::platform::http::MAX_JSON_BYTES;

/// A text without the letter NUL, which no text has.
const TEXT: &str = r"^[^\u0000]*$";

/// A text in which somebody can see a letter. These are letters that surely are seen; the server
/// takes further ones, such as a text of emoji alone.
const WORDS: &str = r"^[^\u0000]*[!-~\u00A1-\u00AC\u00AE-\u034E\u0370-\u061B\u061E-\u115E\u1161-\u167F\u1681-\u17B3\u17B6-\u180A\u1810-\u1FFF\u2010-\u2027\u2030-\u205E\u2070-\u27FF\u2900-\u2FFF\u3001-\u3163\u3165-\uD7FF\uF900-\uFDFF\uFE10-\uFEFE\uFF01-\uFF9F\uFFA1-\uFFEF][^\u0000]*$";

/// An instant or a day of the years 1900 to 2200.
const YEARS: &str = "^(19[0-9]{2}|2[01][0-9]{2}|2200)-";

/// What is in `Idempotency-Key`.
const KEY: &str = "^[!-~]{1,128}$";

/// The operation whose JSON may have more bytes than others'.
const INTAKE: &str = "/api/v1/intake";

/// What is in `If-Match` and `If-None-Match`: `*`, or tags as `ETag` shows them.
const TAGS: &str = r##"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"##;

/// Says all of it in a document.
pub(super) fn say(document: &mut Value) {
    let requests = requests(document);
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        sets::of_fields(schemas);
        for (name, schema) in schemas.iter_mut() {
            if requests.contains(name) {
                texts(schema);
            }
            // A part that a form does not name is refused by its name.
            if name.ends_with("Form")
                && let Some(form) = schema.as_object_mut()
            {
                form.insert("additionalProperties".to_owned(), json!(false));
            }
        }
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            parameters(operation);
            refusals(path, method, operation);
            bound(path, operation);
        }
    }
}

/// Says what another district's profile limits otherwise.
pub(super) fn limit(document: &mut Value, limits: &Limits) {
    let letters = [
        ("description", limits.description_letters),
        ("address", limits.address_letters),
        ("premises", limits.premises_letters),
    ];
    for schema in ["ComplaintBody", "PartBody", "CorrectionBody"] {
        for (field, most) in letters {
            replace(document, schema, field, "maxLength", most);
        }
    }
    for form in [
        "SubmissionForm",
        "IntakeForm",
        "PhotoForm",
        "VisitPhotoForm",
    ] {
        for part in ["photo", "far", "near", "reference", "file"] {
            replace(document, form, part, "maxItems", limits.photos);
        }
    }
}

/// A body says how many bytes its JSON may have.
fn bound(path: &str, operation: &mut Value) {
    let body = operation.get_mut("requestBody");
    let Some(body) = body.filter(|body| body.pointer("/content/application~1json").is_some())
    else {
        return;
    };
    let most = if path == INTAKE {
        INTAKE_JSON_BYTES
    } else {
        MAX_JSON_BYTES
    };
    let said = format!("The JSON may have {most} bytes, unpacked (413 beyond).");
    if let Some(body) = body.as_object_mut() {
        let words = body.get("description").and_then(Value::as_str);
        let words: Vec<&str> = words.into_iter().chain([said.as_str()]).collect();
        let words = words.join(" ");
        body.insert("description".to_owned(), json!(words));
    }
}

/// Replaces a limit where the field has it.
fn replace(document: &mut Value, schema: &str, field: &str, limit: &str, most: usize) {
    let place = format!("/components/schemas/{schema}/properties/{field}/{limit}");
    if let Some(value) = document.pointer_mut(&place) {
        *value = json!(most);
    }
}

/// Names of the schemas that bodies of requests are made of.
fn requests(document: &Value) -> BTreeSet<String> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut open: Vec<&Value> = paths
        .into_iter()
        .flatten()
        .flat_map(|(_, item)| item.as_object().into_iter().flatten())
        .filter_map(|(_, operation)| operation.get("requestBody"))
        .collect();
    let mut names = BTreeSet::new();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => open.extend(fields.values()),
            Value::Array(items) => open.extend(items),
            Value::String(text) => {
                if let Some(name) = text.strip_prefix("#/components/schemas/")
                    && names.insert(name.to_owned())
                {
                    open.extend(document.pointer(&format!("/components/schemas/{name}")));
                }
            }
            _ => {}
        }
    }
    names
}

fn is_text(schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(name)) => name == "string",
        Some(Value::Array(names)) => names.contains(&json!("string")),
        _ => false,
    }
}

/// Every text in a schema says which letters it takes.
fn texts(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if is_text(fields) && !fields.contains_key("enum") && !fields.contains_key("pattern") {
                let least = fields.get("minLength").and_then(Value::as_u64).unwrap_or(0);
                let pattern = match fields.get("format").and_then(Value::as_str) {
                    Some("date-time" | "date") => Some(YEARS),
                    Some(_) => None,
                    None if least > 0 => Some(WORDS),
                    None => Some(TEXT),
                };
                if let Some(pattern) = pattern {
                    fields.insert("pattern".to_owned(), json!(pattern));
                }
            }
            fields.values_mut().for_each(texts);
        }
        Value::Array(items) => items.iter_mut().for_each(texts),
        _ => {}
    }
}

/// Parameters of the query and the header say what they take.
fn parameters(operation: &mut Value) {
    let tag = operation.pointer("/tags/0").and_then(Value::as_str);
    let tag = tag.unwrap_or_default().to_owned();
    let list = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in list.into_iter().flatten() {
        let name = parameter
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let place = parameter
            .get("in")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let Some(schema) = parameter.get_mut("schema") else {
            continue;
        };
        never_null(schema);
        if sets::of_filter(&tag, &name, schema) {
            continue;
        }
        let pattern = match (place.as_str(), name.as_str()) {
            ("header", "Idempotency-Key") => KEY,
            ("header", "If-Match" | "If-None-Match") => TAGS,
            ("header", "Device-Now") => YEARS,
            ("query", _) => {
                texts(schema);
                continue;
            }
            _ => continue,
        };
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("pattern".to_owned(), json!(pattern));
        }
    }
}

/// A header or a query has no null: what is not sent is absent.
fn never_null(schema: &mut Value) {
    let kinds = schema.get("type").and_then(Value::as_array);
    let kind = kinds.and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned());
    if let (Some(kind), Some(schema)) = (kind, schema.as_object_mut()) {
        schema.insert("type".to_owned(), kind);
    }
}

/// The statuses an operation may refuse with, beside those its handler names.
fn refusals(path: &str, method: &str, operation: &mut Value) {
    if !path.starts_with("/api/") {
        return;
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let has = |place: &str| {
        let mut named = parameters.into_iter().flatten().filter_map(|p| p.get("in"));
        named.any(|p| p == place)
    };
    let has_body = operation.get("requestBody").is_some();
    let public = operation
        .get("security")
        .and_then(Value::as_array)
        .is_some_and(|list| {
            list.iter()
                .any(|s| s.as_object().is_some_and(Map::is_empty))
        });
    let mut statuses = vec!["401", "503"];
    let cases: [(bool, &[&str]); 5] = [
        (has_body || has("query") || has("header"), &["400"]),
        (!public, &["403"]),
        (has("path"), &["404"]),
        (has_body, &["408", "413", "415", "422", "429"]),
        (method != "get", &["409"]),
    ];
    for (may, answers) in cases {
        if may {
            statuses.extend(answers);
        }
    }
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    let Some(responses) = responses else { return };
    for status in statuses {
        responses
            .entry(status)
            .or_insert_with(|| json!({ "$ref": "#/components/responses/AnyProblem" }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The served document says what the district's own profile allows.
    #[test]
    fn another_profiles_limits_are_said() {
        let mut limits = crate::district::Profile::embedded().unwrap().rules.limits;
        limits.description_letters = 7;
        limits.photos = 2;
        let document = crate::openapi::served(&limits);
        let schemas = &document["components"]["schemas"];
        let properties = |schema: &str| schemas[schema]["properties"].clone();
        assert_eq!(properties("ComplaintBody")["description"]["maxLength"], 7);
        assert_eq!(properties("PartBody")["description"]["maxLength"], 7);
        assert_eq!(properties("SubmissionForm")["photo"]["maxItems"], 2);
        assert_eq!(
            properties("ComplaintBody")["address"]["maxLength"],
            limits.address_letters
        );
    }

    /// What the parts of a list are held to is said of them, not of the list alone.
    #[test]
    fn texts_in_lists_say_how_long_they_may_be() {
        let document = crate::openapi::stated().unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut lists = 0;
        for name in requests(document) {
            let fields = schemas[&name]["properties"].as_object();
            for (field, list) in fields.into_iter().flatten() {
                let Some(items) = list["items"].as_object().filter(|items| is_text(items)) else {
                    continue;
                };
                if !items.contains_key("enum") && !items.contains_key("format") {
                    assert!(items.contains_key("maxLength"), "{name}.{field}");
                    lists += 1;
                }
            }
        }
        assert!(lists >= 4);
    }

    #[test]
    fn patterns_know_words_from_nothing() {
        let says = |pattern: &str, text: &str| {
            let schema = json!({ "type": "string", "pattern": pattern });
            jsonschema::is_valid(&schema, &json!(text))
        };
        for text in ["烟", "a", " \u{3000}楼下\n", ".", "é"] {
            assert!(says(WORDS, text), "{text:?}");
        }
        for text in [
            "",
            " ",
            "\u{3000}",
            "\u{200b}\u{feff}",
            "a\0",
            "\u{2800}",
            "\u{e0001}",
        ] {
            assert!(!says(WORDS, text), "{text:?}");
        }
        assert!(says(TEXT, "") && !says(TEXT, "\0"));
        assert!(says(YEARS, "1900-01-01") && says(YEARS, "2200-12-31T00:00:00Z"));
        assert!(
            !says(YEARS, "1899-12-31") && !says(YEARS, "2201-01-01") && !says(YEARS, "0022-01-01")
        );
    }

    /// Whatever the document's pattern takes, the server takes.
    #[test]
    fn the_pattern_takes_no_letter_that_nobody_sees() {
        let schema = json!({ "type": "string", "pattern": WORDS });
        let validator = jsonschema::validator_for(&schema).unwrap();
        for letter in (0..=0xffff_u32).filter_map(char::from_u32) {
            let text = letter.to_string();
            let taken = !crate::platform::http::is_blank(&text) && letter != '\0';
            assert!(
                taken || !validator.is_valid(&json!(text)),
                "{:x}",
                u32::from(letter)
            );
        }
    }
}
