//! Sentences for people: message files in Spanish, English and Portuguese, chosen by the reader.

/// A language that there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// The source of all texts.
    Spanish,
    English,
    Portuguese,
}

impl Language {
    /// The language of a tag like `es-MX`; Spanish where there is no other.
    pub(crate) fn of(tag: &str) -> Self {
        match tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Self::English,
            "pt" => Self::Portuguese,
            _ => Self::Spanish,
        }
    }
}
