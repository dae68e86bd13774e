/**
 * Messages with one mistake each, and the verdict of each verifier. `results.json` has the draft's
 * verdict, and the verifiers that differ.
 */

import { sign } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { KEYS } from "./keys.ts";
import { agentToken, createLibraries, type Message } from "./libraries.ts";
import { PARTIES } from "./parties.ts";
import { isUnderTest } from "./peers.ts";
import results from "./results.json" with { type: "json" };

const VERIFIERS = [
  "ours",
  "introspection-aauth",
  "regent-httpsig",
  "@hellocoop/httpsig",
  "aauth-protocol",
].filter((verifier) => isUnderTest(verifier));

/** Defects of a message. */
interface Mistake {
  readonly token?: string;
  readonly signatureKey?: string;
  readonly covered?: readonly string[];
  /** Parameters of `Signature-Input`. */
  readonly params?: string;
  readonly encoding?: "base64url";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const BASE = ["@method", "@authority", "@path", "signature-key"];
const now = () => Math.floor(Date.now() / 1000);
const created = (offset = 0) => `;created=${now() + offset}`;
const { jwk } = KEYS.agent;

const MISTAKES: Readonly<Record<string, () => Mistake>> = {
  "no mistake": () => ({}),
  "signed 70 s ago": () => ({ params: created(-70) }),
  "signed in 70 s": () => ({ params: created(70) }),
  "no `created`": () => ({ params: "" }),
  "`expires` 10 s ago": () => ({ params: `${created(-20)};expires=${now() - 10}` }),
  "`alg` sent": () => ({ params: `${created()};alg="ed25519"` }),
  "`keyid` of another key": () => ({ params: `${created()};keyid="another"` }),
  "`@path` not covered": () => ({ covered: BASE.filter((name) => name !== "@path") }),
  "`signature-key` not covered": () => ({ covered: BASE.slice(0, 3) }),
  "a body whose digest is not covered": () => ({ body: "stock", headers: { "content-type": "text/plain" } }),
  "a session token that is not covered": () => ({ headers: { authorization: "AAuth c2Vzc2lvbg" } }),
  "a second member in `Signature-Key`": () => ({
    signatureKey: `sig=jwt;jwt="${agentToken(KEYS.agent)}", other=hwk`,
  }),
  "`Signature` as base64url": () => ({ encoding: "base64url" }),
  "the scheme `hwk`": () => ({ signatureKey: `sig=hwk;kty="OKP";crv="Ed25519";x="${jwk.x}";alg="Ed25519"` }),
  "an agent token that has expired": () => ({
    token: agentToken(KEYS.agent, { iat: now() - 400, exp: now() - 100 }),
  }),
  "an agent token issued 10 minutes ahead": () => ({
    token: agentToken(KEYS.agent, { iat: now() + 600, exp: now() + 3600 }),
  }),
  "an agent token without `jti`": () => ({ token: agentToken(KEYS.agent, { jti: undefined }) }),
  "an agent token with another `dwk`": () => ({
    token: agentToken(KEYS.agent, { dwk: "aauth-person.json" }),
  }),
  "a forged agent token": () => ({
    token: agentToken(KEYS.agent, {}, KEYS.server.key),
  }),
  "a key without `alg`": () => ({
    token: agentToken(KEYS.agent, { cnf: { jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x } } }),
  }),
  "a key whose `alg` is EdDSA": () => ({
    token: agentToken(KEYS.agent, { cnf: { jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, alg: "EdDSA" } } }),
  }),
};

/** Signed by hand, because no library signs a wrong message. */
function messageWith(mistake: Mistake): Message {
  const { covered = BASE, params = created(), encoding = "base64", headers, body } = mistake;
  const { token = agentToken(KEYS.agent), signatureKey = `sig=jwt;jwt="${token}"` } = mistake;
  const method = body === undefined ? "GET" : "POST";
  // All messages differ.
  const path = `/stock/${crypto.randomUUID()}`;
  const fields: Record<string, string> = { ...headers, "signature-key": signatureKey };
  const authority = new URL(PARTIES.resource).host;
  const values = { ...fields, "@method": method, "@authority": authority, "@path": path };
  const signatureParams = `(${covered.map((name) => `"${name}"`).join(" ")})${params}`;
  const base = [
    ...covered.map((name) => `"${name}": ${(values as Record<string, string>)[name]}`),
    `"@signature-params": ${signatureParams}`,
  ].join("\n");
  const signature = sign(null, Buffer.from(base), KEYS.agent.key).toString(encoding);
  // For a lenient reader only these two characters differ.
  if (encoding === "base64url" && !/[-_]/.test(signature)) return messageWith(mistake);
  return {
    method,
    url: `${PARTIES.resource}${path}`,
    headers: { ...fields, "signature-input": `sig=${signatureParams}`, signature: `sig=:${signature}:` },
    body: body === undefined ? undefined : Buffer.from(body),
  };
}

const libraries = createLibraries();
afterAll(() => libraries.end());

interface Row {
  readonly mistake: string;
  /** Verdict that the draft requires. */
  readonly draft: string;
  /** Verdicts that differ, by verifier. */
  readonly verdicts?: Readonly<Record<string, string>>;
}

describe.each(VERIFIERS)("%s", (verifier) => {
  test.each(results.lapses as readonly Row[])("$mistake", async ({ mistake, draft, verdicts }) => {
    const message = messageWith(MISTAKES[mistake]!());
    expect(await (await libraries.of(verifier)).verify(message)).toBe(verdicts?.[verifier] ?? draft);
  });
});

test("every mistake has a row", () => {
  expect(results.lapses.map(({ mistake }) => mistake)).toEqual(Object.keys(MISTAKES));
});
