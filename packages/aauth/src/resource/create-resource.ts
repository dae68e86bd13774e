/**
 * A resource as one object: its documents, its endpoints, and the verification of requests.
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
import { keyRingOf } from "../keys/key-option.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { checkOptions, type OptionChecks, requireBoolean, unchecked } from "../keys/option-checks.ts";
import { type Observer, observerOf } from "../profile/events.ts";
import type { Answer, GuardedEndpoint, GuardedRequest, ResourceIdentity } from "../profile/resource-rules.ts";
import { createRevocations } from "../profile/revocations.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { Stores } from "../store/stores.ts";
import type { CallerOf, Level, ProvenCaller, Requirement, SigningKey, VerifiedRequest } from "../types.ts";
import { type AuthorizationPolicy, authorizationEndpoint } from "./authorization-endpoint.ts";
import { type Challenger, createChallenger, plainRefusal } from "./challenge.ts";
import { createDeferred, type DeferredOptions, type DeferredRequests } from "./deferred.ts";
import { documentEndpoints, type Endpoint } from "./endpoint.ts";
import { meetRequirement } from "./requirement.ts";
import { createRevocationEndpoint } from "./revocation-endpoint.ts";
import { createSessions, type Sessions, type SessionsOptions } from "./sessions.ts";
import type { AcceptedProfile, AddressedRequest, Verifier, VerifierOptions } from "./types.ts";
import { createVerifier } from "./verify-request.ts";

/** Members of the resource's document that derive from other options. */
type MadeMembers =
  | "issuer"
  | "jwks_uri"
  | "authorization_endpoint"
  | "revocation_endpoint"
  | "scope_descriptions"
  | "signature_window"
  | "additional_signature_components";

/** Options of a resource, from which its verifier, challenger, documents and endpoints derive. */
export interface ResourceOptions<Name extends string = string, Other extends string = string>
  extends ResourceIdentity,
    Pick<VerifierOptions<Name>, "now" | "profile" | "toleranceSeconds" | "agentProviders" | "cryptoMode"> {
  /** Signs resource tokens, and is published at `/jwks.json`. All replicas share it. */
  readonly key: SigningKey | KeyRing;
  readonly accept?: readonly Required<Pick<AcceptedProfile<Other>, "profile" | "peers">>[] | undefined;
  /** Default: `createDiscovery({ development })`. */
  readonly discovery?: Discovery | undefined;
  /** Allows http and loopback addresses in the default discovery. Default false. */
  readonly development?: boolean | undefined;
  readonly about?: Partial<Omit<ResourceMetadata, MadeMembers>> | undefined;
  /**
   * Stores of used signatures and nonces, and of revoked tokens. Replicas must share them;
   * otherwise each accepts a replay once. Default: in memory, which the observer learns
   * (`memory_stores`), and revocations as in `createRevocations`.
   */
  readonly stores?: Stores | undefined;
  /**
   * Receives each verification, and as `unexpected_error` what has thrown where a gate answers 500.
   * Default: writes the stack of an unexpected error to `console.error`, and with
   * `NODE_ENV=production` one line about stores in memory.
   */
  readonly observer?: Observer<AddressedRequest> | undefined;
  /** Default: no accounts, and always a resource token. */
  readonly authorization?: AuthorizationPolicy | undefined;
}

/**
 * Reads a body. Called at most once; `verify` calls it after the checks that need no body.
 *
 * @param maxBytes limit of an endpoint's body; undefined in `verify`, in which the caller sets the
 * limit
 */
export type BodyReader = (maxBytes?: number) => Awaitable<Uint8Array | undefined>;

/** A request with its body, or a reader of the body. */
export interface ResourceRequest extends AddressedRequest {
  /** The received bytes, or their reader. Undefined for none. */
  readonly body?: Uint8Array | BodyReader | undefined;
}

