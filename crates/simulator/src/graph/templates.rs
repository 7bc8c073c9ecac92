//! Message templates: the demo catalogue, creation and deletion, pages, and whether one may be sent as asked.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::error::GraphError;
use super::numbers::Page;
use super::{account, json, origin, pick, token};
use crate::content::{button_parameters, list as each, parameters, render};
use crate::error::Error;
use crate::record::Record;
use crate::state::State as Known;
use crate::world::World;

const DEMO: &str = include_str!("../../demo/templates.json");

/// The templates that every account starts with.
pub(crate) struct Catalogue(Vec<Value>);

impl Catalogue {
    pub(crate) fn new() -> Result<Self, Error> {
        let templates = serde_json::from_str(DEMO);
        templates.map(Self).map_err(|error| Error::Embedded { what: "demo templates", why: error.to_string() })
    }

    /// The templates of the account: the demo's with all changes made since.
    fn of(&self, state: &Known, account: &str) -> Vec<Value> {
        let mut templates = self.0.clone();
        for change in &state.template_changes {
            match change {
                Record::Template { waba, template } if waba == account => {
                    templates.retain(|known| known["id"] != template["id"]);
                    templates.push(template.clone());
                }
                Record::TemplateDeleted { waba, name, id } if waba == account => {
                    let gone =
                        |known: &Value| known["name"] == **name && id.as_ref().is_none_or(|id| known["id"] == **id);
                    templates.retain(|known| !gone(known));
                }
                _ => {}
            }
        }
        templates
    }

    /// The template that `request` asks for, if it may be sent with these parameters.
    pub(crate) fn sendable(&self, state: &Known, account: &str, request: &Value) -> Result<Value, GraphError> {
        let (name, language) = (&request["template"]["name"], &request["template"]["language"]["code"]);
        let known = self.of(state, account).into_iter();
        let found = known
            .filter(|template| template["name"] == *name)
            .find(|template| same_language(&template["language"], language));
        let Some(template) = found else {
            return Err(GraphError::new(132_001, format!("template name {name} does not exist in {language}")));
        };
        match template["status"].as_str() {
            Some("APPROVED") => {}
            Some("PAUSED") => return Err(GraphError::new(132_015, "The template is paused because of its quality.")),
            Some("DISABLED") => return Err(GraphError::new(132_016, "The template is disabled.")),
            _ => return Err(GraphError::new(132_001, format!("template name {name} is not approved in {language}"))),
        }
        check_parameters(&template, request)?;
        if render(request, &template).body.chars().count() > 1024 {
            return Err(GraphError::new(132_005, "The body is longer than 1024 characters with its parameters."));
        }
        Ok(template)
    }
}

