//! Who writes to us: clients, found by any identifier that ever came with them.
//!
//! New identifiers are attached (`identities.rs`). Where two identifiers of one message lead to two clients, the
//! business-scoped one wins and a merge is recorded; without one, the older client wins. If the loser has a
//! business-scoped id of its own in the same account, it is another person whose phone number has changed hands: then
//! only the identifier moves.

use chrono::{DateTime, Utc};
use hilo_domain::id::{ClientId, ConversationId, KeyId, NumberId};
use hilo_domain::inbound::Sender;
use hilo_domain::phone;

use crate::seal::Keyring;
use crate::{Result, Tx, identities};

/// One identifier: unique in the installation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    /// The account for business-scoped ids, the number for privacy ids, groups and bare addresses, empty for phones.
    pub scope: String,
    /// `phone`, `business`, `lid`, `group` or `address`.
    pub kind: &'static str,
    /// A phone is folded; everything else is verbatim.
    pub value: String,
}

/// Every identifier of `sender`, sorted; empty when nothing identifies them.
///
/// A message said in a group belongs to the group alone, whoever said it.
#[must_use]
pub fn identifiers(sender: &Sender, number: NumberId, waba_id: Option<&str>) -> Vec<Identifier> {
    let own = || number.to_string();
    if let Some(group) = &sender.group {
        return vec![Identifier { scope: own(), kind: "group", value: group.clone() }];
    }
    let business = sender.business_scoped_id.clone().map(|value| Identifier {
        scope: waba_id.unwrap_or_default().to_owned(),
        kind: "business",
        value,
    });
    let phone = sender.phone.as_deref().and_then(phone::fold).map(|value| Identifier {
        scope: String::new(),
        kind: "phone",
        value,
    });
    let lid = sender.lid.clone().map(|value| Identifier { scope: own(), kind: "lid", value });
    let mut all: Vec<_> = [business, phone, lid].into_iter().flatten().collect();
    if all.is_empty()
        && let Some(value) = &sender.address
    {
        all.push(Identifier { scope: own(), kind: "address", value: value.clone() });
    }
    all.sort();
    all
}

/// A sender and the number that they write to.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// Who writes.
    pub sender: &'a Sender,
    /// To which number.
    pub number: NumberId,
    /// The account that owns the number.
    pub waba_id: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Makes sure that the sender is a client whose every identifier is attached and who has a primary conversation with
/// the number. Takes identifiers first, then conversations, as the lock order asks; call it before any other lock.
///
/// # Errors
/// When Postgres refuses; a lost race is retried by the caller ([`Error::is_retryable`]).
pub async fn introduce(tx: &mut Tx, ring: &Keyring, visit: Visit<'_>) -> Result<ClientId> {
    let wanted = identifiers(visit.sender, visit.number, visit.waba_id);
    let client = identities::attach(tx, ring, &wanted, visit).await?;
    ensure_conversation(tx, ring, client, visit).await?;
    Ok(client)
}

/// Attaches what the provider says also belongs to a known client; nothing happens when nobody is known.
///
/// # Errors
/// When Postgres refuses.
pub async fn also_known_as(tx: &mut Tx, ring: &Keyring, known: Visit<'_>, also: &Sender) -> Result<Option<ClientId>> {
    let mut wanted = identifiers(known.sender, known.number, known.waba_id);
    if !any_known(tx, &wanted).await? {
        return Ok(None);
    }
    wanted.extend(identifiers(also, known.number, known.waba_id));
    wanted.sort();
    wanted.dedup();
    identities::attach(tx, ring, &wanted, known).await.map(Some)
}

/// Notes news of a client's identifier by its digest. Returns whether it is the first time: an old delivery, repeated,
/// must not give an identifier back to whoever had it once.
///
/// # Errors
/// When Postgres refuses.
pub async fn first_heard(tx: &mut Tx, digest: &[u8], at: DateTime<Utc>) -> Result<bool> {
    let noted =
        sqlx::query!("insert into identity_changes (digest, at) values ($1, $2) on conflict do nothing", digest, at,)
            .execute(&mut **tx)
            .await?;
    Ok(noted.rows_affected() > 0)
}

