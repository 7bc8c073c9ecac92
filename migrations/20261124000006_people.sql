-- Who logs in.
create table users (
    id uuid primary key,
    email text not null,
    name text not null,
    role text not null,
    password_hash text not null,
    locale text not null default 'es',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (email = lower(email))
);
create unique index users_by_email on users (email);
