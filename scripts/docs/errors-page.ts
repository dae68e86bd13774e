import { ERROR_CODES } from "aauth";
import { runFailures } from "./run-failures.ts";
import { table } from "./table.ts";

/** `docs/reference/errors.md`, out of the codes of `packages/aauth`. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { status, section, meaning }]) => [
    `\`${code}\``,
    String(status),
    section,
    meaning,
  ]);
  return `# Errors

## Of the protocol

\`AAuthError.code\`, in the library and in the log, on the span (\`aauth.error.code\`) and in the page's failure panel. The status is what
a resource answers with; an agent's error (\`AAuthAgentError\`) has none of its own, so that no caller is answered with the next hop's. A section is one of [the profile](profile.md) or of the RFC that it names.

${table(["Code", "Status", "Section", "Meaning"], rows)}
## How each caller is told

| Caller of | Form |
| --- | --- |
| a resource (agents, gateway) | the status, the header \`aauth-refusal: code=…, check=…, section="…"\`, an \`Agent-Auth\` challenge where another signature would help, and mostly a line of text ([profile 3.1](profile.md#31-forms)). Programs read the header, \`parseRefusal\` of \`aauth/resource\` |
| the auth server | OAuth JSON: \`error\`, \`error_description\` (profile 6.2); a page for people (profile 6.5) |
| an agent's A2A endpoint, once it has let the caller in | JSON-RPC \`error\` with status 200 |
| the backend | JSON \`{"detail": "…"}\`; a run that fails is answered with 200 and ends as \`failed\` with \`failure\`: hop, check, code, message, advice ([REST](rest.md)) |
| any service, for a path that it does not have; the agents, for a body that is too large or malformed | problem JSON (RFC 9457): \`status\`, \`title\`, \`detail\` |
| any service, for a request that is no HTTP request | 400, 408 or 431, as Fastify's JSON or without a body; from the gateway without a body |

No answer carries a stack trace, a key, a token or a whole signature.

## The header \`aauth-refusal\`

\`\`\`
aauth-refusal: code=created_out_of_window, check=created, section="profile 2.4"
\`\`\`

A refusal as data, beside the form above: a dictionary (RFC 9651) of the code, the verifier's check where one has failed, and the section that
demands it. Agents, the gateway's check and both auth servers send it with every refusal that a code of the table is behind; [gateways](gateways.md)
pass it on. The code is what a caller may know: \`discovery_failed\` for all three ways in which a fetch fails. Refusals without such a code
(\`access_denied\` by policy, a missing or repeated parameter, \`unsupported_grant_type\`, a gateway's own rules) have no header.
It is not part of any profile: peers that do not know it ignore it, bodies and statuses are the same without it, and members that a reader
does not know are ignored.

${runFailures()}`;
}
