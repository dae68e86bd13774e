import { agentMetadata, canonicalAuthority, createDiscovery, resourceMetadata, toJwks } from "aauth";
import { type Challenger, createChallenger, createVerifier } from "aauth/resource";
import type { ComposedOptions, FastifyAAuthOptions, ResourceOptions, WellKnownDocuments } from "./options.ts";
import { RESOURCE_TOKEN_PATH, type ResourceTokenOptions } from "./resource-tokens.ts";

/** What the plugin works with, whichever form its options have. */
export interface Parts extends Pick<ComposedOptions, "verifier" | "authority"> {
  readonly challenger: Challenger | undefined;
  readonly wellKnown: WellKnownDocuments | undefined;
  readonly resourceTokens: ResourceTokenOptions | undefined;
}

/** What one form has and the other would ignore: a stricter verifier, or `trustedAgents`. */
const OF_PARTS = ["verifier", "challenger", "authority", "wellKnown"] as const;
const OF_IDENTITY = [
  ...(["authServer", "key", "discovery", "development", "now", "profile", "algs", "agent"] as const),
  ...(["replayStore", "toleranceSeconds", "trustedAgents", "requireNonce", "cryptoMode"] as const),
  ...(["scopes", "scopeDescriptions"] as const),
] as const;

/**
 * @throws TypeError for options that mix the two forms.
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
  return { verifier, challenger, authority, wellKnown, resourceTokens: undefined };
}

function made(options: ResourceOptions): Parts {
  const { resource, authServer, key, development, now, profile, scopes, scopeDescriptions, agent } = options;
  const { trustedAgents, replayStore, toleranceSeconds, requireNonce, cryptoMode, algs } = options;
  if (options.discovery !== undefined && development !== undefined) {
    throw new TypeError("development has no effect beside discovery: give it to createDiscovery()");
  }
  const challenger = createChallenger({ key, resource, authServer, now, profile, algs });
  const authority = canonicalAuthority(resource);
  const discovery = options.discovery ?? createDiscovery({ development, now, profile });
  const identity = { authorities: [authority], audience: resource, trustedIssuers: [authServer] };
  const accepted = { ...identity, discovery, trustedAgents };
  const verifier = createVerifier({
    ...{ ...accepted, now, profile, replayStore, toleranceSeconds, requireNonce, cryptoMode },
    accept: options.accept?.map((variant) => ({ ...accepted, ...variant })),
  });
  const wellKnown: WellKnownDocuments = {
    resource: resourceMetadata({
      resource,
      ...(scopes && { resource_token_endpoint: resource + RESOURCE_TOKEN_PATH, supported_scopes: scopes }),
      ...(scopeDescriptions && { scope_descriptions: scopeDescriptions }),
    }),
    ...(agent && { agent: agentMetadata({ ...agent, agent: resource }) }),
    jwks: () => toJwks("published" in key ? key.published() : [key]),
  };
  return { verifier, challenger, authority, wellKnown, resourceTokens: scopes && { challenger, scopes } };
}
