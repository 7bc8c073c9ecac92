//! `hilo.toml`: the keys of the environment, in a file. What is wrong with it is said without repeating any value.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use toml::{Table, Value};

use super::keys::KEYS;

/// So much of an unknown key is shown: enough to find it.
const SHOWN: usize = 40;

/// What stands in the file; nothing when there is none.
pub(super) fn read(path: &Path) -> anyhow::Result<HashMap<String, String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(error).context("hilo.toml cannot be read"),
    }
}

fn parse(text: &str) -> anyhow::Result<HashMap<String, String>> {
    // The error itself would quote the line, and with it a password.
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let fault = error.message().lines().next().unwrap_or_default().to_owned();
        anyhow!("hilo.toml is malformed{}: {fault}", error.span().map(|span| place(text, span)).unwrap_or_default())
    })?;
    let strangers: Vec<_> = table.keys().filter(|key| !is_known(key)).map(|key| named(key)).collect();
    if !strangers.is_empty() {
        bail!("hilo.toml holds what is no key of Hilo's: {}", strangers.join(", "));
    }
    let text_of = |(key, value)| match value {
        Value::String(value) => Ok((key, value)),
        _ => bail!("hilo.toml holds {key} without quotes; write {key} = \"…\""),
    };
    table.into_iter().map(text_of).collect()
}

fn is_known(key: &str) -> bool {
    KEYS.iter().any(|known| known.name == key)
}

/// An unknown key, with the one that was probably meant.
fn named(key: &str) -> String {
    let shown: String = key.escape_debug().take(SHOWN).collect();
    let loud = key.to_uppercase();
    let nearest = KEYS.iter().map(|known| (strsim::damerau_levenshtein(&loud, known.name), known.name)).min();
    match nearest {
        Some((distance, name)) if distance * 3 <= name.len() => format!("`{shown}` (did you mean {name}?)"),
        _ => format!("`{shown}`"),
    }
}

/// ` at line 2, column 7`, both counted from 1.
fn place(text: &str, span: Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" at line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str) -> String {
        let sentence = format!("{:#}", parse(text).unwrap_err());
        assert!(!sentence.contains("geheim"), "a secret is shown: {sentence}");
        assert!(!sentence.contains('\n'), "more than a sentence: {sentence}");
        sentence
    }

    #[test]
    fn a_file_of_known_keys_is_read() {
        let read = parse("# ours\nREDIS_URL = \"redis://127.0.0.1\"\nHILO_LOG = 'info'\n").unwrap();
        assert_eq!(read["REDIS_URL"], "redis://127.0.0.1");
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_file_that_is_not_there_says_nothing() {
        assert!(read(Path::new("no/such/hilo.toml")).unwrap().is_empty());
    }

    #[test]
    fn a_malformed_line_is_placed_and_never_shown() {
        let sentence = refused("HILO_LOG = \"info\"\nDATABASE_URL = postgres://hilo:geheim@127.0.0.1/hilo\n");
        assert!(sentence.starts_with("hilo.toml is malformed at line 2, column 16: "), "{sentence}");
        for text in [
            "DATABASE_URL = \"postgres://hilo:geheim",
            "DATABASE_URL = 'geheim\n",
            "DATABASE_URL \"geheim\"",
            "DATABASE_URL: geheim",
            "DATABASE_URL = \"geheim\" \"geheim\"",
            "DATABASE_URL = \"\\geheim\"",
            "DATABASE_URL = geheim",
            "DATABASE_URL = = geheim",
            "DATABASE_URL = 12geheim",
            "DATABASE_URL = [\"geheim\"",
            "DATABASE_URL = { geheim",
            "DATABASE_URL = \"\"\"geheim",
            "DATABASE_URL = \"geheim\"\nDATABASE_URL = \"geheim\"",
            "[geheim",
            "= \"geheim\"",
            "postgres://hilo:geheim@127.0.0.1/hilo",
            "\u{0}geheim",
        ] {
            let sentence = refused(text);
            assert!(sentence.starts_with("hilo.toml is malformed at line "), "{text}: {sentence}");
        }
    }

    #[test]
    fn unknown_keys_are_named_with_the_nearest() {
        let sentence = refused("HILO_HTP_ADDR = \"geheim\"\ndatabase_url = \"geheim\"\n[media]\nurl = \"geheim\"\n");
        assert!(sentence.contains("`HILO_HTP_ADDR` (did you mean HILO_HTTP_ADDR?)"), "{sentence}");
        assert!(sentence.contains("`database_url` (did you mean DATABASE_URL?)"), "{sentence}");
        assert!(sentence.ends_with("`media`"), "nothing is near it: {sentence}");
    }

    #[test]
    fn a_value_that_is_no_text_is_refused_by_its_key() {
        let sentence = refused("HILO_HTTP_ADDR = 8080");
        assert_eq!(sentence, "hilo.toml holds HILO_HTTP_ADDR without quotes; write HILO_HTTP_ADDR = \"…\"");
        assert!(refused("DATABASE_URL = [\"geheim\"]").contains("DATABASE_URL"));
    }
}
