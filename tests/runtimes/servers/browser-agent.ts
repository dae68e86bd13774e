/** An agent in a page. The page's server gives it agent tokens, and opens its person's pages. */

import { createAddressMap, createDiscovery, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import { SERVED } from "./reports.ts";

/** Settings that the page receives from the test. */
export interface PageSettings {
  readonly id: string;
  readonly personServer: string;
  readonly url: string;
  /** Addresses of the parties, by identifier. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** An answer as the page has read it. */
export interface PageAnswer {
  readonly status: number;
  readonly isServed: boolean;
  readonly text: string;
}

const post = async (path: string, body: string) => (await fetch(path, { method: "POST", body })).text();

/** Calls a resource with a new key: twice, and with a body. */
async function callResource(settings: PageSettings): Promise<readonly PageAnswer[]> {
  const { id, personServer, url, endpoints } = settings;
  const map = createAddressMap(endpoints);
  const key = await generateSigningKey({ kid: "page-1" });
  const agent = createAgent({
    id,
    key,
    personServer,
    agentToken: () => post("/agent-token", JSON.stringify(key.publicJwk)),
    discovery: createDiscovery({ addresses: map }),
  });
  const onInteraction = async ({ page }: { page: string }) => void (await post("/approve", page));
  const signedFetch = agent.fetchFor({ loginHint: "dana", onInteraction });
  const answers: PageAnswer[] = [];
  for (const init of [{}, {}, { method: "POST", body: "from a page" }]) {
    const response = await signedFetch(url, init);
    const { status, headers } = response;
    answers.push({ status, isServed: headers.has(SERVED), text: await response.text() });
  }
  return answers;
}

Object.assign(globalThis, { callResource });
