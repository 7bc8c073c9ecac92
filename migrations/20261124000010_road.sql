-- The road of a conversation: chats, what was decided about them, what is to be sent, and what people asked for.

-- How many turns a conversation has had, and up to which one its workflow holds the results (turns.md 6).
alter table conversations
    add column turns bigint not null default 0,
    add column acknowledged bigint not null default 0;

-- What texts and expressions may know about a client, and agents may note: the keys of the engine's contact.
alter table clients add column profile jsonb not null default '{}';

-- Attempts to decide about an input; counted before the step, so that a step which ends the process is noticed.
alter table inputs
    add column tries smallint not null default 0,
    -- A timer's due time lies before its arrival; everything else is as old as it is.
    add column detail jsonb not null default '{}';

-- Published versions of flows. Never changed; what runs is pinned by the hash.
create table flow_versions (
    hash text primary key,
    flow_key text not null,
    version integer not null check (version > 0),
    campaign_id uuid references campaigns (id),
    document text not null,
    note text not null default '',
    published_at timestamptz not null,
    unique (flow_key, version)
);

-- One episode of a conversation. Status, holder and generation change together, by compare and set.
create table chats (
    id uuid primary key,
    conversation_id uuid not null references conversations (id),
    campaign_id uuid references campaigns (id),
    queue_id uuid references queues (id),
    status text not null
        check (status in ('new', 'bot', 'queued', 'assigned', 'active', 'pending', 'transferred', 'closed')),
    generation bigint not null default 0,
    priority smallint not null default 0,
    agent_id uuid references users (id),
    attention text,
    attention_since timestamptz,
    held boolean not null default false,
    opened_at timestamptz not null,
    -- The first queue's clock runs the first reply; the present queue's age orders it, and a transfer keeps it.
    queued_at timestamptz,
    waiting_since timestamptz,
    -- Before everybody else of the same priority: a chat that was taken from an agent who did not answer.
    at_head boolean not null default false,
    assigned_at timestamptz,
    first_reply_at timestamptz,
    breached_at timestamptz,
    last_client_at timestamptz,
    last_agent_at timestamptz,
    wake_at timestamptz,
    closed_at timestamptz,
    close_reason text,
    -- The turn that holds the bot's present state, and the flow that it is pinned to.
    session_turn bigint,
    flow_hash text references flow_versions (hash),
    flow_node text,
    -- The last send of the question that the bot waits at; the event by which it counts as accepted.
    question_id uuid,
    question_seq bigint,
    -- The complete list of what time will do, as the workflow arms it: [{name, token, generation, due}].
    timers jsonb not null default '[]',
    -- What the bot's timers were set to before their question was accepted: [{token, set_at, after, due}].
    bot_timers jsonb not null default '[]',
    note text
);
create unique index chats_one_open on chats (conversation_id) where status <> 'closed';
create index chats_waiting on chats (queue_id, priority desc, at_head desc, waiting_since) where status = 'queued';
create index chats_held_by on chats (agent_id) where status in ('assigned', 'active');
create index chats_of_conversation on chats (conversation_id, opened_at);
alter table conversations add foreign key (open_chat_id) references chats (id);

-- One decision: what went in, the bot's state after it, what it wants done. Sealed under the client's key.
create table turns (
    conversation_id uuid not null references conversations (id),
    n bigint not null,
    chat_id uuid references chats (id),
    -- The instant by which it was decided (turns.md 11).
    at timestamptz not null,
    -- Positions of the inputs that it consumed.
    inputs bigint[] not null,
    session bytea,
    effects bytea,
    -- What the workflow is told, and told again when it asks again; ids only.
    result jsonb not null,
    primary key (conversation_id, n)
);

-- A message of ours on its way out (turns.md 13).
create table sends (
    n bigint generated always as identity,
    message_id uuid primary key references messages (id),
    conversation_id uuid not null references conversations (id),
    chat_id uuid references chats (id),
    author text not null check (author in ('bot', 'agent', 'system')),
    state text not null default 'prepared'
        check (state in ('prepared', 'attempted', 'sent', 'failed', 'uncertain', 'cancelled')),
    attempt integer not null default 1,
    not_before timestamptz,
    worker text,
    lease_until timestamptz,
    uncertain_at timestamptz,
    -- An uncertain send that has been waited for long enough: what comes after it goes on.
    passed boolean not null default false,
    -- Refusals that asked to be tried again.
    refusals integer not null default 0,
    -- What the engine calls it, when it fails.
    token text,
    turn bigint,
    settled_at timestamptz
);
create index sends_open on sends (conversation_id, n)
    where state in ('prepared', 'attempted') or (state = 'uncertain' and not passed);

