/**
 * The verifier, the only source of a {@link ProvenCaller}.
 *
 * @module
 */

import { defaultResourceProfile } from "../default-profile.ts";
import type { Draft11Level } from "../draft-11/names.ts";
import { StoreUnavailableError } from "../errors.ts";
import { requestTarget } from "../http-signatures/authority.ts";
import { fieldValue } from "../http-signatures/field.ts";
import type { VerificationReport } from "../http-signatures/report.ts";
import { checkOptions } from "../keys/option-checks.ts";
import { endpointRulesOf } from "../profile/endpoint-rules.ts";
import { type ClaimStore, createMemoryClaimStore } from "../store/claim-store.ts";
import { processStart } from "../store/process-start.ts";
import type { VerifiedToken } from "../tokens/open-token.ts";
import { createVerifiedTokens } from "../tokens/verified-tokens.ts";
import type { ProvenCaller, Requirement, VerifiedRequest } from "../types.ts";
import { observed } from "./observed.ts";
import { checkRequirement, notAccepted, requirementFor } from "./requirement.ts";
import type { AcceptedProfile, AddressedRequest, VerifiedHead, Verifier, VerifierOptions } from "./types.ts";
import {
  checkOf,
  requireOrder,
  type SharedRules,
  STEPS,
  type Step,
  type Verification,
  verificationOf,
} from "./verification.ts";
import { VerificationRecorder } from "./verification-recorder.ts";
import { checkAcceptedProfile, OPTION_CHECKS } from "./verifier-options.ts";

/**
 * Creates the verifier of a resource or an auth server.
 *
 * The wire profile lists the checks and their order: the authority, presence and grammar of the
 * three headers, one label, coverage, `created` and `expires`, the token (scheme jwt), the key, the
 * signature, replay, the body's digest, and the requirement if one is given. A nonce is spent only
 * by a valid signature, and not by a caller below the level of the route. An unsafe request
 * without a nonce is also accepted only once: its signature base is remembered instead. Discovery
 * runs after the checks that do not need it.
 *
 * Does NOT check that TLS was used, limit rates, or apply policy beyond the requirement.
 *
 * @throws AAuthVerificationError from its methods, with `report`; with `provenCaller` if the caller
 *   is proven and only lacks a token or scope
 * @throws TypeError from its methods for a body that is not bytes, and for a requirement that is
 * malformed, or that no request can meet.
 * @throws TypeError on creation for invalid options, such as two profiles whose messages cannot be
 *   distinguished, or one whose steps are in an order that cannot work
 * @throws RangeError on creation for a `toleranceSeconds` out of range.
 *
 * @example
 * const verifier = createVerifier({ authorities: ["resource.example"], discovery: createDiscovery() });
 * const { caller } = await verifier.verifyRequest({ method, target, headers, body }, { level: "agent-token" });
 */
export function createVerifier<Name extends string = Draft11Level, Other extends string = never>(
  options: VerifierOptions<Name, Other>,
): Verifier<Name | Other>;
export function createVerifier(options: VerifierOptions): Verifier<string> {
  return verifierOf(options, { refusesUnmeetable: true });
}

/**
 * Like {@link createVerifier}, for a tool that explains a message. With `refusesUnmeetable: false`,
 * a requirement that no request can meet is reported as unmet; otherwise it is a TypeError.
 */
