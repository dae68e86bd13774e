import { StoreUnavailableError } from "aauth";
import { Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { DatabaseError, Pool, type QueryResultRow } from "pg";
import { StoreSetupError } from "../errors.ts";
import { MIGRATIONS } from "./migrations.ts";

/** Deadline of a migration, which may wait while another process migrates a large table. */
const MIGRATION_MS = 60_000;
/** PostgreSQL error codes for a wrong user or password. */
const LOGIN_FAILED = new Set(["28000", "28P01"]);
const DEADLOCK = "40P01";
/** PostgreSQL error classes for values: data, constraints, size limits. */
const VALUE_ERRORS = ["22", "23", "54"];

/** Connections to a database with the current schema. */
export class Connections {
  /** Milliseconds that a call may take. */
  readonly deadlineMs: number;
  readonly #pool: Pool;
  readonly #name: string;

  private constructor(url: string, deadlineMs: number) {
    this.deadlineMs = deadlineMs;
    this.#name = URL.parse(url)?.host ?? "url";
    this.#pool = new Pool({
      connectionString: url,
      connectionTimeoutMillis: deadlineMs,
      query_timeout: deadlineMs,
      statement_timeout: deadlineMs,
    });
    // An idle connection was lost: the next call opens another.
    this.#pool.on("error", () => {});
  }

  /** @throws StoreSetupError, StoreUnavailableError */
  static async open(url: string, deadlineMs: number, migrations = MIGRATIONS): Promise<Connections> {
    const connections = new Connections(url, deadlineMs);
    try {
      await migrate(url, deadlineMs, migrations);
      return connections;
    } catch (error) {
      await connections.close();
      throw setupError(connections.#name, error);
    }
  }

  /** @throws StoreUnavailableError */
  async query<Row extends QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const run = async () => (await this.#pool.query<Row>(text, [...values])).rows;
    try {
      // After a deadlock with a foreign transaction nothing was written and the other continues.
      // hole V6a: await run()
      return await run().catch((error) => (codeOf(error) === DEADLOCK ? run() : Promise.reject(error)));
    } catch (error) {
      throw new StoreUnavailableError(this.#name, { cause: error });
    }
  }

  /** Creates the error of a call that was not made. */
  unavailable(reason: string): StoreUnavailableError {
    return new StoreUnavailableError(this.#name, { cause: new Error(reason) });
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end();
  }
}

async function migrate(
  url: string,
  deadlineMs: number,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  const pool = new Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: deadlineMs,
    query_timeout: MIGRATION_MS,
  });
  pool.on("error", () => {});
  const database = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    // Kysely creates its own tables before it reports why it cannot connect.
    await pool.query("select 1");
    const { error } = await new Migrator({
      db: database,
      provider: { getMigrations: async () => ({ ...migrations }) },
      migrationTableName: "aauth_migrations",
      migrationLockTableName: "aauth_migration_lock",
    }).migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await database.destroy();
  }
}

/** PostgreSQL error code, empty for other errors. */
const codeOf = (error: unknown) => (error instanceof DatabaseError && error.code) || "";

/** Whether PostgreSQL rejected a value of a statement, which then wrote nothing. */
export const isRefusedValue = (error: unknown): boolean =>
  error instanceof StoreUnavailableError && VALUE_ERRORS.includes(codeOf(error.cause).slice(0, 2));

function setupError(name: string, cause: unknown): Error {
  const { message } = cause as Error;
  if (LOGIN_FAILED.has(codeOf(cause))) {
    return new StoreSetupError("store_login_failed", `url: ${name} rejects user or password`, { cause });
  }
  if (message.startsWith("corrupted migrations")) {
    const newer = "was migrated by a newer version of aauth-stores";
    return new StoreSetupError("store_schema_newer", `url: ${name} ${newer}`, { cause });
  }
  return new StoreUnavailableError(name, { cause });
}
