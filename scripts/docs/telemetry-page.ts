import { readFileSync } from "node:fs";
import { ATTRIBUTE, EVENT, EVENT_ATTRIBUTE, LIMIT, SERVICE_NAME, SPAN } from "protocol-trace/names";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { table } from "./table.ts";

const NAMES_FILE = `${REPOSITORY_ROOT}packages/protocol-trace/src/attribute-names.ts`;

/** `docs/reference/telemetry.md`, out of the names that the services write and the comments that stand at them. */
export function telemetryPage(): string {
  const comments = readComments();
  const rows = (names: Readonly<Record<string, string>>) =>
    Object.values(names).map((name) => [`\`${name}\``, comments.get(name) ?? ""]);
  return `# Telemetry

One run is one trace, from the click in the browser over both agents and the auth server and back. Each service makes its spans by hand
through OpenTelemetry's API and sends them by OTLP/HTTP ([why by hand](../decisions/0013-spans-by-hand.md)). They go to the embedded trace
store, or to Jaeger: \`npm run demo -- --traces jaeger\`. Both answer the same query API, and the page's protocol view reads either.

## Settings

The usual variables, for every service: [configuration](configuration.md). \`OTEL_SDK_DISABLED=true\` turns spans off, and the SDK is then
not even loaded; \`OTEL_TRACES_EXPORTER=none\` makes them and sends them nowhere; \`OTEL_TRACES_SAMPLER\` and \`_ARG\` choose what is kept.
\`OTEL_EXPORTER_OTLP_ENDPOINT\` names the collector, \`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\` its traces resource as it is;
\`OTEL_EXPORTER_OTLP_HEADERS\`, \`_TIMEOUT\` and \`_COMPRESSION\` are the exporter's own; \`OTEL_RESOURCE_ATTRIBUTES\` adds to the resource.

A collector that is away, slow or broken costs no request anything: 1024 spans wait at most, what does not fit is dropped and counted, and
the log has one line when sending begins to fail and one when it works again. At the end a service sends what is left, for a second at most.

The web page starts the trace when \`UI_OTLP_URL\` names a collector that allows its origin; without it traces begin at the backend. The
trace store allows \`CORS_ALLOWED_ORIGINS\`; for Jaeger see [scripts/jaeger/jaeger.yaml](../../scripts/jaeger/jaeger.yaml).

## What becomes a span

- SERVER, one a request: \`POST /route\`. A GET joins a trace and starts none, so that pages that poll and verifiers that fetch documents do
  not bury what matters; \`/health\` has none. The consent page's way back is part of the trace in which the run began.
- CLIENT, one a signed request: \`POST signed with jwks\`, then \`POST again, signed with jwt\`, and \`POST token request, signed with jwks\`.
  \`${ATTRIBUTE.attempt}\` counts, \`${ATTRIBUTE.retryReason}\` says why. It ends when the answer has been read.
- Work inside a service, under the names of the published walk-through: below.
- The gateway's span is Agentgateway's own, with its fields. \`traceparent\` is not covered by any signature, so a gateway may change it.

**Status.** A challenge is an answer and no failure: its span has \`${EVENT.challengeReceived}\` (caller) or \`${ATTRIBUTE.verdict}\` =
\`challenged\` (gate), and no error. What is an error: a request that failed or was answered with 400 or more without a challenge, an
answer from 500 on, a step that threw, and a refusal at a gate. For the last, OpenTelemetry's conventions leave a server's span alone below
500; here a refusal is what one looks for.

**From the log to the trace.** Lines written inside a trace carry \`trace_id\` and \`span_id\`: always with \`LOG_FORMAT=json\`, in text form with
\`LOG_TRACE_IDS=true npm run demo\` or at \`LOG_LEVEL=debug\`, at the end of the line. The id is what \`/trace/ID\` takes, here and in Jaeger.
Without it a line of text is as long as the walk-through shows it: the ids would be half of many, and the same on all of a run.

## Reading a trace

Any viewer will do. Open the span of the request in question: the client's, or below it those of the gates that judged it.

${table(
  ["Question", "Answer"],
  [
    [
      "Who signed this?",
      `\`${ATTRIBUTE.agentId}\` at the gate; without one the caller is known by its key alone`,
    ],
    ["With which key?", `\`${ATTRIBUTE.verifiedThumbprint}\`, found where \`${ATTRIBUTE.keySource}\` says`],
    ["For whom?", `\`${ATTRIBUTE.userSub}\`; \`sub\` and \`act\` in \`${ATTRIBUTE.tokenReceived}\``],
    [
      "Allowed by what?",
      `\`${ATTRIBUTE.tokenReceived}\`: issuer, audience, scope; issued on the auth server's span, \`${ATTRIBUTE.tokenIssued}\``,
    ],
    [
      "Why was it refused?",
      `\`${ATTRIBUTE.errorCode}\`, and in \`${ATTRIBUTE.checks}\` the one that failed, with its reason and the section that demands it`,
    ],
  ],
)}
To find refusals: tag \`${ATTRIBUTE.verdict}=refused\`. To find a run: operation \`${SPAN.startOptimization}\`, or tag \`${ATTRIBUTE.runId}\`.

![A run in the embedded trace store](../images/trace-waterfall.png)

## Who writes what

${table(
  ["Service", "Name in traces"],
  Object.entries(SERVICE_NAME).map(([key, name]) => [SERVICES[key] ?? key, `\`${name}\``]),
)}
### Spans of work

