import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findingText, shownFinding } from "../../../src/features/explain/finding.ts";
import { readFindings } from "../../../src/features/explain/read-findings.ts";

const HAR = readFileSync(new URL("../../../../docs/samples/draft-11.har", import.meta.url), "utf8");
const secrets = [
  ...[...HAR.matchAll(/eyJ[\w-]+\.([\w-]+)\.([\w-]+)/g)].flatMap(([, ...parts]) => parts),
  ...[...HAR.matchAll(/sig=:.{20}(.{60})/g)].map(([, rest = ""]) => rest),
];
const { findings } = await readFindings(HAR, {}, () => true);

test("R11: without secrets, no part of a token or signature is shown or copied, and no claim is copied", () => {
  expect(findings).toHaveLength(8);
  expect(secrets.length).toBeGreaterThan(20);
  for (const finding of findings) {
    const shown = shownFinding(finding, false);
    const text = findingText(shown, false);
    for (const secret of secrets) expect(JSON.stringify(shown) + text).not.toContain(secret);
    expect(text).not.toMatch(/"(?:iss|cnf|jti)"/);
  }
});

test("with secrets, request and response are copied whole", () => {
  const [first] = findings;
  const text = findingText(shownFinding(first!, true), true);
  expect(secrets.filter((secret) => text.includes(secret)).length).toBeGreaterThan(2);
});

test.each([
  ["authorization", "Bearer opaque-bearer-token-of-someone"],
  ["cookie", "sid=opaque-bearer-token-of-someone"],
  ["aauth-access", "opaque-bearer-token-of-someone"],
])("R11: the field %s is cut", async (name, value) => {
  const [recorded] = JSON.parse(HAR).log.entries;
  recorded.request.headers.push({ name, value });
  const { findings: found } = await readFindings(JSON.stringify(recorded), {}, () => true);
  expect(JSON.stringify(shownFinding(found[0]!, false))).not.toContain("token-of-someone");
});

test("R11: opaque tokens in a body are cut", async () => {
  const [recorded] = JSON.parse(HAR).log.entries;
  for (const text of [
    '{"refresh_token": "opaque-refresh-token-1"}',
    "a=b&subject_token=opaque-refresh-token-1",
  ]) {
    recorded.request.postData = { text };
    const { findings: found } = await readFindings(JSON.stringify(recorded), {}, () => true);
    expect(JSON.stringify(shownFinding(found[0]!, false))).not.toContain("refresh-token-1");
  }
});

test("a long text is cut, and characters that act on the page are escaped", () => {
  const [first] = findings;
  const request = { body: `\u202e${"x".repeat(1_000_000)}` };
  const { message } = shownFinding({ ...first!, message: { ...first!.message, request } }, true);
  expect(message.request.body).toMatch(/^\\u202ex{100,20000}… \(cut\)$/);
});

test("ends when its result is no longer wanted", async () => {
  let count = 0;
  await readFindings(HAR, {}, () => ++count < 3);
  expect(count).toBe(3);
});
