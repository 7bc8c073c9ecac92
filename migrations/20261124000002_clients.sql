-- Who writes to us, by any identifier that ever came with them.
create table clients (
    id uuid primary key,
    kind text not null default 'person' check (kind in ('person', 'group')),
    name text,
    merged_into uuid references clients (id),
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- The key under which a client's texts stand, itself sealed under HILO_SECRET_KEY. Delete it, and they are gone.
create table content_keys (
    id uuid primary key,
    client_id uuid not null,
    sealed bytea not null,
    created_at timestamptz not null
);
create index content_keys_of_client on content_keys (client_id);

-- scope: the account for business-scoped ids, the number for privacy ids and groups, '' for phones.
-- value: a phone is folded (national variants are one); everything else is verbatim.
create table client_identifiers (
    scope text not null,
    kind text not null check (kind in ('phone', 'business', 'lid', 'group', 'address')),
    value text not null,
    client_id uuid not null references clients (id) deferrable initially deferred,
    first_seen_at timestamptz not null,
    primary key (scope, kind, value)
);
create index client_identifiers_of_client on client_identifiers (client_id);

-- Two clients turned out to be one, or an identifier moved from one to another.
create table client_merges (
    id uuid primary key,
    survivor_id uuid not null references clients (id),
    absorbed_id uuid not null references clients (id),
    scope text not null,
    kind text not null,
    value text not null,
    whole boolean not null,
    at timestamptz not null
);
