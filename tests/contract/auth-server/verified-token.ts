import { createPublicKey, verify } from "node:crypto";
import { expect } from "vitest";
import { readToken } from "../../support/foreign-agent.ts";

/** Header and claims of an RS256 token whose signature one of the published keys has made. */
export async function verifiedToken(token: string, keySetUrl: string): Promise<ReturnType<typeof readToken>> {
  const read = readToken(token);
  const { keys } = (await (await fetch(keySetUrl)).json()) as { keys: { kid: string }[] };
  const jwk = keys.find(({ kid }) => kid === read.header.kid);
  expect(read.header.alg).toBe("RS256");
  const [header, claims, signature = ""] = token.split(".");
  const key = createPublicKey({ key: jwk as never, format: "jwk" });
  const input = Buffer.from(`${header}.${claims}`);
  expect(verify("RSA-SHA256", input, key, Buffer.from(signature, "base64url"))).toBe(true);
  return read;
}
