import { issuerOf, loadConfig } from "agent-kit/settings";
import { describe, expect, it } from "vitest";
import { settings } from "../src/config.ts";

const load = (env: Record<string, string> = {}, argv: string[] = []) =>
  loadConfig({ service: "backend", settings, env, argv });

describe("the backend's settings", () => {
  it("make a working demo by default, and listen on loopback only", () => {
    const config = load();
    expect(config).toMatchObject({
      host: "127.0.0.1",
      port: 8000,
      agentUrl: "http://backend.localhost:8000",
      supplyChainAgentUrl: "http://supply-chain-agent.localhost:3000",
      signatureScheme: "jwks",
      corsAllowedOrigins: ["http://localhost:3050"],
      showTokens: false,
    });
    expect(issuerOf(config)).toBe("http://localhost:8080/realms/aauth-test");
  });

  it("prefer a flag, and accept the reference's spelling of a level", () => {
    expect(
      load({ AAUTH_SIGNATURE_SCHEME: "jwks", LOG_LEVEL: "INFO" }, ["--signature-scheme", "hwk"]),
    ).toMatchObject({
      signatureScheme: "hwk",
      logLevel: "info",
    });
  });

  it.each([
    ["AAUTH_SIGNATURE_SCHEME", "jwt"],
    ["BACKEND_AGENT_URL", "backend.localhost:8000"],
    ["KEYCLOAK_REALM", "a/../b"],
    ["SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS", "0"],
    ["PORT", "70000"],
  ])("refuse %s=%s by name", (name, value) => {
    expect(() => load({ [name]: value })).toThrow(name);
  });
});
