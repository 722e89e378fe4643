-- When a plan was published by a clean-up that nobody attends: grace is counted from then. Never changed.
create table publications (
  plan {text} primary key,
  published_at bigint not null
){clustered};
