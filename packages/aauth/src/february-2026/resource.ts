/**
 * Documents and endpoints of a February 2026 resource.
 *
 * @module
 */

import type {
  Answer,
  GuardedEndpoint,
  GuardedRequest,
  ResourceIdentity,
  ResourceRules,
} from "../profile/resource-rules.ts";
import { agentMetadata, resourceMetadata } from "./documents.ts";
import { february2026Jwks } from "./jwks.ts";
import { DOCUMENTS } from "./names.ts";

const RESOURCE_TOKEN_PATH = "/resource/token";
/** Exceeds a form of two short values. */
const MAX_FORM_BYTES = 8_192;
const FORM = /^application\/x-www-form-urlencoded[ \t]*(?:;|$)/i;

const OF_DRAFT_11 = [
  "accessServer",
  "personServers",
  "about",
  "additionalSignatureComponents",
  "authorization",
] as const;

function publish(identity: ResourceIdentity): ReturnType<ResourceRules["publish"]> {
  const { resource, scopes, scopeDescriptions, agent } = identity;
  const stray = OF_DRAFT_11.find((name) => identity[name] !== undefined);
  if (stray !== undefined) throw new TypeError(`${stray} is supported only with profile draft11`);
  const document = resourceMetadata({
    resource,
    ...(scopes && { resource_token_endpoint: resource + RESOURCE_TOKEN_PATH, supported_scopes: scopes }),
    ...(scopeDescriptions && { scope_descriptions: scopeDescriptions }),
  });
  return {
    documents: {
      ...(agent && { [DOCUMENTS.agent]: agentMetadata({ ...agent, agent: resource }) }),
      [DOCUMENTS.resource]: document,
    },
    endpoints: scopes === undefined ? [] : [resourceTokenEndpoint(scopes)],
  };
}

/**
 * The resource token endpoint (SPEC 9.2.5, profile 6.6): an identified agent that knows which
 * scopes it needs gets a resource token without a challenge. Responds with
 * `{"resource_token","auth_server","expires_in"}`; 400 `invalid_scope` for a scope that is not
 * offered, 400 `invalid_request` unless there is one `scope`, 401 for a caller without a proven
 * identity. Does NOT check whether the agent may have the scopes: the auth server does.
 */
const resourceTokenEndpoint = (scopes: readonly string[]): GuardedEndpoint => ({
  methods: ["POST"],
  path: RESOURCE_TOKEN_PATH,
  maxBodyBytes: MAX_FORM_BYTES,
  requirement: { level: "identified" },
  async answer(request) {
    const form = formOf(request);
    if (form === undefined) return refused("invalid_request", "expected a form");
    if (form.has("auth_request_url")) return refused("invalid_request", "auth_request_url is not supported");
    const [text, ...more] = form.getAll("scope");
    const asked = [...new Set(text?.split(" ").filter((word) => word !== ""))];
    if (asked.length === 0 || more.length > 0) {
      return refused("invalid_request", "expected one scope parameter");
    }
    if (!asked.every((word) => scopes.includes(word))) {
      return refused("invalid_scope", "the resource does not offer one of these scopes");
    }
    const { resourceToken, server, expiresInSeconds } = await request.resourceToken(asked);
    const members = { resource_token: resourceToken, auth_server: server };
    return jsonAnswer(200, { ...members, expires_in: expiresInSeconds });
  },
});

function formOf({ headers, body }: GuardedRequest): URLSearchParams | undefined {
  const type = headers["content-type"];
  if (typeof type !== "string" || !FORM.test(type)) return undefined;
  return new URLSearchParams(new TextDecoder().decode(body));
}

const refused = (error: string, description: string): Answer =>
  jsonAnswer(400, { error, error_description: description });

const jsonAnswer = (status: number, members: object): Answer => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
  body: JSON.stringify(members),
});

/**
 * Limits count a delegate as its agent, which could create any number of delegates. A caller whose
 * token lacks the scopes of the higher limit is limited as identified.
 */
export const resource: ResourceRules = {
  publish,
  keySet: february2026Jwks,
  limited: {
    pseudonymous: { countedBy: "key" },
    identified: { countedBy: "owner", raisedByScopes: true },
    authorized: { countedBy: "owner-and-user" },
  },
  limitedAs: ({ agent }, isRaised) => {
    if (agent === undefined) return "pseudonymous";
    return isRaised ? "authorized" : "identified";
  },
};
