import { AAuthError, type Discovery } from "aauth";
import { february2026 } from "aauth/february-2026";
import { displayText } from "agent-kit/service";
import { scopesIn } from "issuer-kit";
import type { ConsentRequest } from "../grants.ts";
import { IDENTITY_SCOPES, isIdentityScope } from "../scopes.ts";

export interface DescribedScope {
  readonly name: string;
  readonly description?: string;
}

/**
 * Description of a request on the consent page. Identifiers are verified; names and descriptions
 * are the parties' own.
 */
export interface RequestDescription {
  readonly agent: string;
  /** The agent's name for its delegate. */
  readonly agentDelegate?: string;
  readonly agentName?: string;
  readonly resource: string;
  /** Scopes with the resource's descriptions, if any. */
  readonly scopes: readonly DescribedScope[];
  /** Scopes about the user's identity, described by this server. */
  readonly identityScopes: readonly DescribedScope[];
  /** Host that the user returns to. */
  readonly returnsTo: string;
}

/** Shown for a delegate whose name has no visible character. */
const NO_VISIBLE_NAME = "…";

/**
 * Collects names and descriptions for a consent page. A party whose metadata cannot be read is
 * shown by its identifier.
 */
export async function describeRequest(
  request: ConsentRequest,
  discovery: Discovery,
): Promise<RequestDescription> {
  const { agent: agents, resource: resources } = february2026.documents.kinds;
  const [agent, resource] = await Promise.all([
    orUndefined(discovery.metadata(agents, request.agent)),
    orUndefined(discovery.metadata(resources, request.resource)),
  ]);
  const agentName = displayText(agent?.name);
  const words = scopesIn(request.scope);
  return {
    agent: request.agent,
    ...(request.agentDelegate !== undefined && {
      agentDelegate: displayText(request.agentDelegate) ?? NO_VISIBLE_NAME,
    }),
    ...(agentName !== undefined && { agentName }),
    resource: request.resource,
    scopes: described(
      words.filter((name) => !isIdentityScope(name)), // hole X7: words
      resource?.scope_descriptions ?? {},
    ),
    // Identity scopes mean the same everywhere, so resources may not describe them.
    identityScopes: described(words.filter(isIdentityScope), IDENTITY_SCOPES),
    returnsTo: new URL(request.redirectUri).host,
  };
}

function described(
  names: readonly string[],
  descriptions: Readonly<Record<string, string>>,
): readonly DescribedScope[] {
  return names.map((name) => {
    const description = displayText(Object.hasOwn(descriptions, name) ? descriptions[name] : undefined);
    return { name, ...(description !== undefined && { description }) };
  });
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AAuthError) return undefined;
    throw error;
  }
}
