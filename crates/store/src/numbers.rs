//! The WhatsApp numbers that are ours, and their secrets.

use chrono::{DateTime, Utc};
use hilo_domain::id::NumberId;
use hilo_domain::number::Provider;
use secrecy::{ExposeSecret, SecretString};

use crate::seal::Keyring;
use crate::{Error, Pool, Result, Tx};

/// A number as the webhook's endpoint and the senders need it.
#[derive(Debug, Clone)]
pub struct Number {
    /// Its id.
    pub id: NumberId,
    /// Through whom it speaks.
    pub provider: Provider,
    /// The number that people see, with `+`.
    pub phone: String,
    /// What the administrator calls it.
    pub name: String,
    /// Meta's id of it.
    pub phone_number_id: Option<String>,
    /// Meta's id of the account that owns it.
    pub waba_id: Option<String>,
    /// Signs webhooks (Meta's app secret).
    pub app_secret: Option<SecretString>,
    /// Proves a webhook's set-up.
    pub verify_token: Option<SecretString>,
    /// Lets us send.
    pub access_token: Option<SecretString>,
}

/// A number to register or to change.
#[derive(Debug)]
pub struct NewNumber<'a> {
    /// Its key, unique in the installation.
    pub key: &'a str,
    /// The number that people see, with `+`.
    pub phone: &'a str,
    /// What the administrator calls it.
    pub name: &'a str,
    /// Meta's id of it.
    pub phone_number_id: &'a str,
    /// Meta's id of the account that owns it.
    pub waba_id: &'a str,
    /// Signs webhooks.
    pub app_secret: &'a SecretString,
    /// Proves a webhook's set-up.
    pub verify_token: &'a SecretString,
    /// Lets us send.
    pub access_token: &'a SecretString,
}

/// Every enabled number; there are few (the seed speaks of ten).
///
/// # Errors
/// When Postgres is away, or a secret does not open.
pub async fn enabled(pool: &Pool, ring: &Keyring) -> Result<Vec<Number>> {
    let rows = sqlx::query!(
        "select id, provider, phone, name, phone_number_id, waba_id, app_secret, verify_token, access_token
         from numbers where enabled order by id limit 1000"
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Number {
                id: row.id.into(),
                provider: match row.provider.as_str() {
                    "meta" => Provider::Meta,
                    "wppconnect" => Provider::Wppconnect,
                    _ => return Err(Error::inconsistent("numbers", "provider", row.id)),
                },
                phone: row.phone,
                name: row.name,
                phone_number_id: row.phone_number_id,
                waba_id: row.waba_id,
                app_secret: open(ring, APP_SECRET, row.app_secret)?,
                verify_token: open(ring, VERIFY_TOKEN, row.verify_token)?,
                access_token: open(ring, ACCESS_TOKEN, row.access_token)?,
            })
        })
        .collect()
}

/// Whether there is a number with this key, enabled or not.
///
/// # Errors
/// When Postgres is away.
pub async fn exists(tx: &mut Tx, key: &str) -> Result<bool> {
    let exists = sqlx::query_scalar!(r#"select exists (select 1 from numbers where key = $1) as "exists!""#, key)
        .fetch_one(&mut **tx)
        .await?;
    Ok(exists)
}

/// Registers a Meta number, or brings the one with the same key up to date.
///
/// # Errors
/// When Postgres refuses, for example because another number has this `phone_number_id`.
pub async fn put_meta(tx: &mut Tx, ring: &Keyring, number: &NewNumber<'_>, now: DateTime<Utc>) -> Result<NumberId> {
    let id = sqlx::query_scalar!(
        "insert into numbers (id, key, provider, phone, name, phone_number_id, waba_id,
                              app_secret, verify_token, access_token, created_at, updated_at)
         values ($1, $2, 'meta', $3, $4, $5, $6, $7, $8, $9, $10, $10)
         on conflict (key) do update set phone = excluded.phone, name = excluded.name,
             phone_number_id = excluded.phone_number_id, waba_id = excluded.waba_id,
             app_secret = excluded.app_secret, verify_token = excluded.verify_token,
             access_token = excluded.access_token, updated_at = excluded.updated_at
         returning id",
        NumberId::new(now).0,
        number.key,
        number.phone,
        number.name,
        number.phone_number_id,
        number.waba_id,
        seal(ring, APP_SECRET, number.app_secret)?,
        seal(ring, VERIFY_TOKEN, number.verify_token)?,
        seal(ring, ACCESS_TOKEN, number.access_token)?,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id.into())
}

const APP_SECRET: &str = "numbers.app_secret";
const VERIFY_TOKEN: &str = "numbers.verify_token";
const ACCESS_TOKEN: &str = "numbers.access_token";

fn seal(ring: &Keyring, place: &'static str, secret: &SecretString) -> Result<Vec<u8>> {
    ring.seal(place, secret.expose_secret().as_bytes())
}

fn open(ring: &Keyring, place: &'static str, sealed: Option<Vec<u8>>) -> Result<Option<SecretString>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let plain = String::from_utf8(ring.open(place, &sealed)?).map_err(|_| Error::Sealed { place })?;
    Ok(Some(plain.into()))
}
