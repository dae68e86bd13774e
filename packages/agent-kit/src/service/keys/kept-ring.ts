import { createKeyRing, type HeldKey, type KeyRing, type KeyRingOptions } from "aauth";
import type { KeptJwk } from "./kept-jwk.ts";
import type { KeyFiles } from "./key-files.ts";
import { type RingFile, ringFilesOf } from "./ring-files.ts";

type Named = { readonly kid: string };

/** Functions that create and import keys of one kind. */
export interface KeyKind<Key extends Named> {
  /** Creates a private key with a `kid`. @param isFirst the first one of its ring */
  create(isFirst: boolean): Promise<KeptJwk>;
  /** Imports a private key. @throws for another kind of key */
  open(jwk: KeptJwk): Promise<Key>;
}

/** Times and bounds of a ring, as in the library's `createKeyRing`. */
export type RingOptions<Key extends Named> = Omit<KeyRingOptions<Key>, "key" | "create">;

/** A ring whose keys are in a folder. */
export interface KeptRing<Key extends Named> extends KeyRing<Key> {
  /**
   * Loads keys that another process or an operator has written since. Creates new ones if an
   * operator has removed theirs.
   *
   * @returns whether there were any
   * @throws ConfigError; the ring is then unchanged
   */
  follow(): Promise<boolean>;
}

/** A key and its stored JWK. */
interface Kept<Key> extends Named {
  readonly key: Key;
  readonly jwk: KeptJwk;
}

const KEEP_SECONDS = 900;

/**
 * Opens a ring of keys in a folder, in immutable files. A rotation creates the file of the next
 * generation, which only one process can, and all processes load its keys.
 *
 * @throws ConfigError for a file that is unusable or cannot be created
 */
export async function openKeptRing<Key extends Named>(
  files: KeyFiles,
  name: string,
  kind: KeyKind<Key>,
  options: RingOptions<Key> = {},
): Promise<KeptRing<Key>> {
  const { now = () => Math.floor(Date.now() / 1000), keepSeconds = KEEP_SECONDS } = options;
  const own = ringFilesOf(files, name);
  const open = async (jwk: KeptJwk): Promise<Kept<Key>> => {
    const key = await kind.open(jwk);
    return { kid: key.kid, key, jwk: { ...jwk, kid: key.kid } };
  };
  const resume = (held: readonly HeldKey<Kept<Key>>[]) =>
    createKeyRing({ ...options, key: held, create: async () => open(await kind.create(false)) });

  async function ringOf(file: RingFile, before?: KeyRing<Kept<Key>>): Promise<KeyRing<Kept<Key>>> {
    const seconds = typeof keepSeconds === "function" ? keepSeconds() : keepSeconds;
    const foundAt = before === undefined ? file.writtenAt : now();
    try {
      const keys = await Promise.all(file.entries.map(({ jwk }) => open(jwk)));
      return resume(heldOf(file, keys, { known: before?.held() ?? [], foundAt, seconds }));
    } catch (error) {
      // Without a cause, because a platform's message may quote the key.
      const reason = error instanceof TypeError ? `: ${error.message}` : "";
      throw files.problem(file.name, `does not have private keys of the kind that is needed${reason}`);
    }
  }

  async function makeFirst(isNamed: boolean): Promise<void> {
    const first = await open(await kind.create(isNamed));
    await own.write(1, entriesOf([{ key: first, announcedAt: now(), keepSeconds: 0 }]));
  }

  if (!(await own.exists())) await makeFirst(true);
  const source = await own.read();
  if (source === undefined) throw files.problem(name, "is gone as soon as it is written");
  let { generation, version } = source;
  let ring = await ringOf(source);
  let rotation: Promise<Key> | undefined;
  let following: Promise<unknown> = Promise.resolve();

  async function followOnce(): Promise<boolean> {
    // The operator has removed the file, whose key may have had the published name.
    if (generation === undefined && !(await own.exists())) await makeFirst(false);
    const file = await own.read(version);
    if (file === undefined) return false;
    ring = await ringOf(file, ring);
    ({ generation, version } = file);
    return true;
  }

  function follow(): Promise<boolean> {
    const next = following.then(followOnce);
    following = next.catch(() => {});
    return next;
  }

  async function rotateOnce(): Promise<Key> {
    if (generation === undefined) throw new Error(`the keys of ${name} are rotated by the operator`);
    const next = resume(ring.held());
    await next.rotate();
    await own.write(generation + 1, entriesOf(next.held()));
    await follow();
    return ring.held()[0]!.key.key;
  }

  return {
    current: () => ring.current().key,
    usable: () => ring.usable().map(({ key }) => key),
    published: () => ring.published().map(({ key }) => key),
    held: () => ring.held().map(({ key: { key }, ...times }) => ({ key, ...times })),
    rotate() {
      rotation ??= rotateOnce().finally(() => {
        rotation = undefined;
      });
      return rotation;
    },
    follow,
  };
}

const entriesOf = <Key>(held: readonly HeldKey<Kept<Key>>[]) =>
  held.map(({ key: { jwk }, ...times }) => ({ jwk, ...times }));

/**
 * The keys of a file with their times, followed by known keys that are kept for their tokens.
 *
 * @throws TypeError if a known `kid` now names another key
 */
function heldOf<Key>(
  { entries }: RingFile,
  keys: readonly Kept<Key>[],
  options: { known: readonly HeldKey<Kept<Key>>[]; foundAt: number; seconds: number },
): HeldKey<Kept<Key>>[] {
  const { known, foundAt, seconds } = options;
  const held = keys.map((key, index) => {
    const { announcedAt, keepSeconds } = entries[index]!;
    const same = known.find(({ key: { kid } }) => kid === key.kid);
    // hole K4
    if (same !== undefined && !isSame(same.key.jwk, key.jwk))
      throw new TypeError(`${key.kid} is the name of another key`);
    return {
      key,
      announcedAt: announcedAt ?? same?.announcedAt ?? foundAt,
      keepSeconds: keepSeconds ?? seconds,
    };
  });
  const gone = known.filter(({ key: { kid } }) => keys.every((key) => key.kid !== kid));
  return [...held, ...gone.map((each) => ({ ...each, keepSeconds: each.keepSeconds || seconds }))];
}

/** Whether two JWKs of the used kinds are the same key. */
const isSame = (one: KeptJwk, other: KeptJwk) => one.x === other.x && one.n === other.n;
