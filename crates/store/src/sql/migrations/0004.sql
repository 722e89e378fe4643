-- The journal anew. SQLite finds the events of one key by their index only where the table is not kept in the order of its
-- primary key: otherwise it reads the whole run for each.
drop index journal_of_key;

alter table journal rename to journal_before;

create table journal (
  plan {text} not null,
  number bigint not null,
  -- Null for events that concern no single key.
  account bigint,
  access_key {text},
  event {text} not null,
  previous {text} not null,
  digest {text} not null,
  primary key (plan, number)
);

insert into journal (plan, number, account, access_key, event, previous, digest)
  select plan, number, account, access_key, event, previous, digest from journal_before;

drop table journal_before;

create index journal_of_key on journal (plan, account, access_key, number);

-- A clean-up that switches a key looks at it before and after: what it saw is evidence for later scans of the account.
create index journal_of_account on journal (account);
