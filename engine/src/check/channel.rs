//! What WhatsApp and the matcher make of a menu: options that look alike, labels that do not fit, commands that are
//! options too.

use std::collections::BTreeMap;

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::effect::Presentation;
use crate::flow::{Flow, Node};
use crate::limits;
use crate::node::{Menu, MenuOption};
use crate::reader::Room;
use crate::settings::Keywords;
use crate::words;

/// Reports what menus show and understand.
pub(crate) fn check(flow: &Flow, room: &mut Room<'_>) {
    for node in &flow.nodes {
        if let Some(menu) = node.body.as_menu() {
            ambiguous(node, menu, room);
            too_wide(node, menu, room);
            commands(flow, node, menu, room);
        }
    }
}

fn at_option(problem: Problem, node: &Node, option: &MenuOption, key: &str) -> Diagnostic {
    Diagnostic::new(problem, format!("{}/{key}", option.path)).in_node(&node.id)
}

/// What an option answers to, besides its position.
fn answers(option: &MenuOption) -> Vec<String> {
    let label = option.label.as_fixed().unwrap_or_default();
    let mut answers = vec![words::normalize(label)];
    answers.extend(words::without_number(label));
    answers.push(words::normalize(&option.value));
    answers.extend(option.synonyms.iter().cloned());
    answers.retain(|answer| !answer.is_empty());
    answers.sort_unstable();
    answers.dedup();
    answers
}

/// Two options with one value, or with one answer. Options with a `when` may exclude each other: they are left alone.
fn ambiguous(node: &Node, menu: &Menu, room: &mut Room<'_>) {
    let mut values: Vec<&str> = Vec::new();
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for option in menu.options() {
        if values.contains(&&*option.value) {
            room.report(at_option(Problem::DuplicateOption, node, option, "value").with("value", &*option.value));
            continue;
        }
        values.push(&option.value);
        if option.when.is_some() {
            continue;
        }
        let answers = answers(option);
        if let Some(answer) = answers.iter().find(|answer| taken.contains_key(*answer)) {
            room.report(at_option(Problem::SameAnswer, node, option, "label").with("answer", answer.as_str()));
        }
        answers.into_iter().for_each(|answer| {
            taken.entry(answer).or_insert(&option.value);
        });
    }
}

/// More options than fit, or labels that do not.
fn too_wide(node: &Node, menu: &Menu, room: &mut Room<'_>) {
    let count = menu.options().len();
    let (rows, label, what) = match menu.presentation() {
        Some(Presentation::Text) => return,
        Some(Presentation::Buttons) => (limits::BUTTONS, limits::BUTTON_CHARS, "buttons"),
        Some(Presentation::List) => (limits::ROWS, limits::ROW_CHARS, "list"),
        None => (usize::MAX, limits::ROW_CHARS, "auto"),
    };
    if count > rows {
        let path = format!("{}/presentation", node.path);
        let diagnostic = Diagnostic::new(Problem::TooManyOptions, path).in_node(&node.id).with("what", what);
        room.report(diagnostic.with("found", count.to_string()).with("allowed", rows.to_string()));
    }
    let mut seen: Vec<&str> = Vec::new();
    for option in menu.options() {
        let Some(text) = option.label.as_fixed() else { continue };
        if text.chars().count() > label {
            let diagnostic = at_option(Problem::LabelTooLong, node, option, "label");
            room.report(diagnostic.with("label", text).with("allowed", label.to_string()));
        }
        if what == "buttons" && seen.contains(&text) {
            room.report(at_option(Problem::SameButton, node, option, "label").with("label", text));
        }
        seen.push(text);
    }
}

/// An exact command is tried before the options: an option with the same word could never be chosen by it.
fn commands(flow: &Flow, node: &Node, menu: &Menu, room: &mut Room<'_>) {
    for (at, command) in flow.settings.commands.iter().enumerate() {
        let (Keywords::Exact(keywords) | Keywords::Contains(keywords)) = &command.keywords else { continue };
        for option in menu.options() {
            if let Some(word) = answers(option).iter().find(|answer| keywords.contains(answer)) {
                let path = format!("/settings/commands/{at}/keywords");
                let diagnostic = Diagnostic::new(Problem::CommandIsOption, path);
                room.report(diagnostic.with("word", word.as_str()).with("id", &*node.id));
                break;
            }
        }
    }
}
