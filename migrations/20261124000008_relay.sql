-- What a relay has in hand stands apart from when a row may be tried again; how long a row has waited counts from when
-- it was written. Both by the database's clock.
alter table outbox
    add column leased_until timestamptz,
    add column created_at timestamptz;
update outbox set created_at = at;
alter table outbox
    alter column created_at set default clock_timestamp(),
    alter column created_at set not null;

-- Events, bells and placeholders are claimed apart, so that none waits behind what another is waiting for.
drop index outbox_due;
create index outbox_events_due on outbox (due_at, id) where event_id is not null;
create index outbox_bells_due on outbox (due_at, id) where event_id is null and bell <> 'ghost';
create index outbox_ghosts_due on outbox (due_at, id) where bell = 'ghost';
create index outbox_of_target on outbox (target) where target is not null;

-- When the second look last rang it (database's clock): whoever looks next leaves it alone for a while, and begins with
-- those that were rung the longest ago. Not indexed: the look comes from what is open, which is little.
alter table conversations add column rung_at timestamptz;
