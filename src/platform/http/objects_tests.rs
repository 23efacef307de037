//! Bodies as clients spell them, and what they mean.

use super::*;

fn of(text: &str, null: Null) -> [u8; 32] {
    fingerprint(&parse(text.as_bytes(), null).unwrap(), null)
}

/// JSON and headers: a fingerprint is of what is meant.
#[test]
fn spellings_of_one_meaning_have_one_fingerprint() {
    let first = "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}";
    for same in [
        " {\n\t\"b\": {\"d\": [1.0, 25e-1], \"c\": \"\\u6cb9\\u70df\"}, \"a\": 1e0}\n",
        "\u{FEFF}{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}",
        "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.50],\"e\":null},\"f\":null}",
        "{\"a\":1.000,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5],\"e\":\"\"}}",
        "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5],\"e\":[]},\"f\":{}}",
        "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]},\"f\":{\"g\":null,\"h\":\"\",\"i\":{\"j\":[]}}}",
    ] {
        assert_eq!(
            of(first, Null::IsAbsence),
            of(same, Null::IsAbsence),
            "{same}"
        );
    }
    for other in [
        "{\"a\":2,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}",
        "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[2.5,1]}}",
        "{\"a\":\"1\",\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}",
        "{\"a\":1,\"b\":{\"c\":\"油烟 \",\"d\":[1,2.5]}}",
        "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]},\"f\":false}",
        "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5,\"\"]}}",
    ] {
        assert_ne!(
            of(first, Null::IsAbsence),
            of(other, Null::IsAbsence),
            "{other}"
        );
    }
    let numbers = |text: &str| of(text, Null::IsAbsence);
    assert_eq!(numbers("{\"a\":-0.0}"), numbers("{\"a\":0}"));
    assert_eq!(numbers("{\"a\":0.1}"), numbers("{\"a\":1e-1}"));
    assert_ne!(
        numbers("{\"a\":9007199254740993}"),
        numbers("{\"a\":9007199254740992}")
    );
}

/// In a `PATCH` the three are told apart: absent, cleared, set.
#[test]
fn where_null_clears_it_is_no_absence() {
    let patch = |text: &str| of(text, Null::Clears);
    assert_ne!(patch("{\"a\":null}"), patch("{}"));
    assert_eq!(patch("{\"a\":null}"), patch("{\"a\":\"\"}"));
}

/// JSON and headers: an object that says nothing is absent, as a form sends whose phone gave no
/// fix.
#[test]
fn an_object_of_nothing_is_absent() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Form {
        place: Option<Place>,
        who: Option<Who>,
    }
    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Place {
        lon: f64,
        lat: f64,
        datum: String,
        accuracy_m: Option<f64>,
    }
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Who {
        name: Option<String>,
        more: Option<Place>,
        #[serde(default)]
        list: Vec<String>,
    }
    let nothing = of("{}", Null::IsAbsence);
    for place in [
        "{}",
        "null",
        "\"\"",
        "{\"lon\":null,\"lat\":null,\"datum\":null}",
        "{\"lon\":\"\",\"lat\":\"\",\"datum\":\"\",\"accuracy_m\":\"\"}",
        "{\"lon\":null,\"lat\":\"\",\"datum\":\"GCJ02\"}",
        "{\"datum\":\"GCJ02\",\"accuracy_m\":30}",
        "{\"accuracy_m\":0,\"lat\":\"\"}",
    ] {
        for who in [
            "{\"name\":\"\",\"more\":{\"lon\":null,\"datum\":\"WGS84\"},\"list\":[]}",
            "{\"more\":{\"lon\":{}}}",
        ] {
            let text = format!("{{\"place\":{place},\"who\":{who}}}");
            let value = parse(text.as_bytes(), Null::IsAbsence).unwrap();
            let absent = Form {
                place: None,
                who: None,
            };
            assert_eq!(read::<Form>(&value).unwrap(), absent, "{text}");
            assert_eq!(of(&text, Null::IsAbsence), nothing, "{text}");
        }
    }
    for half in [
        "{\"lon\":119.3,\"lat\":null,\"datum\":\"GCJ02\"}",
        "{\"lon\":119.3,\"lat\":26.1,\"datum\":\"\",\"lng\":\"\"}",
        "{\"lng\":119.3,\"datum\":\"GCJ02\"}",
        "{\"lon\":0,\"lat\":0}",
    ] {
        let text = format!("{{\"place\":{half}}}");
        let value = parse(text.as_bytes(), Null::IsAbsence).unwrap();
        assert!(read::<Form>(&value).is_err(), "{text}");
        assert_ne!(of(&text, Null::IsAbsence), nothing, "{text}");
    }
}

