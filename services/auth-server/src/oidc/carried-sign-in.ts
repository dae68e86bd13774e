import { randomBytes } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import type { AdapterPayload } from "oidc-provider";

/** A sign-in under way as its own page carries it: good without this server remembering it. */
export interface CarriedSignIn {
  /** @param expiresAt Unix seconds */
  seal(payload: AdapterPayload, expiresAt: number): Promise<string>;
  /** What was sealed, before its time is over; undefined for any other text. */
  open(text: string): Promise<{ payload: AdapterPayload; expiresAt: number } | undefined>;
}

const ALGORITHM = { alg: "dir", enc: "A256GCM" } as const;

/**
 * Sealed, because it names the session of whoever signs in again, and must come back as it was. The key lives as long as the process.
 *
 * @param options.now Unix seconds
 */
export function createCarriedSignIn(options: { now: () => number }): CarriedSignIn {
  const key = randomBytes(32);
  return {
    seal: (payload, expiresAt) =>
      new EncryptJWT({ payload }).setProtectedHeader(ALGORITHM).setExpirationTime(expiresAt).encrypt(key),
    async open(text) {
      try {
        const { payload: claims } = await jwtDecrypt<{ payload: AdapterPayload; exp: number }>(text, key, {
          keyManagementAlgorithms: [ALGORITHM.alg],
          contentEncryptionAlgorithms: [ALGORITHM.enc],
          requiredClaims: ["exp"],
          currentDate: new Date(options.now() * 1000),
        });
        return { payload: claims.payload, expiresAt: claims.exp };
      } catch {
        return undefined;
      }
    },
  };
}
