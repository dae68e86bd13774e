import {
  type AgentProviderMetadata,
  agentProviderMetadata,
  canonicalAuthority,
  createDiscovery,
  draft11,
  resourceMetadata as draft11ResourceMetadata,
  toJwks,
} from "aauth";
import {
  type AgentMetadata,
  agentMetadata,
  toJwks as februaryJwks,
  resourceMetadata,
} from "aauth/february-2026";
import {
  type Challenger,
  createAuthorizationEndpoint,
  createChallenger,
  createRevocationEndpoint,
  createRevocations,
  createVerifier,
  type Endpoint,
  type VerifierOptions,
} from "aauth/resource";
import type { ComposedOptions, FastifyAAuthOptions, ResourceOptions, WellKnownDocuments } from "./options.ts";
import { RESOURCE_TOKEN_PATH, type ResourceTokenOptions } from "./resource-tokens.ts";

/** What the plugin works with, whichever form its options have. */
export interface Parts extends Pick<ComposedOptions, "verifier" | "authority"> {
  readonly challenger: Challenger | undefined;
  readonly wellKnown: WellKnownDocuments | undefined;
  readonly resourceTokens: ResourceTokenOptions | undefined;
  readonly endpoints: readonly Endpoint[];
}

/** What one form has and the other would ignore: a stricter verifier, or `trustedAgents`. */
const OF_PARTS = ["verifier", "challenger", "authority", "wellKnown"] as const;
const OF_DRAFT_11 = [
  ...(["personServers", "about", "additionalSignatureComponents", "revocations", "authorization"] as const),
] as const;
const OF_IDENTITY = [
  ...(["authServer", "key", "discovery", "development", "now", "profile", "algs", "agent"] as const),
  ...(["replayStore", "toleranceSeconds", "trustedAgents", "requireNonce", "cryptoMode"] as const),
  ...(["scopes", "scopeDescriptions"] as const),
  ...OF_DRAFT_11,
] as const;

const AUTHORIZATION_PATH = "/aauth/authorize";
const REVOCATION_PATH = "/aauth/revoke";

/**
 * @throws TypeError for options that mix the two forms, or that the profile does not have.
 * @throws TypeError and RangeError of `createVerifier`, `createChallenger` and the documents.
 */
export function partsOf(options: FastifyAAuthOptions): Parts {
  const others = options.resource === undefined ? OF_IDENTITY : OF_PARTS;
  const stray = others.find((name) => options[name] !== undefined);
  if (stray !== undefined) {
    throw new TypeError(
      options.resource === undefined
        ? `${stray} goes with resource: otherwise give it to the verifier, challenger or documents`
        : `${stray} is made from resource, authServer and key: give either it or them`,
    );
  }
  if (options.resource !== undefined) return made(options);
  const { verifier, challenger, authority, wellKnown } = options;
  return { verifier, challenger, authority, wellKnown, resourceTokens: undefined, endpoints: [] };
}

function made(options: ResourceOptions): Parts {
  const { resource, authServer, key, development, now, profile = draft11, algs } = options;
  const { trustedAgents, replayStore, toleranceSeconds, requireNonce, cryptoMode } = options;
  if (options.discovery !== undefined && development !== undefined) {
    throw new TypeError("development has no effect beside discovery: give it to createDiscovery()");
  }
  const { scopeDescriptions = {} } = options;
  const challenger = createChallenger({ key, resource, authServer, now, profile, algs, scopeDescriptions });
  const authority = canonicalAuthority(resource);
  const discovery = options.discovery ?? createDiscovery({ development, now });
  const accepted = { authorities: [authority], audience: resource, discovery, trustedAgents };
  const shared = { ...accepted, now, profile, replayStore, toleranceSeconds, requireNonce, cryptoMode };
  const own = { challenger, shared };
  const isDraft11 = profile.documents === draft11.documents;
  const { verifier, wellKnown, ...more } = isDraft11 ? ofDraft11(options, own) : ofFebruary(options, own);
  const jwks = () => (isDraft11 ? toJwks : februaryJwks)("published" in key ? key.published() : [key]);
  return { verifier, challenger, authority, wellKnown: { ...wellKnown, jwks }, ...more };
}

