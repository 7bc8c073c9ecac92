//! Translations of what no longer exists. Those that are missing, or that use other variables, are found where a text
//! is compiled (`reader.rs`).

use crate::check::problems::Problem;
use crate::diagnostic::Diagnostic;
use crate::json::Tree;
use crate::reader::{Room, join};

/// Reports translations that nothing used.
pub(crate) fn check(tree: &Tree, room: &mut Room<'_>) {
    for language in tree.get("translations").map(Tree::members).unwrap_or_default() {
        for node in language.value.members() {
            for text in node.value.members() {
                let key = (language.key.clone(), node.key.clone(), text.key.clone());
                if !room.translated.contains(&key) {
                    let path = ["translations", &language.key, &node.key, &text.key];
                    let path = path.iter().fold(String::new(), |path, key| join(&path, key));
                    let name = format!("{}.{}.{}", language.key, node.key, text.key);
                    room.report(Diagnostic::new(Problem::StaleTranslation, path).with("text", name));
                }
            }
        }
    }
}
