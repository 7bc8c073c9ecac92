//! Texts: handlebars, strict, without escaping.
//!
//! One registry for the process holds the helpers of `helpers.rs`; texts are compiled with the flow and kept in it.
//! No partials, no decorators, no scripts. What is inserted is never read again: `{{x}}` with the value
//! `{{contact.phone}}` prints that text. Strict mode refuses unknown names, so every known variable is in the data,
//! null when it is unset. Inside `{{#each}}` the item is `item`, its place `index`, and the flow's own names stay
//! what they are outside.

mod helpers;

use std::sync::{Arc, LazyLock};

use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};
use handlebars::{Context, Handlebars, Output, Path, RenderContext, Renderable, Template, no_escape};
use serde_json::{Map, Value};

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::fault::{Fault, FaultCode};
use crate::limits;
use crate::world::{Names, World};

/// Where a text keeps its language for the helpers; no name of a flow looks like this.
const LANGUAGE: &str = "@language";

/// Bytes that one text may render to: every character of the longest message at its widest, times its parts.
const RENDERED_BYTES: usize = limits::TEXT_CHARS * 4 * limits::TEXT_PARTS;

/// A compiled text with its translations; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    original: Form,
    translated: Arc<[(String, Form)]>,
}

/// One language's form of a text.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// Nothing to fill in.
    Fixed(Arc<str>),
    /// A template and the names it reads.
    Template { template: Arc<Template>, names: Arc<[String]> },
}

impl Text {
    /// A text of the engine's own.
    pub(crate) fn fixed(text: &str) -> Self {
        Self { original: Form::Fixed(text.into()), translated: Arc::new([]) }
    }

    /// Puts a compiled text and its translations together.
    pub(crate) fn new(original: Form, translated: Vec<(String, Form)>) -> Self {
        Self { original, translated: translated.into() }
    }

    /// The names that it reads.
    pub(crate) fn names(&self) -> &[String] {
        self.original.names()
    }

    /// The text as it is written, if nothing has to be filled in.
    pub(crate) fn as_fixed(&self) -> Option<&str> {
        if let Form::Fixed(text) = &self.original { Some(text) } else { None }
    }

    /// The text in the run's language, its base language, or the document's.
    pub(crate) fn render(&self, world: &World<'_>) -> Result<String, Fault> {
        self.form(world.language).render(world)
    }

    fn form(&self, language: &str) -> &Form {
        let find = |tag: &str| self.translated.iter().find(|(t, _)| t == tag).map(|(_, form)| form);
        find(language).or_else(|| find(crate::format::base(language))).unwrap_or(&self.original)
    }
}

impl Form {
    /// Compiles and checks; all findings at once.
    pub(crate) fn compile(
        source: &str,
        path: &str,
        names: &Names,
        locals: &[&str],
        findings: &mut Vec<Diagnostic>,
    ) -> Self {
        if !source.contains("{{") {
            return Self::Fixed(source.into());
        }
        let bad = |what: String| Diagnostic::new(Problem::BadTemplate, path).with("what", what);
        if nests_too_deeply(source) {
            findings.push(bad(format!("> {}", limits::TEMPLATE_DEPTH)));
            return Self::Fixed("".into());
        }
        let mut template = match Template::compile(source) {
            Ok(template) => template,
            Err(error) => {
                let (line, column) = error.pos().unwrap_or((1, 1));
                findings.push(bad(format!("{line}:{column} {}", error.reason())));
                return Self::Fixed("".into());
            }
        };
        let mut walk = Walk { path, names, locals, inside: 0, used: Vec::new(), findings };
        walk.template(&mut template);
        let used = walk.used;
        Self::Template { template: Arc::new(template), names: used.into() }
    }

    /// The names that it reads.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Fixed(_) => &[],
            Self::Template { names, .. } => names,
        }
    }

    fn render(&self, world: &World<'_>) -> Result<String, Fault> {
        let (template, names) = match self {
            Self::Fixed(text) => return Ok(text.to_string()),
            Self::Template { template, names } => (template, names),
        };
        let mut data = Map::new();
        for name in names.iter() {
            if let Some(value) = world.value(name) {
                data.insert(name.clone(), value);
            }
        }
        data.insert(LANGUAGE.to_owned(), Value::String(world.language.to_owned()));
        if !data.contains_key("now") {
            data.insert("now".to_owned(), world.value("now").unwrap_or_default());
        }
        let mut out = Bounded(String::new());
        let context = Context::from(Value::Object(data));
        match template.render(&REGISTRY, &context, &mut RenderContext::new(None), &mut out) {
            Ok(()) => Ok(out.0),
            Err(error) => Err(Fault::new(FaultCode::Template, error.to_string())),
        }
    }
}

/// A text that stops growing at [`RENDERED_BYTES`].
struct Bounded(String);

impl Output for Bounded {
    fn write(&mut self, part: &str) -> Result<(), std::io::Error> {
        if self.0.len() + part.len() > RENDERED_BYTES {
            return Err(std::io::Error::other("the text grew too long"));
        }
        self.0.push_str(part);
        Ok(())
    }
}