interface Made {
  readonly challenger: Challenger;
  readonly shared: Omit<VerifierOptions, "accept">;
}

type OfProfile = Pick<Parts, "verifier" | "resourceTokens" | "endpoints"> & {
  readonly wellKnown: WellKnownDocuments;
};

function ofFebruary(options: ResourceOptions, { challenger, shared }: Made): OfProfile {
  const { resource, authServer, scopes, scopeDescriptions, agent } = options;
  const stray = OF_DRAFT_11.find((name) => options[name] !== undefined);
  if (stray !== undefined) throw new TypeError(`${stray} goes with profile draft11`);
  const { authorities, audience, discovery, trustedAgents } = shared;
  const trustedIssuers = [authServer!];
  const accepted = { authorities, audience, discovery, trustedAgents, trustedIssuers };
  const accept = options.accept?.map((variant) => ({ ...accepted, ...variant }));
  const wellKnown: WellKnownDocuments = {
    resource: resourceMetadata({
      resource,
      ...(scopes && { resource_token_endpoint: resource + RESOURCE_TOKEN_PATH, supported_scopes: scopes }),
      ...(scopeDescriptions && { scope_descriptions: scopeDescriptions }),
    }),
    ...(agent && { agent: agentMetadata({ ...(agent as Omit<AgentMetadata, "agent">), agent: resource }) }),
  };
  const verifier = createVerifier({ ...shared, trustedIssuers, accept });
  return { verifier, wellKnown, resourceTokens: scopes && { challenger, scopes }, endpoints: [] };
}

function ofDraft11(options: ResourceOptions, { challenger, shared }: Made): OfProfile {
  const { resource, authServer, personServers = [], scopes, scopeDescriptions, agent, about } = options;
  const { now, toleranceSeconds, authorization } = options;
  const { additionalSignatureComponents: components = ["content-digest", "content-type"] } = options;
  if (options.accept !== undefined) throw new TypeError("accept has no variants of draft -11: use the parts");
  const takesPersons = personServers.length > 0;
  if (!takesPersons && (authServer ?? scopes) !== undefined) {
    throw new TypeError("personServers must name the person servers whose persons may be authorized");
  }
  const { revocations = createRevocations({ now }) } = options;
  const verifier = createVerifier({
    ...shared,
    trustedIssuers: personServers,
    accessServer: authServer,
    isRevoked: revocations.isRevoked,
    additionalComponents: components,
  });
  const issuers = [...personServers, ...(authServer === undefined ? [] : [authServer])];
  const revocation = () =>
    createRevocationEndpoint({
      verifier: createVerifier({
        ...shared,
        endpoint: "revocation",
        trustedAgents: issuers,
      }),
      ...{ revocations, path: REVOCATION_PATH, now },
    });
  const endpoints = [
    ...(takesPersons ? [revocation()] : []),
    ...(scopes
      ? [
          createAuthorizationEndpoint({
            verifier,
            challenger,
            scopes,
            path: AUTHORIZATION_PATH,
            ...authorization,
          }),
        ]
      : []),
  ];
  const documents: Record<string, object> = {
    [documentName("resource")]: draft11ResourceMetadata({
      ...about,
      issuer: resource,
      additional_signature_components: components,
      ...(toleranceSeconds !== undefined && { signature_window: toleranceSeconds }),
      ...(takesPersons && { revocation_endpoint: resource + REVOCATION_PATH }),
      ...(scopes && { authorization_endpoint: resource + AUTHORIZATION_PATH }),
      ...(scopeDescriptions && { scope_descriptions: scopeDescriptions }),
    }),
  };
  if (agent !== undefined) {
    const members = agent as Omit<AgentProviderMetadata, "issuer">;
    documents[documentName("agent")] = agentProviderMetadata({ ...members, issuer: resource });
  }
  return { verifier, wellKnown: { documents }, resourceTokens: undefined, endpoints };
}

const documentName = (kind: "agent" | "resource"): string => draft11.documents.kinds[kind].document.name;
