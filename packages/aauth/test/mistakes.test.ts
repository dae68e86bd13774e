/**
 * Mistakes of a new user, made against the public entries. Each message says what is wrong, with
 * which value, and what to do.
 */

import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type AgentOptions, createAgent } from "../src/agent/index.ts";
import { february2026Agent, february2026Tokens } from "../src/february-2026/index.ts";
import { protect as protectFetch } from "../src/gates/fetch.ts";
import { protect } from "../src/gates/node.ts";
import {
  agentProviderMetadata,
  createAddressMap,
  createDiscovery,
  createKeyRing,
  generateSigningKey,
  importSigningKey,
  signRequest,
  toJwks,
} from "../src/index.ts";
import { createResource, createVerifier, type ResourceOptions } from "../src/resource/index.ts";
import { createAccessServer, createPersonServer, issueAgentToken } from "../src/server/index.ts";
import type { Jwks, SigningKey } from "../src/types.ts";
import { createWorld } from "./agent/world.ts";

const [AGENT, PROVIDER] = ["aauth:planner@agent.example", "https://agent.example"];
const [RESOURCE, PERSON_SERVER] = ["https://resource.example", "https://ps.example"];
const [key, other] = [await generateSigningKey({ kid: "key-1" }), await generateSigningKey({ kid: "key-1" })];
const subjectSecret = crypto.getRandomValues(new Uint8Array(32));
const now = () => Math.floor(Date.now() / 1000);

// Three parties on loopback, whose answers a mistake replaces.

const addresses: Record<string, string> = {};
const map = () => createAddressMap(addresses);
let published: Jwks;
let gate: ReturnType<typeof protect>;
let refused: string[];
const observer: ResourceOptions["observer"] = (event) => {
  if (event.type === "request_refused") refused.push(event.error.message);
  if (event.type === "unexpected_error") refused.push((event.error as Error).message);
};

const resourceOf = (options: Partial<ResourceOptions> = {}) => {
  const common = { resource: RESOURCE, key, personServers: [PERSON_SERVER], observer };
  return createResource({ ...common, discovery: createDiscovery({ addresses: map() }), ...options });
};
const agentOf = (options: Partial<AgentOptions> = {}) => {
  const common = { id: AGENT, key, personServer: PERSON_SERVER };
  return createAgent({ ...common, discovery: createDiscovery({ addresses: map() }), ...options });
};
const servers = [
  [
    PROVIDER,
    (url: string) => (url === "/jwks.json" ? published : agentProviderMetadata({ issuer: PROVIDER })),
  ],
  [PERSON_SERVER, () => ({ issuer: "https://another.example" })],
] as const;
const running: ReturnType<typeof createServer>[] = [];

async function listen(id: string, listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  running.push(server);
  await once(server, "listening");
  addresses[id] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  for (const [id, document] of servers)
    await listen(id, ({ url }, response) => response.end(JSON.stringify(document(url ?? ""))));
  await listen(RESOURCE, (request, response) => gate(request, response, () => response.end("served")));
});
afterAll(() => {
  for (const server of running) server.close().closeAllConnections();
});

/** The message of what is thrown, or the answer and the log of the resource. */
async function messageOf(make: () => unknown): Promise<string> {
  published = toJwks([key]);
  gate = protect(resourceOf(), { level: "agent-token" });
  refused = [];
  try {
    const made = await make();
    if (!(made instanceof Response)) return "nothing";
    const reason = `${made.headers.get("signature-error")} ${made.headers.get("aauth-refusal")}`;
    return `${made.status} ${reason} ${await made.text()} | ${refused}`;
  } catch (error) {
    return String(error);
  }
}

const NOT_FOUND = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
const notFound = () => Promise.reject(new TypeError("fetch failed", { cause: NOT_FOUND }));
const WHERE = "has no address. If the party is elsewhere, name its address: createDiscovery({ addresses })";
const LOCAL = "https://host (a local address: createAddressMap())";
const promise = generateSigningKey({ kid: "a" });
const untyped = <Value = never>(value: unknown) => value as Value;
const to = (path: string) => `${RESOURCE}${path}`;

/** Each party that takes a key. */
const withKey = (given: SigningKey): readonly (() => unknown)[] => [
  () => agentOf({ key: given }),
  () => resourceOf({ key: given }),
  () => createPersonServer({ issuer: PERSON_SERVER, key: given, subjectSecret }),
  () =>
    createAccessServer({
      issuer: "https://as.example",
      key: given,
      resources: [RESOURCE],
      personServers: [PERSON_SERVER],
      decide: () => ({ type: "grant" }),
    }),
  () => issueAgentToken({ issuer: PROVIDER, agent: AGENT, key: given, confirmationKey: key.publicJwk }),
];

type Row = [mistake: string, make: () => unknown, ...words: (string | RegExp)[]];

