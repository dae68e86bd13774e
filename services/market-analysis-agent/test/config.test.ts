import { loadConfig } from "agent-kit/settings";
import { expect, test } from "vitest";
import { settings } from "../src/config.ts";

const load = (env: NodeJS.ProcessEnv, argv: string[] = []) =>
  loadConfig({ service: "market-analysis-agent", settings, env, argv });

test("an empty environment is the demo", () => {
  expect(load({})).toMatchObject({
    host: "127.0.0.1",
    port: 9998,
    url: "http://localhost:9998",
    idUrl: "http://market-analysis-agent.localhost:3000",
    authorizationScheme: "autonomous",
    signatureScheme: "jwks",
    authServerUrl: "http://localhost:8080",
    realm: "aauth-test",
    showTokens: false,
  });
});

test("D13: has no switch that edits the signature input before verification", () => {
  // the February-2026 demo read this name; an old .env may contain it
  expect(() => load({ AAUTH_RELAX_CONTENT_DIGEST: "true" })).toThrow("AAUTH_RELAX_CONTENT_DIGEST: unknown");
});
