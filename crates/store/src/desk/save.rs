//! Writing what was decided, in a few statements.

use chrono::{DateTime, Utc};
use hilo_domain::id::{ChatId, EventId, MessageId};
use serde_json::Value;
use uuid::Uuid;

use super::{AssignmentChange, Changes, Desk, EFFECTS, LEDGER, NewAssignment, SESSION};
use crate::{Result, Tx, chats, messages};

/// Writes what was decided; the desk's conversation is locked. Returns the outbox rows to ring after the commit.
///
/// # Errors
/// When Postgres refuses; then nothing of it may stay, and the caller rolls back.
pub async fn save(tx: &mut Tx, desk: &Desk, changes: &Changes, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let chat = changes.chats.last().map(|chat| chat.id).or(desk.chat.as_ref().map(|chat| chat.id));
    for chat in &changes.chats {
        chats::put(tx, chat).await?;
    }
    if let Some(turn) = &changes.turn {
        let seal = |place, plain: &Option<Vec<u8>>| plain.as_deref().map(|p| desk.key.seal(place, p)).transpose();
        sqlx::query!(
            "insert into turns (conversation_id, n, chat_id, at, inputs, session, effects, result)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            desk.conversation.0,
            turn.n,
            chat.map(|id| id.0),
            turn.at,
            &changes.consumed,
            seal(SESSION, &turn.session)?,
            seal(EFFECTS, &turn.effects)?,
            turn.result,
        )
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query!(
        "with eaten as (
            update inputs set consumed_at = $7 where conversation_id = $1 and n = any($6)
         )
         update conversations set last_seq = $2, turns = $3,
             open_chat_id = case when $4 then $5 else open_chat_id end where id = $1",
        desk.conversation.0,
        desk.last_seq,
        desk.turns,
        changes.open_chat.is_some(),
        changes.open_chat.flatten().map(|id| id.0),
        &changes.consumed,
        now,
    )
    .execute(&mut **tx)
    .await?;
    if !changes.stamped.is_empty() {
        let (ids, chats): (Vec<Uuid>, Vec<Uuid>) = changes.stamped.iter().map(|(m, c)| (m.0, c.0)).unzip();
        sqlx::query!(
            "with s as (select * from unnest($1::uuid[], $2::uuid[]) as s (id, chat_id)),
             told as (
                update events e set chat_id = s.chat_id from s join messages m on m.id = s.id
                where e.conversation_id = m.conversation_id and e.seq = m.seq and e.chat_id is null
             )
             update messages m set chat_id = s.chat_id from s where m.id = s.id and m.chat_id is null",
            &ids,
            &chats,
        )
        .execute(&mut **tx)
        .await?;
    }
    insert_sends(tx, desk, changes).await?;
    insert_rest(tx, desk, changes, now).await?;
    insert_events(tx, desk, changes, now).await
}

/// The bots of these chats are not heard any more: what they had prepared before this decision is cancelled
/// (`turns.md` 13). Call it before [`save`]; returns the messages, which have failed now.
///
/// # Errors
/// When Postgres refuses.
pub async fn silence(tx: &mut Tx, desk: &Desk, chats: &[ChatId]) -> Result<Vec<MessageId>> {
    if chats.is_empty() {
        return Ok(Vec::new());
    }
    let chats: Vec<Uuid> = chats.iter().map(|chat| chat.0).collect();
    let messages = sqlx::query_scalar!(
        "with gone as (
            update sends set state = 'cancelled'
            where conversation_id = $1 and chat_id = any($2) and author = 'bot' and state = 'prepared'
            returning message_id
         )
         update messages m set own_status = 'failed', status = 'failed', error = '[{\"code\": \"cancelled\"}]'
         from gone g where m.id = g.message_id returning m.id",
        desk.conversation.0,
        &chats,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(messages.into_iter().map(Into::into).collect())
}

