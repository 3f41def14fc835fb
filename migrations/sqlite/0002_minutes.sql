-- What the live store keeps beyond its memory: one row per series and minute in which something came.

create table series (
    id integer primary key,
    metric text not null,
    -- JSON: a list of pairs of key and value, in the metric's order.
    tags text not null,
    -- 1 for the series that takes what didn't fit under the limits.
    other integer not null,
    unique (metric, tags, other)
) strict;

create table minutes (
    -- Start of the minute, in seconds since 1970, UTC.
    time integer not null,
    series_id integer not null references series (id) on delete cascade,
    count integer not null,
    sum real not null,
    min real not null,
    max real not null,
    last real not null,
    -- The distribution, as `Sketch::to_bytes` writes it.
    sketch blob not null,
    primary key (time, series_id)
) strict, without rowid;

create index minutes_series_id on minutes (series_id);
