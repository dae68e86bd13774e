import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { StoreUnavailableError } from "aauth";
import { StoreSetupError } from "../errors.ts";
import { migrate } from "./schema.ts";

// No import, because older versions of Node lack the module and `aauth` reports the version that it
// needs.
const sqlite = process.getBuiltinModule("node:sqlite");

/** Primary result codes of SQLite. */
const BUSY = 5;
const LOCKED = 6;
const MOST_PAUSE_MS = 10;

/** An SQLite file, and its transactions. */
export class Database {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #deadlineMs: number;

  /** @throws StoreSetupError */
  constructor(path: string, deadlineMs: number) {
    this.#path = path;
    this.#deadlineMs = deadlineMs;
    this.#database = openFile(path, deadlineMs);
  }

  /** Prepares a statement that may run only in {@link read} and {@link write}. */
  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /** @throws StoreUnavailableError */
  read<Result>(run: () => Result): Promise<Result> {
    return this.#whenFree(run);
  }

  /**
   * Runs `run` with no other write in between, and rolls back if it throws.
   *
   * @throws StoreUnavailableError
   */
  write<Result>(run: () => Result): Promise<Result> {
    return this.#whenFree(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const result = run();
        this.#database.exec("COMMIT");
        return result;
      } finally {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      }
    });
  }

  /** Another process may hold the lock: the wait of SQLite would block this process. */
  async #whenFree<Result>(run: () => Result): Promise<Result> {
    const endsAt = performance.now() + this.#deadlineMs;
    for (;;) {
      try {
        return run();
      } catch (error) {
        const code = resultCode(error);
        if (code === undefined && this.#database.isOpen) throw error;
        const isBusy = code === BUSY || code === LOCKED;
        if (!isBusy || performance.now() >= endsAt) {
          throw new StoreUnavailableError(this.#path, { cause: error });
        }
      }
      await pause(1 + Math.random() * MOST_PAUSE_MS);
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function openFile(path: string, deadlineMs: number): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // The file may contain tokens. SQLite creates its other files with the same mode.
    closeSync(openSync(path, "a", 0o600));
    database = new sqlite.DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${deadlineMs}`);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    migrate(database, path);
    database.exec("PRAGMA busy_timeout = 0");
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreSetupError) throw error;
    if (resultCode(error) === BUSY) throw new StoreUnavailableError(path, { cause: error });
    const reason = (error as Error).message;
    throw new StoreSetupError("store_not_writable", `path: ${path}: ${reason}`, { cause: error });
  }
}

/** Primary result code of an SQLite error, undefined for other errors. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error && "errcode" in error)) return undefined;
  return Number(error.errcode) & 0xff;
}
