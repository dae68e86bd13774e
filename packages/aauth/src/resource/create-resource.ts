/**
 * A resource as one object: what it publishes and serves, and how it judges requests.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { defaultResourceProfile } from "../default-profile.ts";
import { createDiscovery } from "../discovery/create-discovery.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { ResourceMetadata } from "../draft-11/documents.ts";
import type { Draft11Level } from "../draft-11/names.ts";
import { problemAnswer } from "../draft-11/problem.ts";
import { AAuthVerificationError } from "../errors.ts";
import { canonicalAuthority } from "../http-signatures/authority.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Answer, GuardedEndpoint, ResourceIdentity } from "../profile/resource-rules.ts";
import { createRevocations } from "../profile/revocations.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { Stores } from "../store/stores.ts";
import type { CallerOf, Level, ProvenCaller, Requirement, SigningKey } from "../types.ts";
import { type AuthorizationEndpointOptions, createAuthorizationEndpoint } from "./authorization-endpoint.ts";
import { type Challenger, type ChallengerOptions, createChallenger } from "./challenge.ts";
import { documentEndpoints, type Endpoint } from "./endpoint.ts";
import { meetRequirement } from "./requirement.ts";
import { createRevocationEndpoint } from "./revocation-endpoint.ts";
import type { AcceptedProfile, AddressedRequest, Verifier, VerifierOptions } from "./types.ts";
import { createVerifier } from "./verify-request.ts";

/** Members of the resource's document that are made from other options. */
type MadeMembers =
  | "issuer"
  | "jwks_uri"
  | "authorization_endpoint"
  | "revocation_endpoint"
  | "scope_descriptions"
  | "signature_window"
  | "additional_signature_components";

/** One resource: verifier, challenger, documents and endpoints are made from its identity. */
export interface ResourceOptions<Name extends string = string, Other extends string = string>
  extends ResourceIdentity,
    Pick<
      VerifierOptions<Name>,
      "now" | "profile" | "toleranceSeconds" | "trustedAgents" | "requireNonce" | "cryptoMode" | "observer"
    >,
    Pick<ChallengerOptions, "algs"> {
  /** Signs resource tokens, and is published at `/jwks.json`. Replicas of one resource share it. */
  readonly key: SigningKey | KeyRing;
  readonly accept?: readonly Required<Pick<AcceptedProfile<Other>, "profile" | "peers">>[] | undefined;
  /** Default: `createDiscovery({ development })`. */
  readonly discovery?: Discovery | undefined;
  /** Looks up http and loopback addresses, too. Belongs to the default discovery. Default false. */
  readonly development?: boolean | undefined;
  readonly about?: Partial<Omit<ResourceMetadata, MadeMembers>> | undefined;
  /**
   * Stores of used signatures and nonces, and of revoked tokens; replicas share them, or each
   * accepts a repetition once. Default: in memory, and revocations as in `createRevocations`.
   */
  readonly stores?: Stores | undefined;
  /** Default: no accounts, and a resource token for each request. */
  readonly authorization?: Pick<AuthorizationEndpointOptions, "holdsAccount" | "authorize"> | undefined;
}

/**
 * Reads a body; called once at most, and by `verify` after the checks that need no body.
 *
 * @param maxBytes of an endpoint's body; undefined for one of `verify`, whose bound is the caller's
 */
export type BodyReader = (maxBytes?: number) => Awaitable<Uint8Array | undefined>;

/** A request, with its body or what reads it. */
export interface ResourceRequest extends AddressedRequest {
  /** The bytes as they came, or what reads them. Undefined for none. */
  readonly body?: Uint8Array | BodyReader | undefined;
}

/** A request that has been let in. */
export interface Admitted<Caller extends ProvenCaller = ProvenCaller> {
  readonly caller: Caller;
  /** The bytes that were signed. Undefined for none. */
  readonly body: Uint8Array | undefined;
}

/**
 * @typeParam Name names of the levels of its profiles. Default: those of the dialects of this
 * package
 */
