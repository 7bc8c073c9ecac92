//! Who writes to us: clients, found by any identifier that ever came with them.
//!
//! New identifiers are attached. Where two identifiers of one message lead to two clients, the business-scoped one
//! wins and a merge is recorded (`design.md`); without one, the older client wins. If the loser has a business-scoped
//! id of its own in the same account, it is another person whose phone number has changed hands: then only the
//! identifier moves.

use chrono::{DateTime, Utc};
use hilo_domain::id::{ClientId, ConversationId, KeyId, NumberId, uuid_at};
use hilo_domain::inbound::Sender;
use hilo_domain::phone;
use uuid::Uuid;

use crate::seal::Keyring;
use crate::{Error, Result, Tx};

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
    let client = attach(tx, &wanted, visit).await?;
    ensure_conversation(tx, ring, client, visit).await?;
    Ok(client)
}

/// Attaches what the provider says also belongs to a known client; nothing happens when nobody is known.
///
/// # Errors
/// When Postgres refuses.
pub async fn also_known_as(tx: &mut Tx, known: Visit<'_>, also: &Sender) -> Result<Option<ClientId>> {
    let old = identifiers(known.sender, known.number, known.waba_id);
    if lookup(tx, &old).await?.is_empty() {
        return Ok(None);
    }
    let mut wanted = old;
    wanted.extend(identifiers(also, known.number, known.waba_id));
    wanted.sort();
    wanted.dedup();
    attach(tx, &wanted, known).await.map(Some)
}

async fn attach(tx: &mut Tx, wanted: &[Identifier], visit: Visit<'_>) -> Result<ClientId> {
    let candidate = ClientId::new(visit.at);
    let known = lookup(tx, wanted).await?;
    let owner = known.first().map_or(candidate, |found| found.client);
    insert_missing(tx, wanted, owner, visit.at).await?;
    let mut found = lookup(tx, wanted).await?;
    // Another transaction may have introduced the same person meanwhile; ours joins theirs.
    if let Some(theirs) = found.iter().map(|f| f.client).find(|client| *client != candidate)
        && owner == candidate
        && found.iter().any(|f| f.client == candidate)
    {
        sqlx::query!("update client_identifiers set client_id = $1 where client_id = $2", theirs.0, candidate.0)
            .execute(&mut **tx)
            .await?;
        found = lookup(tx, wanted).await?;
    }
    let Some(first) = found.first().cloned() else {
        return Err(Error::Affected { table: "client_identifiers", expected: 1, actual: 0 });
    };
    if first.client == candidate {
        create(tx, candidate, visit).await?;
        return Ok(candidate);
    }
    for other in &found {
        if other.client != first.client {
            merge(tx, &first, other, visit).await?;
        }
    }
    Ok(first.client)
}

#[derive(Debug, Clone)]
struct Found {
    client: ClientId,
    identifier: Identifier,
}

/// The owners of the identifiers that are known, the business-scoped one first, then the older client.
async fn lookup(tx: &mut Tx, wanted: &[Identifier]) -> Result<Vec<Found>> {
    let (scopes, kinds, values) = columns(wanted);
    let rows = sqlx::query!(
        r#"select i.scope, i.kind, i.value, i.client_id
           from unnest($1::text[], $2::text[], $3::text[]) as w (scope, kind, value)
           join client_identifiers i using (scope, kind, value)
           order by (i.kind = 'business') desc, i.client_id"#,
        &scopes,
        &kinds as &[&str],
        &values,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let identifier =
                wanted.iter().find(|w| w.scope == row.scope && w.kind == row.kind && w.value == row.value)?;
            Some(Found { client: row.client_id.into(), identifier: identifier.clone() })
        })
        .collect())
}

async fn insert_missing(tx: &mut Tx, wanted: &[Identifier], owner: ClientId, at: DateTime<Utc>) -> Result<()> {
    let (scopes, kinds, values) = columns(wanted);
    sqlx::query!(
        "insert into client_identifiers (scope, kind, value, client_id, first_seen_at)
         select w.scope, w.kind, w.value, $4, $5
         from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w (scope, kind, value, n)
         order by w.n
         on conflict do nothing",
        &scopes,
        &kinds as &[&str],
        &values,
        owner.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn columns(identifiers: &[Identifier]) -> (Vec<String>, Vec<&'static str>, Vec<String>) {
    (
        identifiers.iter().map(|i| i.scope.clone()).collect(),
        identifiers.iter().map(|i| i.kind).collect(),
        identifiers.iter().map(|i| i.value.clone()).collect(),
    )
}

async fn create(tx: &mut Tx, client: ClientId, visit: Visit<'_>) -> Result<()> {
    let kind = if visit.sender.group.is_some() { "group" } else { "person" };
    sqlx::query!(
        "insert into clients (id, kind, name, created_at, updated_at) values ($1, $2, $3, $4, $4)",
        client.0,
        kind,
        visit.sender.name,
        visit.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn merge(tx: &mut Tx, survivor: &Found, other: &Found, visit: Visit<'_>) -> Result<()> {
    let id = &other.identifier;
    let someone_else = survivor.identifier.kind == "business"
        && sqlx::query_scalar!(
            r#"select exists (select 1 from client_identifiers
               where client_id = $1 and kind = 'business' and scope = $2) as "is!""#,
            other.client.0,
            survivor.identifier.scope,
        )
        .fetch_one(&mut **tx)
        .await?;
    if someone_else {
        sqlx::query!(
            "update client_identifiers set client_id = $1 where scope = $2 and kind = $3 and value = $4",
            survivor.client.0,
            id.scope,
            id.kind,
            id.value,
        )
        .execute(&mut **tx)
        .await?;
    } else {
        sqlx::query!(
            "update client_identifiers set client_id = $1 where client_id = $2",
            survivor.client.0,
            other.client.0,
        )
        .execute(&mut **tx)
        .await?;
        join_conversations(tx, survivor.client, other.client).await?;
        sqlx::query!(
            "update clients set merged_into = $1, updated_at = $3 where id = $2",
            survivor.client.0,
            other.client.0,
            visit.at,
        )
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query!(
        "insert into client_merges (id, survivor_id, absorbed_id, scope, kind, value, whole, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        uuid_at(visit.at),
        survivor.client.0,
        other.client.0,
        id.scope,
        id.kind,
        id.value,
        !someone_else,
        visit.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Re-points the absorbed client's conversations (`turns.md` 26): where both have one with the same number, the one
/// with an open chat stays primary; when both or neither have one, the older.
async fn join_conversations(tx: &mut Tx, survivor: ClientId, absorbed: ClientId) -> Result<()> {
    let both = [survivor.0, absorbed.0];
    let mut rows = sqlx::query!(
        "select id, number_id, client_id, is_primary, open_chat_id from conversations
         where client_id = any($1) order by id for update",
        &both as &[Uuid],
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.sort_by_key(|row| (row.number_id, row.open_chat_id.is_none(), row.id));
    let mut primary_of: Option<Uuid> = None;
    let mut secondary = Vec::new();
    for row in rows.iter().filter(|row| row.is_primary) {
        if primary_of == Some(row.number_id) {
            secondary.push(row.id);
        }
        primary_of = Some(row.number_id);
    }
    sqlx::query!("update conversations set is_primary = false where id = any($1)", &secondary)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("update conversations set client_id = $1 where client_id = $2", survivor.0, absorbed.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
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
