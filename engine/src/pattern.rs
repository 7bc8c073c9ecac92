//! Regular expressions, linear in the text and limited in size.
//!
//! Patterns written in a document are compiled with it. Those that an expression puts together are compiled once and
//! kept in a bounded store shared by the process; the store changes how long a call takes, never what it gives.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

use crate::limits;

static KEPT: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());

/// Compiles a pattern that must match a whole text.
pub(crate) fn whole(source: &str) -> Result<Regex, String> {
    compile(&format!("^(?:{source})$"))
}

/// Compiles a pattern.
pub(crate) fn compile(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(source)
        .size_limit(limits::REGEX_BYTES)
        .dfa_size_limit(limits::REGEX_BYTES)
        .nest_limit(50)
        .build()
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
}

/// A pattern from the store, compiled into it when it is new.
pub(crate) fn cached(source: &str) -> Result<Regex, String> {
    if let Some(regex) = KEPT.lock().unwrap_or_else(PoisonError::into_inner).get(source) {
        return Ok(regex.clone());
    }
    let regex = compile(source)?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= limits::REGEX_CACHE {
        kept.pop_first();
    }
    kept.insert(source.to_owned(), regex.clone());
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_around_back_references_and_giants_are_refused() {
        for refused in ["(?=a)b", "(?<!a)b", r"(a)\1", "(", "[z-a]", "((a{1000}){1000}){1000}"] {
            assert!(compile(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_pattern_that_explodes_elsewhere_is_answered_here() {
        let regex = whole("(a+)+").unwrap();
        assert!(!regex.is_match(&format!("{}b", "a".repeat(10_000))));
    }

    #[test]
    fn the_store_is_bounded() {
        for i in 0..limits::REGEX_CACHE * 3 {
            cached(&format!("a{i}")).unwrap();
        }
        assert!(KEPT.lock().unwrap().len() <= limits::REGEX_CACHE);
    }
}