async fn any_known(tx: &mut Tx, identifiers: &[Identifier]) -> Result<bool> {
    let scopes: Vec<&str> = identifiers.iter().map(|i| i.scope.as_str()).collect();
    let kinds: Vec<&str> = identifiers.iter().map(|i| i.kind).collect();
    let values: Vec<&str> = identifiers.iter().map(|i| i.value.as_str()).collect();
    Ok(sqlx::query_scalar!(
        r#"select exists (
               select 1 from unnest($1::text[], $2::text[], $3::text[]) as w (scope, kind, value)
               join client_identifiers i using (scope, kind, value)) as "are!""#,
        &scopes as &[&str],
        &kinds as &[&str],
        &values as &[&str],
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// The client's primary conversation with the number, with a key that opens. A client who was erased and writes again
/// gets a fresh key: what they said before stays gone.
async fn ensure_conversation(tx: &mut Tx, ring: &Keyring, client: ClientId, visit: Visit<'_>) -> Result<()> {
    let known = sqlx::query!(
        r#"select c.id, k.id is not null as "has_key!"
           from conversations c left join content_keys k on k.id = c.key_id
           where c.number_id = $1 and c.client_id = $2 and c.is_primary"#,
        visit.number.0,
        client.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    match known {
        Some(conversation) if conversation.has_key => {}
        Some(conversation) => {
            let key = ensure_key(tx, ring, client, visit).await?;
            sqlx::query!("update conversations set key_id = $2 where id = $1", conversation.id, key.0)
                .execute(&mut **tx)
                .await?;
        }
        None => {
            let key = ensure_key(tx, ring, client, visit).await?;
            sqlx::query!(
                "insert into conversations (id, number_id, client_id, key_id, address, created_at)
                 values ($1, $2, $3, $4, $5, $6) on conflict (number_id, client_id) where is_primary do nothing",
                ConversationId::new(visit.at).0,
                visit.number.0,
                client.0,
                key.0,
                visit.sender.address,
                visit.at,
            )
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

async fn ensure_key(tx: &mut Tx, ring: &Keyring, client: ClientId, visit: Visit<'_>) -> Result<KeyId> {
    let known = sqlx::query_scalar!("select id from content_keys where client_id = $1 order by id limit 1", client.0)
        .fetch_optional(&mut **tx)
        .await?;
    if let Some(key) = known {
        return Ok(key.into());
    }
    let key = KeyId::new(visit.at);
    let (_, sealed) = ring.new_content_key(key)?;
    sqlx::query!(
        "insert into content_keys (id, client_id, sealed, created_at) values ($1, $2, $3, $4)",
        key.0,
        client.0,
        sealed,
        visit.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn sender() -> Sender {
        Sender {
            address: Some("5215512345678".into()),
            phone: Some("5215512345678".into()),
            business_scoped_id: Some("MX.1".into()),
            ..Sender::default()
        }
    }

    #[test]
    fn identifiers_are_sorted_and_phones_folded() {
        let all = identifiers(&sender(), Uuid::nil().into(), Some("7"));
        let seen: Vec<_> = all.iter().map(|i| (i.scope.as_str(), i.kind, i.value.as_str())).collect();
        assert_eq!(seen, [("", "phone", "525512345678"), ("7", "business", "MX.1")]);
    }

    #[test]
    fn a_group_s_message_is_the_group_s() {
        let all = identifiers(&Sender { group: Some("g1".into()), ..sender() }, Uuid::nil().into(), None);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].kind, "group");
    }

    #[test]
    fn a_bare_address_identifies_when_nothing_else_does() {
        let bare = Sender { address: Some("abc".into()), ..Sender::default() };
        assert_eq!(identifiers(&bare, Uuid::nil().into(), None)[0].kind, "address");
        assert!(identifiers(&Sender::default(), Uuid::nil().into(), None).is_empty());
    }
}
