//! What the schema cannot say about a message: uniqueness, sums, and rules between fields. Lengths are characters.

use std::collections::HashSet;

use serde_json::Value;

use super::error::GraphError;
use crate::content::list;

/// The first rule that `request` breaks.
pub(super) fn check(request: &Value) -> Result<(), GraphError> {
    match request["type"].as_str() {
        Some("interactive") => interactive(&request["interactive"]),
        Some("location") => location(&request["location"]),
        Some("contacts") => list(&request["contacts"]).try_for_each(contact),
        Some("template") => template(&request["template"]),
        Some("text") | None if request["text"]["body"].as_str().is_some_and(|body| body.trim().is_empty()) => {
            Err(invalid("text.body must not be blank."))
        }
        _ => Ok(()),
    }
}

fn interactive(interactive: &Value) -> Result<(), GraphError> {
    let action = &interactive["action"];
    header(&interactive["header"])?;
    match interactive["type"].as_str() {
        Some("button") => {
            let replies = list(&action["buttons"]).map(|button| &button["reply"]).collect::<Vec<_>>();
            unique("button ids", replies.iter().map(|reply| &reply["id"]))?;
            unique("button titles", replies.iter().map(|reply| &reply["title"]))?;
            replies.iter().try_for_each(|reply| trimmed("a button's id", &reply["id"]))?;
            replies.iter().try_for_each(|reply| trimmed("a button's title", &reply["title"]))
        }
        Some("list") => sections(&action["sections"]),
        Some("cta_url") => {
            required("interactive.body", &interactive["body"]["text"])?;
            longest("interactive.body", &interactive["body"]["text"], 1024)?;
            let parameters = &action["parameters"];
            required("display_text", &parameters["display_text"])?;
            longest("display_text", &parameters["display_text"], 20)?;
            let url = parameters["url"].as_str().unwrap_or_default();
            let is_web = url.starts_with("https://") || url.starts_with("http://");
            if is_web { Ok(()) } else { Err(invalid("action.parameters.url must be an http(s) address.")) }
        }
        Some("flow") => {
            required("flow_cta", &action["parameters"]["flow_cta"])?;
            longest("flow_cta", &action["parameters"]["flow_cta"], 30)
        }
        Some("location_request_message" | "request_contact_info") => {
            required("interactive.body", &interactive["body"]["text"])
        }
        Some("product_list") if interactive["header"].is_null() => {
            Err(GraphError::new(131_008, "interactive.header is required for a product_list."))
        }
        _ => Ok(()),
    }
}

fn header(header: &Value) -> Result<(), GraphError> {
    match header["type"].as_str() {
        Some("text") => required("header.text", &header["text"]),
        Some(media) if header[media].is_null() => {
            Err(GraphError::new(131_008, format!("interactive.header.{media} is required.")))
        }
        _ => Ok(()),
    }
}

fn sections(sections: &Value) -> Result<(), GraphError> {
    let rows = list(sections).flat_map(|section| list(&section["rows"])).collect::<Vec<_>>();
    if list(sections).any(|section| list(&section["rows"]).len() == 0) {
        return Err(GraphError::new(131_008, "every section needs rows."));
    }
    if rows.len() > 10 {
        return Err(invalid(format!("a list has at most 10 rows in all its sections, not {}.", rows.len())));
    }
    if list(sections).len() > 1 && list(sections).any(|section| section["title"].as_str().is_none_or(str::is_empty)) {
        return Err(GraphError::new(131_008, "every section needs a title when there is more than one."));
    }
    unique("row ids", rows.iter().map(|row| &row["id"]))
}

fn location(location: &Value) -> Result<(), GraphError> {
    for (name, limit) in [("latitude", 90.0), ("longitude", 180.0)] {
        let given = &location[name];
        let number = given.as_f64().or_else(|| given.as_str().and_then(|text| text.trim().parse().ok()));
        if !number.is_some_and(|number: f64| number.abs() <= limit) {
            return Err(invalid(format!("location.{name} must be a number from -{limit} to {limit}.")));
        }
    }
    Ok(())
}

fn contact(contact: &Value) -> Result<(), GraphError> {
    let name = &contact["name"];
    required("contacts.name.formatted_name", &name["formatted_name"])?;
    let parts = ["first_name", "last_name", "middle_name", "prefix", "suffix"];
    if parts.iter().any(|part| name[part].as_str().is_some_and(|text| !text.is_empty())) {
        Ok(())
    } else {
        Err(GraphError::new(131_008, "contacts.name needs one more part beside formatted_name."))
    }
}

fn template(template: &Value) -> Result<(), GraphError> {
    let name = template["name"].as_str().unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > 512 || !name.bytes().all(allowed) {
        return Err(invalid("template.name has lower-case letters, digits and underscores, at most 512."));
    }
    for text in list(&template["components"])
        .flat_map(|component| list(&component["parameters"]))
        .filter_map(|parameter| parameter["text"].as_str())
    {
        if text.contains(['\n', '\t']) || text.contains("     ") {
            let details = "a parameter may not contain line breaks, tabs or more than 4 spaces in a row.";
            return Err(GraphError::new(132_018, details));
        }
    }
    Ok(())
}

fn required(name: &str, value: &Value) -> Result<(), GraphError> {
    match value.as_str() {
        Some(text) if !text.is_empty() => Ok(()),
        _ => Err(GraphError::new(131_008, format!("{name} is required."))),
    }
}

fn longest(name: &str, value: &Value, limit: usize) -> Result<(), GraphError> {
    if value.as_str().is_some_and(|text| text.chars().count() > limit) {
        return Err(invalid(format!("{name} is longer than {limit} characters.")));
    }
    Ok(())
}

fn unique<'a>(what: &str, values: impl Iterator<Item = &'a Value>) -> Result<(), GraphError> {
    let mut seen = HashSet::new();
    for value in values.filter_map(Value::as_str) {
        if !seen.insert(value) {
            return Err(invalid(format!("{what} must be unique: \"{value}\" is there twice.")));
        }
    }
    Ok(())
}

fn trimmed(what: &str, value: &Value) -> Result<(), GraphError> {
    if value.as_str().is_some_and(|text| text.trim() != text) {
        return Err(invalid(format!("{what} may not begin or end with a space.")));
    }
    Ok(())
}

fn invalid(details: impl Into<String>) -> GraphError {
    GraphError::new(131_009, details)
}
