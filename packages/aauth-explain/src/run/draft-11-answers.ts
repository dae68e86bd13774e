import type { TracedToken } from "./attribute-names.ts";
import { describeToken } from "./describe-token.ts";
import { partyName } from "./parties.ts";
import type { Message } from "./protocol-run.ts";
import { readRequirement } from "./requirement-field.ts";

export function draft11Person(message: Message): string {
  const { signer, requestType, from, to } = message;
  const token = signer?.token;
  const upstream = signer?.bodyTokens?.upstream_token;
  const asked = upstream ?? signer?.bodyTokens?.presented_token;
  if (asked !== undefined) {
    const of = upstream === undefined ? "presented" : "upstream";
    return `The person of the ${of} token: ${nameOf(asked)}.`;
  }
  if (token?.kind === "aa-person+jwt" || token?.kind === "aa-auth+jwt") return `The person ${nameOf(token)}.`;
  if (requestType === "poll") return "The person of the request that it polls.";
  if (requestType === "person-token")
    return `The person of ${partyName(from)}, whom ${partyName(to)} knows or asks first.`;
  return token === undefined
    ? `No person: ${partyName(from)} signs in its own name, as a server.`
    : "No person: an agent token names none.";
}

/** A directed identifier is only meaningful together with its audience. */
function nameOf({ claims }: TracedToken): string {
  return `${String(claims?.sub ?? "without a name")}, as ${String(claims?.aud ?? "the audience")} knows them`;
}

export function draft11Permission(message: Message): string {
  const { signer, requestType, to } = message;
  const { resource_token, presented_token, upstream_token } = signer?.bodyTokens ?? {};
  const shown = [
    resource_token && `The resource token of ${String(resource_token.claims?.iss)}`,
    presented_token && `the ${tokenName(presented_token)} presented there`,
    upstream_token && `${resource_token ? "the" : "The"} upstream ${tokenName(upstream_token)} of its caller`,
  ].filter((part) => part !== undefined);
  if (shown.length > 0) {
    const last = shown.pop();
    return `${shown.length === 0 ? last : `${shown.join(", ")} and ${last}`}.`;
  }
  if (requestType === "person-token")
    return `Its agent token. ${partyName(to)} determines whether the person consents.`;
  const token = signer?.token;
  if (token === undefined) return "The key that the signer publishes under its identifier.";
  const only = requestType === "poll" ? " No other party may poll." : "";
  return `${describeToken(token, true)}${only}`;
}

const tokenName = ({ kind }: TracedToken) => (kind === "aa-person+jwt" ? "person token" : "auth token");

/** Outcome of a message that is neither refused nor finished. */
export function draft11Wait(message: Message): string | undefined {
  const { outcome, status, to, response } = message;
  if (outcome === "handed-back") {
    return `${partyName(to)} cannot reach the person (status ${status}): the agent shows the page itself.`;
  }
  if (outcome !== "waiting") return undefined;
  const { requirement, url } = readRequirement(response) ?? {};
  const why =
    requirement === "interaction"
      ? `: a person decides first${url === undefined ? "" : `, at ${url}`}`
      : requirement === undefined
        ? ""
        : `: it requires ${requirement}`;
  return `${partyName(to)} answers later (status ${status})${why}. The agent polls the Location of the answer.`;
}