async fn insert_sends(tx: &mut Tx, desk: &Desk, changes: &Changes) -> Result<()> {
    if changes.sends.is_empty() {
        return Ok(());
    }
    let sends = &changes.sends;
    let ids: Vec<Uuid> = sends.iter().map(|s| s.message.0).collect();
    let chats: Vec<Option<Uuid>> = sends.iter().map(|s| s.chat.map(|c| c.0)).collect();
    let seqs: Vec<i64> = sends.iter().map(|s| s.seq).collect();
    let authors: Vec<&str> = sends.iter().map(|s| s.author.as_str()).collect();
    let kinds: Vec<&str> = sends.iter().map(|s| s.content.kind()).collect();
    let bodies = sends.iter().map(|s| messages::seal(&desk.key, &s.content, None)).collect::<Result<Vec<_>>>()?;
    let tokens: Vec<Option<&str>> = sends.iter().map(|s| s.token.as_deref()).collect();
    let ats: Vec<DateTime<Utc>> = sends.iter().map(|s| s.at).collect();
    sqlx::query!(
        "with new as (
            select * from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::text[],
                                 $9::timestamptz[]) as s (id, chat_id, seq, author, kind, body, token, at)
         ), said as (
            insert into messages (id, conversation_id, chat_id, seq, direction, author, kind, body, own_status, status, at)
            select id, $1, chat_id, seq, 'outbound', author, kind, body, 'pending', 'pending', at from new
         )
         insert into sends (message_id, conversation_id, chat_id, author, token, turn)
         select id, $1, chat_id, author, token, $10 from new order by seq",
        desk.conversation.0,
        &ids,
        &chats as &[Option<Uuid>],
        &seqs,
        &authors as &[&str],
        &kinds as &[&str],
        &bodies,
        &tokens as &[Option<&str>],
        &ats,
        changes.turn.as_ref().map(|turn| turn.n),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_events(tx: &mut Tx, desk: &Desk, changes: &Changes, now: DateTime<Utc>) -> Result<Vec<i64>> {
    let mut ids = Vec::with_capacity(changes.events.len());
    let (mut seqs, mut chats, mut kinds, mut datas) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for event in &changes.events {
        ids.push(EventId::new(now).0);
        seqs.push(event.seq);
        chats.push(event.chat.map(|id| id.0));
        kinds.push(event.kind.as_str());
        datas.push(event.data.clone());
    }
    let mut bells = changes.bells.clone();
    bells.sort_unstable();
    bells.dedup();
    let (kinds_of, targets): (Vec<&str>, Vec<Uuid>) = bells.iter().map(|bell| (bell.kind(), bell.target())).unzip();
    if ids.is_empty() && bells.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_scalar!(
        "with happened as (
            insert into events (id, conversation_id, seq, chat_id, kind, data, at)
            select id, $1, seq, chat_id, kind, data, $7
            from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::jsonb[])
                 as e (id, seq, chat_id, kind, data)
         )
         insert into outbox (bell, target, event_id, at, due_at)
         select bell, target, event_id, $7, clock_timestamp() + interval '1 second' from (
            select null as bell, null::uuid as target, id as event_id, n from unnest($2::uuid[]) with ordinality as e (id, n)
            union all
            select bell, target, null, 1000000 from unnest($8::text[], $9::uuid[]) as b (bell, target)
         ) rows order by n
         returning id",
        desk.conversation.0,
        &ids,
        &seqs,
        &chats as &[Option<Uuid>],
        &kinds as &[&str],
        &datas,
        now,
        &kinds_of as &[&str],
        &targets,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Ledger, tracks, assignments, commands, audit, notices, the client: each only where there is something to write.
