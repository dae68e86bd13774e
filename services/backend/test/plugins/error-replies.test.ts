import {
  AAuthAgentError,
  AAuthVerificationError,
  StoreFullError,
  StoreUnavailableError,
  TokenRequestError,
} from "aauth";
import { AgentHttpError } from "aauth-a2a";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { errorReplies } from "../../src/plugins/error-replies.ts";

test("A9: a user beyond the quota is answered with 503 and a code, and may come back", async () => {
  const app = Fastify();
  await app.register(errorReplies);
  app.get("/", async () => {
    throw new StoreFullError();
  });
  const { statusCode, body } = await app.inject("/");
  expect([statusCode, JSON.parse(body)]).toEqual([
    503,
    { code: "store_full", detail: expect.stringContaining("try again") },
  ]);
});

test("a store that is down is answered with 503, a code and a time, without its name", async () => {
  const app = Fastify();
  await app.register(errorReplies);
  app.get("/", async () => {
    throw new StoreUnavailableError("postgres at 10.0.0.7");
  });
  const { statusCode, headers, body } = await app.inject("/");
  expect([statusCode, headers["retry-after"]]).toEqual([503, "5"]);
  expect(JSON.parse(body)).toEqual({
    code: "store_unavailable",
    detail: expect.not.stringContaining("10.0"),
  });
});

test.each([
  new AAuthAgentError("invalid_signature", "secret"),
  new AAuthVerificationError("untrusted_agent", "secret"),
  new TokenRequestError("access_denied", "secret", 403),
  new AgentHttpError(401),
])("a peer's status is not the answer to the user: $name", async (error) => {
  const app = Fastify();
  await app.register(errorReplies);
  app.get("/", async () => {
    throw error;
  });
  const { statusCode, body } = await app.inject("/");
  expect(statusCode).toBe(500);
  expect(body).not.toContain("secret");
});
