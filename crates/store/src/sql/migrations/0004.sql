-- A clean-up that switches a key looks at it before and after: what it saw is evidence for later scans of the account.
create index journal_of_account on journal (account);
