import { createMemoryStores } from "aauth";
import { createLogger } from "agent-kit/service";
import type { DelegateRun } from "backend-api";
import { expect, it } from "vitest";
import { DelegatesService } from "../../src/delegates/delegates-service.ts";

const AT = "2026-03-01T12:00:00.000Z";
const report = (text: string): DelegateRun => ({
  started_at: AT,
  ended_at: AT,
  status: "completed",
  prompt: "optimize",
  steps: [],
  report: text,
});
const jwk = { kty: "OKP", crv: "Ed25519", x: "x" } as const;
const SCOUT = { sub: "scout", name: "Scout", jwk, url: "http://scout.localhost:1" };
const MUTE = { sub: "mute", name: "Mute", jwk };

function scripted(...reports: (string | Error)[]) {
  return new DelegatesService({
    agent: "http://backend.localhost:8000",
    enrolments: {
      list: async () => [SCOUT, MUTE],
      find: async (sub) => [SCOUT, MUTE].find((entry) => entry.sub === sub),
    },
    issued: createMemoryStores().records("test"),
    stores: createMemoryStores(),
    clientOf: () => ({
      run: async () => {
        const next = reports.shift()!;
        if (typeof next !== "string") throw next;
        return report(next);
      },
      isRunning: async () => true,
    }),
    timeoutSeconds: 60,
    logger: createLogger({ service: "t", destination: { write: () => {} } }),
    now: () => 0,
  });
}

it("X8: a report is only for the user who ran the delegate", async () => {
  const delegates = scripted("for anna", "for bert");
  const lastOf = async (user: string) => (await delegates.list(user)).delegates[0]?.last_run?.report;
  expect((await delegates.run("anna", "scout")).last_run?.report).toBe("for anna");
  expect([await lastOf("anna"), await lastOf("bert")]).toEqual(["for anna", undefined]);
  await delegates.run("bert", "scout");
  expect([await lastOf("anna"), await lastOf("bert")]).toEqual(["for anna", "for bert"]);
});

it("a delegate that is unknown, or has no address, cannot be run", async () => {
  const delegates = scripted();
  await expect(delegates.run("anna", "nobody")).rejects.toMatchObject({ kind: "not_found" });
  await expect(delegates.run("anna", "mute")).rejects.toMatchObject({ kind: "conflict" });
});

it("one that does not answer in time is running, and one that does not answer at all is not", async () => {
  const refused = new TypeError("fetch failed", {
    cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
  });
  const delegates = scripted(new DOMException("x", "TimeoutError"), refused);
  const messageOf = () => delegates.run("anna", "scout").catch((error: Error) => error.message);
  expect(await messageOf()).toMatch(/^The delegate did not answer within 60 seconds/);
  expect(await messageOf()).toMatch(/^The delegate is not responding; start it/);
});
