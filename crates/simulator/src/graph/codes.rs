//! Meta's error codes: the HTTP status and the title of each.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// What is known of `code`: HTTP status and title. A code that is not in the table is a refusal of the request.
pub(crate) fn describe(code: u32) -> (StatusCode, &'static str) {
    let known = CODES.binary_search_by_key(&code, |(known, _, _)| *known).ok().and_then(|index| CODES.get(index));
    let (status, title) = known.map_or((400, "Unknown error"), |(_, status, title)| (*status, *title));
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), title)
}

/// `code` as an element of `errors[]` in a webhook.
pub(crate) fn in_webhook(code: u32) -> Value {
    let (_, title) = describe(code);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details(code)},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    })
}

/// The usual explanation of `code`.
pub(crate) fn details(code: u32) -> &'static str {
    match code {
        130_429 => "Cloud API message throughput has been reached.",
        131_026 => "Message undeliverable.",
        131_047 => {
            "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        }
        131_053 => "Media upload error: the file's content does not match its type, or its link is unreachable.",
        131_056 => {
            "Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time."
        }
        _ => describe(code).1,
    }
}

/// Sorted by code: (code, HTTP status, title).
const CODES: [(u32, u16, &str); 69] = [
    (0, 401, "AuthException"),
    (1, 400, "API Unknown"),
    (2, 503, "API Service"),
    (3, 500, "API Method"),
    (4, 400, "API Too Many Calls"),
    (10, 403, "API Permission Denied"),
    (17, 400, "User request limit reached"),
    (33, 400, "Parameter value is not valid"),
    (100, 400, "Invalid parameter"),
    (190, 401, "Access token has expired"),
    (200, 403, "Permission (200-299)"),
    (368, 403, "Temporarily blocked for policies violations"),
    (613, 400, "Calls to this api have exceeded the rate limit"),
    (2200, 400, "Callback verification failed"),
    (2500, 400, "Unknown path components"),
    (2635, 400, "You are calling a deprecated version of the API"),
    (80_007, 400, "Rate limit issues"),
    (130_403, 400, "Business has blocked the user"),
    (130_429, 400, "Rate limit hit"),
    (130_472, 400, "User's number is part of an experiment"),
    (130_497, 403, "Business account restricted from messaging users in this country"),
    (130_501, 400, "Message type is not currently supported"),
    (131_000, 500, "Something went wrong"),
    (131_005, 403, "Access denied"),
    (131_008, 400, "Required parameter is missing"),
    (131_009, 400, "Parameter value is not valid"),
    (131_016, 500, "Service unavailable"),
    (131_021, 400, "Recipient cannot be sender"),
    (131_026, 400, "Message undeliverable"),
    (131_030, 400, "Recipient phone number not in allowed list"),
    (131_031, 403, "Account has been locked"),
    (131_037, 400, "Display name approval needed"),
    (131_042, 400, "Business eligibility payment issue"),
    (131_045, 500, "Incorrect certificate"),
    (131_047, 400, "Re-engagement message"),
    (131_048, 400, "Spam rate limit hit"),
    (131_049, 400, "Meta chose not to deliver"),
    (131_050, 400, "User stopped marketing messages"),
    (131_051, 400, "Unsupported message type"),
    (131_052, 400, "Media download error"),
    (131_053, 400, "Media upload error"),
    (131_055, 400, "Method not allowed"),
    (131_056, 400, "Pair rate limit hit"),
    (131_057, 500, "Account in maintenance mode"),
    (131_060, 400, "This message is unavailable"),
    (131_063, 400, "Marketing templates disabled on Cloud API"),
    (131_064, 400, "Messaging limit by template classification violations"),
    (132_000, 400, "Template parameter count mismatch"),
    (132_001, 404, "Template does not exist"),
    (132_005, 400, "Template hydrated text too long"),
    (132_007, 400, "Template format character policy violated"),
    (132_012, 400, "Template parameter format mismatch"),
    (132_015, 400, "Template is paused"),
    (132_016, 400, "Template is disabled"),
    (132_018, 400, "Template validation error"),
    (132_068, 400, "Flow is blocked"),
    (132_069, 400, "Flow is throttled"),
    (133_000, 500, "Incomplete deregistration"),
    (133_004, 503, "Server temporarily unavailable"),
    (133_005, 400, "Two-step PIN mismatch"),
    (133_006, 400, "Phone number re-verification needed"),
    (133_008, 400, "Too many two-step PIN guesses"),
    (133_009, 400, "Two-step PIN guessed too fast"),
    (133_010, 400, "Phone number not registered"),
    (133_015, 400, "Please wait a few minutes before registering"),
    (133_016, 400, "Register/deregister rate limit"),
    (134_011, 400, "Payments terms not accepted"),
    (135_000, 400, "Generic user error"),
    (137_000, 400, "Identity hash mismatch"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_codes_are_found() {
        assert!(CODES.is_sorted_by_key(|(code, _, _)| *code));
        assert_eq!(describe(132_001), (StatusCode::NOT_FOUND, "Template does not exist"));
        assert_eq!(describe(190).0, StatusCode::UNAUTHORIZED);
        assert_eq!(describe(999_999).0, StatusCode::BAD_REQUEST);
    }
}
