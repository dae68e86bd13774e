import { describe, expect, it } from "vitest";
import { agentMetadata, resourceMetadata } from "../../src/february-2026/documents.ts";

describe("documents for publishing", () => {
  it("are complete with the identity alone, in the demo's member order", () => {
    expect(JSON.stringify(agentMetadata({ agent: "http://backend.localhost:8000" }))).toBe(
      '{"agent":"http://backend.localhost:8000","jwks_uri":"http://backend.localhost:8000/jwks.json"}',
    );
    expect(JSON.stringify(resourceMetadata({ resource: "https://r.example/v1" }))).toBe(
      '{"resource":"https://r.example/v1","jwks_uri":"https://r.example/v1/jwks.json"}',
    );
  });

  it("contain the given optional members", () => {
    expect(
      agentMetadata({ agent: "https://a.example", name: "A", redirect_uris: ["https://a.example/cb"] }),
    ).toEqual({
      agent: "https://a.example",
      jwks_uri: "https://a.example/jwks.json",
      redirect_uris: ["https://a.example/cb"],
      name: "A",
    });
  });

  it.each(["https://a.example/", "https://a.example?q", "https://A.example", "a.example", ""])(
    "refuse the identifier %o",
    (agent) => {
      expect(() => agentMetadata({ agent })).toThrow(TypeError);
    },
  );

  it("refuse a member that they do not have, and a wrong shape", () => {
    const agent = "https://a.example";
    for (const more of [{ nmae: "A" }, { name: 7 }, { redirect_uris: ["a"] }]) {
      expect(() => agentMetadata({ agent, ...more } as never)).toThrow(TypeError);
    }
  });
});
