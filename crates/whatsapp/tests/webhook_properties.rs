//! What holds for every webhook body: copies and order change nothing, and nothing makes the reader panic or lose a
//! neighbour.
#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use hilo_whatsapp::meta::webhook::{Element, clean, parse, slices};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// The entries of all fixtures: what Meta could put into one body.
static ENTRIES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhooks/meta");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let bodies = files.iter().map(|file| serde_json::from_slice::<Value>(&std::fs::read(file).unwrap()).unwrap());
    bodies.flat_map(|body| body["entry"].as_array().unwrap().clone()).collect()
});

fn body(entries: &[Value]) -> Vec<u8> {
    serde_json::to_vec(&json!({"object": "whatsapp_business_account", "entry": entries})).unwrap()
}

/// How often each fact stands there, wherever that is.
fn facts(body: &[u8]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for element in parse(body).unwrap() {
        let Element { pointer: _, phone_number_id, waba_id, field, what } = element;
        let what = what.map(|fact| serde_json::to_value(fact).unwrap()).map_err(|unreadable| unreadable.raw);
        *counts.entry(format!("{phone_number_id:?} {waba_id:?} {field} {what:?}")).or_default() += 1;
    }
    counts
}

/// Every list of elements in an entry, each of which may come in any order and any number of copies.
fn element_lists(entry: &mut Value) -> Vec<&mut Vec<Value>> {
    let changes = entry["changes"].as_array_mut().unwrap();
    // Of a field that is kept whole, one element is the whole.
    let split =
        changes.iter_mut().filter(|change| change["field"] == "messages" || change["field"] == "smb_message_echoes");
    let lists = split.filter_map(|change| change["value"].as_object_mut()).flatten();
    let elements = ["messages", "statuses", "message_echoes", "errors"];
    lists.filter(|(key, _)| elements.contains(&key.as_str())).filter_map(|(_, list)| list.as_array_mut()).collect()
}

#[test]
fn the_fixtures_hold_enough_to_shuffle() {
    assert!(ENTRIES.len() > 110);
    assert!(facts(&body(&ENTRIES)).len() > 90);
}

fn shuffled_entries() -> impl Strategy<Value = Vec<Value>> {
    Just(ENTRIES.clone()).prop_shuffle()
}

/// A value that is not what stands there.
fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, {}, [], 1])),
        Just(json!(true)),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        // Without NUL, which is dropped before anything is read.
        "[^\\x00]{0,8}".prop_map(Value::from),
        Just(json!("x".repeat(600))),
    ]
}

/// The pointers of everything in `value`.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            pointers(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), all);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| pointers(item, &format!("{at}/{i}"), all)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_entries_changes_no_fact(entries in shuffled_entries()) {
        prop_assert_eq!(facts(&body(&entries)), facts(&body(&ENTRIES)));
    }

    #[test]
    fn copies_of_entries_are_copies_of_facts(entries in shuffled_entries(), copies in 1_usize..=5) {
        let mut many: Vec<Value> = entries.iter().flat_map(|entry| vec![entry.clone(); copies]).collect();
        many.rotate_left(copies * 7 % entries.len());
        let once = facts(&body(&ENTRIES));
        let expected: BTreeMap<_, _> = once.into_iter().map(|(fact, count)| (fact, count * copies)).collect();
        prop_assert_eq!(facts(&body(&many)), expected);
    }

    #[test]
    fn copies_and_order_of_elements_in_a_list_change_no_fact(
        picks in prop::collection::vec((any::<Index>(), any::<Index>(), 0_usize..3), 1..6),
    ) {
        for (entry, turn, copies) in picks {
            let entry = entry.get(&ENTRIES);
            let mut other = entry.clone();
            for list in element_lists(&mut other) {
                let copied: Vec<Value> = list.iter().cycle().take(list.len() * copies).cloned().collect();
                list.extend(copied);
                if !list.is_empty() {
                    let turn = turn.index(list.len());
                    list.rotate_left(turn);
                }
            }
            let set = |entry: &Value| facts(&body(std::slice::from_ref(entry))).into_keys().collect::<BTreeSet<_>>();
            prop_assert_eq!(set(entry), set(&other));
        }
    }

    #[test]
    fn whatever_stands_in_one_entry_its_neighbours_are_read(
        place in any::<Index>(), what in any::<Index>(), junk in junk(), removes in any::<bool>(),
    ) {
        let spoilt = place.get(&ENTRIES);
        let mut all = Vec::new();
        pointers(spoilt, "", &mut all);
        let pointer = what.get(&all);
        let mut entry = spoilt.clone();
        match (pointer.rsplit_once('/'), removes) {
            (Some((parent, key)), true) if entry.pointer(parent).is_some_and(Value::is_object) => {
                entry.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
            }
            _ => *entry.pointer_mut(pointer).unwrap() = junk,
        }

        let neighbour = json!({"id": "W", "changes": [{"field": "messages", "value": {"messages": [
            {"from": "51987654321", "id": "wamid.neighbour", "type": "text", "text": {"body": "hola"}}]}}]});
        let body = json!({"entry": [neighbour, entry, neighbour]});
        let bytes = serde_json::to_vec_pretty(&body).unwrap();
        let elements = parse(&bytes).unwrap();

        let pointers: Vec<&str> = elements.iter().map(|element| element.pointer.as_str()).collect();
        for (element, slice) in elements.iter().zip(slices(&bytes, &pointers)) {
            let raw = body.pointer(&element.pointer);
            prop_assert!(raw.is_some(), "{} leads nowhere", element.pointer);
            let sliced: Value = serde_json::from_slice(slice).unwrap();
            prop_assert_eq!(Some(&sliced), raw, "{}", &element.pointer);
            if let Err(unreadable) = &element.what {
                prop_assert_eq!(Some(&unreadable.raw), raw);
                prop_assert!(!unreadable.reason.is_empty());
            }
        }
        let read: Vec<_> = elements
            .iter()
            .filter(|element| element.pointer.starts_with("/entry/0/") || element.pointer.starts_with("/entry/2/"))
            .collect();
        prop_assert_eq!(read.len(), 2);
        prop_assert!(read.iter().all(|element| element.what.is_ok()));
    }

    #[test]
    fn no_spoilt_bytes_make_it_panic(
        place in any::<Index>(), edits in prop::collection::vec((any::<Index>(), any::<u8>()), 0..8), end in any::<Index>(),
    ) {
        let mut bytes = body(std::slice::from_ref(place.get(&ENTRIES)));
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = parse(&bytes);
        let _ = parse(&bytes[..end.index(bytes.len())]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        let _ = parse(&bytes);
    }

    #[test]
    fn escapes_of_anything_can_be_stored(units in prop::collection::vec(any::<u16>(), 0..32)) {
        let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"messages","value":{{"messages":[
                {{"from":"1{escapes}","id":"a{escapes}","type":"text","text":{{"body":"{escapes}"}}}}]}}}}]}}]}}"#
        );
        prop_assert!(!String::from_utf8(clean(body.as_bytes()).into_owned()).unwrap().contains("\\u0000"));
        let slice = slices(body.as_bytes(), &["/entry/0/changes/0/value/messages/0/text/body"])[0];
        prop_assert_eq!(std::str::from_utf8(slice).unwrap(), format!("\"{escapes}\""));
        for element in parse(body.as_bytes()).unwrap() {
            let shown = serde_json::to_string(&element.what.unwrap()).unwrap();
            prop_assert!(!shown.contains("\\u0000"));
        }
    }
}
