//! What is wrong with a document: a code, a place, a sentence and a way out.
//!
//! A diagnostic is made from a [`Problem`] and its arguments, so that the same finding can be said in every
//! language of `check/problems.rs`. Sentences name the author's own words in «» or backticks and no type of ours.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::check::problems::Problem;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Shown in the list only.
    Info,
    /// Must be confirmed before publishing.
    Warning,
    /// Blocks publishing, never saving.
    Error,
}

/// The language of a diagnostic's sentences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Voice {
    /// Spanish.
    #[default]
    Spanish,
    /// English.
    English,
}

/// One finding about a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// The code of `flow-format.md` section 11: `FL101`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The node it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// JSON Pointer into the document.
    pub path: String,
    /// The place in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The words in the message, by name.
    pub args: BTreeMap<&'static str, String>,
    /// Other places that belong to it; for a path through the graph, the nodes in order.
    pub related: Vec<Related>,
    /// Ways out that an editor can apply.
    pub fixes: Vec<Fix>,
    /// Which finding this is, to say it in another language.
    #[serde(skip)]
    pub problem: Problem,
}

/// A place in the document's text. Lines and columns count from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Range {
    /// Line of the first character.
    pub line: usize,
    /// Column of the first character.
    pub column: usize,
    /// Characters.
    pub length: usize,
}

/// Another place that belongs to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    /// The node.
    pub node_id: String,
    /// JSON Pointer to it.
    pub path: String,
}

/// A change that removes the finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fix {
    /// What the button says.
    pub title: String,
    /// JSON Patch (RFC 6902).
    pub patch: Vec<Value>,
}

impl Diagnostic {
    /// A finding at a JSON Pointer.
    #[must_use]
    pub(crate) fn new(problem: Problem, path: impl Into<String>) -> Self {
        let mut diagnostic = Self {
            code: problem.code(),
            severity: problem.severity(),
            message: String::new(),
            help: None,
            node_id: None,
            path: path.into(),
            range: None,
            args: BTreeMap::new(),
            related: Vec::new(),
            fixes: Vec::new(),
            problem,
        };
        diagnostic.speak(Voice::Spanish);
        diagnostic
    }

    /// With one more word for the sentence.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.args.insert(name, value.into());
        self
    }

    /// With the nearest known word, if there is one.
    #[must_use]
    pub(crate) fn suggesting<'w>(self, word: &str, known: impl IntoIterator<Item = &'w str>) -> Self {
        match nearest(word, known) {
            Some(suggestion) => self.with("suggestion", suggestion),
            None => self,
        }
    }

    /// In a node.
    #[must_use]
    pub(crate) fn in_node(mut self, id: &str) -> Self {
        self.node_id = Some(id.to_owned());
        self
    }

    /// Writes message and help in a language.
    pub fn speak(&mut self, voice: Voice) {
        let (message, help) = self.problem.sentences(voice);
        self.message = fill(message, &self.args);
        self.help = match (self.args.get("suggestion"), voice) {
            (Some(word), Voice::Spanish) => Some(format!("¿Querías decir «{word}»?")),
            (Some(word), Voice::English) => Some(format!("did you mean `{word}`?")),
            (None, Voice::Spanish | Voice::English) => (!help.is_empty()).then(|| fill(help, &self.args)),
        };
    }

    /// Whether it blocks publishing.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Puts the words in their places. One pass: a word that looks like a place stays as it is.
fn fill(sentence: &str, args: &BTreeMap<&'static str, String>) -> String {
    let mut out = String::with_capacity(sentence.len() + 16);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(args.get(name).map_or("…", String::as_str));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The known word that differs least from `word`, if it is near enough to be meant.
pub(crate) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let limit = word.chars().count().div_ceil(3).clamp(1, 4);
    known
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein's distance between two words, letter case apart.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (to, above) in b.iter().zip(row.iter().skip(1)) {
            let cell = (diagonal + usize::from(from != *to)).min(left + 1).min(above + 1);
            diagonal = *above;
            left = cell;
            next.push(cell);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_only_when_it_is_near() {
        assert_eq!(nearest("pago", ["menu", "pagos", "fin"]), Some("pagos".to_owned()));
        assert_eq!(nearest("Nodo-1", ["nodo-2", "otro"]), Some("nodo-2".to_owned()));
        assert_eq!(nearest("saludo", ["cierre", "menu"]), None);
        assert_eq!(nearest("", ["a"]), Some("a".to_owned()));
    }

    #[test]
    fn a_word_that_looks_like_a_place_is_not_filled_again() {
        let args = BTreeMap::from([("a", "{b}".to_owned()), ("b", "x".to_owned())]);
        assert_eq!(fill("¡{a} {b} {c}!", &args), "¡{b} x …!");
    }
}