async fn insert_rest(tx: &mut Tx, desk: &Desk, changes: &Changes, now: DateTime<Utc>) -> Result<()> {
    let chat = changes.chats.last().map(|chat| chat.id).or(desk.chat.as_ref().map(|chat| chat.id));
    for change in &changes.assignments {
        match change {
            AssignmentChange::Ends { chat, state, reason } => end_assignment(tx, *chat, state, reason, now).await?,
            AssignmentChange::Begins(new) => begin_assignment(tx, desk, new, now).await?,
        }
    }
    for (id, state, result) in &changes.answered {
        sqlx::query!(
            "update commands set state = $2, result = $3, done_at = $4 where id = $1 and state = 'requested'",
            id,
            state,
            result,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    if !changes.ledger.is_empty() {
        sqlx::query!(
            "insert into ledger (conversation_id, chat_id, turn, at, entries) values ($1, $2, $3, $4, $5)",
            desk.conversation.0,
            chat.map(|id| id.0),
            changes.turn.as_ref().map(|turn| turn.n),
            now,
            desk.key.seal(LEDGER, &serde_json::to_vec(&changes.ledger)?)?,
        )
        .execute(&mut **tx)
        .await?;
    }
    if !changes.tracks.is_empty() {
        let tracks = &changes.tracks;
        let flows: Vec<Option<&str>> = tracks.iter().map(|t| t.flow_key.as_deref()).collect();
        let versions: Vec<Option<i32>> = tracks.iter().map(|t| t.flow_version).collect();
        let words: Vec<&str> = tracks.iter().map(|t| t.event.as_str()).collect();
        let nodes: Vec<Option<&str>> = tracks.iter().map(|t| t.node.as_deref()).collect();
        let datas: Vec<Value> = tracks.iter().map(|t| t.data.clone()).collect();
        sqlx::query!(
            "insert into tracks (chat_id, flow_key, flow_version, event, node, data, at)
             select $1, flow_key, flow_version, event, node, data, $7
             from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::jsonb[])
                  as t (flow_key, flow_version, event, node, data)",
            chat.map(|id| id.0),
            &flows as &[Option<&str>],
            &versions as &[Option<i32>],
            &words as &[&str],
            &nodes as &[Option<&str>],
            &datas,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    for row in &changes.audit {
        sqlx::query!(
            "insert into audit (id, at, user_id, actor, action, entity, entity_id, detail)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            hilo_domain::id::uuid_at(now),
            now,
            row.actor.user_id.map(|id| id.0),
            serde_json::to_value(&row.actor)?,
            row.action,
            row.entity,
            row.entity_id,
            row.detail,
        )
        .execute(&mut **tx)
        .await?;
    }
    for notice in &changes.notices {
        sqlx::query!(
            "insert into notifications (id, kind, chat_id, user_id, data, at) values ($1, $2, $3, $4, $5, $6)",
            hilo_domain::id::uuid_at(now),
            notice.kind,
            notice.chat.0,
            notice.user.map(|id| id.0),
            notice.data,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    // The client's row is the last of the lock order.
    if let Some(profile) = &changes.profile {
        sqlx::query!(
            "update clients set profile = $2, name = coalesce($2::jsonb ->> 'name', name), updated_at = $3 where id = $1",
            desk.client.0,
            profile,
            now,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn end_assignment(tx: &mut Tx, chat: ChatId, state: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update assignments set state = $2, end_reason = $3, ended_at = $4
         where chat_id = $1 and state in ('offered', 'accepted')",
        chat.0,
        state,
        reason,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn begin_assignment(tx: &mut Tx, desk: &Desk, new: &NewAssignment, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into assignments (id, chat_id, conversation_id, queue_id, agent_id, generation, state, how,
                                  candidates, at)
         values ($1, $2, $3, $4, $5, $6, 'accepted', $7, $8, $9)",
        new.id,
        new.chat.0,
        desk.conversation.0,
        new.queue.map(|id| id.0),
        new.agent.0,
        new.generation,
        new.how,
        new.candidates,
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("update agents set last_assigned_at = $2 where user_id = $1", new.agent.0, now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
