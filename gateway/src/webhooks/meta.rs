//! `GET|POST /webhooks/meta`: all of Meta's numbers.
//!
//! Verify the bytes as they came, read them, store every element, answer 200, ring. The answer waits for the commit
//! and for nothing else: Temporal and Redis may be away. What is neither message nor receipt is in `aside.rs`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use hilo_domain::id::NumberId;
use hilo_domain::inbound::Fact;
use hilo_store::numbers::Number;
use hilo_store::{mail, receipts};
use hilo_whatsapp::meta::signature;
use hilo_whatsapp::meta::verification::{self, Question};
use hilo_whatsapp::meta::webhook::{self, Element};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::aside::{Aside, Identity, learn, set_aside};
use crate::batcher::{Away, PATIENCE};
use crate::intake::{Item, Mail, Origin, Receipt};
use crate::numbers::Directory;
use crate::problem::{Code, Problem};
use crate::server::App;

/// Meta sends up to 3 MB; the contract takes 4 MiB.
pub(crate) const MAX_BODY: usize = 4 * 1024 * 1024;

#[derive(Debug, Deserialize)]
pub(crate) struct Verification {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
    #[serde(rename = "hub.verify_token", default)]
    verify_token: String,
}

/// Proves to Meta that this address is ours: echoes the challenge, as text, when the verify token of some enabled
/// number comes with it.
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    query: Result<Query<Verification>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|_| Problem::new(Code::BadRequest, "The query cannot be read as UTF-8 pairs."))?;
    let numbers = app.numbers.all().await.map_err(|Away| Problem::database_away())?;
    let tokens: Vec<SecretString> = numbers.iter().filter_map(|number| number.verify_token.clone()).collect();
    let question = Question { mode: &asked.mode, verify_token: &asked.verify_token, challenge: &asked.challenge };
    let Some(challenge) = verification::answer(question, &tokens) else {
        let detail = "Use the verify token of an enabled number, `hub.mode=subscribe`, and a challenge of at most 128 letters and digits.";
        return Err(Problem::new(Code::VerifyTokenInvalid, detail));
    };
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((headers, challenge.to_owned()).into_response())
}

/// Stores what Meta delivers.
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<&'static str, Problem> {
    let started = std::time::Instant::now();
    let outcome = take_in(&app, &headers, body).await;
    let label = outcome.as_ref().map_or_else(|problem| problem.code().as_str(), |_| "ok");
    metrics::histogram!("hilo_webhook_seconds", "outcome" => label).record(started.elapsed().as_secs_f64());
    outcome.map(|()| "ok")
}

async fn take_in(app: &App, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<(), Problem> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Problem::new(Code::EncodingNotSupported, "Send the body as it is, without Content-Encoding."));
    }
    let body = body.map_err(|rejection| match rejection.into_response().status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Code::BodyTooLarge, "A webhook's body may have 4 MiB at most.")
        }
        _ => Problem::new(Code::BadRequest, "The body ended before all of it had come."),
    })?;
    // A request in trouble is answered in time, whatever Postgres does; what is stored by then is found by its copy.
    tokio::time::timeout(PATIENCE, store(app, headers, body)).await.unwrap_or_else(|_| Err(Problem::database_away()))
}

/// Verifies, reads and stores one body.
async fn store(app: &App, headers: &HeaderMap, body: Bytes) -> Result<(), Problem> {
    let numbers = app.numbers.all().await.map_err(|Away| Problem::database_away())?;
    let signers = signers(&numbers, headers, &body);
    if signers.is_empty() {
        let detail = "X-Hub-Signature-256 must be `sha256=` and the HMAC of the raw body under the app secret of an enabled number.";
        return Err(Problem::new(Code::SignatureInvalid, detail));
    }
    let elements = webhook::parse(&body)
        .map_err(|_| Problem::new(Code::InvalidJson, "The body is signed but is not JSON; nothing was stored."))?;
    let sorted = sort(&numbers, &signers, elements, &body, app.clock.now());
    take(app, &body, sorted).await.map_err(|Away| Problem::database_away())
}