export function verifierOf(
  options: VerifierOptions,
  { refusesUnmeetable }: { readonly refusesUnmeetable: boolean },
): Verifier<string> {
  checkOptions(options, OPTION_CHECKS);
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const replayStore = options.replayStore ?? defaultReplayStore(now);
  const accepted = [options, ...(options.accept ?? [])].map((own) =>
    createChecks(own, options, { now, replayStore }),
  );
  const profiles = accepted.map(({ rules }) => rules.profile);
  requireDistinct(accepted);
  const lacking = accepted.map(({ rules: { resolver } }) => lacksForGrants(resolver));

  const begins = options.observer === undefined ? begin : observed(begin, options.observer);

  const verifier = {
    authorities: accepted.flatMap(({ rules }) => rules.authorities),
    profiles,
    audience: options.audience,
    async verifyRequest(
      request: Parameters<Verifier["verifyRequest"]>[0],
      requirement?: Requirement<string>,
    ) {
      return (await begins(request, requirement)).complete(request.body);
    },
    begin: begins,
    checkRequirement(requirement: Requirement<string>) {
      checkRequirement(requirement, profiles);
      for (let own: Requirement<string> | undefined = requirement; own !== undefined; own = own.or)
        requireMeetable(own);
    },
  };
  return verifier as Verifier<string>;

  async function begin(request: AddressedRequest, requirement?: Requirement<string>): Promise<VerifiedHead> {
    const { rules, beforeBody, withBody } = checksFor(request, requirement, accepted);
    const { profile } = rules;
    const recorder = new VerificationRecorder(profile);
    const demanded = requirement && requirementFor(profile, requirement);
    if (demanded !== undefined) {
      profile.verification.validateRequirement(demanded);
      requireMeetable(demanded);
    } else if (requirement !== undefined) {
      checkRequirement(requirement, profiles);
      // Checked first: a route for one profile must not be reachable in another.
      recorder.enter(checkOf("requirement", profile));
      throw recorder.fail(notAccepted(profile));
    }
    const verification = verificationOf(rules, request, demanded, recorder);
    await run(beforeBody, verification);
    return {
      async complete(body) {
        requireBodyBytes(body);
        verification.body = body;
        await run(withBody, verification);
        return new Passed(verification.caller!, recorder);
      },
    };
  }

  function isIssued({ level }: Requirement<string>): boolean {
    return profiles.some(({ verification }) => verification.issuedLevels?.includes(level));
  }

  function requireMeetable(requirement: Requirement<string>): void {
    const needsGrant =
      requirement.scopes !== undefined || requirement.subject !== undefined || isIssued(requirement);
    if (!needsGrant || !refusesUnmeetable || lacking.includes(undefined)) return;
    throw new TypeError(`a requirement of level ${requirement.level} needs ${lacking[0]}`);
  }
}

const UNAVAILABLE: ClaimStore = {
  putIfAbsent() {
    throw new StoreUnavailableError("a replay store shared by all isolates (option `stores`)");
  },
};

/** In memory. Unavailable on a runtime on which the next request may reach another isolate. */
function defaultReplayStore(now: () => number): ClaimStore {
  // hole E6
  if (processStart(now) === undefined) return UNAVAILABLE;
  return createMemoryClaimStore({ now });
}

/**
 * Steps of one accepted profile, split at the first that needs the body. The first step of a check
 * has its name.
 */
interface ProfileChecks {
  readonly rules: SharedRules;
  /** Undefined for all agents. */
  readonly peers: ReadonlySet<string> | undefined;
  readonly beforeBody: readonly (readonly [check: string, step: Step])[];
  readonly withBody: readonly (readonly [check: string, step: Step])[];
}

function createChecks(
  accepted: AcceptedProfile,
  options: VerifierOptions,
  shared: Pick<SharedRules, "now" | "replayStore">,
): ProfileChecks {
  const { profile = defaultResourceProfile, audience, accessServer, agentProviders } = accepted;
  const { discovery, personServers = [] } = accepted;
  const { issuers = personServers } = profile.verification;
  const role = options.endpoint ?? "resource";
  const ofProfile = endpointRulesOf(profile, role);
  checkAcceptedProfile(accepted, ofProfile.schemes);
  const endpoint = {
    role,
    ...ofProfile,
    schemes: accepted.schemes ?? ofProfile.schemes,
    toleranceSeconds: options.toleranceSeconds ?? ofProfile.toleranceSeconds,
  };
  const rules: SharedRules = {
    ...shared,
    profile,
    endpoint,
    authorities: accepted.authorities,
    scheme: audience === undefined ? "https" : requestTarget(audience).scheme,
    contentDigest: options.contentDigest,
    additionalComponents: options.additionalComponents,
    resolver: {
      profile,
      endpoint,
      audience,
      issuers,
      accessServer,
      agentProviders,
      discovery,
      isRevoked: options.isRevoked,
      now: shared.now,
      cryptoMode: options.cryptoMode ?? "sync",
      verifiedTokens: createVerifiedTokens<VerifiedToken>({ now: shared.now }),
    },
  };
  const steps = profile.verification.checks.flatMap(({ name, steps }) =>
    steps.map((step, index) => [index === 0 ? name : "", STEPS[step]] as const),
  );
  requireOrder([...steps.map(([, step]) => step), undefined], profile.name);
  const body = steps.findIndex(([, step]) => step === STEPS.body);
  const peers = accepted.peers && new Set(accepted.peers);
  return { rules, peers, beforeBody: steps.slice(0, body), withBody: steps.slice(body) };
}

