import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isAgentIdentifier,
  isEndpointUrl,
  isServerIdentifier,
  parseAgentIdentifier,
} from "../../../src/profiles/draft-11/identifiers.ts";
import { hostileText } from "../../hostile-text.ts";
import { hasVectors, vectors } from "./vectors.ts";

describe("server identifiers", () => {
  it.each(["https://agent.example", "https://localhost", "https://xn--nxasmq6b.example", "https://a.b-c.d1"])(
    "%s is one",
    (value) => expect(isServerIdentifier(value)).toBe(true),
  );

  it.each([
    ...[
      "http://agent.example",
      "https://Agent.example",
      "https://agent.example:8443",
      "https://agent.example/v1",
    ],
    ...[
      "https://agent.example/",
      "https://agent.example?x=1",
      "https://agent.example#f",
      "https://u@agent.example",
    ],
    ...["https://", "agent.example", "https://-a.example", "https://a..example", "https://a.example."],
    ...[
      "https://2130706433",
      "https://0x7f.1",
      "https://[::1]",
      "https://ágent.example",
      " https://agent.example",
    ],
    ...["https://agent.example\n", `https://${"a".repeat(64)}.example`, `https://${"a.".repeat(127)}example`],
    ...["https://agent.example:443", "HTTPS://agent.example"],
  ])("%j is none", (value) => expect(isServerIdentifier(value)).toBe(false));

  it("has one spelling: what the URL parser makes of it is the same string", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostileText,
          fc.webUrl(),
          fc.domain().map((host) => `https://${host}`),
        ),
        (value) => {
          if (isServerIdentifier(value)) expect(new URL(value).origin).toBe(value);
        },
      ),
    );
  });
});

describe("agent identifiers", () => {
  it("are taken apart", () => {
    expect(parseAgentIdentifier("aauth:planner.7f3c+search1@vendor.example")).toEqual({
      local: "planner.7f3c+search1",
      domain: "vendor.example",
    });
    expect(parseAgentIdentifier("aauth:Agent@agent.example")).toEqual({
      local: "Agent",
      domain: "agent.example",
    });
  });

  it.each([
    ...["aauth:@agent.example", "aauth:a@", "aauth:a b@agent.example", "aauth:a@agent.example:8443"],
    ...["aauth:a@Agent.example", "aauth:a@agent.example/", "aauth:a@-agent.example"],
    ...["aauth:+w@agent.example", "aauth:w+@agent.example", "a@agent.example", "AAUTH:a@agent.example"],
    ...["aauth:a@b@agent.example", "aauth:é@agent.example", `aauth:${"a".repeat(256)}@agent.example`],
  ])("%j is none", (value) => expect(isAgentIdentifier(value)).toBe(false));

  it("may have further plus signs: the local part is not parsed (section 5.2)", () => {
    for (const local of ["a+b", "a+b+c"]) {
      expect(isAgentIdentifier(`aauth:${local}@agent.example`)).toBe(true);
    }
  });

  it("a name of 255 characters is the longest", () => {
    expect(isAgentIdentifier(`aauth:${"a".repeat(255)}@agent.example`)).toBe(true);
  });

  it("put together from its parts it is the same", () => {
    fc.assert(
      fc.property(hostileText, fc.domain(), (local, host) => {
        const value = `aauth:${local}@${host}`;
        const parts = parseAgentIdentifier(value);
        if (parts === undefined) return;
        expect(`aauth:${parts.local}@${parts.domain}`).toBe(value);
      }),
    );
  });
});

describe("addresses of endpoints", () => {
  it.each(["https://ps.example/token", "https://ps.example:8443/token"])("%s is one", (value) =>
    expect(isEndpointUrl(value)).toBe(true),
  );
  it.each([
    ...["http://ps.example/token", "https://ps.example/token?x=1", "https://ps.example/token#f", "/token"],
    ...[
      "https://u:p@ps.example/token",
      "https://ps.example/token?",
      "",
      undefined,
      7,
      " https://ps.example/",
    ],
  ])("%j is none", (value) => expect(isEndpointUrl(value)).toBe(false));
});

describe.skipIf(!hasVectors)("vectors", () => {
  interface Cases {
    readonly cases: readonly {
      readonly input: string;
      readonly valid: boolean;
      readonly name?: string;
      readonly domain?: string;
      readonly discriminator?: string;
    }[];
  }
  it("server-identifier.json", () => {
    for (const { input, valid } of vectors<Cases>("server-identifier.json").cases) {
      expect([input, isServerIdentifier(input)]).toEqual([input, valid]);
    }
  });
  it("agent-identifier.json", () => {
    for (const { input, valid, domain, ...named } of vectors<Cases>("agent-identifier.json").cases) {
      const local = Object.values(named).join("+");
      expect([input, parseAgentIdentifier(input)]).toEqual([input, valid ? { local, domain } : undefined]);
    }
  });
});