/** An admitted request, or the answer to a refused one. */
export type Admission<Caller extends ProvenCaller = ProvenCaller> =
  | (VerifiedRequest<Caller> & {
      /** The verified body. Undefined for none. */
      readonly body: Uint8Array | undefined;
      readonly answer?: undefined;
    })
  | {
      readonly answer: Answer;
      /** The refusal behind the answer. Unset for the answer of an endpoint. */
      readonly error?: AAuthVerificationError;
      readonly caller?: undefined;
      readonly body?: undefined;
    };

/**
 * @typeParam Name names of the levels of its profiles. Default: those of this package's dialects
 */
export interface Resource<Name extends string = Level> {
  /** Identifier of the resource. */
  readonly id: string;
  /** The authority that callers sign. */
  readonly authority: string;
  /** For additional endpoints. */
  readonly verifier: Verifier<Name>;
  /** The observer of its options or the default, for gates. It never throws. */
  readonly observer: Observer<AddressedRequest>;
  /** Documents, key set and endpoints, for the router of a framework. */
  readonly endpoints: readonly Endpoint[];
  /**
   * Serves a document, the key set or an endpoint; undefined for any other path or method.
   *
   * @throws errors of the body reader and the stores, except a full store, which is answered with
   *   503
   */
  handle(request: ResourceRequest): Promise<Answer | undefined>;
  /**
   * Verifies a request: its caller and body, or the refusal or challenge. The body is read last,
   * and not at all for an invalid request.
   *
   * @throws TypeError for a requirement that is invalid in the profile, or that no request can
   *   meet, and for invalid arguments
   * @throws errors of the body reader
   */
  admit<const R extends Requirement<Name>>(
    request: ResourceRequest,
    requirement: R,
  ): Promise<Admission<CallerOf<R>>>;
  /**
   * The challenge or refusal for an admitted caller that does not meet an additional requirement;
   * undefined if it does. For a handler that decides on the content of the request.
   *
   * @throws TypeError for a requirement that is invalid in the profile, and for a caller of another
   *   profile
   */
  meetRequirement(caller: ProvenCaller, requirement: Requirement<Name>): Promise<Answer | undefined>;
  /**
   * Checks a requirement before the first request.
   *
   * @throws TypeError like `admit`, and for a scope without an entry in `scopeDescriptions`
   */
  checkRequirement(requirement: Requirement<Name>): void;
  /**
   * The response for an admitted caller that exceeds the request limit of its level: 429 with
   * `Retry-After`, and a challenge that would raise the limit. `raisedBy` are the scopes of an auth
   * token with a higher limit; without them, an identified caller gets no challenge. Does NOT count
   * requests.
   */
  readonly limitReached: Challenger["limitReached"];
  /**
   * Creates deferred requests, whose endpoint `handle` serves from then on. A router that has
   * already registered `endpoints` serves `endpoint` itself. Replicas share `stores`; values are
   * plain JSON if the data of requests is.
   *
   * @throws TypeError for a `path` without a final slash or in use, or an invalid `interactionUrl`
   *
   * @example
   * const interactionUrl = "https://reports.example/interaction";
   * const reports = resource.deferred<{ id: number }>({ interactionUrl });
   * const data = { id: 7 };
   * const { answer } = await reports.begin(caller, { requirement: "interaction", data });
   * // At the page:
   * const opened = await reports.open(code, address);
   * await reports.finish(opened.id, { status: 200, headers, body });
   */
  deferred<Data>(options?: DeferredOptions<Data>): DeferredRequests<Data>;
  /**
   * Creates sessions, which replicas share by `stores`.
   *
   * @example
   * const user = await resource.sessions<User>().find(request.headers, caller);
   */
  sessions<Data>(options?: SessionsOptions): Sessions<Data>;
}

