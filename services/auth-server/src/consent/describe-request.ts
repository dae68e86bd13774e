import { AAuthError, type AgentMetadata, type Discovery, type ResourceMetadata } from "aauth";
import { displayText } from "agent-kit/service";
import type { ConsentRequest } from "../grants.ts";
import { IDENTITY_SCOPES, isIdentityScope } from "../identity-scopes.ts";
import { scopeWords } from "../request-types/request-type.ts";

export interface DescribedScope {
  readonly name: string;
  readonly description?: string;
}

/** What the consent page shows of a request. Identifiers are proven; names and descriptions are what the parties say. */
export interface RequestDescription {
  readonly agent: string;
  /** What the agent calls its delegate. */
  readonly agentDelegate?: string;
  readonly agentName?: string;
  readonly resource: string;
  /** Scopes that the resource words, or leaves without words. */
  readonly scopes: readonly DescribedScope[];
  /** Scopes about who the person is: this server words them. */
  readonly identityScopes: readonly DescribedScope[];
  /** Host the person returns to. */
  readonly returnsTo: string;
}

/** For a name with nothing to read in it: that there is a delegate is shown all the same. */
const NOTHING_TO_READ = "…";

/** Collects the parties' own words for a consent page; a party that cannot be asked right now is shown by its identifier. */
export async function describeRequest(
  request: ConsentRequest,
  discovery: Discovery,
): Promise<RequestDescription> {
  const [agent, resource] = await Promise.all([
    orNothing(discovery.metadata<AgentMetadata>("agent", request.agent)),
    orNothing(discovery.metadata<ResourceMetadata>("resource", request.resource)),
  ]);
  const agentName = displayText(agent?.name);
  const words = scopeWords(request.scope);
  return {
    agent: request.agent,
    ...(request.agentDelegate !== undefined && {
      agentDelegate: displayText(request.agentDelegate) ?? NOTHING_TO_READ,
    }),
    ...(agentName !== undefined && { agentName }),
    resource: request.resource,
    scopes: described(
      words.filter((name) => !isIdentityScope(name)),
      resource?.scope_descriptions ?? {},
    ),
    // Who somebody is means the same everywhere: no resource may word that.
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

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AAuthError) return undefined;
    throw error;
  }
}
