import { cpSync, globSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { installLocalhostLookup } from "agent-kit/service";
import { MODE_NAMES, MODE_PORTS, MODES, PORTS } from "topology";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modePorts } from "../../scripts/demo/demo-modes.ts";
import { DEMO_PORTS, REPOSITORY_ROOT, stackUrls } from "../../scripts/demo/stack.ts";
import { isTaken } from "../../scripts/demo/taken-ports.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { type Left, type ModesHost, startModesHost } from "../support/modes-host.ts";
import { signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { decideAtPages } from "../support/person-run.ts";

installLocalhostLookup();

let host: ModesHost;
beforeAll(async () => {
  host = await startModesHost();
});
afterAll(() => host?.end());

const folderOf = (name: "federated" | "user-delegated") =>
  `${REPOSITORY_ROOT}.data/${MODES[name].profile}-${name}-${host.ports[name].backend}`;
const userOf = (name: keyof typeof MODES) => signIn({ urls: stackUrls(host.ports[name]) });
const isUp = async (name: keyof typeof MODES) =>
  (await fetch(`http://127.0.0.1:${host.ports[name].backend}/health`)).ok;
const takenPorts = async (name: keyof typeof MODES) => {
  const ports = Object.values(host.ports[name]);
  const taken = await Promise.all(ports.map(isTaken));
  return ports.filter((_, index) => taken[index]);
};

test("each mode has a block of ports that it shares with nothing else", () => {
  const blocks = MODE_NAMES.map((name) => Object.values(modePorts(name)));
  const ports = [...Object.values(DEMO_PORTS), ...blocks.flat()];
  expect(new Set(ports).size).toBe(ports.length);
  for (const block of blocks) {
    expect(block).toHaveLength(Object.keys(PORTS).length);
    expect(Math.max(...block) - Math.min(...block)).toBeLessThan(MODE_PORTS);
  }
});

test("modes of both protocols run side by side and do not see each other, and continue after a kill", async () => {
  const names = ["federated", "user-delegated"] as const;
  // Shared by the two presses on the first.
  const urls = await host.start(...names, "federated");
  expect(urls[2]).toEqual(urls[0]);
  expect(host.text().match(/federated is ready/g)).toHaveLength(1);
  expect(host.text()).toMatch(/^federated: backend +\| /m);
  const user = await userOf("federated");
  const [{ end }, delegated] = await Promise.all([
    decideAtPages(user, await user.run()),
    runWithConsent({ urls: urls[1]! }, WITH_MARKET_ANALYSIS.custom_prompt),
  ]);
  const ends = [end, delegated];
  for (const [index, name] of names.entries()) {
    expect(ends[index]).toMatchObject({ status: "completed" });
    const other = await userOf(names[1 - index]!);
    expect((await other.get(`/optimization/progress/${ends[index]!.request_id}`)).status).toBe(404);
    expect(await isUp(name)).toBe(true);
  }
  await host.restart();
  await host.start(...names);
  for (const [index, name] of names.entries()) {
    const user = await userOf(name);
    const kept = await user.get(`/optimization/progress/${ends[index]!.request_id}`);
    expect(await kept.json()).toMatchObject({ status: "completed" });
  }
  // The person's grant, too.
  const again = await userOf("federated");
  expect((await decideAtPages(again, await again.run())).visits).toEqual([]);
});

test("a service that throws ends its own mode alone, closes it, and the mode starts again", async () => {
  await host.start("federated", "user-delegated");
  const port = host.ports.federated.gatewayAuthz;
  await fetch(`http://127.0.0.1:${port}/health`, { headers: { fail: "yes" } }).catch(() => {});
  await expect.poll(() => host.ask("names")).toEqual(["user-delegated"]);
  expect(host.text()).toContain(
    "federated: gateway-authz stopped by an unexpected error.\nThis mode is stopped, the others continue.",
  );
  expect(await takenPorts("federated")).toEqual([]);
  expect(await isUp("user-delegated")).toBe(true);
  await host.start("federated");
  expect(await isUp("federated")).toBe(true);
  await host.ask("stop", { names: ["federated", "user-delegated"] });
});

test("a mode that fails as it starts leaves nothing, and starts once the reason is gone", async () => {
  await host.ask("setEnv", { variables: { BACKEND_A2A_VERSION: "none" } });
  await expect(host.start("federated")).rejects.toMatchObject({
    code: "service_died",
    message: expect.stringMatching(/^backend could not be started\. .*\n.*\n.*BACKEND_A2A_VERSION/),
  });
  expect(await host.ask("names")).toEqual([]);
  expect(await takenPorts("federated")).toEqual([]);
  await host.ask("setEnv", { variables: { BACKEND_A2A_VERSION: "" } });
  const port = host.ports.federated.traceStore;
  const other = createServer().listen(port, "127.0.0.1");
  await expect(host.start("federated")).rejects.toMatchObject({
    code: "ports_taken",
    message: `A port is taken by another process:\n  ${port}  needed by trace store\nStop that process (lsof -i :PORT names it). Nothing was started.`,
  });
  other.close();
  await host.start("federated");
  await host.ask("stop", { names: ["federated"] });
});

test("a stop ends a start and waits, a later start waits for the stop, and only modes of the list start", async () => {
  const start = host.start("federated");
  const refused = expect(start).rejects.toMatchObject({ code: "mode_stopped" });
  await host.ask("stop", { names: ["federated"] });
  expect(await takenPorts("federated")).toEqual([]);
  await refused;
  await host.start("federated");
  const stop = host.ask("stop", { names: ["federated"] });
  await host.start("federated");
  await stop;
  expect(await isUp("federated")).toBe(true);
  // The demo's own is not started a second time.
  expect(await host.start("autonomous")).toEqual([stackUrls(DEMO_PORTS)]);
  expect(await host.ask("names")).toEqual(["federated"]);
  for (const name of ["", "toString", "__proto__", "../federated"])
    await expect(host.start(name)).rejects.toMatchObject({ code: "unknown_mode" });
  await host.ask("stop", { names: ["federated", "autonomous"] });
});

test("the state of another mode is refused, and neither opened nor lost", async () => {
  await host.start("user-delegated");
  await host.ask("stop", { names: ["user-delegated"] });
  rmSync(folderOf("federated"), { recursive: true });
  cpSync(folderOf("user-delegated"), folderOf("federated"), { recursive: true });
  const files = () => globSync(`${folderOf("federated")}/*`).sort();
  const before = files();
  await expect(host.start("federated")).rejects.toMatchObject({
    code: "state_of_other_mode",
    message: expect.stringContaining(
      "keeps the state of february-2026 user-delegated, and this is draft-11 federated. Nothing was started",
    ),
  });
  expect(files()).toEqual(before);
  rmSync(folderOf("federated"), { recursive: true });
});

test("fifty starts and stops of two modes leave no handle and no memory", async () => {
  const half = { names: ["federated", "user-delegated"], times: 25 };
  // The first half fills caches and the heap.
  await host.ask("cycle", half);
  const before = (await host.ask("rest")) as Left;
  await host.ask("cycle", half);
  const after = (await host.ask("rest")) as Left;
  expect(after.resources).toEqual(before.resources);
  expect(after.usedMib - before.usedMib).toBeLessThan(2.5);
  expect(after.residentMib - before.residentMib).toBeLessThan(40);
}, 180_000);
