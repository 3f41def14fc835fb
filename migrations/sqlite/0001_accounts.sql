-- Accounts and their sessions. Times are seconds since 1970, UTC.

create table users (
    id integer primary key,
    -- Trimmed and in lower case: one address, one account.
    email text not null unique,
    -- PHC string of argon2id, with its parameters and salt.
    password_hash text not null,
    created_at integer not null
) strict;

create table sessions (
    -- SHA-256 of the token in the cookie: whoever reads this table can't sign in with it.
    token_hash blob primary key,
    user_id integer not null references users (id) on delete cascade,
    created_at integer not null,
    last_seen_at integer not null
) strict, without rowid;

create index sessions_user_id on sessions (user_id);
create index sessions_last_seen_at on sessions (last_seen_at);
