import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isEndpointUrl, isServerIdentifier, parseAgentIdentifier } from "../../src/draft-11/identifiers.ts";
import { hostileText } from "../hostile-text.ts";

describe("server identifiers", () => {
  it("have one spelling, which the URL parser leaves unchanged", () => {
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
  it("may have further plus signs: the local part is not parsed (section 5.2)", () => {
    for (const local of ["a+b", "a+b+c"]) {
      expect(parseAgentIdentifier(`aauth:${local}@agent.example`)?.local).toBe(local);
    }
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

it.each([undefined, 7])("%j is not the address of an endpoint", (value) =>
  expect(isEndpointUrl(value)).toBe(false),
);
