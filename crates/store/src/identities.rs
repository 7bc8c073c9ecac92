//! To which client an identifier belongs: new ones are attached, and where identifiers that came together lead to
//! several clients, these are merged.
//!
//! Identifiers are inserted first and then locked, sorted; so of two transactions that meet over one of them the second
//! waits and sees what the first has made of it. A merge locks every identifier of the clients that it joins, so two
//! merges that share a client come one after the other, and no client can be absorbed twice.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hilo_domain::command::{Actor, Command};
use hilo_domain::id::{ChatId, ClientId, CommandId, uuid_at};
use uuid::Uuid;

use crate::clients::{Identifier, Visit};
use crate::commands::{self, NewCommand};
use crate::seal::Keyring;
use crate::{Error, Result, Tx};

/// Why the second open chat of a client who was two is closed.
const MERGED: &str = "merged";
/// How often a merge looks again when the clients that it joins got another identifier meanwhile.
const LOOKS: usize = 4;

/// Makes one client the owner of all of `wanted`, and returns it.
///
/// # Errors
/// When Postgres refuses; a lost race is retried by the caller ([`Error::is_retryable`]).
pub(crate) async fn attach(tx: &mut Tx, ring: &Keyring, wanted: &[Identifier], visit: Visit<'_>) -> Result<ClientId> {
    if wanted.is_empty() {
        return Err(Error::Nobody);
    }
    let candidate = ClientId::new(visit.at);
    insert_missing(tx, wanted, candidate, visit.at).await?;
    let owners = owners(tx, wanted, candidate).await?;
    let Some((survivor, others)) = owners.split_first() else {
        create(tx, candidate, visit).await?;
        return Ok(candidate);
    };
    if !others.is_empty() {
        lock_all(tx, &owners).await?;
        let merged = merge(tx, survivor, others, wanted, visit).await?;
        close_merged(tx, ring, &merged, visit.at).await?;
    }
    adopt(tx, wanted, survivor.client).await?;
    Ok(survivor.client)
}

/// A client and those of the wanted identifiers that lead to it.
#[derive(Debug)]
struct Owner {
    client: ClientId,
    identifiers: Vec<Identifier>,
}

impl Owner {
    fn business(&self) -> impl Iterator<Item = &Identifier> {
        self.identifiers.iter().filter(|identifier| identifier.kind == "business")
    }
}

/// Locks the wanted identifiers, and with them all that their clients have, so that a merge has locked in one sorted
/// pass what it will need. Returns the clients that the wanted ones lead to besides `candidate`: whoever is known by a
/// business-scoped id first, then the older one.
async fn owners(tx: &mut Tx, wanted: &[Identifier], candidate: ClientId) -> Result<Vec<Owner>> {
    let (scopes, kinds, values) = columns(wanted);
    let mut rows = sqlx::query!(
        r#"with wanted as (
               select * from unnest($1::text[], $2::text[], $3::text[]) as w (scope, kind, value)
           ), keys as (
               select scope, kind, value from wanted
               union
               select t.scope, t.kind, t.value
               from wanted join client_identifiers o using (scope, kind, value)
               join client_identifiers t on t.client_id = o.client_id
           )
           select i.scope, i.kind, i.value, i.client_id
           from keys join client_identifiers i using (scope, kind, value)
           order by i.scope, i.kind, i.value
           for update of i"#,
        &scopes,
        &kinds as &[&str],
        &values,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.retain(|row| wanted.iter().any(|w| w.scope == row.scope && w.kind == row.kind && w.value == row.value));
    if rows.len() != wanted.len() {
        // One that was inserted is gone again: its transaction moved it while we waited.
        return Err(Error::Raced);
    }
    let found: Vec<Uuid> = rows.iter().map(|row| row.client_id).filter(|id| *id != candidate.0).collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let survivors = survivors(tx, &found).await?;
    let mut owners: Vec<Owner> = Vec::new();
    for row in rows.iter().filter(|row| row.client_id != candidate.0) {
        let client = survivors.get(&row.client_id).copied().unwrap_or(row.client_id).into();
        let Some(identifier) =
            wanted.iter().find(|w| w.scope == row.scope && w.kind == row.kind && w.value == row.value)
        else {
            continue;
        };
        match owners.iter_mut().find(|owner| owner.client == client) {
            Some(owner) => owner.identifiers.push(identifier.clone()),
            None => owners.push(Owner { client, identifiers: vec![identifier.clone()] }),
        }
    }
    owners.sort_by_key(|owner| (owner.business().next().is_none(), owner.client));
    Ok(owners)
}

