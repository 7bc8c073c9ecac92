//! `input`: asks for a value, checks it and keeps it.
//!
//! ```json
//! { "id": "correo", "type": "input", "content": "¿Cuál es tu correo?", "variable": "email", "inputType": "email",
//!   "validation": { "expr": "!ends_with(value, \"@example.com\")" },
//!   "invalid": { "message": "Ese correo no parece válido.", "maxAttempts": 2, "next": "persona" }, "next": "gracias" }
//! ```
//!
//! What each `inputType` accepts is in `answer/parse.rs`. After parsing come `pattern`, `min`, `max`, `minLength`,
//! `maxLength`, `values`, `maxSizeMb`, `mime` and last `expr`, which sees the parsed `value`.

use regex::Regex;
use serde_json::Value;

use super::Outcome;
use super::question::Question;
use crate::answer::parse::{self, InputType};
use crate::answer::{Attempt, Heard, Stage, matching};
use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::effect::{Choice, Presentation, Send};
use crate::expression::{Expression, Want};
use crate::fault::Fault;
use crate::flow::{Node, Port};
use crate::format::Moment;
use crate::input::Message;
use crate::json::Data;
use crate::limits;
use crate::pattern;
use crate::reader::{Object, Room};
use crate::session::Offered;
use crate::settings::Assignable;
use crate::template::Text;
use crate::turn::Turn;
use crate::words;

#[derive(Debug)]
pub(crate) struct Input {
    content: Text,
    variable: Option<Assignable>,
    kind: InputType,
    check: Check,
    skip_if_set: bool,
    pii: bool,
    question: Question,
}

/// `validation`.
#[derive(Debug, Default)]
pub(crate) struct Check {
    pattern: Option<Regex>,
    min: Option<Bound>,
    max: Option<Bound>,
    min_length: Option<usize>,
    max_length: Option<usize>,
    pub(crate) values: Vec<String>,
    pub(crate) country: Option<String>,
    pub(crate) formats: Vec<String>,
    max_size: Option<u64>,
    mime: Vec<String>,
    expr: Option<Expression>,
}

/// An end of a range.
#[derive(Debug)]
enum Bound {
    Number(f64),
    /// An ISO date.
    Date(String),
    /// `today`, moved by days, months or years.
    Today(i64, char),
}

impl Input {
    pub(super) fn read(object: &mut Object<'_>, room: &mut Room<'_>) -> Self {
        let content = object.required_text(room, "content", limits::TEXT_CHARS);
        object.missing(room, "variable");
        let variable = Assignable::read(object, room, "variable");
        let kind = object.choice(room, "inputType", &InputType::WORDS).unwrap_or(InputType::Text);
        let check = object.object(room, "validation").map(|o| Check::read(o, room)).unwrap_or_default();
        if kind == InputType::Choice && check.values.is_empty() {
            let diagnostic = Diagnostic::new(Problem::MissingKey, object.path.as_str());
            room.refuse(diagnostic.with("key", "validation.values"));
        }
        let skip_if_set = object.bool(room, "skipIfSet").unwrap_or(false);
        let pii = object.bool(room, "pii").unwrap_or(false);
        let question = Question::read(object, room);
        object.exit(room, "next", Port::Next);
        Self { content, variable, kind, check, skip_if_set, pii, question }
    }

    pub(crate) fn question(&self) -> &Question {
        &self.question
    }

    pub(crate) fn takes_sentences(&self) -> bool {
        matches!(self.kind, InputType::Text | InputType::Any)
    }

    pub(crate) fn personal(&self) -> Option<&str> {
        match &self.variable {
            Some(Assignable::Variable(name)) if self.pii => Some(name),
            Some(_) | None => None,
        }
    }

