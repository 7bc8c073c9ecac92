-- The WhatsApp numbers that are ours. Secrets are sealed under HILO_SECRET_KEY, bound to table, column and row.
create table numbers (
    id uuid primary key,
    key text not null unique,
    provider text not null check (provider in ('meta', 'wppconnect')),
    phone text not null,
    name text not null,
    phone_number_id text unique,
    waba_id text,
    app_secret bytea,
    verify_token bytea,
    access_token bytea,
    enabled boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (provider <> 'meta' or phone_number_id is not null)
);
