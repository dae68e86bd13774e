import { createPublicKey } from "node:crypto";
import { createKeyRing, type KeyRing } from "aauth";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";

/** Algorithms this server can sign auth tokens with. OpenID tokens are always RS256. */
export const AUTH_TOKEN_ALGORITHMS = ["RS256", "EdDSA"] as const;
export type AuthTokenAlgorithm = (typeof AUTH_TOKEN_ALGORITHMS)[number];

type PrivateJwk = JWK & { readonly kty: string; readonly kid: string };

/** Of two keys each, with EdDSA. Verifiers read a hundred keys, and 64 KiB. */
const MAX_KEY_SETS = 40;

/** What signs at one time: the RSA key for people's tokens, and the key for auth tokens, which may be the same. */
interface RealmKeySet {
  /** Of the key for auth tokens. */
  readonly kid: string;
  readonly rsa: PrivateJwk;
  readonly authToken: PrivateJwk;
}

/**
 * The realm's signing keys, new at each start and replaced at each rotation. Private members are in `privateJwks` and `authTokenKey`
 * only. What is read here holds for the moment.
 */
export interface RealmKeys {
  /** The keys that sign now, and those before them whose tokens have not expired. */
  readonly privateJwks: readonly PrivateJwk[];
  /** What both `certs` documents publish: besides those, keys that are announced. */
  readonly publicJwks: readonly JWK[];
  /** Base64 SubjectPublicKeyInfo of the RSA key: `public_key` of the realm document. */
  readonly publicKeyBase64: string;
  readonly authTokenKey: { readonly jwk: PrivateJwk; readonly alg: AuthTokenAlgorithm; readonly kid: string };
  /** Announces new keys, which sign a moment later. @throws RangeError when there are too many already */
  rotate(): Promise<{ readonly kid: string }>;
}

/**
 * @param options.keepSeconds lifetime of the longest token signed with these keys; asked at each rotation
 * @param options.now Unix seconds
 */
export async function createRealmKeys(
  authTokenAlgorithm: AuthTokenAlgorithm,
  options: { keepSeconds?: () => number; now?: () => number } = {},
): Promise<RealmKeys> {
  const ring: KeyRing<RealmKeySet> = createKeyRing({
    key: await createKeySet(authTokenAlgorithm),
    create: () => createKeySet(authTokenAlgorithm),
    maxPublishedKeys: MAX_KEY_SETS,
    ...options,
  });
  return {
    get privateJwks() {
      return ring.usable().flatMap(keysIn);
    },
    get publicJwks() {
      return ring.published().flatMap(keysIn).map(publicPart);
    },
    get publicKeyBase64() {
      return createPublicKey({ key: publicPart(ring.current().rsa), format: "jwk" })
        .export({ type: "spki", format: "der" })
        .toString("base64");
    },
    get authTokenKey() {
      const { authToken, kid } = ring.current();
      return { jwk: authToken, alg: authTokenAlgorithm, kid };
    },
    rotate: () => ring.rotate(),
  };
}

async function createKeySet(algorithm: AuthTokenAlgorithm): Promise<RealmKeySet> {
  const rsa = await generateJwk("RS256");
  const authToken = algorithm === "RS256" ? rsa : await generateJwk(algorithm);
  return { kid: authToken.kid, rsa, authToken };
}

function keysIn({ rsa, authToken }: RealmKeySet): PrivateJwk[] {
  return [...new Set([rsa, authToken])];
}

async function generateJwk(alg: AuthTokenAlgorithm): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kty: jwk.kty as string, kid: await calculateJwkThumbprint(jwk), use: "sig", alg };
}

function publicPart({ kid, kty, alg, use, n, e, crv, x }: JWK): JWK {
  return kty === "RSA" ? ({ kid, kty, alg, use, n, e } as JWK) : ({ kid, kty, alg, use, crv, x } as JWK);
}
