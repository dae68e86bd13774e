import type { SigningKey } from "../types.ts";

/**
 * The keys of one party over time: the one that signs, those before it, and one that is announced.
 */
export interface KeyRing<Key extends { readonly kid: string } = SigningKey> {
  /** The key that signs now. */
  current(): Key;
  /**
   * Keys that may still sign for what is bound to them, newest first: the current one, and those
   * that are kept.
   */
  usable(): readonly Key[];
  /** Keys to publish: the usable ones, and before them what is announced. */
  published(): readonly Key[];
  /** The published keys with their times, newest first: a ring resumes with them later. */
  held(): readonly HeldKey<Key>[];
  /**
   * Makes a new key and announces it; it signs once everyone can have seen it. Calls at the same
   * time share one rotation.
   *
   * The ring stays as it is when it throws.
   *
   * @throws RangeError when so many keys are published already that a verifier would refuse to read
   * more.
   * @throws TypeError when `create` returned a key with the `kid` of a kept one.
   * @throws what `create` throws.
   */
  rotate(): Promise<Key>;
}

/** How a key ring makes, announces and keeps keys. */
export interface KeyRingOptions<Key extends { readonly kid: string } = SigningKey> {
  /**
   * The first key, which signs from now on. After a restart: what `held` returned, at least one
   * key.
   */
  readonly key: Key | readonly HeldKey<Key>[];
  /**
   * Makes the next key. `sequence` is 2 for the first rotation of this ring: a `kid` must not be
   * used twice, nor after a restart.
   */
  readonly create: (sequence: number) => Promise<Key>;
  /**
   * How long a key that no longer signs stays published, seconds: as long as a token lives that it
   * has signed, or that is bound to it. Asked at each rotation where it is a function. Default 900,
   * which outlasts the longest resource token and a consent.
   */
  readonly keepSeconds?: number | (() => number);
  /** Default 64. A reader takes 100 keys (profile 5.2), and some of these may be two. */
  readonly maxPublishedKeys?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/** A key of a ring, and its times. */
export interface HeldKey<Key extends { readonly kid: string } = SigningKey> {
  readonly key: Key;
  /**
   * When it was announced, Unix seconds. The oldest key of a ring signs at once, others 12 seconds
   * later.
   */
  readonly announcedAt: number;
  /** Seconds it is kept after its successor has taken over. 0 while it has none. */
  readonly keepSeconds: number;
}

/**
 * How long a key is published before it signs. A verifier whose fetches of a key set are used up
 * waits 10 s for the next (profile 5.2), so with less a request could meet one that will not look
 * again.
 */
const ANNOUNCE_SECONDS = 12;
const KEEP_SECONDS = 900;
const MAX_PUBLISHED_KEYS = 64;

/**
 * Keeps the keys of an agent, a resource or an auth server through rotations, so that no request
 * fails because of one: a key is published before it signs, and stays published until the last
 * token that depends on it has expired.
 *
 * It has no timer: what is current follows from the clock when it is asked. It does NOT store keys
 * (`held` is for a store), and does NOT decide when to rotate.
 *
 * @throws TypeError for two keys with the same `kid`, or none.
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
  requireRoom(held.length - 1);
  if (held.length === 0 || new Set(held.map(({ key: { kid } }) => kid)).size < held.length) {
    throw new TypeError("a ring has at least one key, and each has a kid of its own");
  }
  let sequence = 1;
  let rotation: Promise<Key> | undefined;

  function requireRoom(published: number): void {
    if (published < (options.maxPublishedKeys ?? MAX_PUBLISHED_KEYS)) return;
    throw new RangeError(`${published} keys are published already; rotate less often`);
  }

  /** Forgets what has had its time. */
  function settle(): void {
    const time = now();
    held = held.filter(
      (each, index) =>
        index === 0 || time < held[index - 1]!.announcedAt + ANNOUNCE_SECONDS + each.keepSeconds,
    );
  }

  /** Those that sign, newest first. */
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
      throw new TypeError(
        `create must give each key a kid of its own, and ${made.kid} is in the ring already`,
      );
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
