-- A dead letter says to whom it was addressed, and a quarantined element where in its body it stood.
alter table dead_letters
    add column phone_number_id text,
    add column waba_id text,
    add column field text not null default '';
alter table quarantine add column pointer text not null default '';

-- While a placeholder waits: the verbatim address that it came from, for when it becomes an input.
alter table inbound_keys add column address text;

-- The number of the newest attempt to send it; that an earlier one failed says nothing any more.
alter table messages add column attempt integer not null default 1;

-- News of a client's new identifier counts once: an old delivery, repeated, must not move a number back.
create table identity_changes (
    digest bytea primary key,
    at timestamptz not null
);