/// In a `PATCH` an object of cleared fields is cleared, one without fields changes none, and a
/// datum alone is no position.
#[test]
fn an_object_of_nothing_clears_in_a_patch() {
    let patch = |text: &str| parse(text.as_bytes(), Null::Clears).unwrap();
    let cleared = of("{\"a\":null}", Null::Clears);
    for text in [
        "{\"a\":{\"lon\":null,\"lat\":\"\",\"datum\":\"GCJ02\"}}",
        "{\"a\":{\"b\":\"\"}}",
    ] {
        assert_eq!(of(text, Null::Clears), cleared, "{text}");
        let read: std::collections::BTreeMap<
            String,
            Option<std::collections::BTreeMap<String, f64>>,
        > = read(&patch(text)).unwrap();
        assert_eq!(read["a"], None, "{text}");
    }
    assert_eq!(patch("{\"a\":{}}"), serde_json::json!({}));
    let datum = serde_json::json!({ "a": { "datum": "GCJ02" } });
    assert_eq!(patch(&datum.to_string()), datum);
}

#[test]
fn what_names_a_field_twice_is_not_read() {
    for text in ["{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"\\u0062\":2}}"] {
        let error = parse(text.as_bytes(), Null::IsAbsence).unwrap_err();
        assert!(
            error.inner().to_string().starts_with("duplicate field"),
            "{error}"
        );
    }
}

#[test]
fn half_a_letter_costs_itself_alone() {
    let read = |text: &str| parse(format!("{{\"a\":\"{text}\"}}").as_bytes(), Null::IsAbsence).ok();
    for (sent, meant) in [
        ("x\\ud83d y", "x\u{fffd} y"),
        ("\\uDC00", "\u{fffd}"),
        ("\\ud83d\\ud83d\\udcf7", "\u{fffd}📷"),
        ("\\ud83d\\n", "\u{fffd}\n"),
        ("\\uD83D\\uDCF7", "📷"),
        ("\\\\ud83d", "\\ud83d"),
        ("\\u6cb9", "油"),
    ] {
        let value = read(sent).unwrap();
        assert_eq!(value["a"], meant, "{sent}");
    }
    for wrong in ["\\ud8", "\\ud83", "\\", "\\x"] {
        assert!(read(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn an_empty_text_is_nothing_where_nothing_may_be() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Form {
        must: String,
        may: Option<String>,
        count: Option<u8>,
        #[serde(default)]
        list: Vec<Option<u8>>,
        #[serde(default)]
        others: Vec<String>,
        #[serde(default)]
        is_so: bool,
    }
    let text = "{\"must\":\"\",\"may\":\"\",\"count\":\"\",\"list\":[1.0,\"\",null],\
                \"others\":\"\",\"is_so\":\"\"}";
    let value = parse(text.as_bytes(), Null::IsAbsence).unwrap();
    let expected = Form {
        must: String::new(),
        may: None,
        count: None,
        list: vec![Some(1), None, None],
        others: Vec::new(),
        is_so: false,
    };
    assert_eq!(read::<Form>(&value).unwrap(), expected);
    let list = parse(b"{\"must\":\"x\",\"list\":null}", Null::IsAbsence).unwrap();
    assert_eq!(read::<Form>(&list).unwrap().list, []);
}
