-- Clean-up. Plans, their files, by the digest that approvals are for. Never changed.
create table plans (
  digest {text} primary key,
  id {text} not null,
  made_at bigint not null,
  file {text} not null
);

-- Who agreed to which plan. Never changed.
create table approvals (
  plan {text} not null,
  number bigint not null,
  by_name {text} not null,
  account bigint not null,
  arn {text} not null,
  comment {text},
  approved_at bigint not null,
  expires_at bigint not null,
  primary key (plan, number)
){clustered};

create table exemptions (
  id {text} primary key,
  protects {text} not null,
  reason {text} not null,
  author {text} not null,
  created_at bigint not null,
  expires_at bigint not null
);

-- Who may apply a plan, and how often that was given.
create table leases (
  plan {text} primary key,
  epoch bigint not null,
  holder {text} not null,
  -- Null where it was given back.
  until_at bigint
);

-- The journal of each plan's run. Never changed: each event holds the digest of the one before it.
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
){clustered};

create index journal_of_key on journal (plan, account, access_key, number);
