import Fastify, { type FastifyInstance } from "fastify";
import { ATTRIBUTE } from "protocol-trace";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  type RecordedSpans,
  recordSpans,
} from "../../../../packages/protocol-trace/test/support/recorded-spans.ts";
import { traceUserRequests } from "../../src/plugins/trace-user-requests.ts";

const TOKEN = `eyJ${"a".repeat(40)}.${"b".repeat(20)}.${"c".repeat(20)}`;
const CONSENT = "http://auth/consent?request_token=opaque-and-secret&state=as-secret";

let spans: RecordedSpans;
let app: FastifyInstance;
beforeEach(() => {
  spans = recordSpans();
  app = Fastify();
  traceUserRequests(app);
  app.post("/start", async () => ({ consent_required: true, consent_url: CONSENT, request_id: "1" }));
});
afterEach(async () => {
  spans.stop();
  await app.close();
});

test("shows requests and answers, without credentials and secrets of pages", async () => {
  const span = await spans.within(() =>
    app.inject({
      method: "POST",
      url: "/start",
      headers: { authorization: `Bearer ${TOKEN}`, cookie: "session=1", "x-id-token": TOKEN },
      payload: { prompt: `optimize ${TOKEN}` },
    }),
  );
  const { attributes } = span;
  expect(JSON.parse(String(attributes[ATTRIBUTE.requestBody]))).toEqual({
    prompt: expect.stringMatching(/^optimize eyJ/),
  });
  expect(JSON.parse(String(attributes[ATTRIBUTE.responseBody]))).toEqual({
    consent_required: true,
    consent_url: "http://auth/consent?…",
    request_id: "1",
  });
  const headers = JSON.parse(String(attributes[ATTRIBUTE.requestHeaders]));
  expect(headers["content-type"]).toBe("application/json");
  for (const name of ["authorization", "cookie", "x-id-token"]) expect(headers).not.toHaveProperty(name);
  expect(JSON.stringify(attributes)).not.toMatch(/secret|eyJ[\w-]{20}|session=1/);
});