export interface Resource<Name extends string = Level> {
  /** Own identifier. */
  readonly id: string;
  /** What callers sign for. */
  readonly authority: string;
  /** For endpoints that are made with it. */
  readonly verifier: Verifier<Name>;
  readonly challenger: Challenger;
  /**
   * Documents, key set and endpoints, for a framework that has a router. Those with a `requirement`
   * can be guarded by the framework, too.
   */
  readonly endpoints: readonly (Endpoint | ServedEndpoint)[];
  /**
   * The answer of a document, the key set or an endpoint; undefined for any other path or method.
   *
   * @throws what a reader of the body or a store throws, but for a store without room: that is 503
   */
  handle(request: ResourceRequest): Promise<Answer | undefined>;
  /**
   * Judges a request: everything but its body first, so that a bad request costs no reading.
   *
   * @throws AAuthVerificationError; what `refuse` makes of it is the answer
   * @throws TypeError for a requirement that the profile cannot mean, or that no request can meet
   */
  verify<const R extends Requirement<Name>>(
    request: ResourceRequest,
    requirement: R,
  ): Promise<Admitted<CallerOf<R>>>;
  /**
   * Passes when a caller that `verify` has let in is at least what a further requirement demands,
   * for a handler that has looked at the request.
   *
   * @throws AAuthVerificationError; what `refuse` makes of it is the answer
   * @throws TypeError for a requirement that the profile cannot mean, and for a caller of another
   * profile
   */
  meetRequirement(caller: ProvenCaller, requirement: Requirement<Name>): void;
  /**
   * The answer to a request that `verify` or `meetRequirement` has not let in.
   *
   * @throws the error itself where neither has thrown it: its details are not for the caller
   */
  refuse(error: unknown): Promise<Answer>;
}

/**
 * An endpoint of the profile's own: `handle` verifies, `admit` answers a caller that has been
 * verified already.
 */
export interface ServedEndpoint extends Endpoint {
  readonly requirement: Requirement<string>;
  admit(request: Admitted & Pick<AddressedRequest, "headers">): Awaitable<Answer>;
}

/**
 * Creates a resource: its documents, its key set and its endpoints, what verifies its callers, and
 * what refuses them. What is published and served follows from the profile. Replicas share `key`
 * and `stores`.
 *
 * Does NOT listen, route or limit rates, and bounds no body that a reader reads.
 *
 * @throws TypeError for an identifier that is not canonical, for options that the profile does not
 * have or that could never work.
 * @throws RangeError for a `toleranceSeconds` out of range.
 *
 * @example
 * const resource = createResource({ resource: "https://reports.example", key, personServers: ["https://ps.example"] });
 * const answer = await resource.handle(request);
 */
export function createResource<Name extends string = Draft11Level, Other extends string = never>(
  options: ResourceOptions<Name, Other>,
): Resource<Name | Other>;
export function createResource(options: ResourceOptions): Resource<string> {
  const { resource, authServer, key, development, now, profile = defaultResourceProfile, algs } = options;
  if (options.discovery !== undefined && development !== undefined) {
    throw new TypeError("development has no effect beside discovery: give it to createDiscovery()");
  }
  const { scopeDescriptions = {} } = options;
  const challenger = createChallenger({ key, resource, authServer, now, profile, algs, scopeDescriptions });
  const authority = canonicalAuthority(resource);
  const discovery = options.discovery ?? createDiscovery({ development, now });
  const published = profile.resource.publish(options);
  const { stores, trustedAgents, toleranceSeconds, requireNonce, cryptoMode, observer } = options;
  const common = { authorities: [authority], audience: resource, discovery };
  const judging = {
    now,
    replayStore: stores?.claims(`replay ${resource}`),
    toleranceSeconds,
    requireNonce,
    cryptoMode,
    observer,
  };
  const { trustedIssuers, accessServer, additionalComponents } = published;
  // Without issuers no token can be revoked, and nothing has to be remembered.
  const revocation = published.revocation?.issuers.length ? published.revocation : undefined;
  const accepted = { ...common, trustedAgents, trustedIssuers, accessServer };
  const revocations =
    revocation &&
    createRevocations({
      store: stores?.records(`revocations ${resource}`),
      knownSince: stores?.knownSince,
      now,
    });
  const verifier = createVerifier({
    ...{ ...accepted, ...judging, profile, additionalComponents },
    isRevoked: revocations?.isRevoked,
    accept: options.accept?.map((variant) => ({ ...accepted, ...variant })),
  });
  const jwks = () => profile.resource.keySet("published" in key ? key.published() : [key]);
  const endpoints: (Endpoint | ServedEndpoint)[] = [
    ...documentEndpoints({ documents: published.documents, jwks }),
  ];
  if (revocation && revocations) {
    const { path, issuers } = revocation;
    const shared = { ...common, ...judging, profile, trustedAgents: issuers };
    const issuersOnly = createVerifier({ ...shared, endpoint: "revocation" });
    endpoints.push(createRevocationEndpoint({ verifier: issuersOnly, revocations, path, now }));
  }
  const { authorizationPath: path } = published;
  if (path !== undefined) {
    const { scopes = [], authorization } = options;
    endpoints.push(createAuthorizationEndpoint({ verifier, challenger, scopes, path, ...authorization }));
  }
  const judge = judgeOf(verifier, challenger);
  endpoints.push(...published.endpoints.map((own) => served(own, judge, challenger)));
  return { id: resource, authority, verifier, challenger, endpoints, handle: routerOf(endpoints), ...judge };
}

