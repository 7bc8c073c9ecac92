//! A chat's workflow and its ledger, told in words.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use hilo_domain::timer::TimerName;
use hilo_store::desk::Entry;
use hilo_store::turns::Inside;
use hilo_store::{campaigns, users};
use serde_json::Value;
use uuid::Uuid;

use crate::api::shapes::chat::{Chat, ChatStatus};
use crate::api::shapes::workflow::{FlowRef, Next, WorkflowTimer};
use crate::server::App;
use crate::words::Language;

/// What stands in place of a personal value.
const HIDDEN: &str = "•••";
/// Longer values are cut in sentences; the detail has them whole.
const LONGEST: usize = 120;

/// A chat to tell of.
pub(crate) struct Told<'a> {
    pub(crate) chat: &'a Chat,
    pub(crate) inside: &'a Inside,
    pub(crate) language: Language,
}

impl Told<'_> {
    fn client(&self) -> String {
        let client = &self.chat.client;
        client.name.clone().or_else(|| client.phone.clone()).unwrap_or_else(|| self.language.word("client"))
    }

    fn agent(&self) -> String {
        self.chat.agent.as_ref().map_or_else(|| self.language.word("agent"), |agent| agent.name.clone())
    }

    const fn word(&self) -> &'static str {
        if self.chat.held {
            return "held";
        }
        match self.chat.status {
            ChatStatus::New => "new",
            ChatStatus::Bot => "bot",
            ChatStatus::Queued => "queued",
            ChatStatus::Assigned => "assigned",
            ChatStatus::Active => "active",
            ChatStatus::Pending => "pending",
            ChatStatus::Transferred => "transferred",
            ChatStatus::Closed => "closed",
        }
    }

    /// One sentence: who waits for whom, since when.
    pub(crate) fn summary(&self) -> String {
        let chat = self.chat;
        let queue = chat.queue.as_ref().map_or_else(|| self.language.word("no-queue"), |queue| queue.name.clone());
        let hour = |at: Option<DateTime<Utc>>| at.map(hour).unwrap_or_default();
        self.language.say(
            &format!("summary-{}", self.word()),
            &[
                ("client", &self.client()),
                ("agent", &self.agent()),
                ("queue", &queue),
                ("node", self.inside.node.as_deref().unwrap_or("none")),
                ("since", &hour(chat.waiting_since.or(chat.queued_at))),
                ("until", &hour(chat.snoozed_until)),
                ("closed", &hour(chat.closed_at)),
                ("reason", chat.close_reason.as_deref().unwrap_or("-")),
            ],
        )
    }

    /// What it waits for; none when it is over.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let key = format!("waits-{}", self.word());
        let values: &[(&str, &str)] = &[("client", &self.client()), ("agent", &self.agent())];
        self.language.has(&key).then(|| self.language.say(&key, values))
    }

    /// The flow that it is pinned to.
    pub(crate) fn flow(&self) -> Option<FlowRef> {
        let (id, version, _) = self.inside.flow.as_ref()?;
        Some(FlowRef { id: id.clone(), version: *version, node: self.inside.node.clone() })
    }

    /// What the flow has learned; what it calls personal is hidden.
    pub(crate) fn variables(&self) -> BTreeMap<String, Value> {
        let session: Option<Value> = self.inside.session.as_deref().and_then(|text| serde_json::from_slice(text).ok());
        let frames = session.as_ref().and_then(|session| session.get("stack")).and_then(Value::as_array);
        let vars =
            frames.and_then(|frames| frames.last()).and_then(|frame| frame.get("vars")).and_then(Value::as_object);
        let document = self.inside.flow.as_ref().and_then(|(.., text)| serde_json::from_str::<Value>(text).ok());
        let declared = document.as_ref().and_then(|flow| flow.get("variables")).and_then(Value::as_array);
        let personal: HashSet<&str> = declared
            .into_iter()
            .flatten()
            .filter(|variable| variable.get("pii").and_then(Value::as_bool).unwrap_or_default())
            .filter_map(|variable| variable.get("name").and_then(Value::as_str))
            .collect();
        let shown = |(name, value): (&String, &Value)| {
            let hidden = personal.contains(name.as_str()) && !value.is_null();
            (name.clone(), if hidden { Value::from(HIDDEN) } else { value.clone() })
        };
        vars.into_iter().flatten().map(shown).collect()
    }

    /// What time will do, soonest first.
    pub(crate) fn timers(&self) -> Vec<WorkflowTimer> {
        let mut timers: Vec<_> = self
            .inside
            .timers
            .iter()
            .map(|timer| {
                let kind = match timer.name {
                    TimerName::Bot => "bot",
                    TimerName::FirstReply => "first_reply",
                    TimerName::Reassign => "reassign",
                    TimerName::Idle => "idle",
                    TimerName::Wake => "wake",
                };
                WorkflowTimer {
                    id: timer.key(),
                    kind: kind.to_owned(),
                    due_at: timer.due,
                    effect: self.language.word(&format!("timer-{kind}")),
                }
            })
            .collect();
        timers.sort_by_key(|timer| timer.due_at);
        timers
    }

    /// What comes next: what it waits for, then what time will do.
    pub(crate) fn next(&self) -> Vec<Next> {
        let waits = self.waits_for().map(|what| Next { at: None, what });
        let timers = self.timers().into_iter().map(|timer| Next { at: Some(timer.due_at), what: timer.effect });
        timers.chain(waits).collect()
    }
}

fn hour(at: DateTime<Utc>) -> String {
    format!("{} UTC", at.format("%H:%M:%S"))
}

