//! Which option an answer means. Two options that match at the same rank are none.

use sha2::{Digest, Sha256};

use crate::session::Offered;
use crate::words;

/// Ranks 2 to 5: position, label, label without its number, value. `answer` is normalized.
pub(crate) fn plain(answer: &str, offered: &[Offered]) -> Option<(usize, u8)> {
    if answer.is_empty() {
        return None;
    }
    if let Some(position) = words::position(answer).filter(|n| *n <= offered.len()) {
        return Some((position - 1, 2));
    }
    single(offered, |o| words::normalize(&o.label) == answer)
        .map(|at| (at, 3))
        .or_else(|| {
            let bare = words::without_number(answer).unwrap_or_else(|| answer.to_owned());
            single(offered, |o| words::without_number(&o.label).is_some_and(|label| label == bare)).map(|at| (at, 4))
        })
        .or_else(|| single(offered, |o| words::normalize(&o.value) == answer).map(|at| (at, 5)))
}

/// Rank 6: a synonym that stands in the answer as whole words.
pub(crate) fn synonym<'s>(
    answer: &str,
    offered: &[Offered],
    synonyms: impl Fn(&str) -> &'s [String],
) -> Option<(usize, u8)> {
    single(offered, |o| !o.built && synonyms(&o.value).iter().any(|s| words::has_words(answer, s))).map(|at| (at, 6))
}

/// The option of a payload: by value, or by the fingerprint of a value too long to be carried.
pub(crate) fn tapped(value: &str, offered: &[Offered]) -> Option<usize> {
    offered.iter().position(|o| o.value == value).or_else(|| {
        let print = value.strip_prefix('#')?;
        offered.iter().position(|o| fingerprint(&o.value) == print)
    })
}

/// Sixteen hexadecimal digits that stand for a value.
pub(crate) fn fingerprint(value: &str) -> String {
    Sha256::digest(value.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The options of an answer that names several: `1, 3 y 4`. A label may itself contain a comma or an «y», so the
/// larger piece is tried first. None if any piece is no option.
pub(crate) fn several(answer: &str, one: impl Fn(&str) -> Option<(usize, u8)>) -> Option<Vec<(usize, u8)>> {
    if let Some(found) = one(&words::normalize(answer)) {
        return Some(vec![found]);
    }
    let mut found = Vec::new();
    for piece in answer.split([',', ';', '\n']).map(words::normalize).filter(|piece| !piece.is_empty()) {
        match one(&piece) {
            Some(option) => found.push(option),
            None => found.extend(parts(&piece).iter().map(|part| one(part)).collect::<Option<Vec<_>>>()?),
        }
    }
    Some(found)
}

/// A normalized piece between «y», «e» and «and»; numbers also between spaces.
fn parts(piece: &str) -> Vec<String> {
    let joins = |token: &&str| matches!(*token, "y" | "e" | "and");
    let tokens: Vec<&str> = piece.split(' ').collect();
    if tokens.iter().all(|token| joins(token) || token.bytes().all(|b| b.is_ascii_digit())) {
        return tokens.into_iter().filter(|token| !joins(token)).map(str::to_owned).collect();
    }
    tokens.split(joins).map(|part| part.join(" ")).filter(|part| !part.is_empty()).collect()
}

/// The one option for which a test holds.
fn single(offered: &[Offered], test: impl Fn(&Offered) -> bool) -> Option<usize> {
    let mut found = offered.iter().enumerate().filter(|(_, o)| test(o)).map(|(at, _)| at);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(labels: &[(&str, &str)]) -> Vec<Offered> {
        let offer = |(label, value): &(&str, &str)| Offered {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
            built: false,
        };
        labels.iter().map(offer).collect()
    }

    #[test]
    fn every_form_of_an_answer_finds_its_option() {
        let menu = offered(&[("1. Ventas", "sales"), ("2. Soporte", "support"), ("3. Hablar con agente", "agent")]);
        let cases = [
            ("3", 2),
            ("3.", 2),
            ("opcion 3", 2),
            ("tres", 2),
            ("3. hablar con agente", 4),
            ("ventas", 4),
            ("agent", 5),
        ];
        for (answer, rank) in cases {
            let found = plain(answer, &menu).unwrap();
            let at = if answer == "ventas" { 0 } else { 2 };
            assert_eq!(found.0, at, "{answer}");
            assert!(found.1 == rank || rank == 4 && found.1 == 3, "{answer}: {}", found.1);
        }
        assert_eq!(plain("4", &menu), None);
        assert_eq!(plain("", &menu), None);
    }

    #[test]
    fn two_options_at_one_rank_are_none() {
        let menu = offered(&[("Plan A", "a"), ("plan a!", "b")]);
        assert_eq!(plain("plan a", &menu), None);
        let cheap = ["barato".to_owned()];
        assert_eq!(synonym("el barato", &menu, |value| if value == "a" { &cheap } else { &[] }), Some((0, 6)));
        assert_eq!(synonym("el barato", &menu, |_| &cheap), None);
    }

    #[test]
    fn several_options_are_named_in_one_answer() {
        let menu = offered(&[("Café", "a"), ("Té", "b"), ("Pan y queso", "c")]);
        let named = |answer: &str| {
            several(answer, |piece| plain(piece, &menu))
                .map(|found| found.iter().map(|(at, _)| *at).collect::<Vec<_>>())
        };
        assert_eq!(named("1, 2 y 3"), Some(vec![0, 1, 2]));
        assert_eq!(named("1 3"), Some(vec![0, 2]));
        assert_eq!(named("té y café"), Some(vec![1, 0]));
        assert_eq!(named("Café, pan y queso"), Some(vec![0, 2]));
        assert_eq!(named("café y leche"), None);
    }
}
