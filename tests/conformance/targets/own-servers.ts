/**
 * Our person server and access server as targets, without a page: decisions are function calls.
 *
 * @module
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createAddressMap, createDiscovery, generateSigningKey, type Stores } from "aauth";
import { createAccessServer, createPersonServer, type WaitingRequest } from "aauth/server";
import {
  ACCESS_SERVER_CHECKS,
  createServerBench,
  createTarget,
  createWorld,
  type Decide,
  listen,
  PERSON_SERVER_CHECKS,
  runChecks,
} from "aauth-conformance";
import type { StartedTarget } from "./own-resource.ts";

const SERVER = "https://target.example";
/** Scope on which the resource's owner decides. */
const OWNER_SCOPE = "data.owner";
const PERSON = "alice";

interface StartedServer extends StartedTarget {
  readonly decide: Decide;
}

/**
 * Starts our server of a role, with the bench that tests it.
 *
 * @param stores shared by two replicas, which take turns. Default: one process with its own
 */
export async function startOwnServer(role: "person" | "access", stores?: Stores) {
  const world = createWorld("conformance.example");
  const listener = await listen(world);
  const { as, ps, "ps-other": other, resource } = world.parties;
  const peers = Object.fromEntries(Object.values(world.parties).map(({ id }) => [id, listener.address]));
  const map = createAddressMap(peers);
  const key = await generateSigningKey({ kid: "target-1" });
  const subjectSecret = crypto.getRandomValues(new Uint8Array(32));
  const startOne = () => {
    const discovery = createDiscovery({ transport: map.documents });
    const own = { issuer: SERVER, key, discovery, transport: map.requests, stores, observer: () => {} };
    if (role === "person") {
      const server = createPersonServer({ ...own, subjectSecret, accessServers: [as.id] });
      return start(server, {
        approve: (reference, version) => server.approve(reference, { version, person: PERSON }),
        deny: (reference) => server.deny(reference, { person: PERSON }),
      });
    }
    const server = createAccessServer({
      ...own,
      resources: [resource.id],
      personServers: [ps.id, other.id],
      decide: ({ scopes }) => ({ type: scopes.includes(OWNER_SCOPE) ? "interaction" : "grant" }),
    });
    return start(server, {
      approve: (reference, version) => server.approve(reference, { version }),
      deny: (reference) => server.deny(reference),
    });
  };
  const started = stores === undefined ? [await startOne()] : [await startOne(), await startOne()];
  const targets = started.map(({ address }) => createTarget({ map: new Map([[SERVER, address]]), ids: [] }));
  let sent = 0;
  const next = () => targets[sent++ % targets.length]!;
  const bench = await createServerBench({
    target: { ...targets[0]!, send: (message) => next().send(message), get: (url) => next().get(url) },
    world,
    listener,
    id: SERVER,
    document: `aauth-${role}.json`,
    decide: started.at(-1)!.decide,
    has: ["federation", "clarification"],
    ownerScope: role === "access" ? OWNER_SCOPE : undefined,
  });
  return { bench, close: () => Promise.all([...started, listener].map((own) => own.close())) };
}

/** Verdicts of all checks of a role. */
export async function checkOwnServer(role: "person" | "access", stores?: Stores) {
  const { bench, close } = await startOwnServer(role, stores);
  try {
    return await runChecks(role === "person" ? PERSON_SERVER_CHECKS : ACCESS_SERVER_CHECKS, bench);
  } finally {
    await close();
  }
}

/** What is not green, one line each. */
export const badOf = (results: Awaited<ReturnType<typeof runChecks>>): readonly string[] =>
  results
    .filter(({ verdict }) => verdict !== "passed" && verdict !== "skipped")
    .map(({ id, verdict, reason }) => `${id} ${verdict}: ${reason}`);

type Served = Pick<ReturnType<typeof createPersonServer>, "handle" | "open" | "find" | "ask">;

async function start(
  server: Served,
  page: Record<"approve" | "deny", (reference: string, version: number) => Promise<string>>,
): Promise<StartedServer> {
  const http = createServer((request, response) => {
    answer(server, request)
      .then(({ status, headers, body }) => response.writeHead(status, { ...headers }).end(body))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const opened = new Map<string, WaitingRequest>();
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => http.close(() => resolve())),
    async decide(decision, { code }) {
      const first = opened.get(code) ?? (await server.open(code, "suite"));
      if (typeof first === "string") throw new Error(`the code was refused: ${first}`);
      opened.set(code, first);
      const { reference, version } = (await server.find(first.reference))!;
      const outcome =
        decision === "ask"
          ? await server.ask(reference, { question: "Why?" })
          : await page[decision](reference, version);
      if (outcome !== "done") throw new Error(`${decision} ended with ${outcome}`);
    },
  };
}

async function answer(server: Served, request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = [value].flat().join(", ");
  const body = chunks.length === 0 ? undefined : new Uint8Array(Buffer.concat(chunks));
  const { method = "", url: target = "" } = request;
  return (await server.handle({ method, target, headers, body })) ?? { status: 404, headers: {}, body: "" };
}
