import { AAuthError, type Discovery } from "aauth";
import { february2026 } from "aauth/february-2026";
import { invalidRequest } from "issuer-kit";
import type { Requester } from "./verify-requester.ts";

/**
 * `http` or `https`, an authority without user information, even empty, no fragment, and only URI
 * characters (RFC 3986 section 2): browsers drop or replace others, and would then go to another
 * URL than the checked one.
 */
const PLAIN_URI =
  /^(?!.*%(?![0-9a-f]{2}))https?:\/\/[^\s\p{Cc}"<>\\^`{|}@/?#]+(?:[/?][^\s\p{Cc}"<>\\^`{|}#]*)?$/iu;

/**
 * Requires a redirect URI that the agent has published: an exact match with one of `redirect_uris`
 * in its metadata. In development an agent that publishes none may use its own origin. URIs with
 * credentials are refused, because a user name before the host looks like a host.
 */
export async function requireAgentRedirectUri(
  redirectUri: string,
  requester: Requester,
  context: { discovery: Discovery; development: boolean },
): Promise<void> {
  const refused = invalidRequest("redirect_uri is not registered for this agent");
  const url = PLAIN_URI.test(redirectUri) ? URL.parse(redirectUri) : null;
  if (!requester.identified || url === null) throw refused;
  const registered = await registeredUris(requester.agent, context.discovery);
  if (registered !== undefined) {
    if (registered.includes(redirectUri)) return; // hole J9: return;
    throw refused;
  }
  const sameOrigin = url.origin === new URL(requester.agent).origin;
  if (!context.development || !sameOrigin) throw refused;
}

async function registeredUris(agent: string, discovery: Discovery): Promise<readonly string[] | undefined> {
  try {
    return (await discovery.metadata(february2026.documents.kinds.agent, agent)).redirect_uris;
  } catch (error) {
    if (error instanceof AAuthError) throw invalidRequest("The agent's metadata could not be read", error);
    throw error;
  }
}
