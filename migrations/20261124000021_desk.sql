-- What people at the desk see beside the chats themselves.

-- Who looks after a campaign without serving it.
create table campaign_supervisors (
    campaign_id uuid not null references campaigns (id),
    user_id uuid not null references users (id),
    primary key (campaign_id, user_id)
);
create index campaign_supervisors_of_user on campaign_supervisors (user_id);
create index campaign_agents_of_user on campaign_agents (user_id);

-- Why agents pause.
create table pause_reasons (
    key text primary key,
    name text not null,
    position integer not null
);

-- Up to where a chat's agent has read. A table of its own: the chat's row belongs to whoever decides about it.
create table chat_reads (
    chat_id uuid primary key references chats (id),
    seq bigint not null,
    user_id uuid not null references users (id),
    at timestamptz not null
);

-- Notes about a chat, for colleagues only; they may quote the client, so they stand under the client's key.
create table notes (
    id uuid primary key,
    conversation_id uuid not null references conversations (id),
    chat_id uuid not null references chats (id),
    user_id uuid not null references users (id),
    body bytea not null,
    idempotency_key text,
    at timestamptz not null
);
create index notes_of_chat on notes (chat_id, id desc);
create unique index notes_once on notes (user_id, idempotency_key) where idempotency_key is not null;

create table notification_reads (
    notification_id uuid not null references notifications (id),
    user_id uuid not null references users (id),
    at timestamptz not null,
    primary key (notification_id, user_id)
);
create index notifications_of_user on notifications (user_id, at desc) where user_id is not null;
create index notifications_of_chat on notifications (chat_id, at);

-- Lists are sorted by when somebody last did something in a chat.
alter table chats add column activity_at timestamptz not null generated always as (
    greatest(opened_at, queued_at, assigned_at, last_client_at, last_agent_at, closed_at)) stored;
create index chats_by_activity on chats (activity_at desc, id desc);
create index chats_of_campaign on chats (campaign_id, activity_at desc, id desc);
create index chats_of_agent on chats (agent_id, activity_at desc, id desc) where agent_id is not null;
create index messages_of_chat on messages (chat_id, seq desc) where chat_id is not null;
create index clients_by_name on clients (lower(name));
create index chats_open_of_campaign on chats (campaign_id, status) where status <> 'closed';
