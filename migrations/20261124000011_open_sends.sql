-- The second look finds sends that nobody carries out.
create index sends_open_by_age on sends (n) where state in ('prepared', 'attempted');
