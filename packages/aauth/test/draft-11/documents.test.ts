import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import {
  accessServerMetadata,
  agentProviderMetadata,
  documents,
  personServerMetadata,
  resourceMetadata,
} from "../../src/draft-11/documents.ts";
import { expectRefusal, passesOrRefuses, refusalOf } from "../refusal.ts";

const ID = "https://ps.example";
const person = {
  issuer: ID,
  jwks_uri: `${ID}/jwks.json`,
  person_token_endpoint: `${ID}/person`,
  auth_token_endpoint: `${ID}/token`,
};
const access = { issuer: ID, jwks_uri: `${ID}/jwks.json`, auth_token_endpoint: `${ID}/token` };
const minimals = [
  ["agent", { issuer: ID, jwks_uri: `${ID}/jwks.json` }],
  ["person", person],
  ["access", access],
  ["resource", { issuer: ID }],
] as const;

describe.each(minimals)("a document of kind %s", (kind, minimal) => {
  const { read } = documents.kinds[kind].document;
  it("is read with its known members, without unknown ones", () => {
    expect(read({ ...minimal, unheard: 1 }, ID)).toEqual(minimal);
  });
  it.each(Object.keys(minimal).filter((name) => name !== "issuer"))("needs %s", async (name) => {
    for (const value of [undefined, null, 7, "http://ps.example/x", "no address"]) {
      await expectRefusal("discovery_failed", () => read({ ...minimal, [name]: value }, ID));
    }
  });
  it("has to name its issuer, byte by byte", async () => {
    await expectRefusal("metadata_issuer_missing", () => read({ ...minimal, issuer: undefined }, ID));
    for (const issuer of [`${ID}/`, "https://PS.example", "https://other.example", 7, ""]) {
      await expectRefusal("metadata_mismatch", () => read({ ...minimal, issuer }, ID));
    }
  });
  it.each([null, [], "text", 7])("rejects the document %j", (value) =>
    expectRefusal("discovery_failed", () => read(value, ID)),
  );
  it("a description of the wrong shape is dropped", () => {
    const wrong = { name: 7, logo_uri: "http://ps.example/logo", accept_signature_algs: "Ed25519" };
    expect(read({ ...minimal, ...wrong, description: "Good" }, ID)).toEqual({
      ...minimal,
      description: "Good",
    });
  });
  it("any document passes or is refused", () =>
    fc.assert(
      fc.asyncProperty(fc.jsonValue(), (value) =>
        passesOrRefuses(() => {
          read(value, ID);
          read({ ...minimal, ...(value as object) }, ID);
        }),
      ),
    ));
});

it.each([
  ["revocation_endpoint", "https://ps.example/r?x=1"],
  ["revocation_endpoint", "https://ps.example/r#f"],
  ["revocation_endpoint", "http://ps.example/r"],
  ["authorization_endpoint", 7],
  ["signature_window", "60"],
  ["additional_signature_components", "content-digest"],
])("a resource with %s %j is refused", (name, value) =>
  expectRefusal("discovery_failed", () =>
    documents.kinds.resource.document.read({ issuer: ID, [name]: value }, ID),
  ),
);

describe("documents for publishing", () => {
  it("name their keys, and the components that a body requires", () => {
    expect(agentProviderMetadata({ issuer: ID, localhost_callback_allowed: true })).toEqual({
      issuer: ID,
      jwks_uri: `${ID}/jwks.json`,
      localhost_callback_allowed: true,
    });
    expect(resourceMetadata({ issuer: ID, scope_descriptions: { read: "Read" } })).toEqual({
      issuer: ID,
      jwks_uri: `${ID}/jwks.json`,
      additional_signature_components: ["content-digest", "content-type"],
      scope_descriptions: { read: "Read" },
    });
    const { jwks_uri: _, ...members } = person;
    expect(personServerMetadata(members)).toEqual(person);
    expect(accessServerMetadata(access)).toEqual(access);
  });
  it.each([
    ["an issuer with a port", () => agentProviderMetadata({ issuer: "https://ps.example:8443" })],
    [
      "an endpoint with a query",
      () => accessServerMetadata({ issuer: ID, auth_token_endpoint: `${ID}/t?a=1` }),
    ],
    ["a description of the wrong shape", () => agentProviderMetadata({ issuer: ID, name: 7 as never })],
    ["an unknown member", () => agentProviderMetadata({ issuer: ID, nmae: "x" } as never)],
  ])("are refused with %s", (_, build) => expect(build).toThrow(TypeError));
});

it("a resource without keys has a document, and no key", async () => {
  const discovery = createDiscovery({
    transport: async () => ({ status: 200, body: new TextEncoder().encode(JSON.stringify({ issuer: ID })) }),
  });
  expect(await discovery.metadata(documents.kinds.resource, ID)).toEqual({ issuer: ID });
  const error = await refusalOf(() => discovery.key(documents.kinds.resource, ID, "1"));
  expect([error.code, error.message]).toEqual(["discovery_failed", expect.stringContaining("no jwks_uri")]);
});
