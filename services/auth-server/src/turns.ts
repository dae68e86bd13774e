import { setTimeout as sleep } from "node:timers/promises";
import type { KeyValueStore } from "aauth";
import { OAuthError } from "./oauth-error.ts";

/** Runs what concerns one thing one after the other. */
export interface Turns {
  /** @throws OAuthError 503 `temporarily_unavailable` when too many wait already, or the turn does not come */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result>;
  /** Things whose turn is being waited for, or under way. */
  readonly size: number;
}

const MAX_WAITING = 100;
/** Much longer than a turn takes: it ends those of a process that is no more. */
const CLAIM_SECONDS = 10;
const RETRY_MS = 20;
const MAX_RETRIES = 100;

/**
 * Turns within this process by a queue for each key, which is gone when nobody waits; among processes that share the store by a claim
 * in it.
 */
export function createTurns(claims: Pick<KeyValueStore<true>, "putIfAbsent" | "delete">): Turns {
  const queues = new Map<string, { waiting: number; last: Promise<unknown> }>();

  return {
    get size() {
      return queues.size;
    },
    async run(key, work) {
      const queue = queues.get(key) ?? { waiting: 0, last: Promise.resolve() };
      if (queue.waiting >= MAX_WAITING) throw tooBusy();
      queues.set(key, queue);
      queue.waiting += 1;
      const turn = queue.last.then(() => claimed(key, work));
      queue.last = turn.catch(() => undefined);
      try {
        return await turn;
      } finally {
        queue.waiting -= 1;
        if (queue.waiting === 0) queues.delete(key);
      }
    },
  };

  async function claimed<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    for (let retry = 0; !(await claims.putIfAbsent(key, true, CLAIM_SECONDS)); retry++) {
      if (retry === MAX_RETRIES) throw tooBusy();
      await sleep(RETRY_MS);
    }
    try {
      return await work();
    } finally {
      await claims.delete(key);
    }
  }
}

function tooBusy(): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", "Too many sign-ins at once: try again later");
}
