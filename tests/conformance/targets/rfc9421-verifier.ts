/**
 * A verifier of RFC 9421 by other people, `http-message-signatures`, behind JSON lines.
 *
 * @module
 */

import { createHash, createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { httpbis } from "http-message-signatures";

interface Line {
  readonly id: string;
  readonly method: string;
  readonly authority: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | null;
  readonly keys: readonly { readonly kid: string; readonly alg: string }[];
}

async function isVerified({ method, authority, target, headers, body, keys }: Line): Promise<boolean> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of headers) fields[name] = [...(fields[name] ?? []), value];
  const digest = `sha-256=:${createHash("sha256")
    .update(body ?? "")
    .digest("base64")}:`;
  if (fields["content-digest"]?.join() !== digest) return false;
  const result = await httpbis.verifyMessage(
    {
      async keyLookup({ keyid }) {
        const jwk = keys.find(({ kid }) => kid === keyid);
        if (jwk === undefined) return null;
        const isEd25519 = jwk.alg === "Ed25519";
        const key = createPublicKey({ key: jwk as never, format: "jwk" });
        return {
          id: jwk.kid,
          algs: [isEd25519 ? "ed25519" : "ecdsa-p256-sha256"],
          verify: async (data, signature) =>
            verify(isEd25519 ? null : "sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature),
        };
      },
    },
    { method, url: `https://${authority}${target}`, headers: fields },
  );
  return result === true;
}

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text) as Line;
  const accept = await isVerified(line).catch(() => false);
  console.log(JSON.stringify({ id: line.id, accept }));
}
