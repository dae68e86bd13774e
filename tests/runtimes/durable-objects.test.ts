/**
 * Stores in Durable Objects of a real workerd: their contracts, and state shared by two isolates.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimStoreContract, recordStoreContract } from "aauth/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { draft11Parties } from "./parties.ts";
import { startIsolates } from "./runtime-servers.ts";
import type { Started } from "./server-under-test.ts";
import { exchange, wireOf } from "./wire.ts";

const folders: string[] = [];
const folder = async () => {
  const made = await mkdtemp(join(tmpdir(), "objects-"));
  folders.push(made);
  return made;
};
afterAll(() => Promise.all(folders.map((made) => rm(made, { recursive: true }))));

describe("in workerd", () => {
  let server: Started;
  beforeAll(async () => {
    [server] = await startIsolates("store-contract.ts", {}, await folder());
  });
  afterAll(async () => void (await server.stop()));

  const run = async (suite: string, title: string) => {
    const body = JSON.stringify([suite, title]);
    const response = await fetch(`http://127.0.0.1:${server.port}`, { method: "POST", body });
    expect(await response.text()).toBe("holds");
  };
  test.each(claimStoreContract)("a claim store $title", ({ title }) => run("claims", title));
  test.each(recordStoreContract)("a record store $title", ({ title }) => run("records", title));
});

test("V26: one of two identical signed POSTs at two isolates is served, and neither after a restart", async () => {
  const parties = await draft11Parties();
  onTestFinished(() => parties.stop());
  const objects = await folder();
  const start = () => startIsolates("workerd.ts", { SETTINGS: JSON.stringify(parties.settings) }, objects);
  const servers = await start();
  onTestFinished(async () => void (await servers[0].stop()));
  const request = wireOf(await parties.sign({ method: "POST", body: "once" }));
  const replies = await Promise.all(servers.map(({ port }) => exchange(port, request)));
  expect(replies.map(({ status, code }) => [status, code]).sort()).toEqual([
    [200, undefined],
    [401, "signature_replayed"],
  ]);
  expect(replies.filter(({ isServed }) => isServed)).toHaveLength(1);

  await servers[0].stop();
  const [restarted] = await start();
  onTestFinished(async () => void (await restarted.stop()));
  const { status, code } = await exchange(restarted.port, request);
  expect([status, code]).toEqual([401, "signature_replayed"]);
});
