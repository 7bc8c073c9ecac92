use super::*;

#[test]
fn the_table_is_sorted_and_has_every_code_once() {
    assert!(CODES.is_sorted_by(|a, b| a.code < b.code));
    assert_eq!(CODES.len(), 68);
}

#[test]
fn the_codes_that_hilo_decides_on_mean_what_the_protocol_says() {
    let class = |scope, retry| Class { scope, retry };
    for (code, expected) in [
        (0, class(Scope::Token, Retry::No)),
        (1, class(Scope::Platform, Retry::Few)),
        (2, class(Scope::Platform, Retry::Backoff)),
        (4, class(Scope::App, Retry::Long)),
        (613, class(Scope::App, Retry::Long)),
        (190, class(Scope::Token, Retry::No)),
        (200, class(Scope::App, Retry::No)),
        (299, class(Scope::App, Retry::No)),
        (368, class(Scope::Waba, Retry::No)),
        (100, class(Scope::Message, Retry::No)),
        (80_007, class(Scope::Waba, Retry::Long)),
        (130_429, class(Scope::Phone, Retry::Backoff)),
        (131_000, class(Scope::Message, Retry::Few)),
        (131_016, class(Scope::Platform, Retry::Backoff)),
        (131_026, class(Scope::Recipient, Retry::No)),
        (131_047, class(Scope::Recipient, Retry::No)),
        (131_048, class(Scope::Phone, Retry::Long)),
        (131_049, class(Scope::Recipient, Retry::No)),
        (131_056, class(Scope::Pair, Retry::Pair)),
        (131_057, class(Scope::Waba, Retry::Backoff)),
        (132_001, class(Scope::Template, Retry::No)),
        (132_069, class(Scope::Template, Retry::Long)),
        (133_004, class(Scope::Platform, Retry::Backoff)),
    ] {
        // The status is of no account for a code that is known.
        for status in [200, 400, 500] {
            assert_eq!(classify(Some(code), status), expected, "{code} {status}");
        }
    }
}

#[test]
fn an_unknown_code_is_tried_a_few_times_after_5xx_and_never_after_4xx() {
    for code in [-1, 5, 199, 300, 131_999, i64::MAX] {
        assert_eq!(known(code), None);
        assert_eq!(classify(Some(code), 503).retry, Retry::Few);
        assert_eq!(classify(Some(code), 400).retry, Retry::No);
        assert_eq!(classify(Some(code), 429).retry, Retry::No, "Graph's 429 carries a known code");
    }
    assert_eq!(classify(None, 401), Class { scope: Scope::Token, retry: Retry::No });
    assert_eq!(classify(None, 429).retry, Retry::Backoff);
    assert_eq!(classify(None, 404).retry, Retry::No);
}

#[test]
fn a_pair_waits_for_powers_of_four() {
    let seconds: Vec<_> = (0..5).map(|failures| pair_delay(failures).as_secs()).collect();
    assert_eq!(seconds, [1, 4, 16, 64, 256]);
    assert_eq!(pair_delay(u32::MAX).as_secs(), 3600);
}

#[test]
fn a_whole_error_object_is_read() {
    let body = br#"{"error":{"message":"(#130429) Rate limit hit","type":"OAuthException","code":130429,
        "error_data":{"messaging_product":"whatsapp","details":"Throughput reached."},"fbtrace_id":"Az8"}}"#;
    let failure = GraphFailure::parse(400, body).unwrap();
    assert_eq!(failure.code, Some(130_429));
    assert_eq!(failure.class, Class { scope: Scope::Phone, retry: Retry::Backoff });
    assert_eq!(failure.message, "(#130429) Rate limit hit");
    assert_eq!(failure.details.as_deref(), Some("Throughput reached."));
    assert_eq!(failure.trace.as_deref(), Some("Az8"));
}

#[test]
fn missing_parts_and_codes_as_strings_are_borne() {
    let failure = GraphFailure::parse(401, br#"{"error":{"code":"190"}}"#).unwrap();
    assert_eq!((failure.code, failure.class.scope), (Some(190), Scope::Token));
    let failure = GraphFailure::parse(500, br#"{"error":{"code":null,"error_data":null,"message":7}}"#).unwrap();
    assert_eq!((failure.code, failure.class.retry), (None, Retry::Few));
    assert_eq!(failure.details, None);
}

#[test]
fn what_is_no_error_object_is_none() {
    let bodies: [&[u8]; 8] =
        [b"", b"<html>502</html>", b"{", b"null", b"[]", br#"{"error":"no"}"#, br#"{"error":{"code":1}"#, b"\xff"];
    for body in bodies {
        assert_eq!(GraphFailure::parse(502, body), None);
    }
}
