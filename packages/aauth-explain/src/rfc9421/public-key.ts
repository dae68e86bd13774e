import { jwkThumbprint } from "aauth";

/** A JWK, unvalidated. */
export type GivenJwk = Readonly<Record<string, unknown>>;

/** A public key of any algorithm that RFC 9421 section 3.3 names, except the shared ones. */
export interface GivenKey {
  readonly kid: string | undefined;
  /** RFC 7638; undefined for a key without the members of its type. */
  readonly thumbprint: string | undefined;
  /** Names of section 3.3 that the key can verify. */
  readonly algorithms: readonly string[];
  /** Length of its signatures. */
  readonly signatureBytes: number;
  /** @param algorithm one of {@link algorithms} */
  verify(algorithm: string, base: Uint8Array, signature: Uint8Array): Promise<boolean>;
}

interface Algorithm {
  readonly matches: (jwk: GivenJwk) => boolean;
  readonly importing: { readonly name: string; readonly namedCurve?: string; readonly hash?: string };
  readonly verifying: object;
}

const ec = (crv: string, hash: string): Algorithm => ({
  matches: (jwk) => jwk.kty === "EC" && jwk.crv === crv,
  importing: { name: "ECDSA", namedCurve: crv },
  verifying: { name: "ECDSA", hash },
});
const rsa = (name: string, hash: string, other: object = {}): Algorithm => ({
  matches: (jwk) => jwk.kty === "RSA",
  importing: { name, hash },
  verifying: { name, ...other },
});

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  ed25519: {
    matches: (jwk) => jwk.kty === "OKP" && jwk.crv === "Ed25519",
    importing: { name: "Ed25519" },
    verifying: { name: "Ed25519" },
  },
  "ecdsa-p256-sha256": ec("P-256", "SHA-256"),
  "ecdsa-p384-sha384": ec("P-384", "SHA-384"),
  "rsa-pss-sha512": rsa("RSA-PSS", "SHA-512", { saltLength: 64 }),
  "rsa-v1_5-sha256": rsa("RSASSA-PKCS1-v1_5", "SHA-256"),
};

/**
 * A JWK as a key that verifies by WebCrypto. It is imported at the first verification; one that the
 * platform refuses verifies nothing.
 *
 * @param jwk unvalidated, without private members
 */
export async function givenKey(jwk: GivenJwk): Promise<GivenKey> {
  const { kid, ...members } = jwk;
  const imported = new Map<string, Promise<CryptoKey>>();
  const importFor = (name: string) => {
    const { kty, crv, x, y, n, e } = members;
    const key =
      imported.get(name) ??
      crypto.subtle.importKey("jwk", { kty, crv, x, y, n, e } as never, ALGORITHMS[name]!.importing, false, [
        "verify",
      ]);
    imported.set(name, key);
    return key;
  };
  return {
    kid: typeof kid === "string" ? kid : undefined,
    thumbprint: await jwkThumbprint(members as never).catch(() => undefined),
    algorithms: Object.entries(ALGORITHMS).flatMap(([name, { matches }]) => (matches(members) ? [name] : [])),
    signatureBytes: signatureBytesOf(members),
    async verify(name, base, signature) {
      try {
        const { verifying } = ALGORITHMS[name]!;
        const key = await importFor(name);
        return await crypto.subtle.verify(verifying as never, key, signature as never, base as never);
      } catch {
        return false;
      }
    },
  };
}

/** The modulus of an RSA key, r and s of ECDSA, and 64 of Ed25519. */
function signatureBytesOf({ kty, crv, n }: GivenJwk): number {
  if (kty === "RSA") return Math.floor((String(n).length * 3) / 4);
  return crv === "P-384" ? 96 : 64;
}
