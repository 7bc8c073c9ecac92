-- Everything ever said between one number of ours and one client.
create table conversations (
    id uuid primary key,
    number_id uuid not null references numbers (id),
    client_id uuid not null references clients (id),
    -- After a merge of clients a survivor may have two; new mail goes to the primary one.
    is_primary boolean not null default true,
    key_id uuid not null,
    -- The verbatim address that wrote last; answers go there.
    address text,
    -- Numbers the conversation's events; a message's seq is its event's. Raised under the row's lock only.
    last_seq bigint not null default 0,
    last_inbound_at timestamptz,
    open_chat_id uuid,
    created_at timestamptz not null
);
create unique index conversations_primary on conversations (number_id, client_id) where is_primary;
create index conversations_of_client on conversations (client_id);

create table messages (
    id uuid primary key,
    conversation_id uuid not null references conversations (id),
    chat_id uuid,
    -- Null while it is a placeholder or not yet carried out.
    seq bigint,
    direction text not null check (direction in ('inbound', 'outbound')),
    author text not null check (author in ('client', 'bot', 'agent', 'system')),
    kind text not null,
    -- The content, sealed under the conversation's key.
    body bytea not null,
    provider_id text,
    reply_to text,
    -- Outbound only: what our own record says, and what it and the receipts say together.
    own_status text check (own_status in ('pending', 'uncertain', 'sent', 'failed')),
    status text check (status in ('pending', 'uncertain', 'sent', 'failed', 'delivered', 'read')),
    error jsonb,
    provider_at timestamptz,
    at timestamptz not null
);
create unique index messages_in_order on messages (conversation_id, seq);
create index messages_by_provider_id on messages (provider_id) where direction = 'outbound' and provider_id is not null;

-- Duplicates are decided here, for ever: the same delivery after a week is still the same.
create table inbound_keys (
    number_id uuid not null,
    provider_id text not null,
    kind text not null,
    message_id uuid not null,
    -- A placeholder (131060) that its real message, with the same id, may still replace.
    ghost boolean not null default false,
    primary key (number_id, provider_id, kind)
);

-- What a conversation's workflow has to look at, in the order of n.
create table inputs (
    n bigint generated always as identity,
    conversation_id uuid not null references conversations (id),
    kind text not null,
    key text not null,
    message_id uuid,
    at timestamptz not null,
    consumed_at timestamptz,
    primary key (conversation_id, kind, key)
);
create index inputs_open on inputs (conversation_id, n) where consumed_at is null;
create index inputs_open_by_age on inputs (at) where consumed_at is null;

-- Every report about a message of ours, also of messages that we do not know (yet).
create table receipts (
    number_id uuid not null references numbers (id),
    provider_id text not null,
    receipt text not null,
    participant text not null default '',
    message_id uuid references messages (id),
    attempt integer,
    errors jsonb not null default '[]',
    provider_at timestamptz,
    at timestamptz not null,
    primary key (number_id, provider_id, receipt, participant)
);
create index receipts_of_message on receipts (message_id) where message_id is not null;
