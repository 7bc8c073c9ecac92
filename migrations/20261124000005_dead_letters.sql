-- A signed element that could not be read, or not be stored: kept as the bytes that came, sealed.
create table dead_letters (
    id uuid primary key,
    digest bytea not null unique,
    source text not null,
    pointer text not null,
    reason text not null,
    body bytea not null,
    at timestamptz not null
);

-- An element for a number that is not ours, or not of the app whose secret signed it.
create table quarantine (
    id uuid primary key,
    digest bytea not null unique,
    phone_number_id text,
    waba_id text,
    field text not null,
    reason text not null,
    body bytea not null,
    at timestamptz not null
);

-- News about an account or a number: quality, templates, limits, calls.
create table account_news (
    id uuid primary key,
    digest bytea not null unique,
    number_id uuid references numbers (id),
    waba_id text,
    field text not null,
    body bytea not null,
    at timestamptz not null
);
