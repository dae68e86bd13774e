import type { SigningKey } from "../types.ts";
import { invalidKey } from "./key-option.ts";

/** The keys of one party over time: the current one, earlier ones, and announced ones. */
export interface KeyRing<Key extends { readonly kid: string } = SigningKey> {
  /** The key that currently signs. */
  current(): Key;
  /**
   * Keys that may sign, newest first: the current one, and earlier ones for the tokens bound to
   * them.
   */
  usable(): readonly Key[];
  /** Keys to publish, newest first: announced and usable ones. */
  published(): readonly Key[];
  /** The published keys with their times, newest first, from which a ring can be restored. */
  held(): readonly HeldKey<Key>[];
  /**
   * Creates and announces a new key, which signs once all verifiers can have seen it. Concurrent
   * calls share one rotation.
   *
   * If it throws, the ring is unchanged.
   *
   * @throws RangeError if `maxPublishedKeys` are already published, since a verifier would refuse
   *   more.
   * @throws TypeError if `create` returns a key whose `kid` is already in the ring.
   * @throws errors of `create`.
   */
  rotate(): Promise<Key>;
}

/** Options of a key ring. */
export interface KeyRingOptions<Key extends { readonly kid: string } = SigningKey> {
  /**
   * The first key, which signs at once; after a restart, the keys that `held` returned, at least
   * one.
   */
  readonly key: Key | readonly HeldKey<Key>[];
  /**
   * Creates the next key. `sequence` is 2 for the first rotation of this ring. A `kid` must never
   * be reused, not even after a restart.
   */
  readonly create: (sequence: number) => Promise<Key>;
  /**
   * Seconds for which a replaced key remains published: at least the lifetime of the tokens that it
   * has signed or that are bound to it. A function is called at each rotation. Default 900, which
   * exceeds the longest resource token and consent.
   */
  readonly keepSeconds?: number | (() => number);
  /**
   * Default 64. A verifier accepts 100 keys (profile 5.2), and a party may publish more than one
   * ring.
   */
  readonly maxPublishedKeys?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/** A key of a ring with its times. */
export interface HeldKey<Key extends { readonly kid: string } = SigningKey> {
  readonly key: Key;
  /**
   * Time of its announcement, Unix seconds. The oldest key of a ring signs at once, others 12
   * seconds later.
   */
  readonly announcedAt: number;
  /** Seconds for which it is kept after its successor has taken over. 0 without a successor. */
  readonly keepSeconds: number;
}

/**
 * Seconds for which a key is published before it signs. A verifier that has exhausted its fetches
 * of a key set waits 10 s for the next (profile 5.2), so a shorter time could let requests fail.
 */
const ANNOUNCE_SECONDS = 12;
const KEEP_SECONDS = 900;
const MAX_PUBLISHED_KEYS = 64;

/**
 * Manages the rotation of the keys of an agent, a resource or an auth server without failing
 * requests: a key is published before it signs, and remains published until the last token that
 * depends on it has expired.
 *
 * It has no timer: the clock determines the current key on each call. It does NOT store keys
 * (`held` supplies them for that), and does NOT decide when to rotate.
 *
 * @throws TypeError for two keys with the same `kid`, or none, and for a key that was not awaited.
 * @throws RangeError for more than `maxPublishedKeys`.
 *
 * @example
 * const ring = createKeyRing({
 *   key: await generateSigningKey({ kid: "backend-1" }),
 *   create: (sequence) => generateSigningKey({ kid: `backend-${sequence}` }),
 * });
 * const agent = createAgent({ key: ring, ...options });
 * reply.send(toJwks(ring.published()));
 */
export function createKeyRing<Key extends { readonly kid: string }>(
  options: KeyRingOptions<Key>,
): KeyRing<Key> {
  const { key, create, keepSeconds = KEEP_SECONDS } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  /** Newest first. */
  let held = isHeld(key) ? key : [{ key, announcedAt: now(), keepSeconds: 0 }];
  for (const { key: own } of held) {
    if (typeof own?.kid !== "string") throw invalidKey("key", "a key with a kid", own);
  }
  requireRoom(held.length - 1);
  if (held.length === 0 || new Set(held.map(({ key: { kid } }) => kid)).size < held.length) {
    throw new TypeError("key must be at least one key, each with a unique kid");
  }
  let sequence = 1;
  let rotation: Promise<Key> | undefined;

  function requireRoom(published: number): void {
    if (published < (options.maxPublishedKeys ?? MAX_PUBLISHED_KEYS)) return;
    throw new RangeError(`${published} keys are published already; rotate less often`);
  }

  /** Drops keys whose time is over. */
  function settle(): void {
    const time = now();
    held = held.filter(
      (each, index) =>
        index === 0 || time < held[index - 1]!.announcedAt + ANNOUNCE_SECONDS + each.keepSeconds,
    );
  }

  /** Keys that may sign, newest first. */
  function signing(): readonly HeldKey<Key>[] {
    settle();
    const time = now();
    const first = held.findIndex(({ announcedAt }) => announcedAt + ANNOUNCE_SECONDS <= time);
    return held.slice(first === -1 ? held.length - 1 : first);
  }

  async function rotateOnce(): Promise<Key> {
    settle();
    requireRoom(held.length);
    const made = await create(++sequence);
    settle();
    if (held.some(({ key: { kid } }) => kid === made.kid)) {
      throw new TypeError(`create must return a key with a new kid, but ${made.kid} is already in the ring`);
    }
    const [replaced, ...earlier] = held;
    const kept = typeof keepSeconds === "function" ? keepSeconds() : keepSeconds;
    held = [
      { key: made, announcedAt: now(), keepSeconds: 0 },
      { ...replaced!, keepSeconds: kept },
      ...earlier,
    ];
    return made;
  }

  return {
    current: () => signing()[0]!.key,
    usable: () => signing().map(({ key }) => key),
    published() {
      settle();
      return held.map(({ key }) => key);
    },
    held() {
      settle();
      return held;
    },
    rotate() {
      rotation ??= rotateOnce().finally(() => {
        rotation = undefined;
      });
      return rotation;
    },
  };
}

const isHeld = <Key extends { readonly kid: string }>(
  key: Key | readonly HeldKey<Key>[],
): key is readonly HeldKey<Key>[] => Array.isArray(key);
