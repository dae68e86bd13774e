import { AAuthError, type Discovery } from "aauth";
import type { ConsentRequest } from "../grants.ts";
import { IDENTITY_SCOPES, isIdentityScope } from "../identity-scopes.ts";
import { scopeWords } from "../request-types/request-type.ts";

/** What the consent page shows of a request. Identifiers are proven, `agentName` and descriptions are what the parties say. */
export interface RequestDescription {
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly agentName?: string;
  readonly resource: string;
  readonly scopes: readonly { readonly name: string; readonly description?: string }[];
  /** Host the person returns to. */
  readonly returnsTo: string;
}

const MAX_TEXT_LENGTH = 160;

/** Collects the parties' own words for a consent page; a party that cannot be asked right now is shown by its identifier. */
export async function describeRequest(
  request: ConsentRequest,
  discovery: Discovery,
): Promise<RequestDescription> {
  const [agent, resource] = await Promise.all([
    orNothing(discovery.agentMetadata(request.agent)),
    orNothing(discovery.resourceMetadata(request.resource)),
  ]);
  const agentName = displayText(agent?.name);
  return {
    agent: request.agent,
    ...(request.agentDelegate !== undefined && { agentDelegate: request.agentDelegate }),
    ...(agentName !== undefined && { agentName }),
    resource: request.resource,
    scopes: scopeWords(request.scope).map((name) => {
      // Who somebody is means the same everywhere: no resource may word that.
      const descriptions = isIdentityScope(name) ? IDENTITY_SCOPES : (resource?.scope_descriptions ?? {});
      const description = displayText(Object.hasOwn(descriptions, name) ? descriptions[name] : undefined);
      return { name, ...(description !== undefined && { description }) };
    }),
    returnsTo: new URL(request.redirectUri).host,
  };
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AAuthError) return undefined;
    throw error;
  }
}

/** One line of text without control characters and without marks that change the direction of what follows. */
function displayText(text: string | undefined): string | undefined {
  const line = text?.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  if (!line) return undefined;
  return line.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH)}…` : line;
}
