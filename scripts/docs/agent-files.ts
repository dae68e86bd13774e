/**
 * Regions of the gateway's configuration and of the compose file that name each agent of
 * `packages/topology`.
 *
 * @module
 */

import {
  AGENT_NAMES,
  AGENTS,
  type AgentName,
  type AgentRow,
  agentRow,
  identifierOf,
  variablePrefix,
} from "topology";
import { endpointTable } from "../demo/draft-11-dialect.ts";
import { DEMO_PORTS } from "../demo/stack.ts";

/** `agentgateway/config.yaml`: one listener for each agent. */
export const gatewayConfiguration = (content: string) =>
  withRegions(content, { listeners: ofEachAgent((name) => listenerOf(name, FEBRUARY_CHECK)) });

/** `agentgateway/config-draft-11.yaml`: one listener for each agent in draft -11. */
export const draft11Configuration = (content: string) =>
  withRegions(content, { listeners: ofEachAgent((name) => listenerOf(name, DRAFT_11_CHECK)) });

/**
 * `docker-compose.yml`: one service for each agent, its name in the shared namespace, the backend
 * that waits for it, its volume.
 */
export const composeFile = (content: string) =>
  withRegions(content, {
    hosts: ofEachAgent(hostOf),
    services: ofEachAgent(serviceOf),
    conditions: ofEachAgent(conditionOf),
    volumes: ofEachAgent(volumeOf),
  });

/** `compose/draft-11.env`: the parties' identifiers and addresses. */
export const draft11Variables = (content: string) => withRegions(content, { parties: draft11Parties() });

/** `compose/draft-11-federated.env`: resources that the access server decides for. */
export const federatedVariables = (content: string) =>
  withRegions(content, {
    resources: `ACCESS_SERVER_RESOURCES="${AGENT_NAMES.map(identifierOf).join(" ")}"\n`,
  });

/** Writes the lines of each region between `# agents: <region>` and `# end of agents`. */
function withRegions(content: string, regions: Readonly<Record<string, string>>): string {
  return Object.entries(regions).reduce((text, [region, lines]) => {
    const place = new RegExp(`^( *# agents: ${region}\\b.*\\n)[^]*?(?=^ *# end of agents$)`, "m");
    if (!place.test(text)) throw new Error(`there is no region "# agents: ${region}"`);
    return text.replace(place, (_, first: string) => first + lines);
  }, content);
}

const ofEachAgent = (render: (name: AgentName) => string) => AGENT_NAMES.map(render).join("");

const draft11Parties = () => `AAUTH_ENDPOINTS="
${endpointTable(DEMO_PORTS).replaceAll(" ", "\n")}
"
PERSON_SERVER_RESOURCES="${AGENT_NAMES.map(identifierOf).join(" ")}"
BACKEND_AGENT_URL=${identifierOf("backend")}
${ofEachAgent(
  (name) => `${variablePrefix(name)}_URL=${identifierOf(name)}
${variablePrefix(name)}_ID_URL=${identifierOf(name)}
`,
)}`;

const hostOf = (name: AgentName) => `      - "${name}.localhost:127.0.0.1"\n`;

const volumeOf = (name: AgentName) => `  ${name}:\n`;

const conditionOf = (name: AgentName) => `      ${name}: { condition: service_healthy }\n`;

const serviceOf = (name: AgentName) => `  ${name}:
    <<: *service
    command: ["services/${name}/src/main.ts"]
    environment:
      <<: *modes
      ${variablePrefix(name)}_URL: http://localhost:${AGENTS[name].port}
${extraEnvironment(agentRow(name))}    volumes: ["${name}:/run/state"]
    depends_on: { net: { condition: service_started } }
    healthcheck: { <<: *times, test: ["CMD", "node", "compose/healthy.ts", "http://127.0.0.1:${AGENTS[name].port}/health"] }

`;

/** Set in every mode, but required of callers only in user-delegated. */
const extraEnvironment = ({ additionalScopes }: AgentRow) =>
  additionalScopes === undefined
    ? ""
    : `      AAUTH_RESOURCE_ADDITIONAL_SCOPES: "${additionalScopes.join(" ")}"\n`;

function requiredScheme({ pseudonymousPaths = [] }: AgentRow): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the gateway fills it in
  const required = "${GATEWAY_REQUIRED_SCHEME:-jwks}";
  if (pseudonymousPaths.length === 0) return `'"${required}"'`;
  const paths = pseudonymousPaths.map((path) => `request.path == "${path}"`).join(" || ");
  return `'${paths} ? "hwk" : "${required}"'`;
}

/** Parts of a check by profile. Lines have their final indentation. */
interface Check {
  readonly fields: readonly string[];
  readonly added: (name: AgentName) => string;
}

const FEBRUARY_CHECK: Check = {
  fields: ["content-type", "content-digest", "nonce"],
  added: (name) => `
                      # A literal, never request.host: the caller must not choose the resource.
                      x-aauth-authority: '"${name}.localhost:\${GATEWAY_PORT:-3000}"'
                      x-aauth-mode: '"optional"'
                      x-aauth-required-scheme: ${requiredScheme(agentRow(name))}`,
};

const DRAFT_11_CHECK: Check = {
  // The session token of a resource is signed, too.
  fields: ["content-type", "content-digest", "authorization"],
  added: (name) => `
                      # A literal, never request.host: the caller must not choose the resource.
                      x-aauth-authority: '"${name}.localhost"'
                      # The profile. For both: "february-2026 draft-11", and both authorities.
                      x-aauth-profiles: '"draft-11"'
                      x-aauth-mode: '"optional"'
                      # Any token: the agent itself challenges for more. Servers may revoke tokens.
                      x-aauth-required-level: 'request.path == "/aauth/revoke" ? "server" : "any"'`,
};

const listenerOf = (name: AgentName, { fields, added }: Check) => `      - name: ${name}
        hostname: ${name}.localhost
        routes:
          - name: ${name}
            policies:
              cors:
                allowOrigins: ["*"]
                allowHeaders: ["*"]
              extAuthz:
                host: \${AAUTH_AUTHZ_HOST:-127.0.0.1:7070}
                failureMode:
                  denyWithStatus: 503
                policies:
                  http:
                    requestTimeout: 5s
                # Only the caller's fields that a signature may cover.
                includeRequestHeaders:
                  - signature-key
                  - signature-input
                  - signature
${fields.map((field) => `                  - ${field}`).join("\n")}
                  - traceparent
                  - tracestate
                protocol:
                  http:
                    path: '"/check"'
                    addRequestHeaders:
                      ":method": '"POST"'
                      x-aauth-method: "request.method"
                      x-aauth-uri: "request.uri"${added(name)}
                      x-aauth-timestamp-tolerance: '"60"'
                    # A header, because response.body would make the gateway buffer event streams.
                    metadata:
                      aauth: 'json(response.headers["x-aauth-claims"])'
              # The decision sets x-aauth-claims. A caller's own copies of both fields are removed.
              requestHeaderModifier:
                remove: [x-aauth-claims, x_aauth_claims, x_aauth-claims, x-aauth_claims, x-forwarded-for]
              a2a: {}
              # Otherwise the agent receives the backend's name as Host.
              urlRewrite:
                authority: none
            backends:
              - host: \${${variablePrefix(name)}_ADDR:-127.0.0.1:${AGENTS[name].port}}
              # A second replica receives requests once its weight is 1.
              - host: \${${variablePrefix(name)}_ADDR_2:-127.0.0.1:${AGENTS[name].port}}
                weight: \${${variablePrefix(name)}_WEIGHT_2:-0}
`;
