//! One person, several spellings of one phone number.
//!
//! Brazil, Mexico and Argentina have mobile prefixes that WhatsApp sometimes writes and sometimes does not
//! (reported by many users, documented nowhere). [`fold`] maps the spellings to one, *for finding people only*:
//! an answer always goes to the address that came.

/// The digits of `number`, with the national variants folded together.
///
/// `+52 1 55…` and `52 55…` are one; so are `549…` and `54…`, and Brazil's mobiles with and without the ninth digit.
/// `None` when there are no digits.
#[must_use]
pub fn fold(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    let folded = match (digits.get(..2), digits.len()) {
        (Some("52"), 13) => strip(&digits, 2, '1'),
        (Some("54"), 13) => strip(&digits, 2, '9'),
        // 55 AA 9XXXXXXXX: the ninth digit was put before mobiles only, which began with 6 to 9.
        (Some("55"), 13) if digits.chars().nth(5).is_some_and(|c| ('6'..='9').contains(&c)) => strip(&digits, 4, '9'),
        _ => None,
    };
    Some(folded.unwrap_or(digits))
}

/// Takes the character at `at` out, if it is `what`.
fn strip(digits: &str, at: usize, what: char) -> Option<String> {
    let (head, tail) = digits.split_at_checked(at)?;
    let rest = tail.strip_prefix(what)?;
    Some(format!("{head}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_variants_are_one_number() {
        for (a, b) in [
            ("5215512345678", "+52 55 1234 5678"),
            ("5491123456789", "541123456789"),
            ("5511987654321", "551187654321"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn other_numbers_stay_as_they_are() {
        assert_eq!(fold("+51 987 654 321").as_deref(), Some("51987654321"));
        assert_eq!(fold("5511932654321").as_deref(), Some("5511932654321"), "a ninth digit before no old mobile");
        assert_eq!(fold("sin número"), None);
    }
}
