/**
 * Limits of concurrent fetches and of callers that wait for them: unproven requests choose the
 * hosts, and a host may never respond.
 *
 * @module
 */

import { type AAuthError, AAuthVerificationError } from "../errors.ts";

/**
 * Standing of the party whose document is fetched: unknown, proven by a verified signature, or
 * configured. Each has its own slots, so that fetches for unknown parties never delay the others.
 */
export type Standing = "unknown" | "proven" | "configured";

/** Fetches in progress, by standing. */
const MAX_FETCHES: Readonly<Record<Standing, number>> = { unknown: 40, proven: 16, configured: 8 };
/**
 * Fetches for one owner. Hosts are not enough, because a wildcard DNS record creates any number of
 * them.
 */
const MAX_FETCHES_PER_OWNER = 6;
/**
 * Age at which the oldest fetch gives way if there is no free slot. A responsive host needs less
 * time.
 */
const PATIENCE_MS = 500;
/** Callers of each standing that may wait without limit for a fetch that another caller started. */
const MAX_JOINED = 64;
/**
 * Wait of any further caller: enough for a responsive host when many callers need a document at
 * once.
 */
const BRIEF_WAIT_MS = 100;

export interface FetchOptions {
  readonly standing: Standing;
  /** Owner of the fetched address (`ownerOf`). */
  readonly owner: string;
  readonly timeoutMs: number;
}

interface Slot {
  readonly owner: string;
  /** Milliseconds of a monotonic clock. */
  readonly startedAt: number;
  giveWay(): void;
}

export class FetchSlots {
  readonly #fetches: Readonly<Record<Standing, Set<Slot>>> = {
    unknown: new Set(),
    proven: new Set(),
    configured: new Set(),
  };
  readonly #joined: Record<Standing, number> = { unknown: 0, proven: 0, configured: 0 };

  /**
   * Runs a fetch in a slot; its signal aborts after `timeoutMs`.
   *
   * @throws AAuthError `discovery_busy` at once if there is no slot, and from a fetch that gave way
   *   to another
   */
  async run<T>(
    { standing, owner, timeoutMs }: FetchOptions,
    fetch: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const fetches = this.#fetches[standing];
    // A configured party is exempt from its owner's limit.
    if (standing !== "configured") {
      makeRoom(
        [...fetches].filter((slot) => slot.owner === owner),
        MAX_FETCHES_PER_OWNER,
      );
    }
    makeRoom([...fetches], MAX_FETCHES[standing]);
    const controller = new AbortController();
    const slot: Slot = {
      owner,
      startedAt: performance.now(),
      giveWay() {
        fetches.delete(slot);
        controller.abort(busy());
      },
    };
    fetches.add(slot);
    const { signal } = controller;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    const timer = setTimeout(() => controller.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    try {
      // A transport may ignore its signal.
      return await Promise.race([fetch(signal), aborted]); // hole X20: await fetch(signal)
    } finally {
      clearTimeout(timer);
      fetches.delete(slot);
    }
  }

  /**
   * Waits for another caller's fetch.
   *
   * @throws AAuthError `discovery_busy` after a brief wait, if too many callers are already waiting
   */
  async join<T>(pending: Promise<T>, standing: Standing): Promise<T> {
    if (standing === "configured") return pending;
    if (this.#joined[standing] >= MAX_JOINED) return briefly(pending);
    this.#joined[standing]++;
    try {
      return await pending;
    } finally {
      this.#joined[standing]--;
    }
  }
}

/** @param slots oldest first */
function makeRoom(slots: readonly Slot[], max: number): void {
  const [oldest] = slots;
  if (oldest === undefined || slots.length < max) return;
  if (performance.now() - oldest.startedAt < PATIENCE_MS) throw busy();
  oldest.giveWay();
}

async function briefly<T>(pending: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(busy()), BRIEF_WAIT_MS);
  });
  try {
    return await Promise.race([pending, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

function busy(): AAuthError {
  return new AAuthVerificationError("discovery_busy", "too many documents are being fetched; try again");
}
