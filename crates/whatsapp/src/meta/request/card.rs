//! Address cards: which keys Meta takes, and what each must hold.

use serde_json::{Map, Value};

use super::check::Found;

/// The parts of a name; `formatted_name` and one more are needed.
const NAME: [&str; 6] = ["formatted_name", "first_name", "last_name", "middle_name", "prefix", "suffix"];
const ORG: [&str; 3] = ["company", "department", "title"];

/// A list of a card: its key, its items' keys, and the one that must be there.
const LISTS: [(&str, &[&str], Option<&str>); 4] = [
    ("phones", &["phone", "type", "wa_id"], Some("phone")),
    ("emails", &["email", "type"], Some("email")),
    ("urls", &["url", "type"], Some("url")),
    ("addresses", &["street", "city", "state", "zip", "country", "country_code", "type"], None),
];

/// What is wrong with `card`.
pub(super) fn check(found: &mut Found, pointer: &str, card: &Value) {
    if !card.is_object() {
        return found.add(pointer, "is not an object");
    }
    match card.get("name").filter(|name| name.is_object()) {
        None => found.add(format!("{pointer}/name"), "is missing"),
        Some(name) => {
            let says = |key: &&str| name.get(*key).and_then(Value::as_str).is_some_and(|part| !part.trim().is_empty());
            let [formatted, parts @ ..] = &NAME;
            if !says(formatted) {
                found.add(format!("{pointer}/name/formatted_name"), "is missing");
            }
            if !parts.iter().any(says) {
                found.add(format!("{pointer}/name"), "needs one more part than `formatted_name`");
            }
            check_texts(found, &format!("{pointer}/name"), name, &NAME);
        }
    }
    check_texts(found, pointer, card, &["birthday"]);
    match card.get("org") {
        None | Some(Value::Null) => {}
        Some(org @ Value::Object(_)) => check_texts(found, &format!("{pointer}/org"), org, &ORG),
        Some(_) => found.add(format!("{pointer}/org"), "is not an object"),
    }
    for (key, fields, needed) in LISTS {
        let pointer = format!("{pointer}/{key}");
        match card.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let pointer = format!("{pointer}/{index}");
                    if !item.is_object() {
                        found.add(&pointer, "is not an object");
                        continue;
                    }
                    check_texts(found, &pointer, item, fields);
                    if let Some(needed) = needed.filter(|needed| item.get(*needed).is_none_or(Value::is_null)) {
                        found.add(format!("{pointer}/{needed}"), "is missing");
                    }
                }
            }
            Some(_) => found.add(pointer, "is not a list"),
        }
    }
}

/// The card as Meta takes it: the known keys, and of those what is there.
pub(super) fn body(card: &Value) -> Value {
    let mut body = texts(card, &["birthday"]);
    for (key, fields) in [("name", &NAME[..]), ("org", &ORG[..])] {
        if let Some(part) = card.get(key).filter(|part| part.is_object()) {
            body.insert(key.to_owned(), Value::Object(texts(part, fields)));
        }
    }
    for (key, fields, _) in LISTS {
        if let Some(items) = card.get(key).and_then(Value::as_array) {
            let items = items.iter().map(|item| Value::Object(texts(item, fields))).collect();
            body.insert(key.to_owned(), Value::Array(items));
        }
    }
    Value::Object(body)
}

fn check_texts(found: &mut Found, pointer: &str, object: &Value, keys: &[&str]) {
    for key in keys {
        if object.get(key).is_some_and(|value| !value.is_string() && !value.is_null()) {
            found.add(format!("{pointer}/{key}"), "is not a text");
        }
    }
}

fn texts(object: &Value, keys: &[&str]) -> Map<String, Value> {
    let known = keys.iter().filter_map(|key| Some(((*key).to_owned(), object.get(*key)?)));
    known.filter(|(_, value)| value.is_string()).map(|(key, value)| (key, value.clone())).collect()
}
