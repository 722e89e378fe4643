-- How many events the journal of a plan has. The chain of digests does not show that its end was cut off, or all of it removed.
alter table leases add column events bigint not null default 0;

update leases set events = coalesce((select max(number) from journal where journal.plan = leases.plan), 0);
