import { createMemoryStores, type Stores } from "aauth";
import { expect, test } from "vitest";
import { createGrants } from "../../src/february-2026/grants.ts";

/** Stores of 200 entries, half of which one owner may use. */
function smallStores(): Pick<Stores, "records"> {
  const stores = createMemoryStores({ now: () => 1_730_217_600 });
  return { records: (name) => stores.records(name, { maxEntries: 200 }) };
}

const WISH = {
  key: { kty: "OKP", crv: "Ed25519", x: "" } as const,
  thumbprint: "",
  resource: "http://resource.localhost",
  scope: "s",
  redirectUri: "http://backend.localhost/callback",
  subject: "user",
};

/**
 * Request tokens, codes and refresh tokens: one of each for the demo's backend, then a flood of
 * others'.
 */
async function backendsAfter(flood: (index: number) => { agent: string; agentDelegate?: string }) {
  const grants = createGrants(smallStores());
  const request = (party: { agent: string; agentDelegate?: string }) => ({ ...WISH, ...party });
  const found: boolean[] = [];
  for (const store of [grants.consentRequests, grants.codes, grants.refreshTokens]) {
    const waiting = await store.issue(request({ agent: "http://backend.localhost" }), 60);
    for (let index = 0; index < 500; index++) await store.issue(request(flood(index)), 60).catch(() => {});
    found.push((await store.find(waiting)) !== undefined);
  }
  return found;
}

test("one agent, whatever delegates it makes, cannot push out the consents that others wait for", async () => {
  const flood = (index: number) => ({ agent: "http://greedy.localhost", agentDelegate: `delegate-${index}` });
  expect(await backendsAfter(flood)).toEqual([true, true, true]);
});

test("one host cannot push out others' grants, whatever its agents, ports and unnamed keys", async () => {
  for (const agent of [
    "http://greedy.localhost/agent-",
    "http://greedy.localhost:1",
    "http://greedy.localhost.:1",
  ]) {
    expect(await backendsAfter((index) => ({ agent: `${agent}${index}` }))).toEqual([true, true, true]);
  }
  const keys = (index: number) => ({ agent: `pseudonymous:${index}` });
  expect(await backendsAfter(keys)).toEqual([true, true, true]);
});

test("fifty hosts cannot push out others' grants", async () => {
  const flood = (index: number) => ({ agent: `http://greedy-${index % 50}.localhost` });
  expect(await backendsAfter(flood)).toEqual([true, true, true]);
});

test("A9: one domain, with a wildcard in DNS and any number of names, leaves room for more than one pending consent", async () => {
  const { consentRequests } = createGrants(smallStores());
  const issue = (agent: string) => consentRequests.issue({ ...WISH, agent }, 60);
  for (let index = 0; index < 300; index++) {
    await issue(`https://x${index}.wild.example.com`).catch(() => {});
  }
  const own: string[] = [];
  for (let index = 0; index < 5; index++) own.push(await issue("https://backend.example.org"));
  const found = await Promise.all(own.map((token) => consentRequests.find(token)));
  expect(found).not.toContain(undefined);
});

test("A9: no number of owners pushes out a pending consent: owners without room are refused", async () => {
  const { consentRequests } = createGrants(smallStores());
  const waiting = await consentRequests.issue({ ...WISH, agent: "https://backend.example.org" }, 60);
  const codes = new Set<unknown>();
  for (let index = 0; index < 300; index++) {
    const agent = `https://owner-${index}.example`;
    await consentRequests
      .issue({ ...WISH, agent }, 60)
      .catch((error: { code: string }) => codes.add(error.code));
  }
  expect([...codes]).toEqual(["store_full"]);
  expect(await consentRequests.find(waiting)).toBeDefined();
});
