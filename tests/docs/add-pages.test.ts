/** The code of docs/add-a-store.md and docs/add-a-gate.md does what the pages say. */

import { readFile, rm, writeFile } from "node:fs/promises";
import { agentProviderMetadata, type ClaimStore, generateSigningKey, type StoreBounds, toJwks } from "aauth";
import { createResource } from "aauth/resource";
import { issueAgentToken } from "aauth/server";
import { claimStoreContract, createTestDiscovery, signedRequest, testKey } from "aauth/testing";
import { afterAll, describe, expect, test } from "vitest";
import { programsFolder } from "../support/guide-programs.ts";

const folder = await programsFolder();
afterAll(() => rm(folder, { recursive: true }));

/** The module that is the first block of a page. */
async function moduleOf<Module>(page: string): Promise<Module> {
  const text = await readFile(new URL(`../../docs/${page}.md`, import.meta.url), "utf8");
  const file = `${folder}/${page}.ts`;
  await writeFile(file, /```ts\n([\s\S]*?)```/.exec(text)![1]!);
  return import(/* @vite-ignore */ file);
}

describe("docs/add-a-store.md", async () => {
  interface Journal {
    openJournal(
      options: { readonly path: string; readonly now?: () => number },
      bounds?: StoreBounds,
    ): Promise<ClaimStore>;
  }
  const { openJournal } = await moduleOf<Journal>("add-a-store");
  let files = 0;

  test.each(claimStoreContract)("$title", ({ run }) =>
    run(async (bounds) => {
      let seconds = 1_800_000_000;
      const path = `${folder}/claims-${files++}`;
      return {
        store: await openJournal({ path, now: () => seconds }, bounds),
        advance(by) {
          seconds += by;
        },
      };
    }),
  );

  test("knows its claims after a restart, but for a line that was cut off", async () => {
    const path = `${folder}/claims`;
    const terms = { owner: "bob", quota: "own", ttlSeconds: 60 } as const;
    expect(await (await openJournal({ path })).putIfAbsent("a", terms)).toBe(true);
    await writeFile(path, '["b",{"owner"', { flag: "a" });
    const restarted = await openJournal({ path });
    expect(await restarted.putIfAbsent("a", terms)).toBe(false);
    expect(await restarted.putIfAbsent("b", terms)).toBe(true);
  });
});

test("the gate of docs/add-a-gate.md accepts only a signed event", async () => {
  interface Result {
    readonly statusCode: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }
  interface Gate {
    protectEvents(
      resource: unknown,
      requirement: { readonly level: string },
      handler: (event: unknown, caller: { agent: string }) => Promise<Result>,
    ): (event: unknown) => Promise<Result>;
  }
  const { protectEvents } = await moduleOf<Gate>("add-a-gate");
  const [issuer, id, key] = ["https://agent.example", "https://reports.example", await testKey("A")];
  const agent = "aauth:planner@agent.example";
  const documents = {
    [`${issuer}/.well-known/aauth-agent.json`]: agentProviderMetadata({ issuer }),
    [`${issuer}/jwks.json`]: toJwks([key]),
  };
  const resource = createResource({
    resource: id,
    key: await generateSigningKey({ kid: "reports-1" }),
    discovery: createTestDiscovery({ documents }),
  });
  const gate = protectEvents(resource, { level: "agent-token" }, async (_event, caller) => ({
    statusCode: 200,
    headers: {},
    body: caller.agent,
  }));
  const event = { rawQueryString: "", isBase64Encoded: false, requestContext: { http: { method: "GET" } } };
  const { token } = await issueAgentToken({ issuer, agent, key, confirmationKey: key.publicJwk });
  const signatureKey = { scheme: "jwt", jwt: token } as const;
  const { headers } = await signedRequest({ url: `${id}/reports`, key, signatureKey });
  const answers = await Promise.all(
    [
      { rawPath: "/reports", headers },
      { rawPath: "/other", headers },
      { rawPath: "/reports", headers: {} },
      { rawPath: "/jwks.json", headers: {} },
    ].map((over) => gate({ ...event, ...over })),
  );
  expect(answers.map(({ statusCode, body }) => [statusCode, statusCode === 200 && body])).toEqual([
    [200, agent],
    [401, false],
    [401, false],
    [200, expect.stringContaining("reports-1")],
  ]);
  expect(() => protectEvents(resource, { level: "none" }, expect.fail)).toThrow(TypeError);
});
