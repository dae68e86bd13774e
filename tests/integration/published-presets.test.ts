/** The variables of the published demo's presets start our services with the same meaning. */

import { issuerOf, loadConfig, type Settings } from "agent-kit/settings";
import { expect, test } from "vitest";
import { settings as backend } from "../../services/backend/src/config.ts";
import { settings as marketAnalysis } from "../../services/market-analysis-agent/src/config.ts";
import { settings as supplyChain } from "../../services/supply-chain-agent/src/config.ts";

const ISSUER = "http://keycloak.localhost:9090/realms/published";
const TIMES = ["CONNECT", "READ", "WRITE", "POOL"].map((part) => [`MARKET_ANALYSIS_${part}_TIMEOUT`, "30.0"]);
const PRESET = {
  ...Object.fromEntries(TIMES),
  AAUTH_AUTHORIZATION_SCHEME: "user-delegated",
  AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze",
  AAUTH_SIGNATURE_SCHEME: "jwks",
  DEBUG: "false",
  ENVIRONMENT: "development",
  JAEGER_HOST: "localhost",
  JAEGER_PORT: "4317",
  KEYCLOAK_AAUTH_ISSUER_URL: ISSUER,
  LOG_LEVEL: "info",
  MARKET_ANALYSIS_AGENT_URL: "http://market-analysis-agent.localhost:3000/",
  OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
  OTEL_TRACES_SAMPLER_ARG: "0.1",
  SUPPLY_CHAIN_AGENT_ID_URL: "http://supply-chain-agent.localhost:3000",
  SUPPLY_CHAIN_AGENT_PORT: "9999",
  SUPPLY_CHAIN_AGENT_URL: "http://localhost:9999/",
};

const load = (settings: Settings, env: Record<string, string>) =>
  loadConfig({ service: "service", settings, env, argv: [] });

test.each<[string, Settings]>([
  ["backend", backend],
  ["supply-chain-agent", supplyChain],
  ["market-analysis-agent", marketAnalysis],
])("%s", (_name, settings) => {
  const config = load(settings, PRESET);
  expect(config).toMatchObject({ signatureScheme: "jwks", logLevel: "info" });
  expect(issuerOf(config as never)).toBe(ISSUER);
});

test("D13: the switch that relaxes a digest is refused, with the setting that serves its purpose", () => {
  expect(() => load(supplyChain, { ...PRESET, AAUTH_RELAX_CONTENT_DIGEST: "true" })).toThrow(
    /AAUTH_RELAX_CONTENT_DIGEST: unknown variable; .*AAUTH_PUBLISHED_PEERS/,
  );
});
