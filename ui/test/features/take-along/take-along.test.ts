import { readFileSync } from "node:fs";
import { toBase64 } from "aauth-explain";
import { type Message, messageSentence, readProtocolRun } from "aauth-explain/run";
import { expect, it } from "vitest";
import { attacksMade } from "../../../src/features/break-it/attacks-made.ts";
import { curlOf } from "../../../src/features/take-along/curl.ts";
import { harOf } from "../../../src/features/take-along/har.ts";
import { savedAttackOf } from "../../../src/features/take-along/saved-attack.ts";
import { isOf, savedRunOf } from "../../../src/features/take-along/saved-run.ts";

const recorded = new URL(
  "../../../../packages/aauth-explain/test/run/recorded/user-delegated.json",
  import.meta.url,
);
const run = readProtocolRun([JSON.parse(readFileSync(recorded, "utf8"))]);
const message = run.messages.find(({ request }) => request.headers?.signature?.includes("…")) as Message;
const headers = { signature: message.request.headers!.signature!.replace("…", "A".repeat(70)) };
const { method, url } = message;
const evidence = {
  method,
  url,
  headers,
  endpoint: "resource" as const,
  body: toBase64(new Uint8Array([39])),
  keys: [],
};

it("a HAR has the signed requests, and says that values are cut", () => {
  const { log } = JSON.parse(harOf(run));
  expect(log.entries).toHaveLength(run.messages.filter(({ signer }) => signer).length);
  expect(log.entries.map(({ comment }: { comment: string }) => comment).join()).toContain("are truncated");
});

it("a copied command says that it is refused when it is sent, and where it is cut", () => {
  expect(curlOf(message, undefined)).toMatch(
    /^# A signed request is accepted once.*\n# Values with … are truncated/,
  );
  const whole = curlOf(message, evidence);
  expect(whole).not.toContain("…");
  expect(whole).toContain("--data-raw ''\\'''");
});

it("a whole request belongs to the message with the same beginning of the signature alone", () => {
  expect(isOf(evidence, message)).toBe(true);
  expect(isOf({ ...evidence, method: "PUT" }, message)).toBe(false);
  expect(isOf({ ...evidence, headers: { signature: "sig1=:other:" } }, message)).toBe(false);
});

it("a saved message shows either its whole request or the recorded one", () => {
  const protocol = { version: "February 2026", mode: "user-delegated" };
  const saved = savedRunOf({ requestId: "r", protocol, run, evidence: [evidence], attacks: [], now: 1 });
  expect(saved.messages.filter((one) => one.evidence)).toHaveLength(1);
  expect(saved.messages.every((one) => (one.evidence === undefined) === (one.request !== undefined))).toBe(
    true,
  );
  expect(saved.messages.map(({ sentence }) => sentence)).toEqual(run.messages.map(messageSentence));
  expect(saved.protocol).toEqual(protocol);
});

const TOKEN = "b".repeat(43);
const bearerRequest = {
  ...({ method: "GET", url: "http://127.0.0.1:1/report" } as const),
  headers: { authorization: `Bearer ${TOKEN}` },
};
const bearerResponse = { status: 200, body: "{}" };
const sides = (sender: "agent" | "thief") => ({ sender, request: bearerRequest, response: bearerResponse });
const result = {
  ...({ variant: "stolen-token", outcome: "refused", status: 401, refused_by: "gateway" } as const),
  ...({ check: "signature", code: "invalid_signature", as_meant: true, evidence } as const),
  bearer: { succeeded: true, status: 200, exchanges: [sides("agent"), sides("thief")] },
};
const FAILED = { failure: { code: "x", message: "It failed." } };

it("R5: an attack is saved with both sides, and the bearer token cut", () => {
  const made = attacksMade({ "stolen-token": { result }, replay: FAILED }, "draft-11");
  expect(made).toHaveLength(1);
  const attack = savedAttackOf(made[0]!, run);
  expect(attack).toMatchObject({
    title: "Steal the token and use it",
    aauth: { outcome: "refused", status: 401, evidence },
    bearer: { status: 200, outcome: "the thief has the report" },
  });
  expect(attack.aauth.facts.slice(0, 2)).toEqual([
    { name: "Check", value: "signature" },
    { name: "Code", value: "invalid_signature" },
  ]);
  expect(JSON.stringify(attack)).toContain(`Bearer ${TOKEN.slice(0, 12)}…`);
  expect(JSON.stringify(attack)).not.toContain(TOKEN.slice(0, 13));
});

it("an attack without a trace is saved by its outcome", () => {
  const { evidence: _whole, bearer: _bearer, ...bare } = result;
  const [made] = attacksMade({ "stolen-token": { result: bare } }, "draft-11");
  const attack = savedAttackOf(made!, undefined);
  expect(attack.bearer).toBeUndefined();
  expect(attack.aauth).toMatchObject({
    from: "Attacker",
    to: "gateway",
    sentence: "the token belongs to another key; refused by the gateway.",
  });
  expect(attack.aauth.evidence).toBeUndefined();
});