/**
 * Creates a resource: documents, key set and endpoints, as the profile defines them, a verifier and
 * a challenger. Replicas share `key` and `stores`.
 *
 * Does NOT listen, route or limit rates, or limit the body that a reader returns.
 *
 * @throws TypeError for an identifier that is not canonical, and for options that are invalid or
 *   that the profile does not support; `ERR_INVALID_ARG_TYPE` for a `key` that cannot sign
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
  checkOptions(options, OPTION_CHECKS);
  const { resource, key, personServers, accessServer, development, now } = options;
  const { profile = defaultResourceProfile } = options;
  const ring = keyRingOf(key);
  if (options.discovery !== undefined && development !== undefined) {
    throw new TypeError("development has no effect together with discovery: pass it to createDiscovery()");
  }
  const { scopeDescriptions = {} } = options;
  const challenger = createChallenger({ key, resource, accessServer, now, profile, scopeDescriptions });
  const authority = canonicalAuthority(resource);
  const discovery = options.discovery ?? createDiscovery({ development, now });
  const published = profile.resource.publish(options);
  const { stores, agentProviders, toleranceSeconds, cryptoMode, observer } = options;
  const common = { authorities: [authority], audience: resource, discovery };
  const judging = {
    now,
    replayStore: stores?.claims(`replay ${resource}`),
    toleranceSeconds,
    cryptoMode,
    observer,
  };
  const { additionalComponents } = published;
  // Without issuers, no token can be revoked.
  const revocation = published.revocation?.issuers.length ? published.revocation : undefined;
  const accepted = { ...common, agentProviders, personServers, accessServer };
  const revocations =
    revocation &&
    createRevocations({
      store: stores?.records(`revocations ${resource}`),
      knownSince: stores?.knownSince,
      now,
    });
  const verifier = createVerifier({
    ...accepted,
    ...judging,
    profile,
    additionalComponents,
    isRevoked: revocations?.isRevoked,
    accept: options.accept?.map((variant) => ({ ...accepted, ...variant })),
  });
  const observe = observerOf(observer);
  if (stores === undefined) observe({ type: "memory_stores", party: resource });
  const jwks = () => profile.resource.keySet(ring.published());
  const endpoints = [...documentEndpoints({ documents: published.documents, jwks })];
  if (revocation && revocations) {
    const { path, issuers } = revocation;
    const shared = { ...common, ...judging, profile, agentProviders: issuers };
    const issuersOnly = createVerifier({ ...shared, endpoint: "revocation" });
    endpoints.push(createRevocationEndpoint({ verifier: issuersOnly, revocations, path, now }));
  }
  const refuse = async (error: AAuthVerificationError, requirement: Requirement<string>) => {
    const { provenCaller } = error;
    return requirement.hold !== undefined && provenCaller?.person !== undefined
      ? requirement.hold(provenCaller, requirement)
      : challenger.challengeFor(error, requirement);
  };
  const admit = admitWith(verifier, refuse);
  const ofDialect = [...published.endpoints];
  const { authorizationPath } = published;
  if (authorizationPath !== undefined) {
    const { scopes = [], authorization = {} } = options;
    challenger.checkRequirement({ level: "auth-token", scopes });
    ofDialect.push(authorizationEndpoint(authorizationPath, scopes, authorization));
  }
  endpoints.push(...ofDialect.map((own) => guarded(own, { admit, refuse, challenger })));
  return {
    id: resource,
    authority,
    verifier,
    observer: observe,
    endpoints,
    handle: routerOf(endpoints),
    admit,
    async meetRequirement(caller, requirement) {
      const own = verifier.profiles.find(({ name }) => name === caller.profile);
      if (own === undefined)
        throw new TypeError(`caller.profile ${caller.profile} is not accepted by this resource`);
      try {
        meetRequirement(caller, requirement, own);
        return undefined;
      } catch (error) {
        if (!(error instanceof AAuthVerificationError)) throw error;
        return refuse(error, requirement);
      }
    },
    checkRequirement(requirement) {
      verifier.checkRequirement(requirement);
      challenger.checkRequirement(requirement);
    },
    limitReached: challenger.limitReached,
    deferred<Data>(own: DeferredOptions<Data> = {}) {
      const { path = DEFERRED_PATH } = own;
      if (endpoints.some((other) => other.path === path)) throw new TypeError(`path ${path} is in use`);
      const store = stores?.records<unknown>(`deferred ${resource}${path}`);
      const requests = createDeferred({
        ...own,
        path,
        verifier,
        challenger,
        resource,
        discovery,
        store,
        now,
      });
      endpoints.push(requests.endpoint);
      return requests;
    },
    sessions: <Data>(own: SessionsOptions = {}) =>
      createSessions<Data>({ ...own, store: stores?.records(`sessions ${resource}`), now }),
  };
}

/**
 * Checks of the options that no part of the resource checks: the verifier, the challenger and the
 * document check their own.
 */
