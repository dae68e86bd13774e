import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type RecordedSpans,
  recordSpans,
} from "../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { check, checkHeaders, setUp } from "./parties.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

let spans: RecordedSpans;
beforeEach(() => {
  spans = recordSpans();
});
afterEach(() => spans.stop());

test.each<[string, Record<string, string>, number, string]>([
  ["a malformed method", { "x-aauth-method": "PO ST" }, 400, "unusable_request"],
  ["a gateway that is set up wrongly", { "x-aauth-mode": "lenient" }, 500, "unusable_check"],
  ["no signature", { "x-aauth-mode": "strict" }, 401, "missing_signature"],
  ["another authority", { "x-aauth-authority": "other.test" }, 421, "unknown_authority"],
])("a refusal's span has the code that was answered: %s", async (_name, change, status, code) => {
  const { app, lines } = await setUp();
  expect(await check(app, { ...checkHeaders("POST", URL_ROOT), ...change })).toMatchObject({ status });
  const { attributes } = spans.finished().at(-1)!;
  expect(attributes).toMatchObject({ "http.response.status_code": status, "aauth.error.code": code });
  expect(lines.join("\n")).toContain(code);
});

test("an internal error has one code in log and span", async () => {
  const { app, signed, schemes, discovery, lines } = await setUp();
  const headers = await signed(schemes.jwks);
  Object.assign(discovery, { key: () => Promise.reject(new Error("inside")) });
  expect(await check(app, headers)).toMatchObject({ status: 503 });
  expect(spans.finished().at(-1)!.attributes["aauth.error.code"]).toBe("verification_unavailable");
  expect(lines.join("\n")).toContain("verification_unavailable");
});
