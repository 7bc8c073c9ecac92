//! Telephone numbers as answers: E.164, or national with a country.

/// ISO code, calling code, and the lengths of national numbers.
const COUNTRIES: [(&str, &str, usize, usize); 24] = [
    ("AR", "54", 10, 11),
    ("BO", "591", 8, 8),
    ("BR", "55", 10, 11),
    ("CL", "56", 9, 9),
    ("CO", "57", 10, 10),
    ("CR", "506", 8, 8),
    ("CU", "53", 8, 8),
    ("DO", "1809", 7, 7),
    ("EC", "593", 8, 9),
    ("ES", "34", 9, 9),
    ("GT", "502", 8, 8),
    ("HN", "504", 8, 8),
    ("MX", "52", 10, 11),
    ("NI", "505", 8, 8),
    ("PA", "507", 7, 8),
    ("PE", "51", 9, 9),
    ("PR", "1787", 7, 7),
    ("PT", "351", 9, 9),
    ("PY", "595", 9, 9),
    ("SV", "503", 8, 8),
    ("US", "1", 10, 10),
    ("UY", "598", 8, 8),
    ("VE", "58", 10, 10),
    ("GB", "44", 10, 10),
];

/// Reads a number as people write it; gives E.164. A national one needs its country.
pub(crate) fn read(text: &str, country: Option<&str>) -> Option<String> {
    let text = text.trim();
    let separators = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    if text.chars().count() > 40 || !text.chars().all(|c| c.is_ascii_digit() || c == '+' || separators(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if let Some(rest) = text.strip_prefix('+') {
        return international(&digits).filter(|_| !rest.contains('+'));
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return international(rest);
    }
    let country = country.filter(|c| !c.is_empty())?;
    let (_, code, min, max) = COUNTRIES.iter().find(|(iso, ..)| iso.eq_ignore_ascii_case(country))?;
    let fits = |d: &str| (*min..=*max).contains(&d.len());
    let national = digits.strip_prefix('0').filter(|d| fits(d)).unwrap_or(&digits);
    if fits(national) {
        return Some(format!("+{code}{national}"));
    }
    digits.strip_prefix(code).filter(|d| fits(d)).map(|d| format!("+{code}{d}"))
}

fn international(digits: &str) -> Option<String> {
    ((8..=15).contains(&digits.len()) && !digits.starts_with('0')).then(|| format!("+{digits}"))
}

/// The ISO code of an E.164 number's country, where it is known.
pub(crate) fn country(e164: &str) -> Option<&'static str> {
    let digits = e164.strip_prefix('+')?;
    COUNTRIES
        .iter()
        .filter(|(_, code, ..)| digits.starts_with(code))
        .max_by_key(|(_, code, ..)| code.len())
        .map(|c| c.0)
}

/// An E.164 number with a space after its calling code.
pub(crate) fn spaced(e164: &str) -> String {
    let code = country(e164).and_then(|iso| COUNTRIES.iter().find(|(other, ..)| *other == iso)).map(|c| c.1.len() + 1);
    match code.and_then(|at| e164.split_at_checked(at)) {
        Some((code, rest)) => format!("{code} {rest}"),
        None => e164.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn national_numbers_need_their_country() {
        assert_eq!(read("+56 9 8765 4321", None).as_deref(), Some("+56987654321"));
        assert_eq!(read("9 8765 4321", Some("CL")).as_deref(), Some("+56987654321"));
        assert_eq!(read("56987654321", Some("CL")).as_deref(), Some("+56987654321"));
        assert_eq!(read("55 1234 5678", Some("MX")).as_deref(), Some("+525512345678"));
        assert_eq!(read("987654321", None), None);
        assert_eq!(read("llámame", Some("CL")), None);
    }

    #[test]
    fn a_number_knows_its_country() {
        assert_eq!(country("+56987654321"), Some("CL"));
        assert_eq!(country("+18095551234"), Some("DO"));
        assert_eq!(country("+999"), None);
        assert_eq!(spaced("+56987654321"), "+56 987654321");
    }
}
