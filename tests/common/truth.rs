//! What must be true of the database whenever everything is quiet, whatever was killed before (`checks.md` I1 to I7).

use hilo_store::testing::Database;

/// Each rule as a count of what breaks it.
const RULES: [(&str, &str); 17] = [
    ("inputs that nobody looked at", "select count(*) from inputs where consumed_at is null"),
    ("bells and events that wait", "select count(*) from outbox where bell is distinct from 'ghost'"),
    (
        "sends under way",
        "select count(*) from sends where state in ('prepared', 'attempted') or (state = 'uncertain' and not passed)",
    ),
    ("commands without an answer", "select count(*) from commands where state = 'requested'"),
    (
        "conversations whose turns have gaps",
        "select count(*) from (select 1 from turns group by conversation_id having max(n) <> count(*)) gaps",
    ),
    (
        "conversations whose numbers have gaps",
        "select count(*) from conversations c
         where c.last_seq <> (select count(*) from events e where e.conversation_id = c.id)",
    ),
    (
        "messages without their event",
        "select count(*) from messages m where m.seq is not null and not exists (
            select 1 from events e where e.conversation_id = m.conversation_id and e.seq = m.seq
              and e.data->>'messageId' = m.id::text)",
    ),
    ("answers of clients in no chat", "select count(*) from messages where direction = 'inbound' and chat_id is null"),
    (
        "inputs that two turns took",
        "select count(*) from (
            select i.n from inputs i join turns t on t.conversation_id = i.conversation_id and i.n = any(t.inputs)
            group by i.n having count(*) > 1
         ) taken",
    ),
    (
        "messages that WhatsApp has taken twice",
        "select count(*) from (select 1 from messages where direction = 'outbound' and provider_id is not null
                               group by provider_id having count(*) > 1) twice",
    ),
    (
        "chats with an agent and without their assignment, or with another's",
        "select count(*) from chats c where c.status in ('assigned', 'active', 'pending') and not exists (
            select 1 from assignments a where a.chat_id = c.id and a.agent_id = c.agent_id
              and a.state in ('offered', 'accepted'))",
    ),
    (
        "assignments of chats that nobody has",
        "select count(*) from assignments a join chats c on c.id = a.chat_id
         where a.state in ('offered', 'accepted') and c.status not in ('assigned', 'active', 'pending')",
    ),
    (
        "chats that nobody has and that have an agent",
        "select count(*) from chats where agent_id is not null and status in ('new', 'bot', 'queued')",
    ),
    (
        "agents above their capacity",
        "select count(*) from (
            select c.agent_id from chats c join campaigns k on k.id = c.campaign_id
            where c.status in ('assigned', 'active')
            group by c.agent_id, k.capacity having count(*) > k.capacity
         ) loaded",
    ),
    (
        "open chats that are not their conversation's",
        "select count(*) from chats c join conversations v on v.id = c.conversation_id
         where (c.status <> 'closed') <> (v.open_chat_id is not distinct from c.id)",
    ),
    (
        "commands that were carried out and are not in the audit",
        "select count(*) from commands k where k.state = 'done' and k.user_id is not null and not exists (
            select 1 from audit a where a.user_id = k.user_id and a.entity_id = k.chat_id)",
    ),
    (
        "chats that wait for nothing",
        "select count(*) from chats where status in ('bot', 'assigned', 'active') and not held
           and attention is null and timers = '[]' and bot_timers = '[]'",
    ),
];

/// Everything that is not true.
pub(crate) async fn untrue(db: &Database) -> Vec<String> {
    let mut all = Vec::new();
    for (what, sql) in RULES {
        let rows = db.count(sql).await;
        if rows > 0 {
            all.push(format!("{rows} {what}"));
        }
    }
    all
}
