//! The shape of a message request: the JSON Schema of `schema/`, each violation with the code that Meta gives it.

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::error::GraphError;
use crate::error::Error;

const SCHEMA: &str = include_str!("../../schema/meta-message-request.schema.json");

/// Keys that a message may have beside the one named like its type.
const KEYS: [&str; 9] = [
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "context",
    "biz_opaque_callback_data",
    "recipient_identity_key_hash",
    "message_activity_sharing",
];

/// The compiled schema.
pub(crate) struct Schema(Validator);

impl Schema {
    pub(crate) fn new() -> Result<Self, Error> {
        let broken = |why: String| Error::Embedded { what: "message schema", why };
        let schema = serde_json::from_str(SCHEMA).map_err(|error| broken(error.to_string()))?;
        jsonschema::validator_for(&schema).map(Self).map_err(|error| broken(error.to_string()))
    }

    /// The first violation of `request`, as a refusal.
    pub(crate) fn check(&self, request: &Value) -> Result<(), GraphError> {
        if !request.is_object() {
            return Err(GraphError::new(100, "The body must be a JSON object."));
        }
        if request["messaging_product"] != "whatsapp" {
            return Err(GraphError::new(100, "The parameter messaging_product is required and must be \"whatsapp\"."));
        }
        let Some(violation) = self.0.iter_errors(request).next() else { return Ok(()) };
        let place = violation.instance_path().as_str();
        let place = if place.is_empty() { "the message" } else { place };
        Err(match violation.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                GraphError::new(131_008, format!("The parameter {name} of {place} is required."))
            }
            ValidationErrorKind::AnyOf { .. } => {
                GraphError::new(131_008, "The parameter to (or recipient) is required.")
            }
            ValidationErrorKind::OneOfNotValid { .. } if !has_any(violation.instance(), &["id", "link"]) => {
                GraphError::new(131_008, format!("{place} needs an id or a link."))
            }
            ValidationErrorKind::OneOfNotValid { .. } | ValidationErrorKind::OneOfMultipleValid { .. } => {
                GraphError::new(131_009, format!("{place} needs exactly one of id and link."))
            }
            ValidationErrorKind::MaxLength { limit } => {
                GraphError::new(131_009, format!("{place} is longer than {limit} characters."))
            }
            ValidationErrorKind::MinLength { .. } => GraphError::new(131_009, format!("{place} must not be empty.")),
            ValidationErrorKind::MaxItems { limit } => {
                GraphError::new(131_009, format!("{place} has more than {limit} elements."))
            }
            ValidationErrorKind::MinItems { .. } => GraphError::new(131_009, format!("{place} has no elements.")),
            ValidationErrorKind::Pattern { .. } | ValidationErrorKind::Format { .. } => {
                GraphError::new(131_009, format!("{place} is not in the right form."))
            }
            _ => GraphError::new(100, format!("Invalid value at {place}.")),
        })
    }
}

/// Refuses keys that Meta does not know at the top of a message.
pub(super) fn keys(request: &Value) -> Result<(), GraphError> {
    let kind = request["type"].as_str().unwrap_or("text");
    let unknown = request
        .as_object()
        .and_then(|request| request.keys().find(|key| *key != kind && !KEYS.contains(&key.as_str())).cloned());
    match unknown {
        Some(key) => Err(GraphError::new(100, format!("Unexpected key \"{key}\" on param \"$\"."))),
        None => Ok(()),
    }
}

fn has_any(value: &Value, keys: &[&str]) -> bool {
    keys.iter().any(|key| value.get(key).is_some())
}
