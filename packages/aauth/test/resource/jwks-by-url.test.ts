import { describe, expect, it } from "vitest";
import { february2026, february2026Published } from "../../src/february-2026/profile.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createTestDiscovery } from "../february-2026/parties.ts";
import { AUTHORITY, parties, signBadly } from "./kit.ts";

const KEY_SET = "http://keys.localhost:8000/jwks.json";
const signatureKey = `sig1=(scheme=jwks jwks="${KEY_SET}" kid="${parties.agent.key.kid}")`;

describe.each([february2026, february2026Published])(
  "scheme jwks with a key set by URL, $name",
  (profile) => {
    it.each(["pseudonymous", "identified", undefined] as const)(
      "is refused without a fetch: %s",
      async (level) => {
        const { now } = parties.clock;
        const discovery = createTestDiscovery(
          { documents: { [KEY_SET]: { keys: [parties.agent.key.publicJwk] } } },
          { now },
        );
        const verifier = createVerifier({ profile, authorities: [AUTHORITY], discovery, now });
        const request = await signBadly({ signatureKey });
        const verifying =
          level === undefined ? verifier.verifyRequest(request) : verifier.verifyRequest(request, { level });
        await expect(verifying).rejects.toMatchObject({ code: "unsupported_scheme" });
        expect(discovery.requests).toEqual([]);
      },
    );
  },
);
