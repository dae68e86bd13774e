import { createPublicKey } from "node:crypto";
import { createKeyRing } from "aauth";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";

const ALGORITHM = "RS256";
type PrivateJwk = JWK & { readonly kty: string; readonly kid: string };

/** Verifiers read at most a hundred keys, and 64 KiB. */
const MAX_KEYS = 40;

/**
 * Signing keys of an OpenID provider, new at each start and at each rotation. Read a member for
 * each use, because keys are rotated. Only `signingKeys` and `currentKey` contain private keys.
 */
export interface RsaKeys {
  readonly alg: typeof ALGORITHM;
  readonly currentKey: PrivateJwk;
  /** The current key, and those before it whose tokens have not expired. */
  readonly signingKeys: readonly PrivateJwk[];
  /** Keys for the key set: those, and announced keys. */
  readonly publicJwks: readonly JWK[];
  /** Base64 SubjectPublicKeyInfo of the current key: `public_key` of Keycloak's realm document. */
  readonly publicKeyBase64: string;
  /**
   * Announces a new key, which signs a moment later. @throws RangeError when there are too many
   * already
   */
  rotate(): Promise<{ readonly kid: string }>;
}

/**
 * @param options.keepSeconds lifetime of the longest token signed with these keys; asked at each
 * rotation
 * @param options.now Unix seconds
 */
export async function createRsaKeys(
  options: { keepSeconds?: () => number; now?: () => number } = {},
): Promise<RsaKeys> {
  const ring = createKeyRing({
    key: await createKey(),
    create: createKey,
    maxPublishedKeys: MAX_KEYS,
    ...options,
  });
  return {
    alg: ALGORITHM,
    get currentKey() {
      return ring.current();
    },
    get signingKeys() {
      return ring.usable();
    },
    get publicJwks() {
      return ring.published().map(publicPart);
    },
    get publicKeyBase64() {
      return createPublicKey({ key: publicPart(ring.current()), format: "jwk" })
        .export({ type: "spki", format: "der" })
        .toString("base64");
    },
    rotate: () => ring.rotate(),
  };
}

async function createKey(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { ...jwk, kty: jwk.kty as string, kid, use: "sig", alg: ALGORITHM };
}

function publicPart({ kid, kty, alg, use, n, e }: PrivateJwk): JWK {
  return { kid, kty, alg, use, n, e } as JWK;
}
