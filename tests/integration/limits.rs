//! Every limit the server knows is in the document: what the validators in the code say, what the
//! district profile says, and what is said of every text.

use std::{collections::BTreeMap, path::Path};

use dengwen::district::Profile;
use serde_json::Value;

use crate::support::contract::DOCUMENT;

/// Limits by their name in the document.
type Limits = BTreeMap<&'static str, u64>;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The number of `name = 12` in a validator.
fn number(validator: &str, name: &str) -> Option<u64> {
    let (_, rest) = validator.split_once(&format!("{name} = "))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The limits of each validated field: (type, field, limits).
fn validated(source: &str) -> Vec<(String, String, Limits)> {
    let mut found = Vec::new();
    for part in source.split("#[derive(").skip(1) {
        let Some((attributes, rest)) = part.split_once("pub struct ") else {
            continue;
        };
        if !attributes.contains("Validate") || attributes.contains("\n}\n") {
            continue;
        }
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        let body = rest.split("\n}\n").next().unwrap();
        for field in body.split("#[validate(").skip(1) {
            let (validator, after) = field.split_once(")]").unwrap();
            let (_, declared) = after.split_once("pub ").unwrap();
            let (field, kind) = declared.split_once(':').unwrap();
            let list = kind.trim_start().starts_with("Vec<");
            let names: [(&str, &'static str); 2] = match (
                validator.contains("length("),
                validator.contains("range("),
                list,
            ) {
                (true, _, true) => [("min", "minItems"), ("max", "maxItems")],
                (true, _, false) => [("min", "minLength"), ("max", "maxLength")],
                (_, true, _) => [("min", "minimum"), ("max", "maximum")],
                _ => continue,
            };
            let mut limits: Limits = names
                .into_iter()
                .filter_map(|(word, said)| Some((said, number(validator, word)?)))
                .collect();
            if let Some(equal) = number(validator, "equal") {
                limits.extend(names.map(|(_, said)| (said, equal)));
            }
            assert!(!limits.is_empty(), "{name}.{field}: {validator}");
            found.push((name.clone(), field.to_owned(), limits));
        }
    }
    found
}

/// The schema of a field: of a body's schema, or of a parameter of a query.
fn said(name: &str, field: &str) -> Vec<Value> {
    let property = &DOCUMENT["components"]["schemas"][name]["properties"][field];
    if !property.is_null() {
        return vec![property.clone()];
    }
    let paths = DOCUMENT["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let parameters = operations.flat_map(|o| o["parameters"].as_array().into_iter().flatten());
    parameters
        .filter(|p| p["in"] == "query" && p["name"] == field)
        .map(|p| p["schema"].clone())
        .collect()
}

/// Contract limits: each validator's numbers stand in the document.
#[test]
fn every_validator_is_in_the_document() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let validators: Vec<_> = files.iter().flat_map(|source| validated(source)).collect();
    assert!(
        validators.len() > 50,
        "only {} validators were found",
        validators.len()
    );
    for (name, field, limits) in validators {
        let schemas = said(&name, &field);
        assert!(!schemas.is_empty(), "{name}.{field} is not in the document");
        for (limit, value) in limits {
            for schema in &schemas {
                assert_eq!(
                    schema[limit].as_u64(),
                    Some(value),
                    "{name}.{field}: {limit}"
                );
            }
        }
    }
}

/// The finder itself sees a limit that is not said.
#[test]
fn a_missing_limit_is_seen() {
    let source = "#[derive(Validate)]\npub struct SignIn {\n    #[validate(length(max = 7))]\n    pub username: String,\n}\n";
    let (name, field, limits) = validated(source).remove(0);
    assert_eq!(
        (name.as_str(), field.as_str(), limits["maxLength"]),
        ("SignIn", "username", 7)
    );
    assert_ne!(said(&name, &field)[0]["maxLength"].as_u64(), Some(7));
}

/// Contract limits: what the built-in profile says of texts and photos.
#[test]
fn the_profiles_limits_are_in_the_document() {
    let limits = Profile::embedded().unwrap().rules.limits;
    let fields = [
        ("description", limits.description_letters),
        ("address", limits.address_letters),
        ("premises", limits.premises_letters),
    ];
    for schema in ["ComplaintBody", "PartBody"] {
        for (field, letters) in fields {
            assert_eq!(
                said(schema, field)[0]["maxLength"].as_u64(),
                Some(letters as u64),
                "{schema}.{field}"
            );
        }
    }
    for form in ["SubmissionForm", "IntakeForm", "PhotoForm"] {
        assert_eq!(
            said(form, "photo")[0]["maxItems"].as_u64(),
            Some(limits.photos as u64),
            "{form}"
        );
    }
}

/// Contract limits: every text of a request says which letters it takes, or which values it is one
/// of; every instant and day says its years.
#[test]
fn every_text_of_a_request_says_what_it_takes() {
    let mut seen = 0;
    let schemas = DOCUMENT["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(name, _)| name.ends_with("Body")) {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let kinds = [&property["type"], &property["type"][0]];
            if kinds.iter().any(|kind| **kind == "string") {
                seen += 1;
                let stated = property.get("pattern").or(property.get("enum"));
                assert!(stated.is_some(), "{name}.{field} takes any text");
            }
        }
    }
    assert!(seen > 40, "only {seen} texts");
}

/// Contract limits: what a path takes, that tries of a code are counted, how wide an accuracy may
/// be, and that `null` is taken where a list or a yes or no may be absent.
#[test]
fn paths_and_places_say_their_limits() {
    let mut parameters = 0;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let list = operation["parameters"].as_array().into_iter().flatten();
            for parameter in list.filter(|p| p["in"] == "path") {
                parameters += 1;
                let schema = &parameter["schema"];
                let limited = schema["maxLength"].is_u64() && schema["pattern"].is_string();
                assert!(
                    limited || schema["format"] == "uuid",
                    "{method} {path}: {parameter}"
                );
            }
            let counted = operation["responses"].get("429").is_some();
            assert!(counted || !path.contains("{code}"), "{method} {path}");
        }
    }
    assert!(parameters > 30, "only {parameters} parameters");
    for schema in ["LocationBody", "CheckInBody"] {
        let most = said(schema, "accuracy_m")[0]["maximum"].as_f64();
        assert_eq!(most, Some(dengwen::geo::ACCURACY_MAX_M), "{schema}");
    }
    for (schema, field) in [
        ("ComplaintBody", "acknowledged_similar"),
        ("IntakeBody", "petitioners"),
        ("SupplementBody", "new_facts"),
        ("RatingBody", "wants_reopening"),
    ] {
        let kinds = said(schema, field)[0]["type"].clone();
        assert!(
            kinds.as_array().unwrap().contains(&"null".into()),
            "{schema}.{field}"
        );
    }
}
