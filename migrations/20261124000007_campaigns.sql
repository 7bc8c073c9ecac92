-- Numbers, queues and promises that belong together.
create table campaigns (
    id uuid primary key,
    key text not null unique,
    name text not null,
    status text not null default 'active' check (status in ('active', 'paused', 'finished')),
    flow_key text,
    first_reply_seconds integer not null check (first_reply_seconds > 0),
    idle_seconds integer not null check (idle_seconds > 0),
    capacity integer not null check (capacity > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table queues (
    id uuid primary key,
    key text not null unique,
    name text not null,
    campaign_id uuid not null references campaigns (id),
    is_default boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index queues_default on queues (campaign_id) where is_default;

create table campaign_numbers (
    campaign_id uuid not null references campaigns (id),
    number_id uuid not null references numbers (id),
    primary key (campaign_id, number_id)
);
create unique index campaign_numbers_one_campaign on campaign_numbers (number_id);

create table close_reasons (
    key text primary key,
    name text not null,
    position integer not null
);
