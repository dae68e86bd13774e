import type { SigningKey } from "../types.ts";

/** The keys of one party over time: the one that signs, those before it, and one that is announced. */
export interface KeyRing<Key extends { readonly kid: string } = SigningKey> {
  /** The key that signs now. */
  current(): Key;
  /** Keys that may still sign for what is bound to them, newest first: the current one, and those that are kept. */
  usable(): readonly Key[];
  /** Keys to publish: the usable ones, and before them what is announced. */
  published(): readonly Key[];
  /**
   * Makes a new key and announces it; it signs once everyone can have seen it. Calls at the same time share one rotation.
   *
   * The ring stays as it is when it throws.
   *
   * @throws RangeError when so many keys are published already that a verifier would refuse to read more.
   * @throws TypeError when `create` returned a key with the `kid` of a kept one.
   * @throws what `create` throws.
   */
  rotate(): Promise<Key>;
}

/** How a key ring makes, announces and keeps keys. */
export interface KeyRingOptions<Key extends { readonly kid: string } = SigningKey> {
  /** The first key; it signs from now on. */
  readonly key: Key;
  /**
   * After a restart: the keys before it, newest first. They are published, and sign for what is bound to them, for `keepSeconds` from
   * now. Default none.
   */
  readonly earlier?: readonly Key[];
  /** Makes the next key. `sequence` is 2 for the first rotation of this ring: a `kid` must not be used twice, nor after a restart. */
  readonly create: (sequence: number) => Promise<Key>;
  /**
   * How long a key that no longer signs stays published, seconds: as long as a token lives that it has signed, or that is bound to
   * it. Asked at each rotation where it is a function. Default 900, which outlasts the longest resource token and a consent.
   */
  readonly keepSeconds?: number | (() => number);
  /** Default 64. A reader takes 100 keys (profile 5.2), and some of these may be two. */
  readonly maxPublishedKeys?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

interface Held<Key> {
  readonly key: Key;
  /** Unix seconds. */
  readonly signsFrom: number;
  /** Seconds it is kept after its successor has taken over; known once there is one. */
  keepSeconds: number;
}

/**
 * How long a key is published before it signs. A verifier whose fetches of a key set are used up waits 10 s for the next (profile 5.2), so
 * with less a request could meet one that will not look again.
 */
const ANNOUNCE_SECONDS = 12;
const KEEP_SECONDS = 900;
const MAX_PUBLISHED_KEYS = 64;

/**
 * Keeps the keys of an agent, a resource or an auth server through rotations, so that no request fails because of one: a key is
 * published before it signs, and stays published until the last token that depends on it has expired.
 *
 * It has no timer: what is current follows from the clock when it is asked. It does NOT store keys, and does NOT decide when to rotate.
 *
 * @throws TypeError for two keys with the same `kid`.
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
  const { create, keepSeconds = KEEP_SECONDS } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  /** Newest first. */
  let held: readonly Held<Key>[] = [options.key, ...(options.earlier ?? [])].map((key, index, all) => ({
    key,
    signsFrom: index === all.length - 1 ? Number.NEGATIVE_INFINITY : now(),
    keepSeconds: index === 0 ? 0 : secondsToKeep(),
  }));
  requireRoom(held.length - 1);
  if (new Set(held.map(({ key: { kid } }) => kid)).size < held.length) {
    throw new TypeError("key and earlier must each have a kid of their own");
  }
  let sequence = 1;
  let rotation: Promise<Key> | undefined;

  function secondsToKeep(): number {
    return typeof keepSeconds === "function" ? keepSeconds() : keepSeconds;
  }

  function requireRoom(published: number): void {
    if (published < (options.maxPublishedKeys ?? MAX_PUBLISHED_KEYS)) return;
    throw new RangeError(`${published} keys are published already; rotate less often`);
  }

  /** Forgets what has had its time. */
  function settle(): void {
    const time = now();
    held = held.filter(
      ({ keepSeconds: kept }, index) => index === 0 || time < held[index - 1]!.signsFrom + kept,
    );
  }

  /** Those that sign, newest first. */
  function signing(): readonly Held<Key>[] {
    settle();
    const time = now();
    const first = held.findIndex(({ signsFrom }) => signsFrom <= time);
    return held.slice(Math.max(0, first));
  }

  async function rotateOnce(): Promise<Key> {
    settle();
    requireRoom(held.length);
    const key = await create(++sequence);
    settle();
    if (held.some(({ key: { kid } }) => kid === key.kid)) {
      throw new TypeError(
        `create must give each key a kid of its own, and ${key.kid} is in the ring already`,
      );
    }
    held[0]!.keepSeconds = secondsToKeep();
    held = [{ key, signsFrom: now() + ANNOUNCE_SECONDS, keepSeconds: 0 }, ...held];
    return key;
  }

  return {
    current: () => signing()[0]!.key,
    usable: () => signing().map(({ key }) => key),
    published() {
      settle();
      return held.map(({ key }) => key);
    },
    rotate() {
      rotation ??= rotateOnce().finally(() => {
        rotation = undefined;
      });
      return rotation;
    },
  };
}