/**
 * Refuses profiles that cannot be distinguished. The first profile applies to messages that no
 * other claims, so it must be for all agents. Of two profiles with the same messages for all
 * agents, the second would never apply, and the first might be weaker.
 */
function requireDistinct(accepted: readonly ProfileChecks[]): void {
  const general = accepted.filter(({ peers }) => peers === undefined).map(({ rules }) => rules.profile);
  for (const [index, own] of general.entries()) {
    const before = general.slice(0, index).find(({ messages }) => messages.claims === own.messages.claims);
    if (before === undefined) continue;
    const pair = `${before.name} and ${own.name}`;
    throw new TypeError(`accept: ${pair} cannot be distinguished: name the peers of one`);
  }
}

/**
 * The missing option without which no caller can have a grant. `audience` alone is valid, because
 * agent tokens may name one.
 */
function lacksForGrants({ audience, issuers }: SharedRules["resolver"]): string | undefined {
  if (audience === undefined) return "`audience`";
  return issuers.length > 0 ? undefined : "`personServers`, or a profile with an auth server";
}

/**
 * Selects the profile by the syntax of `Signature-Key`, preferring one that lists the sender as a
 * peer. The first profile applies to unsigned messages.
 */
function checksFor(
  { headers, sender }: AddressedRequest,
  requirement: Requirement<string> | undefined,
  accepted: readonly ProfileChecks[],
): ProfileChecks {
  if (accepted.length === 1) return accepted[0]!;
  const claimed = accepted.filter(({ rules: { profile } }) => {
    const value = fieldValue(headers, profile.messages.fields.signatureKey);
    return value !== undefined && profile.messages.claims(value);
  });
  const isOfPeer = ({ rules: { profile }, peers }: ProfileChecks) => {
    const { claimedAgent, fields } = profile.messages;
    const agent = sender ?? claimedAgent?.(fieldValue(headers, fields.signatureKey)!);
    return agent === undefined ? requirement?.profiles?.includes(profile.name) : peers?.has(agent);
  };
  const ofEveryone = claimed.find(({ peers }) => peers === undefined);
  return claimed.find((own) => own.peers !== undefined && isOfPeer(own)) ?? ofEveryone ?? accepted[0]!;
}

async function run(steps: ProfileChecks["beforeBody"], verification: Verification): Promise<void> {
  try {
    for (const [check, step] of steps) {
      if (check !== "") verification.recorder.enter(check);
      const given = step.run(verification);
      const value = given instanceof Promise ? await given : given;
      if (step.gives !== undefined) verification[step.gives] = value as never;
    }
  } catch (error) {
    throw verification.recorder.fail(error);
  }
}

/**
 * Refuses a parsed body, which has no length and could be taken for an absent one.
 *
 * @throws TypeError
 */
function requireBodyBytes(body: unknown): void {
  if (body === undefined || ArrayBuffer.isView(body)) return;
  throw new TypeError("body must be the received bytes (Uint8Array), not parsed");
}

class Passed<Caller extends ProvenCaller> implements VerifiedRequest<Caller> {
  readonly caller: Caller;
  readonly #recorder: VerificationRecorder;
  #report: VerificationReport | undefined;

  constructor(caller: Caller, recorder: VerificationRecorder) {
    this.caller = caller;
    this.#recorder = recorder;
  }

  /** Built when first read, because most reports are never read. */
  get report(): VerificationReport {
    this.#report ??= this.#recorder.report();
    return this.#report;
  }
}
