import { loadConfig } from "agent-kit/settings";
import { expect, test } from "vitest";
import { settings } from "../src/config.ts";

const load = (env: NodeJS.ProcessEnv, argv: string[] = []) =>
  loadConfig({ service: "supply-chain-agent", settings, env, argv });

test("an empty environment is the demo", () => {
  expect(load({})).toMatchObject({
    host: "127.0.0.1",
    port: 9999,
    url: "http://localhost:9999",
    idUrl: "http://supply-chain-agent.localhost:3000",
    authorizationScheme: "autonomous",
    signatureScheme: "jwks",
    authServerUrl: "http://localhost:8080",
    realm: "aauth-test",
    showTokens: false,
  });
});

test("additional scopes are separated by comma or space", () => {
  const env = { AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze, orders:read" };
  expect(load(env).additionalScopes).toEqual(["market-analysis:analyze", "orders:read"]);
});
