import { randomBytes } from "node:crypto";
import { createKeyRing, type KeyRing, type SigningKey } from "aauth";
import type { ServiceOptions } from "../http/create-service.ts";
import { readEntries, textOf } from "./kept-jwk.ts";
import { type KeyKind, openKeptRing, type RingOptions } from "./kept-ring.ts";
import { KeyFiles } from "./key-files.ts";
import { type SigningKeysOptions, signingKeyKind } from "./signing-key-kind.ts";

/** Keys and secrets of a service. A name denotes the same key in every process with the folder. */
export interface ServiceKeys {
  /** Ed25519 keys that sign messages and tokens. @throws ConfigError */
  signingKeys(name: string, options?: SigningKeysOptions): Promise<KeyRing<SigningKey>>;
  /** Keys of another kind. @throws ConfigError */
  ring<Key extends { readonly kid: string }>(
    name: string,
    kind: KeyKind<Key>,
    options?: RingOptions<Key>,
  ): Promise<KeyRing<Key>>;
  /** 32 random bytes. @throws ConfigError */
  secret(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Stops following the rotations of other processes. */
  close(): void;
}

const SECRET_BYTES = 32;
/** Shorter than the time for which a key is announced before it signs. */
const FOLLOW_MS = 2_000;

/**
 * Opens the keys of a service. Each name is one file in the folder, created at its first use with
 * mode 0600; a rotation creates a new file. A key that an operator puts there, as `<name>.pem` or
 * `<name>.json`, is used, and reloaded when it is replaced or removed.
 *
 * @param options.folder undefined: new keys at each start
 * @param options.service name for messages about its settings
 * @throws ConfigError that names `AAUTH_KEYS` and the file: one that others can read, that is
 * malformed, or that cannot be written
 */
export async function openKeys(options: {
  readonly folder: string | undefined;
  readonly service: string;
  readonly logger: Pick<ServiceOptions["logger"], "info" | "error">;
}): Promise<ServiceKeys> {
  const { folder, service, logger } = options;
  if (folder === undefined) return memoryKeys();
  const files = await KeyFiles.open(folder, service);
  const followers: (() => Promise<void>)[] = [];
  const timer = setInterval(() => {
    for (const follow of followers) void follow();
  }, FOLLOW_MS);
  timer.unref();
  return withSigningKeys({
    async ring(name, kind, ringOptions) {
      const ring = await openKeptRing(files, name, kind, ringOptions);
      followers.push(async () => {
        try {
          if (!(await ring.follow())) return;
          const [newest] = ring.held();
          logger.info({ kid: newest?.key.kid }, "🔑 Took new signing keys");
        } catch (error) {
          logger.error({ err: error }, "new signing keys cannot be used");
        }
      });
      return ring;
    },
    secret: (name) => keptSecret(files, `${name}.json`),
    close: () => clearInterval(timer),
  });
}

/**
 * New keys and secrets for the lifetime of the process.
 *
 * @param given first key of each ring of signing keys. Default: new ones
 */
export function memoryKeys(given?: SigningKey): ServiceKeys {
  const secrets = new Map<string, Uint8Array<ArrayBuffer>>();
  const keys = withSigningKeys({
    async ring(_name, kind, options) {
      const create = async (isFirst: boolean) => kind.open(await kind.create(isFirst));
      return createKeyRing({ ...options, key: await create(true), create: () => create(false) });
    },
    async secret(name) {
      const secret = secrets.get(name) ?? newSecret();
      secrets.set(name, secret);
      return secret;
    },
    close() {},
  });
  if (given === undefined) return keys;
  return {
    ...keys,
    async signingKeys(name, options) {
      const later = await keys.signingKeys(name, options);
      return createKeyRing({ ...options, key: given, create: later.rotate });
    },
  };
}

const withSigningKeys = (keys: Omit<ServiceKeys, "signingKeys">): ServiceKeys => ({
  ...keys,
  signingKeys: (name, { kidPrefix = name, firstKid, ...options } = {}) =>
    keys.ring(name, signingKeyKind({ kidPrefix, firstKid }), options),
});

const newSecret = () => new Uint8Array(randomBytes(SECRET_BYTES));

async function keptSecret(files: KeyFiles, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if ((await files.read(name)) === undefined) {
    const k = Buffer.from(newSecret()).toString("base64url");
    await files.create(
      name,
      textOf([{ jwk: { kty: "oct", k }, announcedAt: Math.floor(Date.now() / 1000) }]),
    );
  }
  // Another process may have created it first.
  const file = await files.read(name);
  const [entry, ...more] = file === undefined ? [] : readEntries(files, file);
  const k = entry?.jwk.kty === "oct" ? entry.jwk.k : undefined;
  const secret = Buffer.from(typeof k === "string" ? k : "", "base64url");
  if (secret.length !== SECRET_BYTES || more.length > 0)
    throw files.problem(name, `is malformed: expected a JWK of type oct with ${SECRET_BYTES} bytes`);
  return new Uint8Array(secret);
}
