//! Words of customers, made comparable: `¡Opción 3!` and `opcion 3` are the same answer.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::limits;

/// Compatible forms made equal (NFKC), lower case, no accents, spaces collapsed, nothing at the edges but letters,
/// digits and brackets. Only the first [`limits::ANSWER_CHARS`] characters count.
pub(crate) fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars().take(limits::ANSWER_CHARS).nfkc().flat_map(char::to_lowercase).nfd() {
        if is_combining_mark(c) || is_invisible(c) {
            continue;
        }
        if c.is_whitespace() {
            space = !out.is_empty();
            continue;
        }
        if out.is_empty() && !begins(c) {
            continue;
        }
        if space {
            out.push(' ');
            space = false;
        }
        out.push(c);
    }
    out.truncate(out.trim_end_matches(|c: char| !ends(c)).len());
    out
}

/// Joiners, variation selectors and marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

fn begins(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '(' | '[' | '+' | '-' | '#' | '$' | '@' | '/' | '.' | '*')
}

fn ends(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ')' | ']' | '+' | '#' | '$' | '%' | '*')
}

/// Whether `part` stands in `text` as whole words; both normalized.
pub(crate) fn has_words(text: &str, part: &str) -> bool {
    if part.is_empty() {
        return false;
    }
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(part).any(|(at, found)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|t| t.chars().next());
        edge(before) && edge(after)
    })
}

/// A label without the number that it begins with: `Ventas` of `1. Ventas`, `2) Soporte` or `3️⃣ Otro`; normalized.
pub(crate) fn without_number(label: &str) -> Option<String> {
    let normalized = normalize(label);
    let rest = normalized.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.len() == normalized.len() {
        return None;
    }
    let rest = rest.trim_start_matches(['.', ')', '-', ':', '\u{20E3}', ' ']);
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Whether a label begins with a number, as `1. Ventas`.
pub(crate) fn is_numbered(label: &str) -> bool {
    without_number(label).is_some()
}

const NUMBERS: [[&str; 10]; 3] = [
    ["uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"],
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"],
    ["um", "dois", "tres", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez"],
];

/// The position that an answer names: `3`, `3.`, `opción 3`, `la 3`, `tres`; normalized, counted from 1.
pub(crate) fn position(answer: &str) -> Option<usize> {
    let mut rest = answer;
    for lead in ["opcion ", "option ", "opcao ", "numero ", "number ", "la ", "el ", "the ", "a "] {
        if let Some(tail) = rest.strip_prefix(lead) {
            rest = tail;
        }
    }
    let digits = rest.trim_start_matches('#').trim_end_matches(['.', ')', '-']);
    if !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.parse().ok().filter(|n| *n > 0);
    }
    NUMBERS.iter().find_map(|words| words.iter().position(|word| *word == rest)).map(|i| i + 1)
}

/// How alike two texts are, 0 to 100, by the pairs of letters they share.
pub(crate) fn similarity(a: &str, b: &str) -> i64 {
    let (a, b) = (normalize(a), normalize(b));
    if a == b {
        return 100;
    }
    let pairs = |text: &str| -> Vec<(char, char)> {
        let mut pairs: Vec<_> = text.chars().zip(text.chars().skip(1)).take(256).collect();
        pairs.sort_unstable();
        pairs
    };
    let (left, mut right) = (pairs(&a), pairs(&b));
    let total = left.len() + right.len();
    if total == 0 {
        return 0;
    }
    let mut shared = 0;
    for pair in left {
        if let Some(at) = right.iter().position(|other| *other == pair) {
            right.swap_remove(at);
            shared += 2;
        }
    }
    i64::try_from(shared * 100 / total).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_mean_the_same_become_the_same() {
        for same in ["Opción 3", "  OPCIÓN   3 ", "¡Opción 3!", "opcion 3 😀", "opción\u{a0}3.", "Ｏpción 3"] {
            assert_eq!(normalize(same), "opcion 3", "{same}");
        }
        assert_eq!(normalize("Sí ❤️"), "si");
        assert_eq!(normalize("😀"), "");
    }

    #[test]
    fn a_position_is_named_in_many_ways() {
        for (answer, position_) in [("3", 3), ("3.", 3), ("opción 3", 3), ("Tres", 3), ("la 2", 2), ("ten", 10)] {
            assert_eq!(position(&normalize(answer)), Some(position_), "{answer}");
        }
        for none in ["0", "100", "tres cosas", "", "3 4"] {
            assert_eq!(position(&normalize(none)), None, "{none}");
        }
    }

    #[test]
    fn labels_lose_their_number() {
        assert_eq!(without_number("1. Ventas").as_deref(), Some("ventas"));
        assert_eq!(without_number("2️⃣ Soporte").as_deref(), Some("soporte"));
        assert_eq!(without_number("Ventas"), None);
        assert_eq!(without_number("24"), None);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_words("quiero hablar con un agente", "agente"));
        assert!(!has_words("las agentes", "agente"));
        assert!(!has_words("x", ""));
    }
}
