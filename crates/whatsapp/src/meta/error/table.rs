//! Meta's codes, as data (`whatsapp-protocol.md` section 13, after Meta's list of error codes).
//!
//! A code that arrives in a status instead of an answer means the same.

use super::Class;
use super::Retry::{self, Backoff, Few, Long, No};
use super::Scope::{self, App, Message, Phone, Platform, Recipient, Template, Token, Waba};

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Meta's code.
    pub code: i64,
    /// Meta's title of it; for people, and for logs.
    pub title: &'static str,
    /// The HTTP status with which it is documented; 0 where it only arrives in webhooks.
    pub http_status: u16,
    /// What it concerns.
    pub scope: Scope,
    /// Whether to try again.
    pub retry: Retry,
}

impl Known {
    /// What the code asks for.
    #[must_use]
    pub const fn class(&self) -> Class {
        Class { scope: self.scope, retry: self.retry }
    }
}

const fn known(code: i64, title: &'static str, http_status: u16, scope: Scope, retry: Retry) -> Known {
    Known { code, title, http_status, scope, retry }
}

/// Every code that is documented, in ascending order. 200 stands for 200 to 299.
///
/// 131049 may be sent again after 24 hours, by a person's decision; 131060 and 130501 only mark inbound messages.
pub const CODES: &[Known] = &[
    known(0, "AuthException", 401, Token, No),
    known(1, "API Unknown", 400, Platform, Few),
    known(2, "API Service", 503, Platform, Backoff),
    known(3, "API Method", 500, App, No),
    known(4, "API Too Many Calls", 400, App, Long),
    known(10, "API Permission Denied", 403, App, No),
    known(17, "User Request Limit Reached", 400, App, Long),
    known(32, "Page Request Limit Reached", 400, App, Long),
    known(33, "Parameter value is not valid", 400, Phone, No),
    known(100, "Invalid parameter", 400, Message, No),
    known(190, "Access token has expired", 401, Token, No),
    known(200, "Permission (200-299)", 403, App, No),
    known(368, "Temporarily blocked for policies violations", 403, Waba, No),
    known(613, "Calls Within One Hour Exceeded", 400, App, Long),
    known(80007, "Rate limit issues", 400, Waba, Long),
    known(130_403, "Business has blocked the user", 400, Recipient, No),
    known(130_429, "Rate limit hit", 400, Phone, Backoff),
    known(130_472, "User's number is part of an experiment", 400, Recipient, No),
    known(130_497, "Business account restricted from messaging users in this country", 403, Waba, No),
    known(130_501, "Message type not supported in groups", 0, Message, No),
    known(131_000, "Something went wrong", 500, Message, Few),
    known(131_005, "Access denied", 403, App, No),
    known(131_008, "Required parameter is missing", 400, Message, No),
    known(131_009, "Parameter value is not valid", 400, Message, No),
    known(131_016, "Service unavailable", 500, Platform, Backoff),
    known(131_021, "Recipient cannot be sender", 400, Message, No),
    known(131_026, "Message undeliverable", 400, Recipient, No),
    known(131_030, "Recipient phone number not in allowed list", 400, Recipient, No),
    known(131_031, "Account has been locked", 403, Waba, No),
    known(131_037, "Display name approval needed", 400, Phone, No),
    known(131_042, "Business eligibility payment issue", 400, Waba, No),
    known(131_045, "Incorrect certificate", 500, Phone, No),
    known(131_047, "Re-engagement message", 400, Recipient, No),
    known(131_048, "Spam rate limit hit", 400, Phone, Long),
    known(131_049, "Meta chose not to deliver", 400, Recipient, No),
    known(131_050, "User stopped marketing messages", 400, Recipient, No),
    known(131_051, "Unsupported message type", 400, Message, No),
    known(131_052, "Media download error", 400, Message, No),
    known(131_053, "Media upload error", 400, Message, No),
    known(131_055, "Method not allowed", 400, Message, No),
    known(131_056, "Pair rate limit hit", 400, Scope::Pair, Retry::Pair),
    known(131_057, "Account in maintenance mode", 500, Waba, Backoff),
    known(131_058, "Sample template from a real number", 400, Message, No),
    known(131_060, "This message is unavailable", 0, Message, No),
    known(131_063, "Marketing templates disabled on Cloud API", 400, Waba, No),
    known(131_064, "Messaging limit by template classification violations", 400, Waba, Long),
    known(132_000, "Template parameter count mismatch", 400, Template, No),
    known(132_001, "Template does not exist", 404, Template, No),
    known(132_005, "Template hydrated text too long", 400, Template, No),
    known(132_007, "Template format character policy violated", 400, Template, No),
    known(132_012, "Template parameter format mismatch", 400, Template, No),
    known(132_015, "Template is paused", 400, Template, No),
    known(132_016, "Template is disabled", 400, Template, No),
    known(132_018, "Template validation error", 400, Template, No),
    known(132_068, "Flow is blocked", 400, Template, No),
    known(132_069, "Flow is throttled", 400, Template, Long),
    known(133_000, "Incomplete deregistration", 500, Phone, No),
    known(133_004, "Server temporarily unavailable", 503, Platform, Backoff),
    known(133_005, "Two-step PIN mismatch", 400, Phone, No),
    known(133_006, "Phone number re-verification needed", 400, Phone, No),
    known(133_008, "Too many two-step PIN guesses", 400, Phone, Long),
    known(133_009, "Two-step PIN guessed too fast", 400, Phone, Long),
    known(133_010, "Phone number not registered", 400, Phone, No),
    known(133_015, "Please wait a few minutes before registering", 400, Phone, Long),
    known(133_016, "Register/deregister rate limit", 400, Phone, Long),
    known(134_011, "Payments terms not accepted", 400, Waba, No),
    known(135_000, "Generic user error", 400, Message, No),
    known(137_000, "Identity hash mismatch", 400, Recipient, No),
];
