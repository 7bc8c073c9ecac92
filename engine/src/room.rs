//! Where a document's texts and expressions are compiled while it is read, and where findings are collected.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Want};
use crate::flow::Exit;
use crate::json::Tree;
use crate::template::{Form, Text};
use crate::world::Names;

/// What reading needs to know, and what it finds.
pub(crate) struct Room<'d> {
    pub(crate) names: &'d Names,
    pub(crate) catalog: Option<&'d Catalog>,
    pub(crate) findings: Vec<Diagnostic>,
    /// Whether something could not be read at all, so that there is no flow.
    pub(crate) broken: bool,
    /// Names that are visible in the text or expression being read, besides the flow's.
    pub(crate) locals: &'static [&'static str],
    /// Names that texts and expressions read.
    pub(crate) read: BTreeSet<String>,
    /// Exits of the node being read.
    pub(crate) exits: Vec<Exit>,
    /// The node being read.
    pub(crate) node: Arc<str>,
    /// `translations`: each language's object.
    pub(crate) translations: Vec<(String, &'d Tree)>,
    /// Translations that were used: language, node, text.
    pub(crate) translated: BTreeSet<(String, String, String)>,
}

impl Room<'_> {
    /// Reports a finding in the node being read.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if self.findings.len() < crate::limits::DIAGNOSTICS {
            self.findings.push(diagnostic);
        }
    }

    /// Reports a finding without which there can be no flow.
    pub(crate) fn refuse(&mut self, diagnostic: Diagnostic) {
        self.broken = true;
        self.report(diagnostic);
    }

    /// Compiles a text with its translations. `stable` is the key under which they stand; empty: it has none.
    pub(crate) fn compile_text(&mut self, source: &str, path: &str, stable: &str) -> Text {
        let mut found = Vec::new();
        let original = Form::compile(source, path, self.names, self.locals, &mut found);
        self.broken |= found.iter().any(|d| d.problem == Problem::BadTemplate);
        self.read.extend(original.names().iter().cloned());
        let mut translated = Vec::new();
        // Only what people read in a node is translated; the flow's own texts have no place there.
        let languages = if self.node.is_empty() || stable.is_empty() { &[][..] } else { &self.translations };
        let has_words = has_words(source);
        for (language, tree) in languages {
            let at = format!("/translations/{language}/{}/{stable}", self.node);
            let Some(source) = tree.get(&self.node).and_then(|node| node.get(stable)).and_then(Tree::as_str) else {
                if has_words {
                    let text = format!("{}.{stable}", self.node);
                    let diagnostic = Diagnostic::new(Problem::NotTranslated, path);
                    found.push(diagnostic.with("language", language.as_str()).with("text", text));
                }
                continue;
            };
            self.translated.insert((language.clone(), self.node.to_string(), stable.to_owned()));
            let form = Form::compile(source, &at, self.names, self.locals, &mut found);
            let used = |form: &Form| form.names().iter().cloned().collect::<BTreeSet<_>>();
            let (here, there) = (used(&original), used(&form));
            if here != there {
                let names = here.symmetric_difference(&there).cloned().collect::<Vec<_>>().join(", ");
                let diagnostic = Diagnostic::new(Problem::OtherVariables, at.as_str());
                found.push(diagnostic.with("language", language.as_str()).with("names", names));
            }
            translated.push((language.clone(), form));
        }
        found.into_iter().for_each(|diagnostic| self.report(diagnostic));
        Text::new(original, translated)
    }

    /// Compiles an expression.
    pub(crate) fn compile_expression(&mut self, source: &str, path: &str, want: Want) -> Option<Expression> {
        let mut found = Vec::new();
        let expression = Expression::compile(source, path, want, self.names, self.locals, &mut found);
        found.into_iter().for_each(|diagnostic| self.report(diagnostic));
        match &expression {
            Some(expression) => self.read.extend(expression.names().iter().cloned()),
            None => self.broken = true,
        }
        expression
    }
}

/// Whether a text has letters outside of its tags: something that could be translated.
fn has_words(source: &str) -> bool {
    source.split("{{").enumerate().any(|(i, part)| {
        let outside = if i == 0 { part } else { part.rsplit_once("}}").map_or("", |(_, after)| after) };
        outside.chars().any(char::is_alphabetic)
    })
}
