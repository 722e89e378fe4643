-- Times are seconds since 1970-01-01T00:00:00Z. Documents are versioned by themselves (src/document).

create table scans (
  id {text} primary key,
  started_at bigint not null,
  begun {bytes} not null,
  -- All three are null until the scan has finished.
  finished_at bigint,
  totals {bytes},
  ended {bytes}
);

-- One row for each account that a scan assessed. Never changed.
create table results (
  account bigint not null,
  scan {text} not null references scans (id) on delete cascade,
  result {bytes} not null,
  observations {bytes} not null,
  primary key (account, scan)
);

create index results_of_scan on results (scan, account);

-- What a later scan recalls of an account beside changes and coverage: both columns can be made anew, the looks from the
-- observations of its results, the listing by asking AWS.
create table accounts (
  id bigint primary key,
  looks {bytes} not null,
  listing {bytes}
);

-- Every recorded status change. Never changed.
create table changes (
  account bigint not null,
  event {text} not null,
  at bigint not null,
  status {text} not null,
  access_key {text} not null,
  target {text} not null,
  user_name {text},
  recipient_account bigint,
  actor {text},
  source_ip {text},
  -- Null where the account's event history told of it; otherwise the file that somebody imported, and the record in it.
  file_name {text},
  file_record bigint,
  primary key (account, event)
){clustered};

-- The seconds from from_at up to, not including, to_at. Spans of one source neither overlap nor touch.
create table coverage (
  account bigint not null,
  source {text} not null,
  from_at bigint not null,
  to_at bigint not null,
  primary key (account, source, from_at)
){clustered};

-- Which users a key was seen to belong to. Never changed.
create table owners (
  access_key {text} not null,
  account bigint not null,
  user_name {text} not null,
  primary key (access_key, account, user_name)
){clustered};

create index keys_of_user on owners (user_name, account, access_key);
