import { sql } from "kysely";
import type { Migration } from "kysely/migration";

/** Tables of entries and of their counts by owner and room. Triggers maintain the counts. */
const ENTRIES = `
create table aauth_entries (
  store text not null,
  key text not null,
  room text not null,
  owner text not null,
  value text not null,
  version bigint generated always as identity,
  expires_at timestamptz not null,
  primary key (store, key)
);
create index aauth_entries_by_owner on aauth_entries (store, owner, version);
create index aauth_entries_by_end on aauth_entries (store, expires_at);

create table aauth_rooms (
  store text not null,
  room text not null,
  held bigint not null,
  owners bigint not null,
  primary key (store, room)
);
create table aauth_owners (
  store text not null,
  room text not null,
  owner text not null,
  held bigint not null,
  primary key (store, room, owner)
);

create function aauth_entry_added() returns trigger language plpgsql as $$
declare
  now_held bigint;
begin
  insert into aauth_owners as o values (new.store, new.room, new.owner, 1)
    on conflict (store, room, owner) do update set held = o.held + 1
    returning held into now_held;
  insert into aauth_rooms as r values (new.store, new.room, 1, 1)
    on conflict (store, room) do update
    set held = r.held + 1, owners = r.owners + case when now_held = 1 then 1 else 0 end;
  return null;
end $$;
create trigger aauth_entry_added after insert on aauth_entries
  for each row execute function aauth_entry_added();

create function aauth_entry_removed() returns trigger language plpgsql as $$
declare
  now_held bigint;
begin
  update aauth_owners set held = held - 1
    where store = old.store and room = old.room and owner = old.owner
    returning held into now_held;
  if now_held = 0 then
    delete from aauth_owners where store = old.store and room = old.room and owner = old.owner;
  end if;
  update aauth_rooms
    set held = held - 1, owners = owners - case when now_held = 0 then 1 else 0 end
    where store = old.store and room = old.room;
  return null;
end $$;
create trigger aauth_entry_removed after delete on aauth_entries
  for each row execute function aauth_entry_removed();
`;

/**
 * Writes of one store are sequential: each takes an advisory lock before it locks a row, so that no
 * two writes wait for each other. A write removes no expired entries but the one under its key.
 *
 * `expected`: null writes in any case, 0 only if there is no entry, another number only if the
 * entry has this version. Returns `stored`, `conflict` if `expected` does not match, or `full`.
 */
const WRITES = `
create or replace function aauth_lock(in_store text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended('aauth ' || in_store, 0));
$$;

create or replace function aauth_put(
  in_store text, in_key text, in_room text, in_owner text, in_value text, ttl_seconds float8,
  expected bigint, max_entries bigint, max_in_room bigint, max_of_owner bigint, unshared bigint
) returns text language plpgsql as $$
declare
  ends timestamptz := clock_timestamp() + make_interval(secs => ttl_seconds);
  present aauth_entries%rowtype;
  total bigint;
  in_its_room bigint;
  sharers bigint;
  held_by_owner bigint;
begin
  perform aauth_lock(in_store);
  select * into present from aauth_entries where store = in_store and key = in_key for update;
  if present.expires_at <= clock_timestamp() then
    delete from aauth_entries where store = in_store and key = in_key;
    present := null;
  end if;
  if coalesce(present.version, 0) <> expected then return 'conflict'; end if;
  if present.room = in_room and present.owner = in_owner then
    update aauth_entries set value = in_value, expires_at = ends, version = default
      where store = in_store and key = in_key;
    return 'stored';
  end if;

  if present.owner is distinct from in_owner then
    select coalesce(sum(held), 0), coalesce(sum(held) filter (where room = in_room), 0),
      coalesce(sum(owners) filter (where room = in_room), 0)
      into total, in_its_room, sharers from aauth_rooms where store = in_store;
    select held into held_by_owner from aauth_owners
      where store = in_store and room = in_room and owner = in_owner;
    if held_by_owner is null then
      held_by_owner := 0;
      sharers := sharers + 1;
    end if;
    if held_by_owner >= max_of_owner or (total >= unshared
      and held_by_owner * sharers >= least(max_entries - total, max_in_room - in_its_room))
    then return 'full'; end if;
  end if;

  if present.key is not null then
    delete from aauth_entries where store = in_store and key = in_key;
  end if;
  insert into aauth_entries (store, key, room, owner, value, expires_at)
    values (in_store, in_key, in_room, in_owner, in_value, ends);
  return 'stored';
end $$;

create or replace function aauth_take(in_store text, in_key text) returns text language plpgsql as $$
declare
  taken aauth_entries%rowtype;
begin
  perform aauth_lock(in_store);
  delete from aauth_entries where store = in_store and key = in_key returning * into taken;
  if taken.expires_at > clock_timestamp() then return taken.value; end if;
  return null;
end $$;
`;