#[derive(serde::Deserialize)]
pub(super) struct Filter {
    name: Option<String>,
    status: Option<String>,
    language: Option<String>,
    category: Option<String>,
    hsm_id: Option<String>,
    #[serde(default)]
    fields: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

pub(super) async fn list(
    State(world): State<Arc<World>>,
    Path((version, id)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Json<Value>, GraphError> {
    account(&world, &headers, "get", &id)?;
    let wanted = [
        ("name", filter.name),
        ("status", filter.status),
        ("language", filter.language),
        ("category", filter.category),
    ];
    let is_wanted = |template: &Value| {
        wanted.iter().all(|(key, value)| value.as_deref().is_none_or(|value| template[key] == value))
    };
    let all = world.look(|state| world.catalogue.of(state, &id));
    let views =
        all.iter().filter(|template| is_wanted(template)).map(|template| pick(template, filter.fields.as_deref()));
    let path = format!("{}/{version}/{id}/message_templates", origin(&headers));
    let rest = wanted.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
    let rest = rest.chain(filter.fields.as_deref().map(|fields| ("fields", fields)));
    let rest = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish();
    let wanted_page = Page { fields: None, limit: filter.limit, after: filter.after };
    page(views.collect(), &wanted_page, &path, &rest).map(Json)
}

pub(super) async fn create(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    account(&world, &headers, "post", &id)?;
    let mut template = json(&body)?;
    for key in ["name", "language", "category"] {
        if template[key].as_str().is_none_or(str::is_empty) {
            return Err(GraphError::new(100, format!("The parameter {key} is required.")));
        }
    }
    if !template["components"].is_array() {
        return Err(GraphError::new(100, "The parameter components is required."));
    }
    let template_id = world.dice.digits();
    template["id"] = template_id.clone().into();
    // The review of the real thing takes hours and ends with a webhook; here a new template stays pending until changed.
    template["status"] = "PENDING".into();
    let category = template["category"].clone();
    world
        .commit(|state| {
            let twin = |known: &Value| known["name"] == template["name"] && known["language"] == template["language"];
            if world.catalogue.of(state, &id).iter().any(twin) {
                return Err(GraphError::new(100, "There is already a template with this name and language."));
            }
            Ok((vec![Record::Template { waba: id.clone(), template: template.clone() }], ()))
        })
        .await?;
    Ok(Json(json!({"id": template_id, "status": "PENDING", "category": category})))
}

/// `POST /{template id}`: other components or another category.
pub(super) async fn change(
    world: &Arc<World>,
    headers: &HeaderMap,
    id: &str,
    body: &[u8],
) -> Result<Value, GraphError> {
    let token = token(world, headers)?;
    let change = json(body)?;
    let accounts = world.config.numbers.iter().filter(|number| number.access_token == token);
    let accounts = accounts.map(|number| number.waba_id.clone()).collect::<Vec<_>>();
    world
        .commit(|state| {
            let found = accounts.iter().find_map(|account| {
                let template = world.catalogue.of(state, account).into_iter().find(|template| template["id"] == *id)?;
                Some((account.clone(), template))
            });
            let (waba, mut template) = found.ok_or_else(|| GraphError::no_object("post", id))?;
            if !matches!(template["status"].as_str(), Some("APPROVED" | "REJECTED" | "PAUSED")) {
                return Err(GraphError::new(100, "Only approved, rejected and paused templates can be changed."));
            }
            for key in ["category", "components"] {
                if let Some(value) = change.get(key) {
                    template[key] = value.clone();
                }
            }
            Ok((vec![Record::Template { waba, template }], ()))
        })
        .await?;
    Ok(json!({"success": true}))
}

pub(super) async fn delete(
    State(world): State<Arc<World>>,
    Path((_, id)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Json<Value>, GraphError> {
    account(&world, &headers, "delete", &id)?;
    let Some(name) = filter.name else { return Err(GraphError::new(100, "The parameter name is required.")) };
    world
        .commit(|state| {
            if !world.catalogue.of(state, &id).iter().any(|template| template["name"] == *name) {
                return Err(GraphError::new(100, "There is no template with this name."));
            }
            Ok((vec![Record::TemplateDeleted { waba: id.clone(), name: name.clone(), id: filter.hsm_id.clone() }], ()))
        })
        .await?;
    Ok(Json(json!({"success": true})))
}

/// One page of `all`, with cursors, and the next one's address while there is more.
pub(super) fn page(all: Vec<Value>, wanted: &Page, path: &str, rest: &str) -> Result<Value, GraphError> {
    let start = match &wanted.after {
        None => 0,
        Some(cursor) => {
            read_cursor(cursor).ok_or_else(|| GraphError::new(100, "The cursor after is not one of ours."))?
        }
    };
    let limit = wanted.limit.unwrap_or(25).clamp(1, 1_000);
    let total = all.len();
    let items = all.into_iter().skip(start).take(limit).collect::<Vec<_>>();
    let end = start + items.len();
    let mut page = json!({"data": items});
    if !items.is_empty() {
        page["paging"] = json!({"cursors": {"before": cursor(start), "after": cursor(end)}});
    }
    if end < total {
        let rest = if rest.is_empty() { String::new() } else { format!("&{rest}") };
        page["paging"]["next"] = format!("{path}?limit={limit}&after={}{rest}", cursor(end)).into();
    }
    Ok(page)
}

fn cursor(position: usize) -> String {
    STANDARD.encode(position.to_string()).trim_end_matches('=').to_owned()
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let padding = "=".repeat((4 - cursor.len() % 4) % 4);
    let bytes = STANDARD.decode(format!("{cursor}{padding}")).ok()?;
    String::from_utf8(bytes).ok()?.parse().ok()
}

/// Meta writes `en_US` and `en-US` for the same language.
fn same_language(one: &Value, other: &Value) -> bool {
    let normal = |language: &Value| language.as_str().unwrap_or_default().replace('-', "_");
    normal(one) == normal(other)
}

fn check_parameters(template: &Value, request: &Value) -> Result<(), GraphError> {
    let named = template["parameter_format"] == "NAMED";
    for component in each(&template["components"]) {
        match (component["type"].as_str(), component["format"].as_str()) {
            (Some("HEADER"), Some("TEXT")) => check_text(component, parameters(request, "header"), named, "header")?,
            (Some("HEADER"), Some(format)) => {
                let kind = format.to_lowercase();
                let given = parameters(request, "header").first();
                if given.is_none_or(|given| given["type"] != *kind || given[&kind].is_null()) {
                    return Err(GraphError::new(132_012, format!("header: a parameter of type {kind} is required")));
                }
            }
            (Some("BODY"), _) => check_text(component, parameters(request, "body"), named, "body")?,
            (Some("BUTTONS"), _) => check_buttons(component, request)?,
            _ => {}
        }
    }
    Ok(())
}

fn check_text(component: &Value, given: &[Value], named: bool, part: &str) -> Result<(), GraphError> {
    let places = places(component["text"].as_str().unwrap_or_default());
    if places.len() != given.len() {
        let details = format!(
            "{part}: number of localizable_params ({}) does not match the expected number of params ({})",
            given.len(),
            places.len()
        );
        return Err(GraphError::new(132_000, details));
    }
    let has_value = |parameter: &Value| {
        let kind = parameter["type"].as_str().unwrap_or_default();
        matches!(kind, "text" | "currency" | "date_time") && !parameter[kind].is_null()
    };
    if let Some(odd) = given.iter().find(|parameter| !has_value(parameter)) {
        return Err(GraphError::new(132_012, format!("{part}: {} is no text parameter", odd["type"])));
    }
    let names_fit = given.iter().all(|parameter| match (named, parameter["parameter_name"].as_str()) {
        (true, Some(name)) => places.iter().any(|place| place == name),
        (false, None) => true,
        (true, None) | (false, Some(_)) => false,
    });
    if names_fit {
        Ok(())
    } else {
        Err(GraphError::new(132_012, format!("{part}: parameter names do not match the template")))
    }
}

fn check_buttons(component: &Value, request: &Value) -> Result<(), GraphError> {
    for (index, button) in each(&component["buttons"]).enumerate() {
        let needs_one = button["url"].as_str().is_some_and(|url| url.contains("{{")) || button["type"] == "COPY_CODE";
        if needs_one && button_parameters(request, index).len() != 1 {
            return Err(GraphError::new(132_000, format!("button at index {index} needs one parameter")));
        }
    }
    Ok(())
}

/// The names (or numbers) of the variables of a text, each once.
fn places(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("{{").skip(1) {
        if let Some((name, _)) = part.split_once("}}") {
            let name = name.trim().to_owned();
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_until_there_is_no_next() {
        let all = (0..7).map(Value::from).collect::<Vec<_>>();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let wanted = Page { fields: None, limit: Some(3), after };
            let page = page(all.clone(), &wanted, "http://x/t", "status=APPROVED").unwrap();
            seen.extend(each(&page["data"]).cloned());
            let Some(next) = page["paging"]["next"].as_str() else { break };
            assert!(next.ends_with("&status=APPROVED"));
            after = page["paging"]["cursors"]["after"].as_str().map(str::to_owned);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn the_demo_has_spanish_and_english_templates_and_a_paused_one() {
        let catalogue = Catalogue::new().unwrap();
        let has = |key: &str, value: &str| catalogue.0.iter().any(|template| template[key] == value);
        assert!(has("language", "es_MX") && has("language", "en_US") && has("status", "PAUSED"));
        assert!(has("parameter_format", "NAMED") && has("category", "AUTHENTICATION"));
    }
}