const bodyOf = ({ body }: ResourceRequest, maxBytes?: number): Awaitable<Uint8Array | undefined> =>
  typeof body === "function" ? body(maxBytes) : body;

type Judge = Pick<Resource<string>, "verify" | "meetRequirement" | "refuse">;

function judgeOf(verifier: Verifier<string>, challenger: Challenger): Judge {
  const requirements = new WeakMap<AAuthVerificationError, Requirement<string>>();
  const remember = (error: unknown, requirement: Requirement<string>): unknown => {
    if (error instanceof AAuthVerificationError) requirements.set(error, requirement);
    return error;
  };
  return {
    async verify(request, requirement) {
      try {
        const pending = await verifier.begin(request, requirement);
        const body = await bodyOf(request);
        const { caller } = await pending.complete(body);
        return { caller, body };
      } catch (error) {
        throw remember(error, requirement);
      }
    },
    meetRequirement(caller, requirement) {
      const profile = verifier.profiles.find(({ name }) => name === caller.profile);
      if (profile === undefined) throw new TypeError("the caller was verified by another resource");
      try {
        meetRequirement(caller, requirement, profile);
      } catch (error) {
        throw remember(error, requirement);
      }
    },
    async refuse(error) {
      const requirement = error instanceof AAuthVerificationError ? requirements.get(error) : undefined;
      if (requirement === undefined) throw error;
      return challenger.challengeFor(error as AAuthVerificationError, { requirement });
    },
  };
}

/** Also serves what the profile adds: the caller is verified by the resource's own verifier. */
function served(own: GuardedEndpoint, judge: Judge, challenger: Challenger): ServedEndpoint {
  const { methods, path, maxBodyBytes, requirement } = own;
  const admit: ServedEndpoint["admit"] = ({ caller, headers, body }) =>
    own.answer({
      ...{ caller, headers, body },
      resourceToken: (scopes) => challenger.resourceToken(caller, scopes),
    });
  return {
    ...{ methods, path, maxBodyBytes, requirement, admit },
    async handle(request) {
      try {
        const { caller, body } = await judge.verify(request, requirement);
        return await admit({ caller, headers: request.headers, body });
      } catch (error) {
        return judge.refuse(error);
      }
    },
  };
}

const RETRY_AFTER_SECONDS = "30";

function routerOf(endpoints: readonly Endpoint[]): Resource["handle"] {
  return async (request) => {
    const [path = ""] = request.target.split("?", 1);
    const found = endpoints.find((own) => own.path === path && own.methods.includes(request.method));
    if (found === undefined) return undefined;
    const body = await bodyOf(request, found.maxBodyBytes);
    if ((body?.byteLength ?? 0) > found.maxBodyBytes) {
      return problemAnswer(413, "invalid_request", `the body has more than ${found.maxBodyBytes} bytes`);
    }
    try {
      return await found.handle({ ...request, body });
    } catch (error) {
      if (!(error instanceof StoreFullError)) throw error;
      return problemAnswer(503, "server_error", undefined, { "retry-after": RETRY_AFTER_SECONDS });
    }
  };
}
