import { readFileSync } from "node:fs";
import { toBase64 } from "aauth-explain";
import { type Message, readProtocolRun } from "protocol-trace/read";
import { expect, it } from "vitest";
import { curlOf } from "../../../src/features/take-along/curl.ts";
import { harOf } from "../../../src/features/take-along/har.ts";
import { isOf, savedRunOf } from "../../../src/features/take-along/saved-run.ts";

const recorded = new URL(
  "../../../../packages/protocol-trace/test/read/recorded/user-delegated.json",
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
  endpoint: "resource",
  body: toBase64(new Uint8Array([39])),
  keys: [],
};

it("a HAR has the signed requests, and says that values are cut", () => {
  const { log } = JSON.parse(harOf(run));
  expect(log.entries).toHaveLength(run.messages.filter(({ signer }) => signer).length);
  expect(log.entries.map(({ comment }: { comment: string }) => comment).join()).toContain("are cut");
});

it("a copied command says that it is refused when it is sent, and where it is cut", () => {
  expect(curlOf(message, undefined)).toMatch(/^# A signed request is good once.*\n# Values with … are cut/);
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
  const { messages } = savedRunOf({ requestId: "r", run, evidence: [evidence], now: 1 });
  expect(messages.filter((saved) => saved.evidence)).toHaveLength(1);
  expect(messages.every((saved) => (saved.evidence === undefined) === (saved.request !== undefined))).toBe(
    true,
  );
});
