//! Reads a document's objects into our types, and finds everything that is not as the format says.
//!
//! An [`Object`] hands out keys; what nobody asked for is unknown. Reading never stops at the first finding: a key
//! that cannot be read is reported and left out, so that the rest is checked too.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Want};
use crate::flow::{Exit, Port, Target};
use crate::format;
use crate::json::{Data, Member, Span, Tree};
pub(crate) use crate::room::Room;
use crate::template::Text;

/// An object being read.
pub(crate) struct Object<'t> {
    members: &'t [Member],
    asked: Vec<&'static str>,
    /// JSON Pointer to it.
    pub(crate) path: String,
}

impl<'t> Object<'t> {
    /// The object at a place; anything else is reported.
    pub(crate) fn open(tree: &'t Tree, path: String, room: &mut Room<'_>) -> Option<Self> {
        if let Data::Object(members) = &tree.data {
            return Some(Self { members, asked: Vec::new(), path });
        }
        room.refuse(wrong_type(&path, "object", tree));
        None
    }

    /// The value of a key.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<&'t Tree> {
        self.asked.push(key);
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Whether a key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.members.iter().any(|member| member.key == key)
    }

    /// JSON Pointer to a key.
    pub(crate) fn at(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Reports a key that must be there.
    pub(crate) fn missing(&self, room: &mut Room<'_>, key: &'static str) {
        if !self.has(key) {
            room.refuse(Diagnostic::new(Problem::MissingKey, self.path.as_str()).with("key", key));
        }
    }

    /// Any string.
    pub(crate) fn string(&mut self, room: &mut Room<'_>, key: &'static str, most: usize) -> Option<&'t str> {
        let tree = self.get(key)?;
        let path = self.at(key);
        let Some(text) = tree.as_str() else {
            room.refuse(wrong_type(&path, "string", tree));
            return None;
        };
        in_range(room, &path, text.chars().count(), 0..=most);
        Some(text)
    }

    /// A string that must be there and not be empty.
    pub(crate) fn required_string(&mut self, room: &mut Room<'_>, key: &'static str, most: usize) -> Option<&'t str> {
        self.missing(room, key);
        let text = self.string(room, key, most)?;
        if text.is_empty() {
            in_range(room, &self.at(key), 0, 1..=most);
        }
        Some(text)
    }

    /// An id.
    pub(crate) fn id(&mut self, room: &mut Room<'_>, key: &'static str) -> Option<Arc<str>> {
        let text = self.string(room, key, usize::MAX)?;
        if !is_id(text) {
            let diagnostic = Diagnostic::new(Problem::WrongForm, self.at(key)).with("found", text);
            room.refuse(diagnostic.with("expected", "id").with("example", "A-Z a-z 0-9 _ . : -, 1-64"));
            return None;
        }
        Some(text.into())
    }

    /// True or false.
    pub(crate) fn bool(&mut self, room: &mut Room<'_>, key: &'static str) -> Option<bool> {
        let tree = self.get(key)?;
        if let Data::Bool(b) = tree.data {
            return Some(b);
        }
        room.refuse(wrong_type(&self.at(key), "boolean", tree));
        None
    }

    /// A whole number in a range.
    pub(crate) fn integer(
        &mut self,
        room: &mut Room<'_>,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let tree = self.get(key)?;
        let path = self.at(key);
        let Data::Number(number) = &tree.data else {
            room.refuse(wrong_type(&path, "integer", tree));
            return None;
        };
        let integer = number
            .as_i64()
            .or_else(|| number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 1e15).map(|f| f as i64));
        match integer {
            Some(integer) if range.contains(&integer) => Some(integer),
            Some(_) | None => {
                let allowed = format!("{}-{}", range.start(), range.end());
                let diagnostic = Diagnostic::new(Problem::OutOfRange, path).with("found", number.to_string());
                room.refuse(diagnostic.with("allowed", allowed));
                None
            }
        }
    }

    /// A whole number that counts something.
    pub(crate) fn count(&mut self, room: &mut Room<'_>, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let range = i64::from(*range.start())..=i64::from(*range.end());
        self.integer(room, key, range).and_then(|n| u32::try_from(n).ok())
    }

    /// Any number.
    pub(crate) fn number(&mut self, room: &mut Room<'_>, key: &'static str) -> Option<f64> {
        let tree = self.get(key)?;
        if let Data::Number(number) = &tree.data {
            return number.as_f64();
        }
        room.refuse(wrong_type(&self.at(key), "number", tree));
        None
    }

    /// Seconds of an ISO 8601 duration.
    pub(crate) fn duration(&mut self, room: &mut Room<'_>, key: &'static str) -> Option<u64> {
        let text = self.string(room, key, usize::MAX)?;
        let seconds = format::duration(text);
        if seconds.is_none() {
            let diagnostic = Diagnostic::new(Problem::WrongForm, self.at(key)).with("found", text);
            room.refuse(diagnostic.with("expected", "ISO 8601").with("example", "PT30S, PT15M, PT2H, P1D"));
        }
        seconds
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(&mut self, room: &mut Room<'_>, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(room, key, usize::MAX)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            room.refuse(wrong_value(&self.at(key), text, words.iter().map(|(word, _)| *word)));
        }
        found
    }

    /// The items of a list whose length is in a range, each with its place.
    pub(crate) fn list(
        &mut self,
        room: &mut Room<'_>,
        key: &'static str,
        range: RangeInclusive<usize>,
    ) -> Vec<(&'t Tree, String)> {
        let Some(tree) = self.get(key) else { return Vec::new() };
        let path = self.at(key);
        let Data::List(items) = &tree.data else {
            room.refuse(wrong_type(&path, "array", tree));
            return Vec::new();
        };
        in_range(room, &path, items.len(), range);
        items.iter().enumerate().map(|(i, item)| (item, format!("{path}/{i}"))).collect()
    }

    /// A list of strings.
    pub(crate) fn strings(&mut self, room: &mut Room<'_>, key: &'static str, most: usize) -> Vec<&'t str> {
        let items = self.list(room, key, 0..=most);
        let mut strings = Vec::with_capacity(items.len());
        for (item, path) in items {
            match item.as_str() {
                Some(text) => strings.push(text),
                None => room.refuse(wrong_type(&path, "string", item)),
            }
        }
        strings
    }

    /// An object inside.
    pub(crate) fn object(&mut self, room: &mut Room<'_>, key: &'static str) -> Option<Object<'t>> {
        let tree = self.get(key)?;
        Object::open(tree, self.at(key), room)
    }

    /// A text. Its translations stand under `stable`.
    pub(crate) fn text(&mut self, room: &mut Room<'_>, key: &'static str, stable: &str, most: usize) -> Option<Text> {
        let source = self.string(room, key, usize::MAX)?;
        let path = self.at(key);
        let length = source.chars().count();
        if length > most {
            let (problem, what) = if matches!(key, "header" | "footer") {
                (Problem::BadFrame, key.to_owned())
            } else {
                (Problem::TextTooLong, String::new())
            };
            let diagnostic = Diagnostic::new(problem, path.as_str()).with("found", length.to_string());
            room.report(diagnostic.with("allowed", most.to_string()).with("what", what));
        }
        Some(room.compile_text(source, &path, stable))
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, room: &mut Room<'_>, key: &'static str, most: usize) -> Text {
        self.missing(room, key);
        self.text(room, key, key, most).unwrap_or_else(|| Text::fixed(""))
    }

    /// An expression.
    pub(crate) fn expression(&mut self, room: &mut Room<'_>, key: &'static str, want: Want) -> Option<Expression> {
        let source = self.string(room, key, usize::MAX)?;
        room.compile_expression(source, &self.at(key), want)
    }

    /// A reference to a node: open, `null`, or an id.
    pub(crate) fn target(&mut self, room: &mut Room<'_>, key: &'static str) -> Target {
        match self.get(key) {
            None => Target::Open,
            Some(tree) if matches!(tree.data, Data::Null) => Target::Ends,
            Some(_) => {
                self.asked.pop();
                self.id(room, key).map_or(Target::Open, Target::Node)
            }
        }
    }

    /// An exit of the node being read.
    pub(crate) fn exit(&mut self, room: &mut Room<'_>, key: &'static str, port: Port) {
        let target = self.target(room, key);
        room.exits.push(Exit::new(port, target, self.at(key)));
    }

    /// An exit that only exists when its key is there.
    pub(crate) fn exit_if(&mut self, room: &mut Room<'_>, key: &'static str, port: Port) {
        if self.has(key) {
            self.exit(room, key, port);
        } else {
            self.asked.push(key);
        }
    }

    /// Reports repeated keys and those that nobody asked for.
    pub(crate) fn finish(self, room: &mut Room<'_>) {
        for (i, member) in self.members.iter().enumerate() {
            let path = join(&self.path, &member.key);
            if self.members.iter().take(i).any(|earlier| earlier.key == member.key) {
                room.refuse(Diagnostic::new(Problem::RepeatedKey, path).with("key", member.key.as_str()));
            } else if !member.key.starts_with("x-") && !self.asked.contains(&member.key.as_str()) {
                let mut allowed = self.asked.clone();
                allowed.sort_unstable();
                allowed.dedup();
                let diagnostic = Diagnostic::new(Problem::UnknownKey, path).with("key", member.key.as_str());
                let diagnostic = diagnostic.with("allowed", allowed.join(", "));
                room.refuse(diagnostic.suggesting(&member.key, allowed.iter().copied()));
            }
        }
    }
}

