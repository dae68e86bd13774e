/** A run as a file: its messages are verified again, and only complete ones can be verified. */

import { draft11, type SigningKey, toJwks } from "aauth";
import { february2026 } from "aauth/february-2026";
import { signedRequest, type TestRequest } from "aauth/testing";
import { describe, expect, test } from "vitest";
import {
  AGENT,
  agentToken,
  authToken,
  keys,
  now,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  RESOURCE,
  requestOf,
} from "../../aauth/test/draft-11/kit.ts";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import {
  fromBase64,
  isRefusedAsRecorded,
  packRun,
  readSavedRun,
  type SavedAttack,
  type SavedEvidence,
  type SavedKey,
  type SavedMessage,
  type SavedRun,
  savedRunPage,
  toBase64,
  verifySavedMessage,
} from "../src/index.ts";

const PROFILES = [draft11, february2026] as const;
const VIEWER = '<!doctype html><script type="text/plain" id="aauth-run"></script><script>1</script>';
const BODY = '{"jsonrpc":"2.0","quantity":25}';

function evidenceOf(url: string, request: TestRequest, published: readonly SavedKey[]): SavedEvidence {
  const { method, headers, body = new Uint8Array() } = request;
  const { "content-length": _length, ...fields } = headers as Record<string, string>;
  return { method, url, endpoint: "resource", headers: fields, body: toBase64(body), keys: published };
}

const published = (id: string, key: SigningKey): SavedKey => ({ id, jwk: { ...toJwks([key]).keys[0] } });

const PROVIDERS_KEY = published(PROVIDER, keys.provider);
const url = `${RESOURCE}/data`;
const whole = async (jwt: string, own: readonly SavedKey[]) =>
  evidenceOf(url, await requestOf({ signatureKey: { scheme: "jwt", jwt }, body: BODY }), own);

async function february(elsewhere?: string): Promise<SavedEvidence> {
  const { agent, resource, authServer, issueAuthToken, clock } = await createTestParties();
  const at = `${elsewhere ?? resource.id}/orders?page=2`;
  const signatureKey = { scheme: "jwt", jwt: await issueAuthToken({ scope: "orders:read" }) } as const;
  const signed = { profile: february2026, url: at, body: BODY, key: agent.key, signatureKey, now: clock.now };
  return evidenceOf(at, await signedRequest(signed), [published(authServer.issuer, authServer.key)]);
}

const KINDS: readonly [string, () => Promise<SavedEvidence>][] = [
  ["an agent token", async () => whole(await agentToken(), [PROVIDERS_KEY])],
  ["a person token", async () => whole(await personToken(), [published(PERSON_SERVER, keys.person)])],
  ["an auth token", async () => whole(await authToken(), [published("https://as.example", keys.access)])],
  ["an auth token of February", () => february()],
];

const message = (evidence?: SavedEvidence): SavedMessage => ({
  from: "a",
  to: "b",
  startMs: 1,
  what: "call",
  sentence: "It calls.",
  outcome: "accepted",
  status: 200,
  facts: [{ name: "Allowed by what?", value: "Everything." }],
  checks: [{ party: "b", name: "signature", verdict: "passed" }],
  ...(evidence && { evidence }),
});
const runOf = (...messages: SavedMessage[]): SavedRun => ({
  format: "aauth-saved-run",
  version: 2,
  requestId: "r",
  savedAt: now(),
  messages,
  attacks: [],
  protocol: { version: "draft -11", mode: "person-server" },
  parties: [
    { id: "a", name: "A" },
    { id: "b", name: "B" },
  ],
});
const verify = async (evidence?: SavedEvidence) => verifySavedMessage(message(evidence), PROFILES);

/** Replaces one character of a string by another of the same alphabet. */
const flipped = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
const withField = (evidence: SavedEvidence, name: string, change: (value: string) => string) => ({
  ...evidence,
  headers: { ...evidence.headers, [name]: change(evidence.headers[name]!) },
});
/** In a part of the token: 0 its header, 1 its payload, 2 its signature. */
const inToken = (part: number) => (value: string) => {
  const token = /"(eyJ[^"]+)"/.exec(value)![1]!;
  const parts = token.split(".");
  parts[part] = flipped(parts[part]!, 30);
  return value.replace(token, parts.join("."));
};

const more = ({ url: at }: SavedEvidence) => (at.includes("?") ? "&quantity=9999" : "?quantity=9999");

