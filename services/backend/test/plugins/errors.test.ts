import { StoreFullError } from "aauth";
import Fastify from "fastify";
import { expect, test } from "vitest";
import { errorReplies } from "../../src/plugins/errors.ts";

test("A9: a user for whom there is no room is answered with 503 and a code, and may come back", async () => {
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
