-- Who is logged in. A session is one log-in with all the refresh tokens that follow from it; a token that comes twice
-- ends it. Tokens stand as their SHA-256 digests.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id),
    ip text,
    user_agent text,
    created_at timestamptz not null,
    seen_at timestamptz not null,
    ended_at timestamptz,
    end_reason text
);
create index sessions_of_user on sessions (user_id) where ended_at is null;

create table refresh_tokens (
    digest bytea primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_of_session on refresh_tokens (session_id);
