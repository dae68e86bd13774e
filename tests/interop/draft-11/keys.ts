/** The keys of the parties: the same in every program of a run, and in every run. */

import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { PrivateJwk } from "aauth";

/**
 * The signer: an agent with its token, with one of two keys, or the person server with a published
 * key.
 */
export type Sender = "agent" | "agent, ES256" | "server";

export interface KeyPair {
  readonly key: KeyObject;
  /** Includes the private part. */
  readonly jwk: PrivateJwk & Record<string, string>;
  readonly publicJwk: Readonly<Record<string, string>>;
}

function keyPair(key: KeyObject, alg: string): KeyPair {
  const jwk = { ...key.export({ format: "jwk" }), alg } as KeyPair["jwk"];
  const { d: _, ...publicJwk } = jwk;
  return { key, jwk, publicJwk };
}

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Private keys that the programs derive from the same names. */
function ed25519(name: string): KeyPair {
  const seed = createHash("sha256").update(`interop-${name}`).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  return keyPair(key, "Ed25519");
}

export const PROVIDER = ed25519("provider");
export const KEYS: Readonly<Record<Sender, KeyPair>> = {
  agent: ed25519("agent"),
  "agent, ES256": keyPair(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, "ES256"),
  server: ed25519("ps"),
};