/// Where something ends: `/nodes/3` and `next` make `/nodes/3/next`.
pub(crate) fn join(path: &str, key: &str) -> String {
    if key.contains(['~', '/']) {
        return format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
    }
    format!("{path}/{key}")
}

/// Whether a text is an id.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
}

/// A value of another type than expected.
pub(crate) fn wrong_type(path: &str, expected: &str, tree: &Tree) -> Diagnostic {
    Diagnostic::new(Problem::WrongType, path).with("expected", expected).with("found", tree.kind())
}

/// A word that is not one of the allowed.
pub(crate) fn wrong_value<'w>(path: &str, found: &str, words: impl Iterator<Item = &'w str> + Clone) -> Diagnostic {
    let allowed = words.clone().collect::<Vec<_>>().join(", ");
    let diagnostic = Diagnostic::new(Problem::WrongValue, path).with("found", found).with("allowed", allowed);
    diagnostic.suggesting(found, words)
}

fn in_range(room: &mut Room<'_>, path: &str, found: usize, range: RangeInclusive<usize>) {
    if !range.contains(&found) {
        let allowed = format!("{}-{}", range.start(), range.end());
        let diagnostic = Diagnostic::new(Problem::OutOfRange, path).with("found", found.to_string());
        room.refuse(diagnostic.with("allowed", allowed));
    }
}

/// Where a JSON Pointer stands in a document: the value, or the key if `key`.
pub(crate) fn locate(tree: &Tree, pointer: &str, key: bool) -> Option<Span> {
    let mut at = tree;
    let mut span = tree.span;
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if let Data::List(items) = &at.data {
            at = items.get(part.parse::<usize>().ok()?)?;
            span = at.span;
        } else {
            let member = at.members().iter().find(|member| member.key == part)?;
            at = &member.value;
            span = if key { member.key_span } else { at.span };
        }
    }
    Some(span)
}