${table(["Span", "Where and what"], rows(SPAN))}
### Attributes

Stable names of OpenTelemetry's semantic conventions where there are any. "Client" is the span of a signed request, "server" that of a
request with a gate. JSON stands as text.

${table(["Attribute", "Where and what"], rows(ATTRIBUTE))}
### Events

Those of a response are on its own span, the others on the span that was current when the agent was called. Names without \`aauth.\` and
attributes that begin with \`auth.\` are those of the published walk-through of the demo. What a gate found stands there on the span of the
agent's work (\`${SPAN.supplyChainExecute}\`), here on the server span above it: the gate decides before any work begins.

${table(
  ["Event", "Where, what, and its attributes"],
  rows(EVENT).map((row) => row.map(withAttributeNames)),
)}
Tokens as JSON, \`expires_in\` in seconds, \`duration_ms\` in milliseconds.

## What is never there

No whole token, no whole signature, no key that is secret, no bearer header, no cookie: header fields are left out whose name has \`token\`,
\`secret\`, \`credential\`, \`auth\`, \`cookie\`, \`session\` or \`password\` in it or ends with \`key\`, other than the protocol's own and a
gateway's settings (\`x-aauth-mode\` and the like); a signature base has \`…\` in their place. A token shows as what it says (header and claims)
and, in headers and bodies, by its first ${LIMIT.token} characters; values of \`code\`, \`state\` and members named like a token likewise, also in
addresses. A header value ends after ${LIMIT.headerValue} characters, a body after ${LIMIT.body}, anything else after ${LIMIT.text}. HTML
pages are left out: their hidden fields tie an answer to the person who saw them. Where all
headers of a message are longer than that as JSON, some are missing, the protocol's own last. Claims are shown whole: they name users and
what they have allowed, so whoever may read traces may read that.

A browser, or any caller, chooses the trace that its request belongs to. A trace is therefore evidence of what the services saw, and no proof
of who belongs together. The backend shows a user only the part of a trace that hangs below the user's own request; the trace store itself, at
port 16686, shows whole traces to every caller, without sign-in.
`;
}

const SERVICES: Readonly<Record<string, string>> = {
  ui: "ui",
  backend: "services/backend",
  supplyChainAgent: "services/supply-chain-agent",
  marketAnalysisAgent: "services/market-analysis-agent",
  delegateAgent: "services/delegate-agent",
  gateway: "services/gateway, Agentgateway",
  gatewayAuthz: "services/gateway-authz",
  authServer: "services/auth-server",
  keycloak: "Keycloak",
};

/** A comment names an event's attributes as the code does. */
function withAttributeNames(comment: string): string {
  const names: Readonly<Record<string, string>> = EVENT_ATTRIBUTE;
  return comment.replace(/`(\w+)`/g, (word, key: string) =>
    names[key] === undefined ? word : `\`${names[key]}\``,
  );
}

/** The comment at each name, as one line. */
function readComments(): Map<string, string> {
  const text = readFileSync(NAMES_FILE, "utf8");
  const members = text.matchAll(/\/\*\* ((?:(?!\*\/)[\s\S])*?) \*\/\n {2}\w+: "([^"]+)"/g);
  return new Map(
    [...members].map(([, comment, name]) => [
      name!,
      comment!.replace(/\s*\n\s*\* ?/g, " ").replace(/\{@link (\w+)\}/g, "`$1`"),
    ]),
  );
}
