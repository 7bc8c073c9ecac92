//! The number's health and the account's templates.

use serde_json::Value;

use super::{CloudApi, Credentials};
use crate::http::Request;
use crate::{Error, Result};

/// Templates that one page brings.
const PAGE: usize = 100;
/// Pages that are read at most: 6,000 names in several languages fit.
const MAX_PAGES: usize = 400;

/// How Meta sees a number. Words are Meta's, unknown ones included; `None` is what it does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NumberHealth {
    /// The number for people, perhaps formatted.
    pub display_phone_number: Option<String>,
    /// The name that clients see.
    pub verified_name: Option<String>,
    /// `CONNECTED`, `BANNED`, `FLAGGED` …
    pub status: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub quality: Option<String>,
    /// `APPROVED`, `DECLINED` …
    pub name_status: Option<String>,
    /// `STANDARD` (80 messages a second), `HIGH` (1,000).
    pub throughput: Option<String>,
    /// `TIER_250` … `TIER_UNLIMITED`: clients a day outside the window.
    pub messaging_limit: Option<String>,
    /// The worst of the entities: `AVAILABLE`, `LIMITED`, `BLOCKED`.
    pub can_send: Option<String>,
    /// Number, account, business and app, each with what is wrong with it, as they came.
    pub entities: Vec<Value>,
}

/// A template as Meta has it; name and language together identify it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// Meta's id of this language.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// `APPROVED` may be sent; `PENDING`, `PAUSED`, `REJECTED` … may not.
    pub status: String,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION`.
    pub category: Option<String>,
    /// `POSITIONAL` or `NAMED`.
    pub parameter_format: Option<String>,
    /// Why it was rejected.
    pub rejected_reason: Option<String>,
    /// Its quality, as it came.
    pub quality: Option<Value>,
    /// Its parts, as they came.
    pub components: Vec<Value>,
}

/// The templates of an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Templates {
    /// Those that could be read.
    pub items: Vec<Template>,
    /// Whether these are all: false where the paging did not end, or an item was none. Then nothing may be taken for
    /// deleted.
    pub complete: bool,
}

impl CloudApi {
    /// Asks how the number is.
    ///
    /// # Errors
    /// As every call.
    pub async fn number_health(&self, credentials: &Credentials) -> Result<NumberHealth> {
        let mut url = self.url(&[&credentials.phone_number_id])?;
        url.query_pairs_mut().append_pair(
            "fields",
            "id,display_phone_number,verified_name,status,quality_rating,name_status,throughput,\
             whatsapp_business_manager_messaging_limit,health_status",
        );
        let answer = self.json(credentials, Request::get(url)).await?;
        if !answer.is_object() {
            return Err(Error::Unreadable("a number that is no object".to_owned()));
        }
        let health = answer.get("health_status");
        let entities = health.and_then(|health| health.get("entities")).and_then(Value::as_array);
        Ok(NumberHealth {
            display_phone_number: text(&answer, "display_phone_number"),
            verified_name: text(&answer, "verified_name"),
            status: text(&answer, "status"),
            quality: text(&answer, "quality_rating"),
            name_status: text(&answer, "name_status"),
            throughput: answer.get("throughput").and_then(|throughput| text(throughput, "level")),
            messaging_limit: text(&answer, "whatsapp_business_manager_messaging_limit"),
            can_send: health.and_then(|health| text(health, "can_send_message")),
            entities: entities.cloned().unwrap_or_default(),
        })
    }

    /// Reads all templates of the account `waba_id`, page by page.
    ///
    /// Pages are asked for by their cursor, never by the address that the answer gives: the token stays here.
    ///
    /// # Errors
    /// As every call; nothing is returned of pages read before.
    pub async fn templates(&self, credentials: &Credentials, waba_id: &str) -> Result<Templates> {
        let mut templates = Templates { items: Vec::new(), complete: true };
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self.template_page(credentials, waba_id, cursor.as_deref()).await?;
            let items = page.get("data").and_then(Value::as_array);
            let items = items.ok_or_else(|| Error::Unreadable("a page without templates".to_owned()))?;
            for item in items {
                match template(item) {
                    Some(template) => templates.items.push(template),
                    None => templates.complete = false,
                }
            }
            let paging = page.get("paging");
            if paging.and_then(|paging| text(paging, "next")).is_none() {
                return Ok(templates);
            }
            let next = paging.and_then(|paging| paging.get("cursors")).and_then(|cursors| text(cursors, "after"));
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        templates.complete = false;
        Ok(templates)
    }

    async fn template_page(&self, credentials: &Credentials, waba_id: &str, after: Option<&str>) -> Result<Value> {
        let mut url = self.url(&[waba_id, "message_templates"])?;
        url.query_pairs_mut()
            .append_pair(
                "fields",
                "id,name,language,status,category,components,parameter_format,quality_score,rejected_reason",
            )
            .append_pair("limit", &PAGE.to_string());
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", after);
        }
        // A page of templates may be larger than other answers.
        self.json(credentials, Request::get(url).max_body(16 << 20)).await
    }
}

fn template(item: &Value) -> Option<Template> {
    Some(Template {
        id: match item.get("id")? {
            Value::Number(id) => id.to_string(),
            _ => text(item, "id")?,
        },
        name: text(item, "name")?,
        language: text(item, "language")?,
        status: text(item, "status")?,
        category: text(item, "category"),
        parameter_format: text(item, "parameter_format"),
        rejected_reason: text(item, "rejected_reason"),
        quality: item.get("quality_score").cloned(),
        components: item.get("components").and_then(Value::as_array).cloned().unwrap_or_default(),
    })
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
