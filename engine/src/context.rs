//! What a step is told about the world: a read-only picture that the caller takes before the turn.
//!
//! Nothing here is looked up by the engine. The caller stores the context's time with the turn; the rest is never
//! needed again, because a stored turn is not computed twice.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::Calendar;
use crate::limits::Limits;

/// The picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnContext {
    /// The instant of the turn; two uses in one turn are equal.
    pub now: DateTime<Utc>,
    /// IANA name of the campaign's time zone; a flow's `settings.timezone` goes before it. Unknown names mean UTC.
    #[serde(default)]
    pub timezone: String,
    /// The run's own chance: the same for all its turns.
    #[serde(default)]
    pub seed: u64,
    /// The client.
    #[serde(default)]
    pub contact: Contact,
    /// The chat.
    #[serde(default)]
    pub chat: Chat,
    /// The campaign.
    #[serde(default)]
    pub campaign: Campaign,
    /// The company.
    #[serde(default)]
    pub company: Company,
    /// Opening hours by key. `hours` in texts and expressions is the campaign's.
    #[serde(default)]
    pub calendars: BTreeMap<String, Calendar>,
    /// What the chat's number can show.
    #[serde(default)]
    pub channel: Channel,
    /// Limits; a flow's own and the hard maxima are applied to them.
    #[serde(default)]
    pub limits: Limits,
    /// Whether the turn happens or is only tried.
    #[serde(default)]
    pub mode: Mode,
}

/// The client, as far as texts and expressions may see them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// Id.
    pub id: String,
    /// Full name.
    pub name: Option<String>,
    /// Number in E.164.
    pub phone: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Notes of the agents.
    pub notes: Option<String>,
    /// Language tag.
    pub language: Option<String>,
    /// State as a lead.
    pub lead_status: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// The company's own fields.
    pub fields: BTreeMap<String, Value>,
}

/// The chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chat {
    /// Id.
    pub id: String,
    /// The number that the client writes to.
    pub number: String,
    /// Priority.
    pub priority: String,
    /// Tags.
    pub tags: Vec<String>,
    /// When it was opened.
    pub started_at: Option<DateTime<Utc>>,
    /// Whether free messages are still allowed.
    pub window_open: bool,
}

/// The campaign.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Campaign {
    /// Id or key.
    pub id: String,
    /// Name.
    pub name: String,
    /// Key in [`TurnContext::calendars`] of its opening hours. None: always open.
    pub calendar: Option<String>,
    /// ISO country code, for national telephone numbers.
    pub country: Option<String>,
}

/// The company.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Company {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: Option<String>,
    /// Site.
    pub site: Option<String>,
}

/// What a number can show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Channel {
    /// Reply buttons.
    pub buttons: bool,
    /// Lists.
    pub list: bool,
    /// Approved templates.
    pub template: bool,
    /// Until when free messages are allowed.
    pub window_open_until: Option<DateTime<Utc>>,
}

impl Default for Channel {
    fn default() -> Self {
        Self { buttons: true, list: true, template: true, window_open_until: None }
    }
}

/// Whether a turn happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Its effects are carried out.
    #[default]
    Live,
    /// It is a rehearsal: mocks answer, nothing is counted.
    Simulate,
}

impl TurnContext {
    /// A context of which only the time is known; the rest is empty and open.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self {
            now,
            timezone: String::new(),
            seed: 0,
            contact: Contact::default(),
            chat: Chat { window_open: true, ..Chat::default() },
            campaign: Campaign::default(),
            company: Company::default(),
            calendars: BTreeMap::new(),
            channel: Channel::default(),
            limits: Limits::default(),
            mode: Mode::Live,
        }
    }

    /// The zone in which a flow tells the time.
    pub(crate) fn zone(&self, flow: Option<&str>) -> Tz {
        flow.unwrap_or(&self.timezone).parse().unwrap_or(Tz::UTC)
    }
}
