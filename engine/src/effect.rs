//! What a step wants to happen, in order. The caller stores effects with the turn before it carries out any.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// One effect with its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Names it for ever: who carries it out uses it as idempotency key.
    pub key: Key,
    /// What is to happen.
    #[serde(flatten)]
    pub act: Act,
}

/// `run/turn/index`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The run.
    pub run: Arc<str>,
    /// The run's turn, from 1.
    pub turn: u32,
    /// The place in the turn, from 0.
    pub index: u32,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.run, self.turn, self.index)
    }
}

impl FromStr for Key {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "an effect's key is run/turn/index";
        let mut parts = text.rsplitn(3, '/');
        let index = parts.next().and_then(|n| n.parse().ok()).ok_or(wrong)?;
        let turn = parts.next().and_then(|n| n.parse().ok()).ok_or(wrong)?;
        Ok(Self { run: parts.next().ok_or(wrong)?.into(), turn, index })
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What is to happen. Tagged `effect`; fields are added with `#[serde(default)]` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Act {
    /// Say something. Sends of a turn go out in order, each after the channel accepted the one before.
    Send(Box<Send>),
    /// Show that the bot is writing.
    Typing {
        /// For how long, in milliseconds.
        ms: u64,
    },
    /// Wake the run. A token that is already set is set anew.
    SetTimer {
        /// Comes back as `Timer`.
        token: String,
        /// When, counted from the turn. For a question the caller counts `after` from its acceptance instead.
        at: DateTime<Utc>,
        /// The same as a distance, in seconds.
        after: u64,
    },
    /// Do not wake it.
    CancelTimer {
        /// The timer's token.
        token: String,
    },
    /// Ask how a queue is.
    CheckQueue {
        /// Comes back as `QueueStatus`.
        token: String,
        /// Which.
        queue_id: String,
    },
    /// Change the client: keys of [`crate::Contact`], `fields` one level deeper.
    UpdateContact {
        /// What changes.
        patch: Map<String, Value>,
    },
    /// Hand the chat to people.
    RequestTransfer(Transfer),
    /// Close the chat.
    CloseChat {
        /// Key of the close reason.
        reason: String,
    },
    /// Count something.
    Track(Track),
    /// Write into the log of flows.
    Log {
        /// How bad.
        level: Level,
        /// A stable word.
        code: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<Arc<str>>,
        /// What happened; no text of the customer.
        text: String,
    },
    /// The run is over.
    EndRun {
        /// How it ended.
        outcome: String,
        /// What becomes of a chat that was neither transferred nor closed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on_end: Option<OnEnd>,
    },
}

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Send {
    /// Which node says it; none if the engine itself does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Arc<str>>,
    /// Comes back as `SendFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// A file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<OutboundMedia>,
    /// An approved template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<OutboundTemplate>,
    /// What can be chosen. The channel renders it; every rendering is understood as an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// How options are to be shown: already decided, never `auto`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation: Option<Presentation>,
    /// The label that opens a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_button: Option<String>,
    /// Above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Below the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// A link as a button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cta: Option<Link>,
}

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundMedia {
    /// `image`, `video`, `audio`, `document` or `sticker`.
    pub kind: String,
    /// A file of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_id: Option<String>,
    /// A public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Text under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// Name of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// A template to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboundTemplate {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its parameters, rendered.
    #[serde(default)]
    pub params: Vec<String>,
}

/// One option of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What people see.
    pub label: String,
    /// Its stable key.
    pub value: String,
    /// Under the label, in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Heading of a list's section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What the channel sends back when it is tapped.
    pub payload: String,
}

/// How options are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presentation {
    /// Reply buttons.
    Buttons,
    /// A list.
    List,
    /// Numbered text; the numbers are already in the body.
    Text,
}

/// A link as a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its label.
    pub label: String,
    /// Its address.
    pub url: String,
}

/// A hand-over to people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// To which queue; none is the campaign's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_id: Option<String>,
    /// How urgent.
    #[serde(default)]
    pub priority: Priority,
    /// What the agent must know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// To whom, if to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// A note for the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The run's variables, without personal ones.
    #[serde(default)]
    pub vars: Map<String, Value>,
    /// `bot_error` when the flow failed, `invalid_answers` when the customer was not understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How urgent a transfer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// As usual.
    #[default]
    Normal,
    /// Before the usual.
    High,
    /// Before everything.
    Urgent,
}

/// What becomes of a chat when its run ends with neither transfer nor close.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnEnd {
    /// It goes to the campaign's default queue.
    #[default]
    DefaultQueue,
    /// It is closed.
    Close,
    /// It stays open; the next message may start a flow.
    KeepOpen,
}

/// How bad a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing is wrong.
    Info,
    /// Something was put right.
    Warning,
    /// The flow failed.
    Error,
}

/// An event to count; it carries no words of the customer. Tagged `event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Track {
    /// A run began.
    RunStarted {
        /// What started it.
        trigger: String,
    },
    /// A node was entered.
    NodeEntered {
        /// Which.
        node: Arc<str>,
    },
    /// An edge was followed.
    EdgeTaken {
        /// From which node.
        from: Arc<str>,
        /// By which exit.
        port: String,
        /// To which node.
        to: Arc<str>,
    },
    /// A wait began.
    WaitStarted {
        /// At which node.
        node: Arc<str>,
    },
    /// A question was answered.
    Answered {
        /// Which.
        node: Arc<str>,
        /// The option's value, at a menu.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        option: Option<String>,
        /// Which attempt it was, from 1.
        attempt: u32,
        /// Milliseconds since the question.
        ms: u64,
    },
    /// An answer was wrong.
    Invalid {
        /// Of which question.
        node: Arc<str>,
        /// Which attempt it was, from 1.
        attempt: u32,
    },
    /// A wait ended without an answer.
    TimedOut {
        /// At which node.
        node: Arc<str>,
    },
    /// A command was used.
    CommandUsed {
        /// At which question.
        node: Arc<str>,
        /// Where it leads.
        target: Arc<str>,
    },
    /// Something failed.
    Fault {
        /// Where.
        node: Arc<str>,
        /// What.
        code: String,
    },
    /// A run ended.
    RunEnded {
        /// How.
        outcome: String,
        /// Where.
        node: Arc<str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_keep_their_form() {
        let effect = Effect {
            key: Key { run: "r/1".into(), turn: 2, index: 3 },
            act: Act::RequestTransfer(Transfer { queue_id: Some("queue-1".into()), ..Transfer::default() }),
        };
        let text = serde_json::to_string(&effect).unwrap();
        assert_eq!(
            text,
            r#"{"key":"r/1/2/3","effect":"request_transfer","queueId":"queue-1","priority":"normal","vars":{}}"#
        );
        assert_eq!(serde_json::from_str::<Effect>(&text).unwrap(), effect);
    }
}
