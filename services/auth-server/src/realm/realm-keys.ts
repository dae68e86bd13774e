import { createPublicKey } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";

/** Algorithms this server can sign auth tokens with. OpenID tokens are always RS256. */
export const AUTH_TOKEN_ALGORITHMS = ["RS256", "EdDSA"] as const;
export type AuthTokenAlgorithm = (typeof AUTH_TOKEN_ALGORITHMS)[number];

type PrivateJwk = JWK & { readonly kty: string; readonly kid: string };

/** The realm's signing keys, new at each start. Private members are in `privateJwks` and `authTokenKey` only. */
export interface RealmKeys {
  readonly privateJwks: readonly PrivateJwk[];
  /** What both `certs` documents publish. */
  readonly publicJwks: readonly JWK[];
  /** Base64 SubjectPublicKeyInfo of the RSA key: `public_key` of the realm document. */
  readonly publicKeyBase64: string;
  readonly authTokenKey: { readonly jwk: PrivateJwk; readonly alg: AuthTokenAlgorithm; readonly kid: string };
}

export async function createRealmKeys(authTokenAlgorithm: AuthTokenAlgorithm): Promise<RealmKeys> {
  const rsa = await generateJwk("RS256");
  const authTokenJwk = authTokenAlgorithm === "RS256" ? rsa : await generateJwk("EdDSA");
  const privateJwks = [...new Set([rsa, authTokenJwk])];
  return {
    privateJwks,
    publicJwks: privateJwks.map(publicPart),
    publicKeyBase64: createPublicKey({ key: publicPart(rsa), format: "jwk" })
      .export({ type: "spki", format: "der" })
      .toString("base64"),
    authTokenKey: { jwk: authTokenJwk, alg: authTokenAlgorithm, kid: authTokenJwk.kid },
  };
}

async function generateJwk(alg: AuthTokenAlgorithm): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kty: jwk.kty as string, kid: await calculateJwkThumbprint(jwk), use: "sig", alg };
}

function publicPart({ kid, kty, alg, use, n, e, crv, x }: JWK): JWK {
  return kty === "RSA" ? ({ kid, kty, alg, use, n, e } as JWK) : ({ kid, kty, alg, use, crv, x } as JWK);
}
