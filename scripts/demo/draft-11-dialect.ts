import { AGENT_NAMES, agentUrl, DRAFT_11_SERVERS, identifierOf } from "topology";
import type { DemoDialect } from "./demo-dialect.ts";
import type { StackPorts } from "./stack.ts";

/** Draft -11: a person server and an access server decide, and identifiers have no port. */
export const draft11: DemoDialect = {
  title: "AAuth draft -11",
  policyFile: "agentgateway/config-draft-11.yaml",
  settings: { mode: "AAUTH_MODE" },
  hasPublishedDemo: false,
  authServerIssues: false,
  services: ["person-server"],
  resourcesVariable: "GATEWAY_AUTHZ_DRAFT_11_RESOURCES",
  identifiersAreAddresses: false,
  partyId: identifierOf,
  modeOf: ({ mode }) => mode,
  env: (ports, { mode }) => ({ AAUTH_MODE: mode, AAUTH_ENDPOINTS: endpointTable(ports) }),
  pageEnv: ({ profile, mode }, urls) => ({
    UI_PROFILE: profile,
    UI_MODE: mode,
    UI_PERSON_SERVER_URL: urls.personServer,
  }),
  authServerLabel: "Sign-in",
  describe: ({ mode }) => `mode ${mode}`,
  pages({ mode }, { personServer }, owners) {
    if (mode === "agent-identity") return [];
    const granted = ["What you have granted", `${personServer}/granted`, "person-server"] as const;
    if (mode !== "federated" || owners === "") return [granted];
    const label = `For owners (${owners.replaceAll("name:", "")})`;
    return [granted, [label, `${personServer}/access/granted`, "person-server"]];
  },
  // AAUTH_ENDPOINTS has their addresses.
  parties({ mode }) {
    if (mode === "agent-identity") return [];
    const person = ["Person server", identifierOf(DRAFT_11_SERVERS.personServer), "person-server"] as const;
    if (mode !== "federated") return [person];
    return [person, ["Access server", identifierOf(DRAFT_11_SERVERS.accessServer), "person-server"]];
  },
};

/** `AAUTH_ENDPOINTS`: addresses of the parties, and of their pages for a browser. */
export function endpointTable(ports: StackPorts): string {
  const at = (port: number, browser: string) => `http://127.0.0.1:${port},${browser}`;
  return [
    ["backend", at(ports.backend, `http://localhost:${ports.backend}`)],
    ...AGENT_NAMES.map((name) => [name, at(ports.gateway, agentUrl(name, ports.gateway))]),
    ...Object.values(DRAFT_11_SERVERS).map((name) => [
      name,
      at(ports.personServer, `http://localhost:${ports.personServer}`),
    ]),
    // Present while npm run demo -- levels runs.
    ["visitor", `http://127.0.0.1:${ports.visitor}`],
  ]
    .map(([name, address]) => `${identifierOf(name!)}=${address}`)
    .join(" ");
}
