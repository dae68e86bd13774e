import {
  agentMetadata,
  canonicalAuthority,
  createDiscovery,
  type KeyRing,
  resourceMetadata,
  type SigningKey,
  toJwks,
} from "aauth";
import { type Challenger, createChallenger, createVerifier } from "aauth/resource";
import type { ComposedOptions, FastifyAAuthOptions, ResourceOptions, WellKnownDocuments } from "./options.ts";
import { RESOURCE_TOKEN_PATH, type ResourceTokenOptions } from "./resource-tokens.ts";

/** What the plugin works with, whichever form its options have. */
export interface Parts extends Pick<ComposedOptions, "verifier" | "authority"> {
  readonly challenger: Challenger | undefined;
  readonly wellKnown: WellKnownDocuments | undefined;
  readonly resourceTokens: ResourceTokenOptions | undefined;
}

const IDENTITY = ["resource", "authServer", "key"] as const;
const PARTS = ["verifier", "challenger", "authority", "wellKnown"] as const;
/** Members of the identity's form: in the other one the parts have them. */
const OF_PARTS = [
  ...["discovery", "development", "now", "profile", "replayStore", "toleranceSeconds", "trustedAgents"],
  ...["requireNonce", "cryptoMode", "algs", "scopes", "scopeDescriptions", "agent"],
] as const;

/**
 * @throws TypeError for options that mix the two forms, or lack a member of theirs.
 * @throws TypeError and RangeError of `createVerifier`, `createChallenger` and the documents.
 */
export function partsOf(options: FastifyAAuthOptions): Parts {
  const given = (names: readonly string[]) =>
    names.filter((name) => (options as unknown as Readonly<Record<string, unknown>>)[name] !== undefined);
  const identity = given(IDENTITY);
  const [stray] = given(identity.length > 0 ? PARTS : OF_PARTS);
  if (stray !== undefined) {
    throw new TypeError(
      identity.length > 0
        ? `${stray} is made from resource, authServer and key: give either it or them`
        : `${stray} goes with resource, authServer and key: otherwise give it to the verifier, challenger or documents`,
    );
  }
  if (identity.length === 0) {
    const { verifier, challenger, authority, wellKnown } = options as ComposedOptions;
    return { verifier, challenger, authority, wellKnown, resourceTokens: undefined };
  }
  const missing = IDENTITY.find((name) => !identity.includes(name));
  if (missing !== undefined) throw new TypeError(`${missing} must be given beside ${identity.join(" and ")}`);
  return made(options as ResourceOptions);
}

function made(options: ResourceOptions): Parts {
  const { resource, authServer, key, development, now, profile, scopes, scopeDescriptions, agent } = options;
  const { trustedAgents, replayStore, toleranceSeconds, requireNonce, cryptoMode, algs } = options;
  if (options.discovery !== undefined && development !== undefined) {
    throw new TypeError("development has no effect beside discovery: give it to createDiscovery()");
  }
  const keys = publishedKeysOf(key);
  const challenger = createChallenger({ key, resource, authServer, now, profile, algs });
  const authority = canonicalAuthority(resource);
  const discovery = options.discovery ?? createDiscovery({ development, now, profile });
  const verifier = createVerifier({
    ...{ authorities: [authority], audience: resource, trustedIssuers: [authServer], discovery },
    ...{ now, profile, trustedAgents, replayStore, toleranceSeconds, requireNonce, cryptoMode },
  });
  const wellKnown: WellKnownDocuments = {
    resource: resourceMetadata({
      resource,
      ...(scopes && { resource_token_endpoint: resource + RESOURCE_TOKEN_PATH, supported_scopes: scopes }),
      ...(scopeDescriptions && { scope_descriptions: scopeDescriptions }),
    }),
    ...(agent && { agent: agentMetadata({ ...agent, agent: resource }) }),
    jwks: () => toJwks(keys()),
  };
  return { verifier, challenger, authority, wellKnown, resourceTokens: scopes && { challenger, scopes } };
}

/** @throws TypeError for anything else, a function included: of its earlier keys nothing would be published. */
function publishedKeysOf(key: SigningKey | KeyRing): () => readonly SigningKey[] {
  const { published, sign } = (key ?? {}) as Partial<SigningKey & KeyRing>;
  if (typeof published === "function") return () => (key as KeyRing).published();
  if (typeof sign === "function") return () => [key as SigningKey];
  throw new TypeError("key must be a signing key or a key ring");
}