const FLIPS: Readonly<Record<string, (evidence: SavedEvidence) => SavedEvidence>> = {
  "the method": (evidence) => ({ ...evidence, method: "PUT" }),
  "the path": (evidence) => ({ ...evidence, url: evidence.url.replace("d", "e") }),
  "a query after the signed address": (evidence) => ({
    ...evidence,
    url: `${evidence.url}${more(evidence)}`,
  }),
  "an empty query": (evidence) => ({ ...evidence, url: `${evidence.url.split("?")[0]}?` }),
  "a fragment": (evidence) => ({ ...evidence, url: `${evidence.url}#x` }),
  "a field that is not covered": (evidence) => ({
    ...evidence,
    headers: { ...evidence.headers, "x-approved-by": "auditor" },
  }),
  "a field in another case": (evidence) => ({
    ...evidence,
    headers: { ...evidence.headers, "Content-Type": "text/plain" },
  }),
  "a second signature": (evidence) =>
    withField(evidence, "signature", (value) => `${value}, auditor=:YXVkaXRvcg==:`),
  "a second signature's input": (evidence) =>
    withField(evidence, "signature-input", (value) => `${value}, auditor=("@method");created=1`),
  "a parameter of the signature": (evidence) =>
    withField(evidence, "signature", (value) => `${value};by="auditor"`),
  "a covered field": (evidence) => withField(evidence, "content-type", (value) => flipped(value, 2)),
  "the digest": (evidence) => withField(evidence, "content-digest", (value) => flipped(value, 14)),
  "the signature": (evidence) => withField(evidence, "signature", (value) => flipped(value, 20)),
  "the time": (evidence) =>
    withField(evidence, "signature-input", (value) => value.replace(/created=\d/, "created=2")),
  "the body": (evidence) => {
    const body = fromBase64(evidence.body);
    body[body.length - 3]! ^= 1;
    return { ...evidence, body: toBase64(body) };
  },
  "the token's header": (evidence) => withField(evidence, "signature-key", inToken(0)),
  "the token's payload": (evidence) => withField(evidence, "signature-key", inToken(1)),
  "the token's signature": (evidence) => withField(evidence, "signature-key", inToken(2)),
  "the issuer's key": (evidence) => ({
    ...evidence,
    keys: evidence.keys.map(({ id, jwk }) => ({ id, jwk: { ...jwk, x: flipped(String(jwk.x), 5) } })),
  }),
  "the key's owner": (evidence) => ({
    ...evidence,
    keys: evidence.keys.map(({ id, jwk }) => ({ id: id.replace(/s/, "x"), jwk })),
  }),
  "no key": (evidence) => ({ ...evidence, keys: [] }),
  "no base64": (evidence) => ({ ...evidence, body: "%" }),
  "no address": (evidence) => ({ ...evidence, url: "x" }),
};

describe.each(KINDS)("a message with %s", (_kind, make) => {
  test("is verified by the keys in the file, at the time it was signed", async () => {
    const verdict = await verify(await make());
    expect(verdict.reason).toBeUndefined();
    expect(verdict).toMatchObject({ state: "verified", atSeconds: expect.any(Number) });
    expect(verdict.tokenExpiresAt).toBeGreaterThan(verdict.atSeconds!);
  });

  test.each(Object.keys(FLIPS))("R2: is refused, and no other, whatever was recorded: %s", async (flip) => {
    const evidence = await make();
    const run = runOf(message(evidence), message(FLIPS[flip]!(evidence)), message());
    const read = await readSavedRun(await savedRunPage(VIEWER, run));
    const states = await Promise.all(read.messages.map((saved) => verifySavedMessage(saved, PROFILES)));
    expect(states.map(({ state }) => state)).toEqual(["verified", "refused", "recorded"]);
    expect(states[1]?.reason).toMatch(/\w/);
  });
});

test("R2: labels a verified message by what its signature proves, whatever was recorded", async () => {
  const evidence = await whole(await agentToken(), [
    PROVIDERS_KEY,
    published("https://bank.example", keys.access),
  ]);
  const { proven } = await verify(evidence);
  expect(proven).toMatchObject({
    signer: AGENT,
    method: "POST",
    authority: "resource.example",
    target: "/data",
  });
  expect(proven?.keys.map(({ id, thumbprint }) => [id, thumbprint])).toEqual([
    [undefined, keys.agent.thumbprint],
    [PROVIDER, keys.provider.thumbprint],
  ]);
});

test("a token bound to another key is refused", async () => {
  const jwt = await agentToken();
  const request = await requestOf({ key: keys.other, signatureKey: { scheme: "jwt", jwt }, body: BODY });
  const verdict = await verify(evidenceOf(url, request, [PROVIDERS_KEY]));
  expect(verdict).toMatchObject({ state: "refused", reason: expect.stringContaining("invalid_signature") });
});

test("an attack is refused as recorded if the same check refuses it, also without a key", async () => {
  const evidence = { ...(await february("https://other.example")), keys: [] };
  const recordedAs = (code: string): SavedAttack => ({
    title: "Use it elsewhere",
    what: "Sent to another resource.",
    aauth: { ...message(evidence), facts: [{ name: "Code", value: code }] },
  });
  const verdict = await verify(evidence);
  expect(verdict.reason).toMatch(/^token_audience_mismatch: /);
  expect(isRefusedAsRecorded(recordedAs("token_audience_mismatch"), verdict)).toBe(true);
  expect(isRefusedAsRecorded(recordedAs("token_revoked"), verdict)).toBe(false);
});

