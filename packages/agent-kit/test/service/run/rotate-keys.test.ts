import { createKeyRing, generateSigningKey, type HeldKey } from "aauth";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { rotateKeys } from "../../../src/service/index.ts";

const EVERY = 60;
let app: FastifyInstance;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  app = Fastify();
});
afterEach(async () => {
  await app.close();
  vi.useRealTimers();
});

/** A ring whose newest key has this age. */
async function ringOfAge(seconds: number) {
  const key = await generateSigningKey({ kid: "key-1" });
  const held: HeldKey[] = [{ key, announcedAt: Math.floor(Date.now() / 1000) - seconds, keepSeconds: 0 }];
  return createKeyRing({ key: held, create: (sequence) => generateSigningKey({ kid: `key-${sequence}` }) });
}

it("replaces a key at the age that is set, and at the start one that is older", async () => {
  const [fresh, old] = [await ringOfAge(0), await ringOfAge(EVERY)];
  for (const ring of [fresh, old]) rotateKeys(app, ring, EVERY);
  await app.ready();
  await expect.poll(() => old.held().length).toBe(2);
  expect(fresh.held()).toHaveLength(1);
  vi.advanceTimersByTime(EVERY * 1000);
  await expect.poll(() => [fresh.held().length, old.held().length]).toEqual([2, 3]);
});

it("leaves a key that another process has made since the last time", async () => {
  const ring = await ringOfAge(0);
  rotateKeys(app, ring, EVERY);
  await app.ready();
  vi.advanceTimersByTime((EVERY * 1000) / 2);
  await ring.rotate();
  vi.advanceTimersByTime((EVERY * 1000) / 2);
  expect(ring.held()).toHaveLength(2);
});

it("never rotates at 0, nor after the service is closed", async () => {
  const ring = await ringOfAge(10 * EVERY);
  rotateKeys(app, ring, 0);
  await app.ready();
  vi.advanceTimersByTime(10 * EVERY * 1000);
  const closed = await ringOfAge(0);
  const other = Fastify();
  rotateKeys(other, closed, EVERY);
  await other.ready();
  await other.close();
  vi.advanceTimersByTime(EVERY * 1000);
  expect([ring.held().length, closed.held().length]).toEqual([1, 1]);
});