/// The numbers whose app secret signed this body. Every distinct secret is tried, whether or not one has matched.
fn signers(numbers: &Directory, headers: &HeaderMap, body: &[u8]) -> Vec<NumberId> {
    let Some(claimed) = headers.get(signature::HEADER).and_then(|value| value.to_str().ok()) else { return Vec::new() };
    let mut tried: Vec<(&str, bool)> = Vec::new();
    let mut signers = Vec::new();
    for number in numbers.iter() {
        // An unset or empty secret signs nothing: without one, everything is refused.
        let Some(secret) = number.app_secret.as_ref().map(ExposeSecret::expose_secret).filter(|s| !s.is_empty()) else {
            continue;
        };
        let verified = match tried.iter().find(|(known, _)| *known == secret) {
            Some((_, verified)) => *verified,
            None => {
                let verified = signature::verify(secret, body, claimed);
                tried.push((secret, verified));
                verified
            }
        };
        if verified {
            signers.push(number.id);
        }
    }
    signers
}

/// Everything that one body brought, by where it goes.
#[derive(Default)]
struct Sorted {
    mail: Vec<Mail>,
    receipts: Vec<Receipt>,
    identities: Vec<Item<Identity>>,
    aside: Vec<Item<Aside>>,
}

/// Sorts the elements of one body; decides nothing and stores nothing.
fn sort(numbers: &[Number], signers: &[NumberId], elements: Vec<Element>, body: &Bytes, at: DateTime<Utc>) -> Sorted {
    let mut sorted = Sorted::default();
    for element in elements {
        let owner = owner(numbers, signers, &element);
        let Element { pointer, phone_number_id, waba_id, field, what } = element;
        let origin = Origin { body: body.clone(), pointer, phone_number_id, waba_id, field };
        let waba_id = || origin.waba_id.clone();
        let aside = match (what, owner) {
            (_, Err(reason)) => Aside::Foreign(reason),
            (Err(unreadable), Ok(_)) => Aside::Dead(unreadable.reason),
            (Ok(Fact::Account(_)), Ok(number)) => Aside::News(number.map(|number| number.id)),
            (Ok(_), Ok(None)) => Aside::Dead("it names no number of ours".to_owned()),
            (Ok(Fact::Message(message)), Ok(Some(number))) => {
                let direction = webhook::direction(&message);
                let what = mail::Arrival { number: number.id, waba_id: waba_id(), at, direction, message: *message };
                sorted.mail.push(Item { what, origin });
                continue;
            }
            (Ok(Fact::Receipt(receipt)), Ok(Some(number))) => {
                let what = receipts::Arrival { number: number.id, at, receipt };
                sorted.receipts.push(Item { what, origin });
                continue;
            }
            (Ok(Fact::Identity(change)), Ok(Some(number))) => {
                sorted.identities.push(Item { what: Identity { number: number.id, at, change }, origin });
                continue;
            }
        };
        sorted.aside.push(Item { what: aside, origin });
    }
    sorted
}

/// Stores what one body brought. New identifiers are learned last: what the body says was said under the old ones.
async fn take(app: &App, body: &Bytes, sorted: Sorted) -> Result<(), Away> {
    let (mail, receipts, aside) = tokio::join!(
        app.mail.write(sorted.mail, body.len()),
        app.receipts.write(sorted.receipts, body.len()),
        set_aside(app, body, &sorted.aside),
    );
    mail.and(receipts).and(aside)?;
    learn(app, body, &sorted.identities).await
}

/// Whose an element is: a number's, or, for news about an account, nobody's in particular.
fn owner<'a>(
    numbers: &'a [Number],
    signers: &[NumberId],
    element: &Element,
) -> Result<Option<&'a Number>, &'static str> {
    let signed = |number: &&Number| signers.contains(&number.id);
    match (&element.phone_number_id, &element.waba_id) {
        (Some(id), _) => {
            let number = numbers.iter().find(|number| number.phone_number_id.as_ref() == Some(id));
            let number = number.ok_or("the number is not ours, or not enabled")?;
            if signed(&number) { Ok(Some(number)) } else { Err("the number is of another app than the signature") }
        }
        (None, Some(account)) => {
            let known = numbers.iter().filter(signed).any(|number| number.waba_id.as_ref() == Some(account));
            if known { Ok(None) } else { Err("the account is not ours, or of another app than the signature") }
        }
        (None, None) => Ok(None),
    }
}