test("falsified records change no verdict", async () => {
  const evidence = await whole(await agentToken({ agent: AGENT }), [PROVIDERS_KEY]);
  const falsified = {
    ...message(evidence),
    outcome: "refused",
    status: 401,
    sentence: "Refused.",
    facts: [],
    checks: [{ party: "b", name: "signature", verdict: "failed" }],
  };
  expect(await verifySavedMessage(falsified, PROFILES)).toMatchObject({ state: "verified" });
  expect(await verify()).toEqual({ state: "recorded" });
});

describe("the file", () => {
  test("R3: has no character of markup in its data, whatever a message contains", async () => {
    const sentence = '</script><script>alert(1)</script><!--<img src=x onerror="alert(1)">';
    const run = runOf({ ...message(), sentence });
    expect(await packRun(run)).toMatch(/^[A-Za-z0-9+/=]+$/);
    const page = await savedRunPage(VIEWER, run);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(await readSavedRun(page)).toEqual(run);
  });

  test.each([
    ["of another kind", async () => "<!doctype html><p>hello", "not_a_saved_run"],
    ["that is too large", async () => "x".repeat(500_001), "saved_run_too_large"],
    ["that is truncated", async () => (await page()).slice(0, 120), "saved_run_damaged"],
    [
      "with damaged data",
      async () => (await page()).replace(/"aauth-run">.{9}/, '"aauth-run">'),
      "saved_run_damaged",
    ],
    ["without data", async () => VIEWER, "saved_run_damaged"],
    ["of another format", () => page({ format: "other" }), "not_a_saved_run"],
    ["of another version", () => page({ version: 1 }), "saved_run_version"],
    ["with a malformed message", () => page({ messages: [null] }), "saved_run_damaged"],
    ["with a number for a text", () => page({ requestId: 1 }), "saved_run_damaged"],
    [
      "with an attack that is none",
      () => page({ attacks: [{ title: "x", what: "x" }] }),
      "saved_run_damaged",
    ],
    ["without a version of AAuth", () => page({ protocol: {} }), "saved_run_damaged"],
    [
      "with too many messages",
      () => withTooMany({ messages: Array(501).fill(message()) }),
      "saved_run_too_large",
    ],
    ["with too many attacks", () => withTooMany({ attacks: Array(101).fill(ATTACK) }), "saved_run_too_large"],
  ])("a file %s is refused with a code", async (_what, make, code) => {
    await expect(make().then(readSavedRun)).rejects.toMatchObject({ name: "SavedRunError", code });
  });

  test("has attacks with both sides, and verifies their messages like others", async () => {
    const evidence = await whole(await agentToken(), [PROVIDERS_KEY]);
    const changed = { ...evidence, body: toBase64(new TextEncoder().encode(BODY.replace("25", "99"))) };
    const attack = { ...ATTACK, aauth: message(changed) };
    const { attacks } = await readSavedRun(await savedRunPage(VIEWER, { ...runOf(), attacks: [attack] }));
    expect(attacks).toEqual([attack]);
    const verdict = await verifySavedMessage(attacks[0]!.aauth, PROFILES);
    expect(verdict).toMatchObject({ state: "refused", reason: expect.stringContaining("digest_mismatch") });
  });

  test("a run is written with as many messages as are read, and not with more", async () => {
    const most = runOf(...Array(500).fill(message()));
    expect((await readSavedRun(await savedRunPage(VIEWER, most))).messages).toHaveLength(500);
    const more = runOf(...Array(501).fill(message()));
    await expect(savedRunPage(VIEWER, more)).rejects.toMatchObject({
      code: "saved_run_too_large",
      message: expect.stringContaining("at most 500 messages"),
    });
  });

  test("data that decompress to more than the bound are not read", async () => {
    const bomb = new Blob(["a".repeat(9_000_000)]).stream().pipeThrough(new CompressionStream("gzip"));
    const data = toBase64(new Uint8Array(await new Response(bomb).arrayBuffer()));
    const file = VIEWER.replace('"aauth-run">', `"aauth-run">${data}`);
    await expect(readSavedRun(file)).rejects.toMatchObject({ code: "saved_run_too_large" });
    await expect(packRun({ ...runOf(), requestId: "x".repeat(8_000_001) })).rejects.toMatchObject({
      code: "saved_run_too_large",
    });
  });
});

const SENT = { start: "POST /orders", headers: [{ name: "authorization", value: "Bearer x…" }], body: "{}" };
const ATTACK: SavedAttack = {
  title: "Change one byte of the body",
  what: "One byte changes.",
  aauth: message(),
  bearer: {
    status: 201,
    outcome: "25 became 2,500",
    exchanges: [{ sender: "An intruder", request: SENT, response: { start: "Status 201", headers: [] } }],
  },
};

const page = (changes: object = {}) => savedRunPage(VIEWER, { ...runOf(message()), ...changes } as SavedRun);

/** A file that `savedRunPage` does not write. */
async function withTooMany(changes: Partial<SavedRun>): Promise<string> {
  const json = JSON.stringify({ ...runOf(), ...changes });
  const stream = new Blob([json]).stream().pipeThrough(new CompressionStream("gzip"));
  const data = toBase64(new Uint8Array(await new Response(stream).arrayBuffer()));
  return VIEWER.replace('"aauth-run">', `"aauth-run">${data}`);
}
