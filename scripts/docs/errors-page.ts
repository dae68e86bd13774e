import { ERROR_CODES } from "aauth";
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
a resource answers with. A section is one of [the profile](profile.md) or of the RFC that it names.

${table(["Code", "Status", "Section", "Meaning"], rows)}
## How each caller is told

| Caller of | Form |
| --- | --- |
| a resource (agents, gateway) | the status, an \`Agent-Auth\` challenge (profile 3) and one line of text |
| the auth server | OAuth JSON: \`error\`, \`error_description\` (profile 6.2); a page for people (profile 6.5) |
| an agent's A2A endpoint, once it has let the caller in | JSON-RPC \`error\` with status 200 |
| the backend | JSON \`{"detail": "…"}\`, or \`{"detail": […]}\` for a body that does not fit; a run that fails ends as \`failed\` with \`failure\`: hop, check, code, message, advice |
| any service, for a request that is no HTTP request | Fastify's own 400, 413, 414, 431 |

No answer carries a stack trace, a key, a token or a whole signature.
`;
}
