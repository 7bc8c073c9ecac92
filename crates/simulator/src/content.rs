//! What a message of the business shows on the customer's phone: its words, and what can be pressed on it.

use serde::Serialize;
use serde_json::{Value, json};

/// Something that a customer can press.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Choice {
    pub(crate) kind: ChoiceKind,
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// How a press is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ChoiceKind {
    /// A reply button: `interactive.button_reply`.
    Button,
    /// A row of a list: `interactive.list_reply`.
    Row,
    /// A quick reply of a template: `button`.
    QuickReply,
}

/// A template with its parameters filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rendered {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<Value>,
    pub(crate) body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<String>,
    pub(crate) buttons: Vec<Value>,
}

/// What can be pressed on `request`, in the order shown.
pub(crate) fn choices(request: &Value, template: Option<&Value>) -> Vec<Choice> {
    let action = &request["interactive"]["action"];
    match (request["type"].as_str(), request["interactive"]["type"].as_str()) {
        (Some("interactive"), Some("button")) => {
            list(&action["buttons"]).filter_map(|button| choice(ChoiceKind::Button, &button["reply"])).collect()
        }
        (Some("interactive"), Some("list")) => list(&action["sections"])
            .flat_map(|section| list(&section["rows"]))
            .filter_map(|row| choice(ChoiceKind::Row, row))
            .collect(),
        (Some("template"), _) => template.map(|template| quick_replies(request, template)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The words of `request`, if it has any.
pub(crate) fn text(request: &Value, rendered: Option<&Rendered>) -> Option<String> {
    let kind = request["type"].as_str().unwrap_or("text");
    let found = match kind {
        "text" => &request["text"]["body"],
        "interactive" => &request["interactive"]["body"]["text"],
        "template" => return rendered.map(|rendered| rendered.body.clone()),
        "reaction" => &request["reaction"]["emoji"],
        _ => &request[kind]["caption"],
    };
    found.as_str().map(str::to_owned)
}

/// The template's parts with the parameters of `request` in their places.
pub(crate) fn render(request: &Value, template: &Value) -> Rendered {
    let mut rendered = Rendered::default();
    for component in list(&template["components"]) {
        let text = component["text"].as_str().unwrap_or_default();
        match component["type"].as_str() {
            Some("HEADER") if component["format"] == "TEXT" => {
                rendered.header = Some(json!({"type": "text", "text": fill(text, parameters(request, "header"))}));
            }
            Some("HEADER") => rendered.header = parameters(request, "header").first().cloned(),
            Some("BODY") => rendered.body = fill(text, parameters(request, "body")),
            Some("FOOTER") => rendered.footer = Some(text.to_owned()),
            Some("BUTTONS") => rendered.buttons = buttons(request, component),
            _ => {}
        }
    }
    rendered
}

/// The parameters of the component `kind` of a template message.
pub(crate) fn parameters<'a>(request: &'a Value, kind: &str) -> &'a [Value] {
    list(&request["template"]["components"])
        .find(|component| component["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(kind)))
        .and_then(|component| component["parameters"].as_array())
        .map_or(&[], Vec::as_slice)
}

/// The parameters of the button at `index` of a template message.
pub(crate) fn button_parameters(request: &Value, index: usize) -> &[Value] {
    list(&request["template"]["components"])
        .filter(|component| component["type"].as_str().is_some_and(|found| found.eq_ignore_ascii_case("button")))
        .find(|component| match &component["index"] {
            Value::String(text) => text.parse() == Ok(index),
            Value::Number(number) => number.as_u64() == Some(index as u64),
            _ => false,
        })
        .and_then(|component| component["parameters"].as_array())
        .map_or(&[], Vec::as_slice)
}

/// The elements of an array; none of anything else.
pub(crate) fn list(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map_or(&[][..], Vec::as_slice).iter()
}

fn choice(kind: ChoiceKind, value: &Value) -> Option<Choice> {
    Some(Choice {
        kind,
        id: value["id"].as_str()?.to_owned(),
        title: value["title"].as_str()?.to_owned(),
        description: value["description"].as_str().map(str::to_owned),
    })
}

fn quick_replies(request: &Value, template: &Value) -> Vec<Choice> {
    render(request, template)
        .buttons
        .iter()
        .filter(|button| button["type"] == "QUICK_REPLY")
        .filter_map(|button| {
            Some(Choice {
                kind: ChoiceKind::QuickReply,
                id: button["payload"].as_str()?.to_owned(),
                title: button["text"].as_str()?.to_owned(),
                description: None,
            })
        })
        .collect()
}

fn buttons(request: &Value, component: &Value) -> Vec<Value> {
    list(&component["buttons"])
        .enumerate()
        .map(|(index, button)| {
            let mut button = button.clone();
            let given = button_parameters(request, index).first().cloned().unwrap_or_default();
            if button["type"] == "QUICK_REPLY" {
                // Without a payload of its own, a quick reply carries its text.
                button["payload"] = given.get("payload").cloned().unwrap_or_else(|| button["text"].clone());
            } else if let (Some(url), Some(text)) = (button["url"].as_str(), given["text"].as_str()) {
                button["url"] = url.replace("{{1}}", text).into();
            }
            button
        })
        .collect()
}

fn fill(text: &str, parameters: &[Value]) -> String {
    parameters.iter().enumerate().fold(text.to_owned(), |filled, (index, parameter)| {
        let place = match parameter["parameter_name"].as_str() {
            Some(name) => format!("{{{{{name}}}}}"),
            None => format!("{{{{{}}}}}", index + 1),
        };
        filled.replace(&place, words(parameter))
    })
}

fn words(parameter: &Value) -> &str {
    ["text", "currency", "date_time"]
        .iter()
        .find_map(|kind| parameter[kind].as_str().or_else(|| parameter[kind]["fallback_value"].as_str()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_shown_with_its_parameters() {
        let template = json!({"components": [
            {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"},
            {"type": "BODY", "text": "Hola {{name}}, son {{price}}."},
            {"type": "FOOTER", "text": "Gracias"},
            {"type": "BUTTONS", "buttons": [
                {"type": "QUICK_REPLY", "text": "Sí"},
                {"type": "URL", "text": "Ver", "url": "https://x.example/{{1}}"},
                {"type": "QUICK_REPLY", "text": "No"}]}]});
        let request = json!({"type": "template", "template": {"components": [
            {"type": "header", "parameters": [{"type": "text", "text": "A-17"}]},
            {"type": "body", "parameters": [
                {"type": "text", "parameter_name": "name", "text": "Ana"},
                {"type": "currency", "parameter_name": "price", "currency": {"fallback_value": "$100"}}]},
            {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [{"type": "payload", "payload": "YES"}]},
            {"type": "button", "sub_type": "url", "index": 1, "parameters": [{"type": "text", "text": "A-17"}]}]}});
        let rendered = render(&request, &template);
        assert_eq!(rendered.header.as_ref().unwrap()["text"], "Pedido A-17");
        assert_eq!(rendered.body, "Hola Ana, son $100.");
        assert_eq!(rendered.buttons[1]["url"], "https://x.example/A-17");
        let ids = choices(&request, Some(&template)).into_iter().map(|choice| choice.id).collect::<Vec<_>>();
        assert_eq!(ids, ["YES", "No"]);
    }
}
