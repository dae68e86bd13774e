/** Mistakes of a developer, each with a message that says what is wrong and what to do. */

import { expect, it } from "vitest";
import { createAgent } from "../../src/agent/index.ts";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import { createEndpointMap } from "../../src/discovery/endpoint-map.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { createWorld as createDraft11World, DATA, failureOf } from "../draft-11/agent-world.ts";
import { AGENT, keys, PERSON_SERVER, RESOURCE } from "../draft-11/kit.ts";
import { createWorld, errorOf } from "./world.ts";

const options = { id: AGENT, personServer: PERSON_SERVER, discovery: createDiscovery() };

it.each([
  ["no key", undefined, "key must be a SigningKey or a KeyRing, not undefined"],
  [
    "a Promise of a key",
    generateSigningKey({ kid: "a" }),
    "key must be a SigningKey or a KeyRing, not a promise: await it",
  ],
  ["a public key", keys.agent.publicJwk, "importSigningKey() makes a signing key of a private JWK"],
  ["a string", "key", "key must be a SigningKey or a KeyRing"],
])("createAgent refuses %s", (_, key, message) => {
  expect(() => createAgent({ ...options, key: key as never })).toThrow(message);
});

const NOT_FOUND = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });

const FETCH_FAILED = new TypeError("fetch failed", { cause: NOT_FOUND });

it.each([NOT_FOUND, FETCH_FAILED])(
  "names the host and the option for a forgotten endpoint map: %s",
  async (cause) => {
    const agent = createDraft11World().agent({ transport: () => Promise.reject(cause) });
    const error: unknown = await agent
      .fetchFor()(DATA)
      .catch((thrown: unknown) => thrown);
    const message = expect.stringMatching(
      /^resource\.example has no address\. .*createDiscovery\(\{ endpoints \}\)$/,
    );
    expect(error).toMatchObject({ name: "TypeError", code: "ENOTFOUND", message, cause });
  },
);

it("names the identifier of the party whose address is called", async () => {
  const world = createDraft11World();
  const endpoints = createEndpointMap({ [RESOURCE]: "http://127.0.0.1:4711" });
  const { fetchFor } = world.agent({ discovery: { ...world.discovery, endpoints } });
  const error = await failureOf(fetchFor()("http://127.0.0.1:4711/data"));
  const message = `http://127.0.0.1:4711 is the address of ${RESOURCE}: call it by this identifier`;
  expect([error.code, error.message, world.sent]).toEqual(["discovery_blocked", message, []]);
});

it("names the server that is down", async () => {
  const world = createDraft11World();
  world.server = () => Promise.reject(Object.assign(new Error("x"), { code: "ECONNREFUSED" }));
  const { code, message, hop } = await failureOf(world.agent().fetchFor()(DATA));
  expect([code, hop]).toEqual(["token_request_failed", PERSON_SERVER]);
  expect(message).toBe(`the auth server at ${PERSON_SERVER} could not be reached (ECONNREFUSED)`);
});

it("names the server that it does not trust", async () => {
  const world = await createWorld();
  const { issuer } = world.parties.authServer;
  const agent = world.agent({}, { authServers: ["http://other.localhost:9"] });
  const error = await errorOf(agent.fetchFor()("http://supply-chain-agent.localhost:3000/"));
  expect(error.code).toBe("challenge_untrusted");
  expect(error.message).toContain(`the auth server ${issuer}, which this agent does not trust`);
});
