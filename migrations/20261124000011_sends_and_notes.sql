-- The second look finds sends that nobody carries out.
create index sends_open_by_age on sends (n) where state in ('prepared', 'attempted');

-- What whoever handed a chat over has to say may quote the client: it stands under the client's key.
alter table chats drop column note;
alter table chats add column note bytea;