test.each<Row>([
  ["an agent without an address map", () => agentOf({ transport: notFound }).fetchFor()(to("/me")), WHERE],
  [
    "a resource without an address map",
    () => {
      gate = protect(resourceOf({ discovery: createDiscovery({ transport: notFound }) }), {
        level: "agent-token",
      });
      return agentOf().fetchFor()(to("/me"));
    },
    "https://agent.example/.well-known/aauth-agent.json: could not be fetched: agent.example has no address",
    WHERE,
  ],
  [
    "the local address of a party instead of its identifier",
    () => agentOf().fetchFor()(`${addresses[RESOURCE]}/me`),
    /http:\/\/127\.0\.0\.1:\d+ is the address of https:\/\/resource\.example: call it by this identifier/,
  ],
  [
    "the same without an address map",
    () => agentOf({ discovery: createDiscovery() }).fetchFor()(`${addresses[RESOURCE]}/me`),
    "error=invalid_signature code=invalid_signature",
    "the signature does not verify for GET https://resource.example: another address, message or key was signed",
  ],
  [
    "a local address as an identifier",
    () => resourceOf({ resource: "http://127.0.0.1:4020" }),
    "127.0.0.1:4020",
    LOCAL,
  ],
  ...withKey(untyped(undefined)).map(
    (make) => ["no key", make, "key must be a SigningKey", "not undefined"] as Row,
  ),
  ...withKey(untyped(promise)).map((make) => ["a key not awaited", make, "not a promise: await it"] as Row),
  ...withKey(untyped(key.publicJwk)).map(
    (make) => ["a public key", make, "importSigningKey() makes a signing key of a private JWK"] as Row,
  ),
  [
    "a ring of a key not awaited",
    () => createKeyRing({ key: untyped<SigningKey>(promise), create: async () => key }),
    "key must be a key with a kid, not a promise: await it",
  ],
  [
    "a key set of a key not awaited",
    () => toJwks([untyped(promise)]),
    "keys[0] must be a SigningKey, not a promise: await it",
  ],
  [
    "a signature by a key not awaited",
    () =>
      signRequest(
        { method: "GET", url: RESOURCE },
        { key: untyped(promise), signatureKey: { scheme: "jwt", jwt: "" } },
      ),
    "key must be a SigningKey: await generateSigningKey() or importSigningKey()",
  ],
  [
    "a JWK that is not parsed",
    () => importSigningKey(untyped(JSON.stringify(key.publicJwk))),
    "key must be a private JWK, as JSON.parse() returns it, not string",
  ],
  ["a key without kid", () => generateSigningKey(untyped({})), "kid must be printable ASCII"],
  ...[issueAgentToken, february2026Tokens.issueAgentToken].map(
    (issue): Row => [
      "K6: a private key in a token",
      () => {
        const confirmationKey = { ...key.publicJwk, d: "secret" };
        return issue({ issuer: PROVIDER, agent: AGENT, delegate: "a", key, confirmationKey });
      },
      "confirmationKey must be a public JWK: the key has private members",
    ],
  ),
  [
    "a clock that is off",
    () => agentOf({ now: () => now() - 3600 }).fetchFor()(to("/me")),
    "error=invalid_signature code=created_out_of_window",
    /"created_out_of_window: created is 36\d\d s ago, at most 60 either way: set the clocks"/,
  ],
  [
    "another key under the same kid",
    () => agentOf({ key: other }).fetchFor()(to("/me")),
    "error=invalid_jwt code=invalid_token_signature",
    '"invalid_token_signature: a token\'s signature does not verify with the key \\"key-1\\" of its issuer ' +
      'https://agent.example: another key signed it"',
  ],
  [
    "a key that is not published",
    async () => agentOf({ key: await generateSigningKey({ kid: "key-2" }) }).fetchFor()(to("/me")),
    'the key set of https://agent.example has no key "key-2": publish it first',
  ],
  [
    "a person server that is down",
    () => {
      gate = protect(resourceOf(), { level: "person-token" });
      const elsewhere = createAddressMap({ ...addresses, [PERSON_SERVER]: "http://127.0.0.1:9" });
      return agentOf({ discovery: createDiscovery({ addresses: elsewhere }) }).fetchFor()(to("/me"));
    },
    "https://ps.example/.well-known/aauth-person.json: could not be fetched: connect ECONNREFUSED 127.0.0.1:9",
  ],
  [
    "another server at the person server's address",
    () => {
      gate = protect(resourceOf(), { level: "person-token" });
      return agentOf().fetchFor()(to("/me"));
    },
    "https://ps.example/.well-known/aauth-person.json",
    'issuer is "https://another.example", not the requested https://ps.example',
  ],
  [
    "a resource of an auth server that the agent does not trust",
    async () => {
      const { agent } = await createWorld();
      return agent({}, { authServers: ["http://other.localhost:9"] }).fetchFor()(
        "http://supply-chain-agent.localhost:3000/",
      );
    },
    "the auth server http://localhost:8080/realms/aauth-test, which this agent does not trust",
  ],
  [
    "no person server",
    () => {
      gate = protect(resourceOf(), { level: "person-token" });
      return agentOf({ personServer: undefined }).fetchFor()(to("/me"));
    },
    "a person is required, but this agent has no `personServer`",
  ],
  [
    "a misspelt option",
    () => resourceOf(untyped({ personServer: PERSON_SERVER })),
    "personServer is not an option: did you mean personServers?",
  ],
  ...[
    () =>
      createPersonServer(untyped({ issuer: PERSON_SERVER, key, subjectSecret, accessServer: PERSON_SERVER })),
    () => createAccessServer(untyped({ issuer: PERSON_SERVER, key, accessServer: PERSON_SERVER })),
    () => createDiscovery(untyped({ accessServer: PERSON_SERVER })),
    () => agentOf(untyped({ accessServer: PERSON_SERVER })),
    () => createVerifier(untyped({ accessServers: PERSON_SERVER })),
  ].map((make): Row => ["an option of another factory", make, /accessServers? is not an option/]),
  [
    "addresses that are not an address map",
    () => createDiscovery({ addresses: untyped({ [RESOURCE]: "http://127.0.0.1:4020" }) }),
    "addresses must be made by createAddressMap()",
  ],
  [
    "an address map instead of a discovery",
    () => resourceOf({ discovery: untyped(map()) }),
    "discovery must be made by createDiscovery()",
  ],
  [
    "an access server without a policy",
    () =>
      createAccessServer(
        untyped({ issuer: "https://as.example", key, resources: [RESOURCE], personServers: [PERSON_SERVER] }),
      ),
    "decide must be a function",
  ],
  [
    "a local address of a trusted server",
    () =>
      createPersonServer({
        issuer: PERSON_SERVER,
        key,
        subjectSecret,
        accessServers: ["http://127.0.0.1:1"],
      }),
    "accessServers[0] must be a canonical identifier, not http://127.0.0.1:1",
  ],
  [
    "a misspelt member of a call",
    () => agentOf().fetchFor(untyped({ onInteractoin: () => {} })),
    "onInteractoin is not an option: did you mean onInteraction?",
  ],
  [
    "a string for a list",
    () => resourceOf({ personServers: untyped(PERSON_SERVER) }),
    "personServers must be an array, not string",
  ],
  [
    "a string for scopes",
    () => protect(resourceOf(), { level: "auth-token", scopes: untyped("data.read") }),
    "requirement.scopes must be an array, not string",
  ],
  [
    "a level of another dialect",
    () => protect(resourceOf(), { level: untyped("authorized") }),
    "not authorized",
  ],
  [
    "a verifier without discovery",
    () => createVerifier(untyped({ authorities: ["resource.example"] })),
    "discovery must be made by createDiscovery()",
  ],
  [
    "an address for authorities",
    () => createVerifier({ authorities: [RESOURCE], discovery: createDiscovery() }),
    "authorities must be as canonicalAuthority(url) returns them, not https://resource.example",
  ],
  [
    "a gate without a requirement",
    () => protect(resourceOf(), untyped(undefined)),
    "the requirement must be an object, such as { level }",
  ],
  [
    "a gate without a handler",
    () => protectFetch(resourceOf(), { level: "agent-token" }, untyped<() => Response>(undefined)),
    "handler must be a function",
  ],
  [
    "options instead of a resource",
    () => protect(untyped({ resource: RESOURCE, key }), { level: "agent-token" }),
    "resource must be made by createResource()",
  ],
  [
    "a parser before the gate",
    () => {
      const guarded = gate;
      gate = Object.assign(async (...[request, response, next]: Parameters<typeof guarded>) => {
        await request.toArray();
        return guarded(request, response, next);
      }, guarded);
      return agentOf().fetchFor()(to("/me"), {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
      });
    },
    "500",
    "the body was read before the AAuth gate: parsers such as express.json() come after it",
  ],
  [
    "an agent of another dialect",
    () => {
      const profile = february2026Agent({ signatureScheme: "hwk", authServers: ["http://localhost:8080"] });
      const own = { id: "http://localhost:4002", personServer: undefined, discovery: createDiscovery() };
      return agentOf({ ...own, profile }).fetchFor()(`${addresses[RESOURCE]}/me`);
    },
    "found label=(…), the form of another dialect",
  ],
])("%s is named, with its value and what to do", async (_, make, ...words) => {
  const message = await messageOf(make);
  for (const word of words) expect(message).toMatch(typeof word === "string" ? escaped(word) : word);
});

const escaped = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));

test("the parties serve an agent without a mistake", async () => {
  expect(await messageOf(() => agentOf().fetchFor()(to("/me")))).toContain("200");
});

test("stores in memory are reported once per process, in production alone, or to the observer", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => void vi.unstubAllEnvs());
  const silent = { observer: undefined };
  resourceOf(silent);
  expect(warn).not.toHaveBeenCalled();

  vi.stubEnv("NODE_ENV", "production");
  resourceOf(silent);
  createPersonServer({ issuer: PERSON_SERVER, key, subjectSecret });
  const line =
    "aauth: https://resource.example has its stores in memory: another process accepts each request again";
  expect(warn.mock.calls.flat()).toEqual([expect.stringContaining(line)]);

  const seen: unknown[] = [];
  resourceOf({ observer: (event) => seen.push(event) });
  expect(seen).toEqual([{ type: "memory_stores", party: RESOURCE }]);
});