/** Updates the counts once for all entries that a statement removes, instead of once for each. */
const REMOVALS = `
drop trigger aauth_entry_removed on aauth_entries;
create or replace function aauth_entry_removed() returns trigger language plpgsql as $$
begin
  if not exists (select from gone) then return null; end if;
  update aauth_owners o set held = o.held - g.removed
    from (select store, room, owner, count(*) as removed from gone group by store, room, owner) g
    where o.store = g.store and o.room = g.room and o.owner = g.owner;
  with emptied as (
    delete from aauth_owners o using (select distinct store, room, owner from gone) g
      where o.store = g.store and o.room = g.room and o.owner = g.owner and o.held = 0
      returning o.store, o.room)
  update aauth_rooms r set held = r.held - g.removed,
      owners = r.owners - (select count(*) from emptied e where e.store = r.store and e.room = r.room)
    from (select store, room, count(*) as removed from gone group by store, room) g
    where r.store = g.store and r.room = g.room;
  return null;
end $$;
create trigger aauth_entry_removed after delete on aauth_entries referencing old table as gone
  for each statement execute function aauth_entry_removed();
`;

/**
 * Performs several writes of one store in order, all or none, with one lock and one commit. A write
 * without a room is a take. First removes up to 1000 expired entries. Returns a row for each write:
 * the result of `aauth_put` or `aauth_take`.
 *
 * An index finds what has expired by a variable only: it would be read whole for the volatile
 * `clock_timestamp()`.
 */
const BATCHES = `
create or replace function aauth_write(
  in_store text, keys text[], rooms text[], owners text[], new_values text[], ttls_seconds float8[],
  expected bigint[], max_entries bigint[], max_in_room bigint[], max_of_owner bigint[],
  unshared bigint[]
) returns setof text language plpgsql as $$
declare
  started timestamptz := clock_timestamp();
begin
  perform aauth_lock(in_store);
  delete from aauth_entries where ctid = any (array(
    select ctid from aauth_entries where store = in_store and expires_at <= started limit 1000));
  for i in 1 .. cardinality(keys) loop
    if rooms[i] is null then
      return next aauth_take(in_store, keys[i]);
    else
      return next aauth_put(in_store, keys[i], rooms[i], owners[i], new_values[i], ttls_seconds[i],
        expected[i], max_entries[i], max_in_room[i], max_of_owner[i], unshared[i]);
    end if;
  end loop;
end $$;
`;

/**
 * Steps from an empty database to the current schema. Append new steps; never change an existing
 * one.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-entries": {
    up: async (database) => {
      await sql.raw(ENTRIES).execute(database);
      await sql.raw(WRITES).execute(database);
    },
  },
  "0002-batches": {
    up: async (database) => {
      await sql.raw(REMOVALS).execute(database);
      // The first form of `aauth_put` removed expired entries at each put.
      await sql.raw(WRITES).execute(database);
      await sql.raw(BATCHES).execute(database);
    },
  },
  "0003-cheaper-batches": {
    up: async (database) => {
      await sql.raw(WRITES).execute(database);
      await sql.raw(BATCHES).execute(database);
    },
  },
};
