import type { DatabaseSync } from "node:sqlite";
import { StoreSetupError } from "../errors.ts";

/**
 * Steps from an empty file to the current schema. `PRAGMA user_version` counts the completed steps.
 * Append new steps; never change an existing one.
 *
 * Triggers count the entries of each owner, and the entries and owners of each room.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE entries (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    store TEXT NOT NULL,
    key TEXT NOT NULL,
    room TEXT NOT NULL,
    owner TEXT NOT NULL,
    value TEXT NOT NULL,
    expires_at REAL NOT NULL,
    UNIQUE (store, key)
  ) STRICT;
  CREATE INDEX entries_by_owner ON entries (store, owner, version);
  CREATE INDEX entries_by_end ON entries (store, expires_at);

  CREATE TABLE rooms (
    store TEXT NOT NULL,
    room TEXT NOT NULL,
    held INTEGER NOT NULL,
    owners INTEGER NOT NULL,
    PRIMARY KEY (store, room)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE owners (
    store TEXT NOT NULL,
    room TEXT NOT NULL,
    owner TEXT NOT NULL,
    held INTEGER NOT NULL,
    PRIMARY KEY (store, room, owner)
  ) STRICT, WITHOUT ROWID;

  CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    INSERT INTO rooms VALUES (NEW.store, NEW.room, 1, 0)
      ON CONFLICT DO UPDATE SET held = held + 1;
    INSERT INTO owners VALUES (NEW.store, NEW.room, NEW.owner, 1)
      ON CONFLICT DO UPDATE SET held = held + 1;
  END;
  CREATE TRIGGER entry_removed AFTER DELETE ON entries BEGIN
    UPDATE rooms SET held = held - 1 WHERE store = OLD.store AND room = OLD.room;
    UPDATE owners SET held = held - 1
      WHERE store = OLD.store AND room = OLD.room AND owner = OLD.owner;
    DELETE FROM owners
      WHERE store = OLD.store AND room = OLD.room AND owner = OLD.owner AND held = 0;
  END;
  CREATE TRIGGER owner_added AFTER INSERT ON owners BEGIN
    UPDATE rooms SET owners = owners + 1 WHERE store = NEW.store AND room = NEW.room;
  END;
  CREATE TRIGGER owner_removed AFTER DELETE ON owners BEGIN
    UPDATE rooms SET owners = owners - 1 WHERE store = OLD.store AND room = OLD.room;
  END;
  `,
  // The time of the last claim, and the time that the clock was last set back to.
  `
  CREATE TABLE clocks (
    store TEXT PRIMARY KEY,
    latest REAL NOT NULL,
    set_back_to REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

/**
 * Applies the missing steps to a database.
 *
 * @throws StoreSetupError `store_schema_newer`
 */
export function migrate(database: DatabaseSync, path: string, migrations = MIGRATIONS): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const done = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    if (done > migrations.length) {
      const versions = `schema ${done}, this version of aauth-stores knows ${migrations.length}`;
      throw new StoreSetupError("store_schema_newer", `path: ${path} has ${versions}`);
    }
    for (const migration of migrations.slice(done)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
