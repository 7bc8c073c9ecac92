//! `GET|POST /webhooks/meta`: all of Meta's numbers.
//!
//! Verify the bytes as they came, read them, store every element, answer 200, ring. The answer waits for the commit
//! and for nothing else: Temporal and Redis may be away.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use hilo_domain::id::NumberId;
use hilo_domain::inbound::{AccountNews, Fact, IdentityChange};
use hilo_store::account_news::{self, News};
use hilo_store::clients::{self, Visit};
use hilo_store::numbers::Number;
use hilo_store::quarantine::{self, NewQuarantined};
use hilo_store::{mail, receipts};
use hilo_whatsapp::meta::signature;
use hilo_whatsapp::meta::verification::{self, Question};
use hilo_whatsapp::meta::webhook::{self, Element};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::batcher::Away;
use crate::intake::retry_races;
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
    let numbers = app.numbers.all().await.map_err(|error| away(&error))?;
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
    let numbers = app.numbers.all().await.map_err(|error| away(&error))?;
    let signers = signers(&numbers, headers, &body);
    if signers.is_empty() {
        let detail = "X-Hub-Signature-256 must be `sha256=` and the HMAC of the raw body under the app secret of an enabled number.";
        return Err(Problem::new(Code::SignatureInvalid, detail));
    }
    let elements = webhook::parse(&body)
        .map_err(|_| Problem::new(Code::InvalidJson, "The body is signed but is not JSON; nothing was stored."))?;
    sort_out(app, &numbers, &signers, elements).await.map_err(|Away| Problem::database_away())
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
    mail: Vec<mail::Arrival>,
    receipts: Vec<receipts::Arrival>,
}

async fn sort_out(app: &App, numbers: &[Number], signers: &[NumberId], elements: Vec<Element>) -> Result<(), Away> {
    let at = app.clock.now();
    let mut sorted = Sorted::default();
    for element in elements {
        let owner = match owner(numbers, signers, &element) {
            Ok(owner) => owner,
            Err(reason) => {
                set_aside(app, &element, reason, at).await?;
                continue;
            }
        };
        let waba_id = element.waba_id.clone();
        match (element.what, owner) {
            (Err(unreadable), _) => {
                let body = serde_json::to_vec(&unreadable.raw).unwrap_or_default();
                app.intake.keep_dead(&element.pointer, &unreadable.reason, &body).await?;
            }
            (Ok(Fact::Message(message)), Some(number)) => {
                let direction = webhook::direction(&message);
                sorted.mail.push(mail::Arrival { number: number.id, waba_id, at, direction, message: *message });
            }
            (Ok(Fact::Receipt(receipt)), Some(number)) => {
                sorted.receipts.push(receipts::Arrival { number: number.id, at, receipt });
            }
            (Ok(Fact::Identity(change)), Some(number)) => learn(app, number, waba_id.as_deref(), &change, at).await?,
            (Ok(Fact::Account(news)), number) => note(app, number, waba_id.as_deref(), &news, at).await?,
            (Ok(fact), None) => {
                let body = serde_json::to_vec(&fact).unwrap_or_default();
                app.intake.keep_dead(&element.pointer, "it names no number of ours", &body).await?;
            }
        }
    }
    let (mail, receipts) = tokio::join!(app.mail.write(sorted.mail), app.receipts.write(sorted.receipts));
    mail.and(receipts)
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

async fn set_aside(app: &App, element: &Element, reason: &'static str, at: DateTime<Utc>) -> Result<(), Away> {
    let body = match &element.what {
        Ok(fact) => serde_json::to_vec(fact),
        Err(unreadable) => serde_json::to_vec(&unreadable.raw),
    }
    .unwrap_or_default();
    let quarantined = NewQuarantined {
        phone_number_id: element.phone_number_id.as_deref(),
        waba_id: element.waba_id.as_deref(),
        field: &element.field,
        reason,
        body: &body,
        at,
    };
    metrics::counter!("hilo_quarantined_total").increment(1);
    stored(
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&app.intake.pool).await?;
                quarantine::keep(&mut tx, &app.intake.ring, &quarantined).await?;
                Ok(tx.commit().await?)
            }
            .boxed()
        })
        .await,
    )
}

async fn learn(
    app: &App,
    number: &Number,
    waba_id: Option<&str>,
    change: &IdentityChange,
    at: DateTime<Utc>,
) -> Result<(), Away> {
    let known = Visit { sender: &change.known, number: number.id, waba_id, at };
    stored(
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&app.intake.pool).await?;
                clients::also_known_as(&mut tx, known, &change.also).await?;
                Ok(tx.commit().await?)
            }
            .boxed()
        })
        .await,
    )
}

async fn note(
    app: &App,
    number: Option<&Number>,
    waba_id: Option<&str>,
    news: &AccountNews,
    at: DateTime<Utc>,
) -> Result<(), Away> {
    let body = serde_json::to_vec(&news.raw).unwrap_or_default();
    let kept = News { number: number.map(|n| n.id), waba_id, field: &news.field, body: &body, at };
    stored(
        retry_races(|| {
            async {
                let mut tx = hilo_store::begin(&app.intake.pool).await?;
                account_news::keep(&mut tx, &app.intake.ring, &kept).await?;
                Ok(tx.commit().await?)
            }
            .boxed()
        })
        .await,
    )
}

fn stored(outcome: hilo_store::Result<()>) -> Result<(), Away> {
    outcome.map_err(|error| {
        tracing::warn!(%error, "an element of a webhook could not be stored; Meta will deliver it again");
        Away
    })
}

fn away(error: &hilo_store::Error) -> Problem {
    tracing::warn!(%error, "the numbers cannot be read");
    Problem::database_away()
}
