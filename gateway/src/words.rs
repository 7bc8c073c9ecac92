//! Sentences for people: message files (`gateway/words/*.ftl`) in Spanish, English and Portuguese, chosen by the reader.
//!
//! To add a sentence: its key in all three files; a test compares them.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// A language that there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// The source of all texts.
    Spanish,
    English,
    Portuguese,
}

type Bundle = FluentBundle<FluentResource>;

static SPANISH: LazyLock<Bundle> = LazyLock::new(|| bundle("es", include_str!("../words/es.ftl")));
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle("en", include_str!("../words/en.ftl")));
static PORTUGUESE: LazyLock<Bundle> = LazyLock::new(|| bundle("pt", include_str!("../words/pt.ftl")));

fn bundle(tag: &str, text: &str) -> Bundle {
    let language: LanguageIdentifier = tag.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    // The marks around what is inserted would stand in JSON and in notifications.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(readable, errors)| {
        tracing::error!(?errors, tag, "a message file has faults");
        readable
    });
    if let Err(errors) = bundle.add_resource(resource) {
        tracing::error!(?errors, tag, "a message file says something twice");
    }
    bundle
}

impl Language {
    /// The language of a tag like `es-MX`; Spanish where there is no other.
    pub(crate) fn of(tag: &str) -> Self {
        Self::known(tag).unwrap_or(Self::Spanish)
    }

    fn known(tag: &str) -> Option<Self> {
        match tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "es" => Some(Self::Spanish),
            "en" => Some(Self::English),
            "pt" => Some(Self::Portuguese),
            _ => None,
        }
    }

    /// The first language of an `Accept-Language` that there are words in.
    pub(crate) fn accepted(header: &str) -> Option<Self> {
        let mut wanted: Vec<(f32, Self)> = header
            .split(',')
            .take(20)
            .filter_map(|entry| {
                let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
                let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok())?;
                Some((weight, Self::known(tag)?))
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.first().map(|(_, language)| *language)
    }

    fn bundle(self) -> &'static Bundle {
        match self {
            Self::Spanish => &SPANISH,
            Self::English => &ENGLISH,
            Self::Portuguese => &PORTUGUESE,
        }
    }

    /// Whether there is a sentence under this key.
    pub(crate) fn has(self, key: &str) -> bool {
        self.bundle().has_message(key)
    }

    /// A word without values.
    pub(crate) fn word(self, key: &str) -> String {
        self.say(key, &[])
    }

    /// The sentence under a key, with its values; the key itself where there is none.
    pub(crate) fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, (*value).to_owned());
        }
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(text: &str) -> BTreeSet<&str> {
        let is_key = |line: &&str| line.chars().next().is_some_and(|c| c.is_ascii_lowercase());
        text.lines().filter(is_key).filter_map(|line| line.split(" =").next()).collect()
    }

    fn variables(text: &str) -> BTreeSet<(String, String)> {
        let mut found = BTreeSet::new();
        let mut key = "";
        for line in text.lines() {
            if line.chars().next().is_some_and(|c| c.is_ascii_lowercase()) {
                key = line.split(" =").next().unwrap();
            }
            for part in line.split("{ $").skip(1) {
                let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                found.insert((key.to_owned(), name));
            }
        }
        found
    }

    #[test]
    fn the_three_files_say_the_same_things() {
        let [es, en, pt] =
            [include_str!("../words/es.ftl"), include_str!("../words/en.ftl"), include_str!("../words/pt.ftl")];
        assert!(keys(es).len() > 60);
        assert_eq!(keys(es), keys(en));
        assert_eq!(keys(es), keys(pt));
        assert_eq!(variables(es), variables(en));
        assert_eq!(variables(es), variables(pt));
        for text in [es, en, pt] {
            FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| errors).unwrap();
        }
    }

    #[test]
    fn a_sentence_has_its_values_and_no_marks() {
        let text = Language::Spanish.say("ledger-moved", &[("from", "en cola"), ("to", "asignada")]);
        assert_eq!(text, "Pasó de en cola a asignada.");
        let with = |node| Language::English.say("summary-bot", &[("client", "Carolina"), ("node", node)]);
        assert_eq!(with("none"), "The bot is talking with Carolina.");
        assert_eq!(with("menu"), "The bot is talking with Carolina and stands at the node “menu”.");
        assert_eq!(Language::Spanish.say("nowhere", &[]), "nowhere");
    }

    #[test]
    fn the_reader_s_first_language_that_we_have_is_taken() {
        assert_eq!(Language::accepted("de, pt-BR;q=0.8, en;q=0.9"), Some(Language::English));
        assert_eq!(Language::accepted("de"), None);
        assert_eq!(Language::accepted("en;q=0"), None);
        assert_eq!(Language::of("pt_BR"), Language::Portuguese);
        assert_eq!(Language::of("xx"), Language::Spanish);
    }
}