    pub(super) fn enter(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Outcome, Fault> {
        if self.skip_if_set
            && let Some(name) = &self.variable
            && let Some(value) = turn.assigned(name)
            && self.still_holds(turn, node, &value)?
        {
            return Ok(Outcome::Leave(Port::Next));
        }
        let offered = self.ask(turn, node)?;
        turn.await_answer(node, &self.question, offered);
        Ok(Outcome::Wait)
    }

    pub(crate) fn ask(&self, turn: &mut Turn<'_>, node: &Node) -> Result<Vec<Offered>, Fault> {
        let mut body = turn.render(node, &self.content, &[])?;
        let options: Vec<(String, String)> = match self.kind {
            InputType::YesNo => {
                let words = turn.words();
                vec![("yes".to_owned(), words.yes.to_owned()), ("no".to_owned(), words.no.to_owned())]
            }
            InputType::Choice => self.check.values.iter().map(|v| (v.clone(), v.clone())).collect(),
            InputType::Text
            | InputType::Number
            | InputType::Integer
            | InputType::Email
            | InputType::Phone
            | InputType::Date
            | InputType::Time
            | InputType::Datetime
            | InputType::Location
            | InputType::Image
            | InputType::Audio
            | InputType::Video
            | InputType::Document
            | InputType::Media
            | InputType::Contact
            | InputType::Any => Vec::new(),
        };
        let offered: Vec<Offered> = options
            .iter()
            .map(|(value, label)| Offered { value: value.clone(), label: label.clone(), built: false })
            .collect();
        let presentation = (!options.is_empty()).then(|| {
            let channel = turn.channel();
            let fits = |most: usize| options.iter().all(|(_, label)| label.chars().count() <= most);
            if channel.buttons && options.len() <= limits::BUTTONS && fits(limits::BUTTON_CHARS) {
                Presentation::Buttons
            } else if channel.list && options.len() <= limits::ROWS && fits(limits::ROW_CHARS) {
                Presentation::List
            } else {
                Presentation::Text
            }
        });
        if presentation == Some(Presentation::Text) {
            body.push('\n');
            for (i, (_, label)) in options.iter().enumerate() {
                body.push_str(&format!("\n{}. {label}", i + 1));
            }
        }
        let list_button = (presentation == Some(Presentation::List)).then(|| turn.words().list_button.to_owned());
        let options = options
            .into_iter()
            .map(|(value, label)| {
                let payload = turn.payload(node, &value);
                Choice { label, value, description: None, section: None, payload }
            })
            .collect();
        turn.send(node, Send { body, options, presentation, list_button, ..Send::default() })?;
        Ok(offered)
    }

    pub(crate) fn hear(&self, turn: &mut Turn<'_>, node: &Node, heard: &Heard<'_>) -> Result<Attempt, Fault> {
        let offered = turn.offered();
        let value = match heard.stage {
            Stage::Tapped(value) => {
                matching::tapped(value, &offered).and_then(|at| offered.get(at)).map(|o| self.chosen(&o.value))
            }
            // Only what cannot be meant otherwise comes before commands that a sentence may contain.
            Stage::Plain => None,
            Stage::Rest if self.kind == InputType::Choice => {
                let by_option = heard.words().and_then(|_| matching::plain(heard.normal, &offered));
                by_option.and_then(|(at, _)| offered.get(at)).map(|o| self.chosen(&o.value))
            }
            Stage::Rest => {
                let read = parse::read(self.kind, heard.message, heard.normal, &self.check, &turn.world(node, &[]));
                match read {
                    parse::Read::Value(value) => Some(value),
                    parse::Read::Wrong => None,
                    parse::Read::WrongKind => return Ok(Attempt::WrongKind),
                }
            }
        };
        let Some(value) = value else { return Ok(Attempt::Unheard) };
        if !self.accepts(turn, node, &value)? {
            return Ok(Attempt::Unheard);
        }
        if let Some(name) = &self.variable {
            turn.assign(node, name, value)?;
        }
        Ok(Attempt::Taken { port: Port::Next, option: None })
    }

    fn chosen(&self, value: &str) -> Value {
        if self.kind == InputType::YesNo { Value::Bool(value == "yes") } else { Value::String(value.to_owned()) }
    }

    /// Whether a value that is already there would be accepted as an answer. Texts are read again: a variable may have
    /// been set to anything.
    fn still_holds(&self, turn: &mut Turn<'_>, node: &Node, value: &Value) -> Result<bool, Fault> {
        let world = turn.world(node, &[]);
        let reads = match value {
            Value::Null => return Ok(false),
            Value::String(text) if self.kind == InputType::Choice => self.check.values.contains(text),
            Value::String(text) => {
                let message = Message::text("", text.as_str(), world.context.now);
                matches!(
                    parse::read(self.kind, &message, &words::normalize(text), &self.check, &world),
                    parse::Read::Value(_)
                )
            }
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
        };
        Ok(reads && self.accepts(turn, node, value)?)
    }

    /// Whether a parsed value passes `validation`, in the order of the format.
    fn accepts(&self, turn: &mut Turn<'_>, node: &Node, value: &Value) -> Result<bool, Fault> {
        let check = &self.check;
        let text = value.as_str();
        if let (Some(pattern), Some(text)) = (&check.pattern, text)
            && !pattern.is_match(text)
        {
            return Ok(false);
        }
        let today = turn.world(node, &[]).local_time().date_naive();
        if check.min.as_ref().is_some_and(|min| !min.is_before(value, today, true))
            || check.max.as_ref().is_some_and(|max| !max.is_before(value, today, false))
        {
            return Ok(false);
        }
        let length = text.map_or(0, |text| text.chars().count());
        if text.is_some()
            && (check.min_length.is_some_and(|min| length < min) || check.max_length.is_some_and(|max| length > max))
        {
            return Ok(false);
        }
        let size = value.get("size").and_then(Value::as_u64).unwrap_or(0);
        let mime = value.get("mime").and_then(Value::as_str);
        if check.max_size.is_some_and(|max| size > max)
            || mime.is_some_and(|mime| !check.mime.is_empty() && !check.mime.iter().any(|allowed| allowed == mime))
        {
            return Ok(false);
        }
        match &check.expr {
            Some(expr) => turn.holds(node, expr, &[("value", value.clone())]),
            None => Ok(true),
        }
    }
}

impl Check {
    fn read(mut object: Object<'_>, room: &mut Room<'_>) -> Self {
        let mut check = Self::default();
        if let Some(source) = object.string(room, "pattern", 1_000) {
            match pattern::whole(source) {
                Ok(regex) => check.pattern = Some(regex),
                Err(what) => room.refuse(Diagnostic::new(Problem::BadPattern, object.at("pattern")).with("what", what)),
            }
        }
        check.min = Bound::read(&mut object, room, "min");
        check.max = Bound::read(&mut object, room, "max");
        let most = u32::try_from(limits::ANSWER_CHARS).unwrap_or(u32::MAX);
        check.min_length = object.count(room, "minLength", 0..=most).map(|n| n as usize);
        check.max_length = object.count(room, "maxLength", 0..=most).map(|n| n as usize);
        let strings = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect::<Vec<_>>();
        check.values = strings(object.strings(room, "values", limits::OPTIONS));
        check.country = object.string(room, "country", 2).map(str::to_owned);
        check.formats = strings(object.strings(room, "formats", 10));
        check.max_size = object.count(room, "maxSizeMb", 1..=100).map(|mb| u64::from(mb) * 1024 * 1024);
        check.mime = strings(object.strings(room, "mime", 20));
        room.locals = &["value"];
        check.expr = object.expression(room, "expr", Want::Condition);
        room.locals = &[];
        object.finish(room);
        check
    }
}

impl Bound {
    fn read(object: &mut Object<'_>, room: &mut Room<'_>, key: &'static str) -> Option<Self> {
        let tree = object.get(key)?;
        if let Data::Number(number) = &tree.data {
            return number.as_f64().map(Self::Number);
        }
        let text = tree.as_str().unwrap_or_default();
        let moved = text.strip_prefix("today").map(str::trim);
        let found = match moved {
            Some("") => Some(Self::Today(0, 'd')),
            Some(distance) => {
                let (amount, unit) = distance.split_at_checked(distance.len().saturating_sub(1)).unwrap_or_default();
                let unit = unit.chars().next().filter(|u| matches!(u, 'd' | 'm' | 'y'));
                amount.parse::<i64>().ok().filter(|n| n.abs() < 100_000).zip(unit).map(|(n, unit)| Self::Today(n, unit))
            }
            None => Moment::read(text).map(|_| Self::Date(text.to_owned())),
        };
        if found.is_none() {
            let diagnostic =
                Diagnostic::new(Problem::WrongForm, object.at(key)).with("found", tree.to_value().to_string());
            room.refuse(
                diagnostic
                    .with("expected", "number, date")
                    .with("example", "18, 2026-11-24, today, today+30d, today-18y"),
            );
        }
        found
    }

    /// Whether the bound lies before the value (`lower`) or after it; at the same place is inside too.
    fn is_before(&self, value: &Value, today: chrono::NaiveDate, lower: bool) -> bool {
        let order = match self {
            Self::Number(bound) => value.as_f64().and_then(|number| bound.partial_cmp(&number)),
            Self::Date(bound) => value.as_str().map(|text| bound.as_str().cmp(text)),
            Self::Today(amount, unit) => {
                let count = amount.unsigned_abs();
                let months = u32::try_from(if *unit == 'y' { count * 12 } else { count }).unwrap_or(0);
                let date = match (*unit, *amount < 0) {
                    ('d', false) => today.checked_add_days(chrono::Days::new(count)),
                    ('d', true) => today.checked_sub_days(chrono::Days::new(count)),
                    (_, false) => today.checked_add_months(chrono::Months::new(months)),
                    (_, true) => today.checked_sub_months(chrono::Months::new(months)),
                };
                let bound = date.map(|date| date.format("%Y-%m-%d").to_string()).unwrap_or_default();
                value.as_str().map(|text| bound.as_str().cmp(text.get(..10).unwrap_or(text)))
            }
        };
        order.is_some_and(|order| if lower { order.is_le() } else { order.is_ge() })
    }
}
