import { createPrivateKey, createPublicKey } from "node:crypto";
import type { KeyKind, RingOptions, RotatableKeys, ServiceKeys } from "agent-kit/service";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";

const ALGORITHM = "RS256";
const MIN_BITS = 2048;
type PrivateJwk = JWK & { readonly kty: string; readonly kid: string };

/** Verifiers read at most a hundred keys and 64 KiB. */
const MAX_KEYS = 40;

/**
 * Signing keys of an OpenID provider. Read a member for each use, because keys are rotated. Only
 * `signingKeys` and `currentKey` contain private keys.
 */
export interface RsaKeys extends RotatableKeys {
  readonly alg: typeof ALGORITHM;
  readonly currentKey: PrivateJwk;
  /** The current key, and earlier keys whose tokens have not expired. */
  readonly signingKeys: readonly PrivateJwk[];
  /** Keys of the key set: signing keys and announced keys. */
  readonly publicJwks: readonly JWK[];
  /** Base64 SubjectPublicKeyInfo of the current key: `public_key` of Keycloak's realm document. */
  readonly publicKeyBase64: string;
  /** @throws RangeError if there are too many keys already */
  rotate(): Promise<{ readonly kid: string }>;
}

/**
 * @param name of the ring in `keys`
 * @param options.keepSeconds lifetime of the longest token signed with these keys; asked at each
 * rotation
 * @param options.now Unix seconds
 * @throws ConfigError
 */
export async function createRsaKeys(
  keys: ServiceKeys,
  name: string,
  options: Pick<RingOptions<PrivateJwk>, "keepSeconds" | "now"> = {},
): Promise<RsaKeys> {
  const ring = await keys.ring(name, RSA, { maxPublishedKeys: MAX_KEYS, ...options });
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
    rotate: ring.rotate,
    held: ring.held,
  };
}

const RSA: KeyKind<PrivateJwk> = {
  async create() {
    const pair = await generateKeyPair(ALGORITHM, { extractable: true, modulusLength: MIN_BITS });
    return { kty: "RSA", ...(await exportJWK(pair.privateKey)) };
  },
  async open(jwk) {
    const key = createPrivateKey({ key: { ...jwk }, format: "jwk" });
    if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_BITS)
      throw new TypeError(`expected an RSA key of ${MIN_BITS} bits`);
    const { kty, n, e } = jwk as JWK;
    const kid = jwk.kid ?? (await calculateJwkThumbprint({ kty, n, e } as JWK));
    return { ...jwk, kid, use: "sig", alg: ALGORITHM };
  },
};

function publicPart({ kid, kty, alg, use, n, e }: PrivateJwk): JWK {
  return { kid, kty, alg, use, n, e } as JWK;
}
