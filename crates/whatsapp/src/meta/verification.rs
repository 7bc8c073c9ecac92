//! Meta's question before it sends webhooks to an address: `GET …?hub.mode=subscribe&hub.challenge=…&hub.verify_token=…`.
//!
//! The challenge is somebody's input that is echoed, so only a harmless one is, and as `text/plain`.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// The longest challenge that is echoed, in characters; Meta's are ten digits.
const LONGEST_CHALLENGE: usize = 128;

/// The question, as the query holds it (`hub.mode`, `hub.verify_token`, `hub.challenge`).
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// `subscribe`.
    pub mode: &'a str,
    /// The token that the operator gave Meta.
    pub verify_token: &'a str,
    /// What to answer with, exactly.
    pub challenge: &'a str,
}

/// The answer's body where the question is right under one of `verify_tokens`; `None` is a 403.
///
/// Every token is compared, each in constant time, so that the time tells neither which one nor how much of it.
#[must_use]
pub fn answer<'a>(question: Question<'a>, verify_tokens: &[SecretString]) -> Option<&'a str> {
    let asked = question.verify_token.as_bytes();
    let known = verify_tokens.iter().fold(false, |known, token| {
        let token = token.expose_secret().as_bytes();
        known | (!token.is_empty() && bool::from(token.ct_eq(asked)))
    });
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let challenge = question.challenge;
    let echoes = !challenge.is_empty() && challenge.len() <= LONGEST_CHALLENGE && challenge.bytes().all(harmless);
    (known && echoes && question.mode == "subscribe").then_some(challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(mode: &'a str, verify_token: &'a str, challenge: &'a str) -> Option<&'a str> {
        let tokens = ["first", "demo-verify-token", ""].map(SecretString::from);
        answer(Question { mode, verify_token, challenge }, &tokens)
    }

    #[test]
    fn the_challenge_is_echoed_to_who_knows_a_token() {
        assert_eq!(asked("subscribe", "demo-verify-token", "1158201444"), Some("1158201444"));
        assert_eq!(asked("subscribe", "first", "a-b_c.9"), Some("a-b_c.9"));
    }

    #[test]
    fn everybody_else_and_everything_else_is_refused() {
        let long = "1".repeat(LONGEST_CHALLENGE + 1);
        for (mode, token, challenge) in [
            ("subscribe", "", "1"),
            ("subscribe", "demo-verify-toke", "1"),
            ("subscribe", "demo-verify-token ", "1"),
            ("unsubscribe", "first", "1"),
            ("", "first", "1"),
            ("subscribe", "first", ""),
            ("subscribe", "first", "<script>alert(1)</script>"),
            ("subscribe", "first", "1\r\nset-cookie: a"),
            ("subscribe", "first", &long),
        ] {
            assert_eq!(asked(mode, token, challenge), None, "{mode} {token} {challenge}");
        }
    }
}
