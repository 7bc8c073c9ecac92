//! Templates: what can be known to be wrong with their values without knowing the template.
//!
//! How many values it takes, and of which type, only the approved template says (132000, 132012).

use hilo_domain::message::Template;
use serde_json::Value;

use super::check::Found;
use super::limits::{TEMPLATE_BODY, TEMPLATE_HEADER, TEMPLATE_NAME, TEMPLATE_SPACES};

const COMPONENTS: [&str; 6] = ["header", "body", "button", "footer", "carousel", "limited_time_offer"];
const BUTTONS: [&str; 8] = ["quick_reply", "url", "catalog", "flow", "copy_code", "mpm", "voice_call", "order_details"];

/// What is wrong with `template`.
pub(super) fn check(found: &mut Found, template: &Template) {
    found.text("/template/name", &template.name, TEMPLATE_NAME);
    if !template.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
        found.add("/template/name", "may hold small letters, digits and `_` only");
    }
    if template.language.trim().is_empty() {
        found.add("/template/language", "is empty");
    }
    let mut named = Vec::new();
    for (index, component) in template.components.iter().enumerate() {
        check_component(found, &format!("/template/components/{index}"), component, &mut named);
    }
    if named.contains(&true) && named.contains(&false) {
        found.add("/template/components", "mix named and positional values");
    }
}

fn check_component(found: &mut Found, pointer: &str, component: &Value, named: &mut Vec<bool>) {
    let word = |key| component.get(key).and_then(Value::as_str);
    let Some(kind) = word("type").filter(|kind| COMPONENTS.contains(kind)) else {
        return found.add(format!("{pointer}/type"), format!("is none of {}", COMPONENTS.join(", ")));
    };
    let has_sub_type = component.get("sub_type").is_some();
    if (kind == "button" || has_sub_type) && !word("sub_type").is_some_and(|sub_type| BUTTONS.contains(&sub_type)) {
        found.add(format!("{pointer}/sub_type"), format!("is none of {}", BUTTONS.join(", ")));
    }
    match component.get("index") {
        Some(Value::String(_)) => {}
        Some(Value::Number(number)) if number.is_u64() || number.is_i64() => {}
        None if kind != "button" => {}
        _ => found.add(format!("{pointer}/index"), "is needed: the button's position"),
    }
    let pointer = format!("{pointer}/parameters");
    match component.get("parameters") {
        None => {}
        Some(Value::Array(parameters)) => {
            for (index, parameter) in parameters.iter().enumerate() {
                check_parameter(found, &format!("{pointer}/{index}"), kind, parameter, named);
            }
        }
        Some(_) => found.add(pointer, "is not a list"),
    }
}

fn check_parameter(found: &mut Found, pointer: &str, component: &str, parameter: &Value, named: &mut Vec<bool>) {
    let Some(kind) = parameter.get("type").and_then(Value::as_str) else {
        return found.add(format!("{pointer}/type"), "is missing");
    };
    if kind != "text" {
        return;
    }
    let pointer = format!("{pointer}/text");
    let Some(text) = parameter.get("text").and_then(Value::as_str) else {
        return found.add(pointer, "is missing");
    };
    match component {
        "header" => found.text(&pointer, text, TEMPLATE_HEADER),
        "body" => found.text(&pointer, text, TEMPLATE_BODY),
        _ => {}
    }
    if matches!(component, "header" | "body") {
        named.push(parameter.get("parameter_name").is_some());
    }
    if text.contains(['\n', '\r', '\t']) {
        found.add(&pointer, "may hold neither line breaks nor tabs");
    }
    if text.contains(&" ".repeat(TEMPLATE_SPACES + 1)) {
        found.add(&pointer, format!("has more than {TEMPLATE_SPACES} spaces in a row"));
    }
}