-- What people ask for: stored first, carried out once (turns.md 19).
create table commands (
    id uuid primary key,
    conversation_id uuid not null references conversations (id),
    chat_id uuid references chats (id),
    kind text not null,
    -- Who: {userId, name, sessionId, ip, userAgent, requestId}; null user is Hilo itself.
    user_id uuid references users (id),
    actor jsonb not null,
    idempotency_key text,
    -- Sealed under the client's key: a reply has words.
    body bytea not null,
    state text not null default 'requested' check (state in ('requested', 'done', 'refused', 'expired')),
    result jsonb,
    requested_at timestamptz not null,
    done_at timestamptz
);
create unique index commands_once on commands (user_id, idempotency_key) where idempotency_key is not null;
create index commands_open on commands (conversation_id) where state = 'requested';

-- Which agents serve which campaign.
create table campaign_agents (
    campaign_id uuid not null references campaigns (id),
    user_id uuid not null references users (id),
    primary key (campaign_id, user_id)
);

-- An agent as the routing sees one. Load is counted, never kept.
create table agents (
    user_id uuid primary key references users (id),
    state text not null default 'offline' check (state in ('available', 'paused', 'busy', 'offline')),
    reason text,
    since timestamptz not null,
    -- When they last said "available": lapses before it are forgiven.
    available_at timestamptz,
    last_assigned_at timestamptz,
    -- Whether a socket stood behind the state; without one it holds until it is changed.
    connected boolean not null default false
);

-- Exact intervals of agents' states.
create table agent_states (
    id uuid primary key,
    user_id uuid not null references users (id),
    state text not null,
    reason text,
    since timestamptz not null,
    until timestamptz,
    actor jsonb not null
);
create unique index agent_states_now on agent_states (user_id) where until is null;

-- Heartbeats of sockets, every 15 s; the database's clock, as for every lease.
create table heartbeats (
    user_id uuid not null references users (id),
    socket_id uuid not null,
    gateway_id uuid not null,
    at timestamptz not null default clock_timestamp(),
    primary key (user_id, socket_id)
);
create table gateways (
    id uuid primary key,
    at timestamptz not null default clock_timestamp()
);

-- Who got which chat, and who was passed over and why.
create table assignments (
    id uuid primary key,
    chat_id uuid not null references chats (id),
    conversation_id uuid not null references conversations (id),
    queue_id uuid references queues (id),
    agent_id uuid not null references users (id),
    generation bigint not null,
    state text not null check (state in ('offered', 'accepted', 'declined', 'expired', 'ended')),
    how text not null,
    candidates jsonb not null default '[]',
    at timestamptz not null,
    ended_at timestamptz,
    end_reason text
);
create index assignments_of_chat on assignments (chat_id, at);
create unique index assignments_present on assignments (chat_id) where state in ('offered', 'accepted');

-- Why everything happened, in order; one row an act. The entries are sealed under the client's key.
create table ledger (
    n bigint generated always as identity primary key,
    conversation_id uuid not null references conversations (id),
    chat_id uuid references chats (id),
    turn bigint,
    at timestamptz not null,
    entries bytea not null
);
create index ledger_of_chat on ledger (chat_id, n);

-- What flows count; no words of a client.
create table tracks (
    n bigint generated always as identity primary key,
    chat_id uuid references chats (id),
    flow_key text,
    flow_version integer,
    event text not null,
    node text,
    data jsonb not null default '{}',
    at timestamptz not null
);
create index tracks_of_flow on tracks (flow_key, event, at);

-- Who did what; written in the transaction of what it reports.
create table audit (
    id uuid primary key,
    at timestamptz not null,
    user_id uuid,
    actor jsonb not null,
    action text not null,
    entity text not null,
    entity_id uuid,
    detail jsonb not null default '{}'
);
create index audit_of_entity on audit (entity, entity_id, at);

-- What supervisors and agents are told.
create table notifications (
    id uuid primary key,
    kind text not null,
    chat_id uuid references chats (id),
    user_id uuid references users (id),
    data jsonb not null default '{}',
    at timestamptz not null
);
create index notifications_by_time on notifications (at desc);

alter table outbox drop constraint outbox_bell_check;
alter table outbox add constraint outbox_bell_check check (bell in ('conversation', 'ghost', 'queue', 'agent'));