/// The names of whom and what a page of a ledger speaks.
#[derive(Default)]
pub(crate) struct Names(HashMap<Uuid, String>);

impl Names {
    /// Reads them, all at once.
    pub(crate) async fn of(app: &App, entries: impl Iterator<Item = &Entry>) -> hilo_store::Result<Self> {
        let id = |entry: &Entry, key: &str| {
            entry.detail.get(key).and_then(Value::as_str).and_then(|id| id.parse::<Uuid>().ok())
        };
        let (mut people, mut queues) = (Vec::new(), Vec::new());
        for entry in entries {
            people.extend(["agentId", "by"].iter().filter_map(|key| id(entry, key)));
            queues.extend(id(entry, "queueId"));
        }
        let mut names: HashMap<Uuid, String> =
            users::names(&app.intake.pool, &people).await?.into_iter().map(|(id, name)| (id.0, name)).collect();
        names.extend(campaigns::queue_names(&app.intake.pool, &queues).await?);
        Ok(Self(names))
    }

    fn get(&self, detail: &Value, key: &str) -> Option<String> {
        let id: Uuid = detail.get(key)?.as_str()?.parse().ok()?;
        self.0.get(&id).cloned()
    }
}

/// One line of a ledger as a sentence.
pub(crate) fn line(entry: &Entry, names: &Names, language: Language) -> String {
    let detail = &entry.detail;
    // What the engine did has words of its own: `assigned` is a variable there, and an agent elsewhere.
    let key = match detail.get("trace").and_then(Value::as_str) {
        Some(trace) => format!("ledger-trace-{trace}"),
        None => format!("ledger-{}", entry.kind),
    };
    if !language.has(&key) {
        return language.say("ledger-other", &[("kind", &entry.kind)]);
    }
    let text = |key: &str| detail.get(key).map(short).unwrap_or_default();
    let keyed = |prefix: &str, word: &str| {
        let key = format!("{prefix}-{word}");
        if language.has(&key) { language.word(&key) } else { word.to_owned() }
    };
    let outcome = detail.get("answer").map(|answer| {
        let word = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
        language.say(&format!("outcome-{}", word("outcome")), &[("code", word("code"))])
    });
    let queue = names.get(detail, "queueId").or_else(|| detail.get("queue").map(short));
    let by = match detail.get("by") {
        Some(Value::String(_)) => names.get(detail, "by").unwrap_or_else(|| language.word("somebody")),
        _ => language.word("hilo"),
    };
    language.say(
        &key,
        &[
            ("from", &keyed("status", &text("from"))),
            ("to", &keyed("status", &text("to"))),
            ("queue", &queue.unwrap_or_else(|| language.word("no-queue"))),
            ("agent", &names.get(detail, "agentId").unwrap_or_else(|| language.word("agent"))),
            ("by", &by),
            ("how", &keyed("how", &text("how"))),
            ("command", &keyed("command", &text("kind"))),
            ("outcome", &outcome.unwrap_or_default()),
            ("why", &text("why")),
            ("reason", &text("reason")),
            ("flow", &text("flow")),
            ("version", &text("version")),
            ("agents", &text("agents")),
            ("keys", &text("keys")),
            ("timer", &text("timer")),
            ("type", &text("type")),
            ("text", &text("text")),
            ("at", &text("at")),
            ("node", &text("node")),
            ("port", &text("port")),
            ("value", &text("value")),
            ("name", &text("name")),
            ("option", &text("option")),
            ("attempt", &text("attempt")),
            ("target", &text("target")),
            ("code", &text("code")),
            ("kind", &entry.kind),
        ],
    )
}

/// A value in a sentence: a text as it is, a list with commas, everything else as JSON; cut where it is long.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(", "),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(kind: &str, detail: Value, language: Language) -> String {
        let ana = Uuid::from_u128(1);
        let names = Names(HashMap::from([(ana, "Ana".to_owned()), (Uuid::from_u128(2), "Ventas".to_owned())]));
        line(&Entry { kind: kind.to_owned(), detail }, &names, language)
    }

    #[test]
    fn a_line_names_people_and_queues_and_says_what_was_decided() {
        let (ana, sales) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let es = Language::Spanish;
        assert_eq!(told("assigned", json!({"agentId": ana, "how": "dispatch"}), es), "Se asignó a Ana (por turno).");
        assert_eq!(told("queued", json!({"queueId": sales, "why": "flow"}), es), "Entró en Ventas (flow).");
        assert_eq!(told("moved", json!({"from": "bot", "to": "queued"}), es), "Pasó de bot a en cola.");
        let refused = json!({"kind": "take", "by": ana, "answer": {"outcome": "refused", "code": "not-holder"}});
        assert_eq!(told("command", refused, es), "Ana pidió «tomar»: rechazado (not-holder).");
        let done = json!({"kind": "close", "by": null, "answer": {"outcome": "done"}});
        assert_eq!(told("command", done, Language::English), "Hilo asked to “close”: done.");
    }

    #[test]
    fn what_the_engine_did_has_words_of_its_own() {
        let variable = json!({"trace": "assigned", "name": "tema", "before": null, "after": "x"});
        assert_eq!(told("assigned", variable, Language::Spanish), "Cambió la variable «tema».");
        let left = json!({"trace": "left", "node": "menu", "port": "next"});
        assert_eq!(told("left", left, Language::Portuguese), "Saiu de “menu” por “next”.");
        assert_eq!(told("tomorrow", json!({}), Language::Spanish), "tomorrow", "a kind that is newer than the words");
    }
}
