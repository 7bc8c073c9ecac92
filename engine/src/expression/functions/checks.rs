//! Checks of what people type: addresses, telephones, and the identity numbers of the countries we write in.

use super::{Args, Function, Outcome, condition, value};
use crate::phone;

pub(super) const TABLE: &[Function] = &[
    condition("email_valid", 1, 1, |a| Ok(email(&a.text(0)?).into())),
    condition("phone_valid", 1, 2, |a| Ok(phone::read(&a.text(0)?, Some(&a.text(1)?)).is_some().into())),
    value("phone_country", 1, 1, phone_country),
    value("phone_format", 1, 2, |a| {
        let text = a.text(0)?;
        Ok(phone::read(&text, Some(&a.text(1)?)).map_or_else(|| text.into(), |e164| phone::spaced(&e164).into()))
    }),
    condition("url_valid", 1, 1, |a| Ok(url(&a.text(0)?).into())),
    condition("rut_valid", 1, 1, |a| Ok(rut(&a.text(0)?).into())),
    condition("cuit_valid", 1, 1, |a| Ok(cuit(&a.text(0)?).into())),
    condition("cpf_valid", 1, 1, |a| Ok(cpf(&a.text(0)?).into())),
    condition("dni_valid", 1, 1, |a| Ok(dni(&a.text(0)?).into())),
    condition("nit_valid", 1, 1, |a| Ok(nit(&a.text(0)?).into())),
    condition("luhn_valid", 1, 1, |a| Ok(luhn(&a.text(0)?).into())),
];

/// One address, at most 254 characters, with a dot in its domain.
pub(crate) fn email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let name = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    let label = |l: &str| {
        !l.is_empty() && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.chars().count() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(name)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.contains('.')
        && domain.split('.').all(label)
        && domain.rsplit('.').next().is_some_and(|top| top.len() >= 2 && top.chars().all(char::is_alphabetic))
}

/// An http or https link with a host.
pub(crate) fn url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !text.chars().any(char::is_whitespace)
    })
}

fn phone_country(args: &Args<'_, '_>) -> Outcome {
    Ok(phone::read(&args.text(0)?, None).and_then(|e164| phone::country(&e164)).map_or(rhai::Dynamic::UNIT, Into::into))
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).take(40).collect()
}

/// Only digits and the usual separators, and as many digits as expected.
fn spelled(text: &str, counts: std::ops::RangeInclusive<usize>) -> Option<Vec<u32>> {
    let plain = text.len() <= 40 && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ' ' | '/'));
    let digits = digits(text);
    (plain && counts.contains(&digits.len())).then_some(digits)
}

/// Weighted sum, weights from the left.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Chile: modulo 11 with weights 2 to 7 from the right, K for ten.
fn rut(text: &str) -> bool {
    let text = text.trim().replace(['.', ' '], "");
    let Some((body, check)) = text.rsplit_once('-').or_else(|| text.split_at_checked(text.len().saturating_sub(1)))
    else {
        return false;
    };
    if !(6..=8).contains(&body.len()) || !body.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = digits(body).iter().rev().zip([2, 3, 4, 5, 6, 7].iter().cycle()).map(|(d, w)| d * w).sum();
    let expected = match 11 - sum % 11 {
        11 => "0".to_owned(),
        10 => "K".to_owned(),
        digit => digit.to_string(),
    };
    check.eq_ignore_ascii_case(&expected)
}

/// Argentina: eleven digits, modulo 11.
fn cuit(text: &str) -> bool {
    let Some(digits) = spelled(text, 11..=11) else { return false };
    let check = match 11 - weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        10 => 9,
        digit => digit,
    };
    digits.last() == Some(&check)
}

/// Brazil: eleven digits, two of them computed; eleven equal digits are none.
fn cpf(text: &str) -> bool {
    let Some(digits) = spelled(text, 11..=11) else { return false };
    let check = |weights: &[u32]| (weighted(&digits, weights) * 10 % 11) % 10;
    digits.iter().any(|d| Some(d) != digits.first())
        && digits.get(9) == Some(&check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]))
        && digits.get(10) == Some(&check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]))
}

/// Spain: eight digits and the letter that follows from them (an X, Y or Z may stand for the first). Peru: eight digits.
fn dni(text: &str) -> bool {
    const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
    let text = text.trim().to_ascii_uppercase().replace(['-', ' ', '.'], "");
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let Some((body, letter)) = text.split_at_checked(text.len().saturating_sub(1)) else { return false };
    let body = match body.chars().next() {
        Some('X') => body.replacen('X', "0", 1),
        Some('Y') => body.replacen('Y', "1", 1),
        Some('Z') => body.replacen('Z', "2", 1),
        Some(_) | None => body.to_owned(),
    };
    let number = body.parse::<usize>().ok().filter(|_| body.len() == 8);
    number.and_then(|n| LETTERS.chars().nth(n % 23)).is_some_and(|expected| letter.chars().eq([expected]))
}

/// Colombia: the last digit is the check, modulo 11 with primes from the right.
fn nit(text: &str) -> bool {
    let Some(mut digits) = spelled(text, 6..=16) else { return false };
    let Some(check) = digits.pop() else { return false };
    digits.reverse();
    let rest = weighted(&digits, &[3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71]) % 11;
    check == if rest > 1 { 11 - rest } else { rest }
}

/// Cards and many other numbers.
fn luhn(text: &str) -> bool {
    let Some(digits) = spelled(text, 2..=40) else { return false };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            if i % 2 == 0 {
                *d
            } else if d * 2 > 9 {
                d * 2 - 9
            } else {
                d * 2
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_numbers_are_checked_by_their_own_arithmetic() {
        assert!(rut("12.345.678-5") && rut("123456785") && !rut("12345678-4") && rut("10.000.013-K") && !rut("-"));
        assert!(cuit("20-12345678-6") && !cuit("20-12345678-5"));
        assert!(cpf("529.982.247-25") && !cpf("529.982.247-24") && !cpf("111.111.111-11"));
        assert!(dni("12345678Z") && dni("X1234567L") && !dni("12345678A") && dni("12345678"));
        assert!(nit("800.197.268-4") && !nit("800.197.268-5"));
        assert!(luhn("4539 5787 6362 1486") && !luhn("4539 5787 6362 1487"));
    }

    #[test]
    fn an_address_has_one_at_and_a_domain_with_a_dot() {
        assert!(email("ana@correo.cl") && email("ana.b+x@sub.correo.co"));
        for wrong in ["ana", "ana@correo", "@correo.cl", "a@b@c", "ana@.cl", "ana@correo..cl", "a b@c.cl", "ana@c.1"] {
            assert!(!email(wrong), "{wrong}");
        }
    }
}
