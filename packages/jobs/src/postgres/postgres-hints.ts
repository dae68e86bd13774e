import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Client, Pool } from "pg";
import type { Hints } from "../hints.ts";

/** Channel of PostgreSQL; services and their channels are inside the message. */
const CHANNEL = "aauth_hints";
const RECONNECT_MS = 1_000;
const QUERY_MS = 5_000;

interface Message {
  /** The sending process, which also receives it. */
  readonly from: string;
  readonly channel: string;
  readonly id: string;
}

/**
 * Opens hints by `LISTEN` and `NOTIFY`, which reach all other processes that open them with the
 * same service, except while a connection is lost.
 *
 * @param options.service separates the channels of services in one database
 */
export function openPostgresHints(options: { readonly url: string; readonly service: string }): Hints {
  const { url, service } = options;
  const listeners = new EventEmitter().setMaxListeners(0);
  const from = randomUUID();
  const pool = new Pool({ connectionString: url, max: 1, ...deadlines });
  pool.on("error", () => {});
  const heard = (text: string) => {
    const message = readMessage(text);
    if (message !== undefined && message.from !== from) listeners.emit(message.channel, message.id);
  };
  const stopListening = keepListening(url, heard);
  const nameOf = (channel: string) => `hint ${service} ${channel}`;
  return {
    announce(channel, id) {
      const message: Message = { from, channel: nameOf(channel), id };
      pool.query("select pg_notify($1, $2)", [CHANNEL, JSON.stringify(message)]).catch(() => {});
    },
    listen(channel, listener) {
      listeners.on(nameOf(channel), listener);
      return () => listeners.off(nameOf(channel), listener);
    },
    async close() {
      await Promise.all([stopListening(), pool.end()]);
      listeners.removeAllListeners();
    },
  };
}

const deadlines = { connectionTimeoutMillis: QUERY_MS, query_timeout: QUERY_MS };

/** Undefined for a message that another program has sent. */
function readMessage(text: string): Message | undefined {
  try {
    const { from, channel, id } = JSON.parse(text) as Partial<Record<keyof Message, unknown>>;
    // Other users of the database may send anything.
    if (typeof from !== "string" || typeof id !== "string") return undefined;
    return typeof channel === "string" && channel.startsWith("hint ") ? { from, channel, id } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Listens, and reconnects as often as needed.
 *
 * @returns ends it
 */
function keepListening(url: string, heard: (text: string) => void): () => Promise<void> {
  let client: Client;
  const closing = new AbortController();
  async function listen() {
    client = new Client({ connectionString: url, keepAlive: true, ...deadlines });
    const lost = new Promise((resolve) => client.once("end", resolve));
    // The connection ends afterwards.
    client.on("error", () => {});
    client.on("notification", ({ payload = "" }) => heard(payload));
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    await lost;
  }
  async function listenAgain() {
    while (!closing.signal.aborted) {
      await listen().catch(() => client.end().catch(() => {}));
      await pause(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
  }
  const listening = listenAgain();
  return async () => {
    closing.abort();
    await client.end().catch(() => {});
    await listening;
  };
}