/// The template parser is recursive: what nests without end must not reach it.
fn nests_too_deeply(source: &str) -> bool {
    let mut brackets = 0usize;
    let mut blocks = 0usize;
    let mut rest = source;
    while let Some((_, after)) = rest.split_once("{{") {
        let (tag, tail) = after.split_once("}}").unwrap_or((after, ""));
        blocks = match tag.trim_start_matches('~').chars().next() {
            Some('#') => blocks + 1,
            Some('/') => blocks.saturating_sub(1),
            Some(_) | None => blocks,
        };
        brackets = brackets.max(tag.matches(['(', '[', '{']).count());
        if blocks > limits::TEMPLATE_DEPTH || brackets > limits::TEMPLATE_DEPTH {
            return true;
        }
        rest = tail;
    }
    false
}

/// Walks a template: checks helpers and names, and makes the names inside `each` mean what they mean outside.
struct Walk<'w> {
    path: &'w str,
    names: &'w Names,
    locals: &'w [&'w str],
    inside: usize,
    used: Vec<String>,
    findings: &'w mut Vec<Diagnostic>,
}

impl Walk<'_> {
    fn template(&mut self, template: &mut Template) {
        for element in &mut template.elements {
            if let TemplateElement::Expression(tag) | TemplateElement::HtmlExpression(tag) = element {
                self.tag(tag);
            } else if let TemplateElement::HelperBlock(tag) = element {
                self.block(tag);
            } else if !matches!(element, TemplateElement::RawString(_) | TemplateElement::Comment(_)) {
                self.unknown_helper(">");
            }
        }
    }

    /// `{{name}}` or `{{helper a b}}`.
    fn tag(&mut self, tag: &mut HelperTemplate) {
        if tag.params.is_empty() && tag.hash.is_empty() {
            self.parameter(&mut tag.name);
            return;
        }
        let name = written(&tag.name);
        if !helpers::is_inline(&name) {
            self.unknown_helper(&name);
        }
        self.parameters(tag);
    }

    fn block(&mut self, tag: &mut HelperTemplate) {
        let name = written(&tag.name);
        if !helpers::is_block(&name) {
            self.unknown_helper(&name);
        }
        self.parameters(tag);
        let changes = matches!(name.as_str(), "each" | "with");
        if name == "each" && tag.block_param.is_none() {
            let (item, index) = (Parameter::Name("item".to_owned()), Parameter::Name("index".to_owned()));
            tag.block_param = Some(BlockParam::Pair((item, index)));
        }
        if self.inside >= 2 && name == "each" {
            self.unknown_helper("each > 2");
        }
        self.inside += usize::from(changes);
        if let Some(body) = &mut tag.template {
            self.template(body);
        }
        self.inside -= usize::from(changes);
        if let Some(body) = &mut tag.inverse {
            self.template(body);
        }
    }

    fn parameters(&mut self, tag: &mut HelperTemplate) {
        for parameter in tag.params.iter_mut().chain(tag.hash.values_mut()) {
            self.parameter(parameter);
        }
    }

    fn parameter(&mut self, parameter: &mut Parameter) {
        if let Parameter::Subexpression(sub) = parameter {
            if let TemplateElement::Expression(tag) | TemplateElement::HtmlExpression(tag) = sub.element.as_mut() {
                self.tag(tag);
            }
            return;
        }
        let Parameter::Path(path) = parameter else { return };
        // `@index` and its like are the template's own.
        let Path::Relative((_, raw)) = &*path else { return };
        let raw = raw.clone();
        let reaches_root = raw.strip_prefix("@root").map(|rest| rest.trim_start_matches(['.', '/']));
        let plain = raw.trim_start_matches("../").trim_start_matches("./");
        let name = reaches_root.unwrap_or(plain).split(['.', '/', '[', ' ']).next().unwrap_or_default();
        if name.is_empty() || name == "this" || (self.inside > 0 && matches!(name, "item" | "index")) {
            return;
        }
        let known = self.names.knows(name, self.locals);
        if known {
            if !self.used.iter().any(|used| used == name) {
                self.used.push(name.to_owned());
            }
            if self.inside > 0
                && reaches_root.is_none()
                && let Ok(root) = Path::parse(&format!("@root.{plain}"))
            {
                *path = root;
            }
        } else if self.inside == 0 || reaches_root.is_some() {
            self.findings.push(
                Diagnostic::new(Problem::UnknownInText, self.path)
                    .with("name", name)
                    .suggesting(name, self.names.all(self.locals)),
            );
        }
    }

    fn unknown_helper(&mut self, name: &str) {
        let diagnostic = Diagnostic::new(Problem::UnknownHelper, self.path).with("name", name);
        self.findings.push(diagnostic.suggesting(name, helpers::names()));
    }
}

fn written(parameter: &Parameter) -> String {
    if let Parameter::Name(name) = parameter {
        name.clone()
    } else if let Parameter::Path(Path::Relative((_, raw)) | Path::Local((_, _, raw))) = parameter {
        raw.clone()
    } else {
        String::new()
    }
}

/// The only template registry of the workspace.
static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    for name in ["log", "lookup", "raw"] {
        registry.unregister_helper(name);
    }
    helpers::register(&mut registry);
    registry
});

#[cfg(test)]
mod tests;
