import { createDiscovery, type DocumentTransport } from "aauth";
import { february2026 } from "aauth/february-2026";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { traceDiscovery } from "../src/index.ts";
import { type RecordedSpans, recordSpans } from "./support/recorded-spans.ts";

const { agent } = await createTestParties();
const documents: Readonly<Record<string, object>> = {
  [`${agent.id}/.well-known/aauth-agent`]: { agent: agent.id, jwks_uri: `${agent.id}/jwks.json` },
  [`${agent.id}/jwks.json`]: { keys: [agent.key.publicJwk] },
};
const transport: DocumentTransport = async (url) => {
  const document = documents[url.href];
  return {
    status: document === undefined ? 404 : 200,
    body: new TextEncoder().encode(JSON.stringify(document)),
  };
};
const create = () => traceDiscovery(createDiscovery({ development: true, transport }));

let spans: RecordedSpans;
beforeEach(() => {
  spans = recordSpans();
});
afterEach(() => spans.stop());

const eventsWithin = async (work: () => Promise<unknown>) =>
  (await spans.within(work)).events.map(({ name, attributes }) => ({ name, ...attributes }));

test("a key is fetched, and the next time cached", async () => {
  const discovery = create();
  const recorded = { name: "aauth.document_fetched", kind: "agent", url: agent.id };
  const find = async () =>
    expect(await discovery.key(february2026.documents.kinds.agent, agent.id, agent.key.kid)).toMatchObject({
      jwk: { kid: agent.key.kid },
    });
  expect(await eventsWithin(find)).toEqual([
    { ...recorded, source: "fetch", duration_ms: expect.any(Number) },
  ]);
  expect(await eventsWithin(find)).toEqual([{ ...recorded, source: "hit", duration_ms: expect.any(Number) }]);
});

test("one that is not found is recorded with its reason, and thrown on", async () => {
  const find = () =>
    expect(
      create().key(february2026.documents.kinds.agent, "http://nobody.localhost?code=abc", "k"),
    ).rejects.toMatchObject({
      code: "discovery_blocked",
    });
  expect(await eventsWithin(find)).toEqual([
    {
      name: "aauth.document_fetched",
      kind: "agent",
      url: "http://nobody.localhost?code=…",
      reason: "discovery_blocked",
      duration_ms: expect.any(Number),
    },
  ]);
});

test("outside a trace it is the discovery that it was given", async () => {
  spans.stop();
  expect(await create().key(february2026.documents.kinds.agent, agent.id, agent.key.kid)).toMatchObject({
    source: "discovery",
  });
  expect(await create().metadata(february2026.documents.kinds.agent, agent.id)).toMatchObject({
    agent: agent.id,
  });
});
