import { expect, test } from "vitest";
import { endlessBody } from "../../../../packages/agent-kit/test/service/support/endless-body.ts";
import type { ForgedRequest } from "../../src/break-it/forged-request.ts";
import { sendForged } from "../../src/break-it/send-forged.ts";

test("of the answer to the honest first of two requests no more than 1 MiB is read", async () => {
  const forged = { method: "POST", url: "http://a.localhost/", headers: {}, key: {}, twice: true };
  const { body, read } = endlessBody();
  const sent = sendForged(async () => forged as unknown as ForgedRequest, {
    transport: async () => new Response(body),
    runId: "r",
    variant: "replay",
    timeoutMs: 5000,
  });
  await expect(sent).rejects.toThrow("is larger than 1048576 bytes");
  expect(read.bytes).toBeLessThan(2_000_000);
});

test.each([401, 403])("a replay of a request that gets %i has no outcome", async (status) => {
  const forged = { method: "POST", url: "http://a.localhost/", headers: {}, key: {}, twice: true };
  const sent = sendForged(async () => forged as unknown as ForgedRequest, {
    transport: async () => new Response("", { status }),
    runId: "r",
    variant: "replay",
    timeoutMs: 5000,
  });
  await expect(sent).rejects.toMatchObject({ code: "token_not_accepted" });
});
