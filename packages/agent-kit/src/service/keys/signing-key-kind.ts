import { generateKeyPairSync } from "node:crypto";
import { importSigningKey, type PrivateJwk, type SigningKey } from "aauth";
import type { KeptJwk } from "./kept-jwk.ts";
import type { KeyKind, RingOptions } from "./kept-ring.ts";

/** Names and times of signing keys. */
export interface SigningKeysOptions extends RingOptions<SigningKey> {
  /** Prefix of the `kid` of new keys. Default: the name of the ring. */
  readonly kidPrefix?: string;
  /** The `kid` of the first key of a ring without a folder. Default: generated like the others. */
  readonly firstKid?: string;
}

const KID_CHARACTERS = 8;

/**
 * Ed25519 keys. Other parties cache key sets beyond a restart or the loss of a folder, so a `kid`
 * contains a part of the key's thumbprint, and never names two keys, except for `firstKid`.
 */
export function signingKeyKind(options: {
  readonly kidPrefix: string;
  readonly firstKid: string | undefined;
}): KeyKind<SigningKey> {
  const { kidPrefix, firstKid } = options;
  return {
    async create(isFirst) {
      const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }) as PrivateJwk;
      if (isFirst && firstKid !== undefined) return { ...jwk, kid: firstKid };
      const { thumbprint } = await importSigningKey(jwk);
      // hole K3: { ...jwk, kid: kidPrefix }
      return { ...jwk, kid: `${kidPrefix}-${thumbprint.slice(0, KID_CHARACTERS)}` };
    },
    open: (jwk: KeptJwk) => importSigningKey(jwk as unknown as PrivateJwk),
  };
}
