import { agentUrl } from "topology";
import type { DemoDialect } from "../demo-dialect.ts";

/** The published walk-through: Keycloak issues the tokens, and identifiers are addresses. */
export const february2026: DemoDialect = {
  title: "AAuth of February 2026",
  policyFile: "agentgateway/config.yaml",
  settings: {
    signatureScheme: "AAUTH_SIGNATURE_SCHEME",
    authorizationScheme: "AAUTH_AUTHORIZATION_SCHEME",
  },
  hasPublishedDemo: true,
  authServerIssues: true,
  services: [],
  resourcesVariable: "GATEWAY_AUTHZ_RESOURCES",
  identifiersAreAddresses: true,
  partyId: (name, ports) =>
    name === "backend" ? `http://backend.localhost:${ports.backend}` : agentUrl(name, ports.gateway),
  modeOf: ({ authorizationScheme }) => authorizationScheme,
  env: () => ({}),
  pageEnv: ({ authorizationScheme }) => ({ UI_AUTHORIZATION_SCHEME: authorizationScheme }),
  authServerLabel: "Auth server",
  describe: ({ signatureScheme, authorizationScheme }) =>
    `signatures by ${signatureScheme}, authorization ${authorizationScheme}`,
  pages: () => [],
  parties: () => [],
};