const OPTION_CHECKS: OptionChecks<ResourceOptions> = {
  resource: unchecked,
  key: unchecked,
  profile: unchecked,
  accept: unchecked,
  accessServer: unchecked,
  personServers: unchecked,
  scopes: unchecked,
  scopeDescriptions: unchecked,
  agent: unchecked,
  about: unchecked,
  additionalSignatureComponents: unchecked,
  toleranceSeconds: unchecked,
  authorization: unchecked,
  now: unchecked,
  agentProviders: unchecked,
  cryptoMode: unchecked,
  observer: unchecked,
  discovery: unchecked,
  development: requireBoolean,
  stores: unchecked,
};

const DEFERRED_PATH = "/aauth/pending/";

const bodyOf = ({ body }: ResourceRequest, maxBytes?: number): Awaitable<Uint8Array | undefined> =>
  typeof body === "function" ? body(maxBytes) : body;

type Admit = Resource<string>["admit"];

/**
 * Admits requests by a verifier alone. Like `admit` of a resource, whose refusals also have
 * resource tokens.
 */
export function admitWith(
  verifier: Verifier<string>,
  refuse: Refuse = (error, requirement) => plainRefusal(error, requirement, verifier.profiles),
): Admit {
  return async (request, requirement) => {
    try {
      const pending = await verifier.begin(request, requirement);
      const body = await bodyOf(request);
      const verified = await pending.complete(body);
      return {
        caller: verified.caller,
        body,
        get report() {
          return verified.report;
        },
      };
    } catch (error) {
      if (!(error instanceof AAuthVerificationError)) throw error;
      return { answer: await refuse(error, requirement), error };
    }
  };
}

type Refuse = (error: AAuthVerificationError, requirement: Requirement<string>) => Awaitable<Answer>;

/** Serves an endpoint behind the resource's verifier. */
function guarded(
  own: GuardedEndpoint,
  { admit, refuse, challenger }: { admit: Admit; refuse: Refuse; challenger: Challenger },
): Endpoint {
  const { methods, path, maxBodyBytes, requirement } = own;
  const answer = async ({ caller, ...request }: Omit<GuardedRequest, "resourceToken">) => {
    const resourceToken: GuardedRequest["resourceToken"] = (...asked) =>
      challenger.resourceToken(caller, ...asked);
    try {
      return await own.answer({ ...request, caller, resourceToken });
    } catch (error) {
      if (!(error instanceof AAuthVerificationError)) throw error;
      return refuse(error, requirement);
    }
  };
  return {
    methods,
    path,
    maxBodyBytes,
    guarded: { requirement, answer },
    async handle(request) {
      const { answer: refused, caller, body } = await admit(request, requirement);
      return refused ?? answer({ caller, headers: request.headers, body });
    },
  };
}

const RETRY_AFTER_SECONDS = "30";

function routerOf(endpoints: readonly Endpoint[]): Resource["handle"] {
  return async (request) => {
    const [path = ""] = request.target.split("?", 1);
    const found = endpoints.find((own) => matches(own.path, path) && own.methods.includes(request.method));
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

/** A path with a final slash matches all paths with one more segment. */
const matches = (own: string, path: string): boolean =>
  own === path || (own.endsWith("/") && path.startsWith(own) && !path.slice(own.length).includes("/"));
