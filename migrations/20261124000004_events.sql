-- What happened, numbered by its conversation. Carries ids, never texts.
create table events (
    id uuid primary key,
    conversation_id uuid references conversations (id),
    seq bigint,
    chat_id uuid,
    kind text not null,
    data jsonb not null default '{}',
    at timestamptz not null,
    check ((conversation_id is null) = (seq is null))
);
create unique index events_in_order on events (conversation_id, seq);

-- What must be rung once its transaction has committed: a workflow (bell, target), the gateways' stream (event_id),
-- or both. A row goes when both have heard.
create table outbox (
    id bigint generated always as identity primary key,
    bell text check (bell in ('conversation', 'ghost')),
    target uuid,
    event_id uuid,
    at timestamptz not null,
    -- Leases use the database's clock; so does this.
    due_at timestamptz not null default clock_timestamp(),
    tries integer not null default 0,
    check ((bell is null) = (target is null)),
    check (bell is not null or event_id is not null)
);
create index outbox_due on outbox (due_at);