/// Who each of these clients has become: follows `merged_into` to its end.
async fn survivors(tx: &mut Tx, clients: &[Uuid]) -> Result<HashMap<Uuid, Uuid>> {
    let rows = sqlx::query!(
        r#"with recursive becoming (origin, id, into_id, steps) as (
               select id, id, merged_into, 0 from clients where id = any($1)
               union all
               select b.origin, c.id, c.merged_into, b.steps + 1
               from becoming b join clients c on c.id = b.into_id where b.steps < 100
           )
           select origin as "origin!", id as "id!" from becoming where into_id is null"#,
        clients,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.origin, row.id)).collect())
}

async fn insert_missing(tx: &mut Tx, wanted: &[Identifier], candidate: ClientId, at: DateTime<Utc>) -> Result<()> {
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
        candidate.0,
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

/// Gives what is wanted to `client`; the rows are locked.
async fn adopt(tx: &mut Tx, wanted: &[Identifier], client: ClientId) -> Result<()> {
    let (scopes, kinds, values) = columns(wanted);
    sqlx::query!(
        "update client_identifiers i set client_id = $4
         from unnest($1::text[], $2::text[], $3::text[]) as w (scope, kind, value)
         where i.scope = w.scope and i.kind = w.kind and i.value = w.value and i.client_id <> $4",
        &scopes,
        &kinds as &[&str],
        &values,
        client.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Locks every identifier of these clients, sorted. Whoever attaches one to them, or merges them, holds one of these
/// rows; so when all are locked and none has come meanwhile, the clients are ours until the transaction ends.
async fn lock_all(tx: &mut Tx, owners: &[Owner]) -> Result<()> {
    let clients: Vec<Uuid> = owners.iter().map(|owner| owner.client.0).collect();
    for _ in 0..LOOKS {
        let locked = sqlx::query!(
            "select scope, kind, value from client_identifiers where client_id = any($1)
             order by scope, kind, value for update",
            &clients,
        )
        .fetch_all(&mut **tx)
        .await?
        .len();
        let known = sqlx::query_scalar!(
            r#"select count(*) as "known!" from client_identifiers where client_id = any($1)"#,
            &clients,
        )
        .fetch_one(&mut **tx)
        .await?;
        if i64::try_from(locked).is_ok_and(|locked| locked == known) {
            let absorbed = sqlx::query_scalar!(
                r#"select exists (select 1 from clients where id = any($1) and merged_into is not null) as "is!""#,
                &clients,
            )
            .fetch_one(&mut **tx)
            .await?;
            return if absorbed { Err(Error::Raced) } else { Ok(()) };
        }
    }
    Err(Error::Raced)
}

/// Joins `others` to the survivor. Who has a business-scoped id of their own in the survivor's account, one that was
/// not announced together with the survivor's, is another person: of them only the wanted identifiers move.
async fn merge(
    tx: &mut Tx,
    survivor: &Owner,
    others: &[Owner],
    wanted: &[Identifier],
    visit: Visit<'_>,
) -> Result<Vec<ChatId>> {
    let mut absorbed = Vec::new();
    for other in others {
        let whole = !is_someone_else(tx, survivor, other, wanted).await?;
        let moved = if whole { other.identifiers.get(..1).unwrap_or_default() } else { &other.identifiers };
        for identifier in moved {
            record(tx, survivor, other, identifier, whole, visit.at).await?;
        }
        if whole {
            absorbed.push(other.client.0);
        }
    }
    if absorbed.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query!(
        "update client_identifiers set client_id = $1 where client_id = any($2)",
        survivor.client.0,
        &absorbed,
    )
    .execute(&mut **tx)
    .await?;
    let chats = join_conversations(tx, survivor.client, &absorbed).await?;
    sqlx::query!("update content_keys set client_id = $1 where client_id = any($2)", survivor.client.0, &absorbed)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "update clients set merged_into = $1, updated_at = $3 where id = any($2)",
        survivor.client.0,
        &absorbed,
        visit.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(chats)
}

async fn is_someone_else(tx: &mut Tx, survivor: &Owner, other: &Owner, wanted: &[Identifier]) -> Result<bool> {
    let scopes: Vec<String> = survivor.business().map(|identifier| identifier.scope.clone()).collect();
    let theirs = sqlx::query!(
        "select scope, value from client_identifiers
         where client_id = $1 and kind = 'business' and scope = any($2)",
        other.client.0,
        &scopes,
    )
    .fetch_all(&mut **tx)
    .await?;
    let announced =
        |scope: &str, value: &str| wanted.iter().any(|w| w.kind == "business" && w.scope == scope && w.value == value);
    Ok(theirs.iter().any(|row| !announced(&row.scope, &row.value)))
}

async fn record(
    tx: &mut Tx,
    survivor: &Owner,
    other: &Owner,
    identifier: &Identifier,
    whole: bool,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into client_merges (id, survivor_id, absorbed_id, scope, kind, value, whole, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        uuid_at(at),
        survivor.client.0,
        other.client.0,
        identifier.scope,
        identifier.kind,
        identifier.value,
        whole,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Re-points the absorbed clients' conversations (`turns.md` 26): where several have one with the same number, the one
/// with an open chat stays primary; where none or several have one, the older. Returns the open chats of those that are
/// primary no more.
async fn join_conversations(tx: &mut Tx, survivor: ClientId, absorbed: &[Uuid]) -> Result<Vec<ChatId>> {
    let mut all = absorbed.to_vec();
    all.push(survivor.0);
    let mut rows = sqlx::query!(
        "select id, number_id, is_primary, open_chat_id from conversations
         where client_id = any($1) order by id for update",
        &all,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.sort_by_key(|row| (row.number_id, row.open_chat_id.is_none(), row.id));
    let mut primary_of: Option<Uuid> = None;
    let mut secondary = Vec::new();
    let mut open = Vec::new();
    for row in rows.iter().filter(|row| row.is_primary) {
        if primary_of == Some(row.number_id) {
            secondary.push(row.id);
            open.extend(row.open_chat_id.map(ChatId::from));
        }
        primary_of = Some(row.number_id);
    }
    sqlx::query!("update conversations set is_primary = false where id = any($1)", &secondary)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("update conversations set client_id = $1 where client_id = any($2)", survivor.0, absorbed)
        .execute(&mut **tx)
        .await?;
    Ok(open)
}

/// A client has one open chat with a number: the others are asked to close, and their workflows do it (`turns.md` 26).
async fn close_merged(tx: &mut Tx, ring: &Keyring, chats: &[ChatId], at: DateTime<Utc>) -> Result<()> {
    let command = Command::Close { reason: MERGED.to_owned(), note: None, over: true };
    for chat in chats {
        let (id, actor) = (CommandId::new(at), Actor::default());
        let new = NewCommand { id, chat: *chat, command: &command, actor: &actor, idempotency_key: None, at };
        // Nobody waits for it: the relay rings.
        commands::request(tx, ring, &new).await?;
    }
    Ok(())
}
