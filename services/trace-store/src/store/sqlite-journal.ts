import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { JournalEntry, SpanJournal } from "./span-journal.ts";

/** The layout below, as `PRAGMA user_version`. A file of another version is left alone. */
const LAYOUT_VERSION = 1;

export type JournalErrorCode = "journal_unreadable" | "journal_version" | "journal_in_use";

/** A journal file cannot be used. */
export class JournalError extends Error {
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.name = "JournalError";
    this.code = code;
  }
}

/**
 * Opens or creates a journal in an SQLite file, readable by its owner only: spans hold the claims of people. One process at a time.
 *
 * @throws JournalError journal_unreadable (no SQLite file, or no access), journal_version, journal_in_use
 */
export function openSqliteJournal(file: string): SpanJournal {
  let database: DatabaseSync | undefined;
  try {
    // SQLite would create it for everybody; its side files take the mode of the file itself.
    closeSync(openSync(file, "a", 0o600));
    database = new DatabaseSync(file);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    prepareLayout(database, file);
  } catch (error) {
    database?.close();
    throw error instanceof JournalError ? error : openingFailed(error, file);
  }
  return journalOn(database);
}

function prepareLayout(database: DatabaseSync, file: string): void {
  const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get() as { count: number };
  if (version !== LAYOUT_VERSION && (version !== 0 || tables.count > 0)) {
    throw new JournalError("journal_version", `${file} was not written by this version of the trace store`);
  }
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS spans (
      position INTEGER PRIMARY KEY,
      trace_id TEXT NOT NULL,
      received_at INTEGER NOT NULL,
      span TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS spans_by_trace ON spans (trace_id);
    PRAGMA user_version = ${LAYOUT_VERSION};
    COMMIT;
  `);
}

function journalOn(database: DatabaseSync): SpanJournal {
  const select = database.prepare("SELECT trace_id, received_at, span FROM spans ORDER BY position");
  const insert = database.prepare("INSERT INTO spans (trace_id, received_at, span) VALUES (?, ?, ?)");
  const remove = database.prepare("DELETE FROM spans WHERE trace_id = ?");
  return {
    *entries(): Iterable<JournalEntry> {
      for (const { trace_id, received_at, span } of select.iterate()) {
        yield { traceID: String(trace_id), receivedAt: Number(received_at), text: String(span) };
      }
    },
    write({ added, removed }) {
      database.exec("BEGIN IMMEDIATE");
      try {
        for (const traceID of removed) remove.run(traceID);
        for (const { traceID, receivedAt, text } of added) insert.run(traceID, receivedAt, text);
        database.exec("COMMIT");
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => database.close(),
  };
}

function openingFailed(error: unknown, file: string): JournalError {
  const { message, errcode } = error as Error & { errcode?: number };
  // SQLITE_BUSY, whatever its extended reason.
  return ((errcode ?? 0) & 0xff) === 5
    ? new JournalError("journal_in_use", `${file} is open in another process`)
    : new JournalError("journal_unreadable", `${file}: ${message}`);
}
