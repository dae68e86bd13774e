/**
 * One verification in progress, and its steps, which profiles order.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { isUnsafeMethod, spendNonce, spendSignature } from "../http-signatures/replay.ts";
import type { SignatureInput } from "../http-signatures/signature-input.ts";
import { announcesBody, requireComponents, verifyBody } from "../http-signatures/verify-body.ts";
import {
  ALG_NAMES,
  allowsAlgorithm,
  invalidSignature,
  readSignatureHeaders,
  rebuildSignatureBase,
  requireFreshness,
  requireSameLabel,
  type SignatureHeaders,
  signatureHolds,
} from "../http-signatures/verify-signature.ts";
import type { EndpointRules, KeyClaim, MessageFacts } from "../profile/messages.ts";
import type { CallerCandidate, ResolverContext, StepName } from "../profile/verification.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { ClaimQuota, ClaimStore } from "../store/claim-store.ts";
import { ownerOfCaller } from "../store/owner-of.ts";
import type { ProvenCaller, ReceivedRequest, Requirement, VerificationKey } from "../types.ts";
import type { VerificationRecorder } from "./verification-recorder.ts";

/** Rules shared by all verifications of one verifier and profile. */
export interface SharedRules {
  readonly profile: ResourceProfile;
  readonly endpoint: EndpointRules;
  readonly authorities: readonly string[];
  /** Scheme of the resource's own address. */
  readonly scheme: string;
  readonly replayStore: ClaimStore;
  readonly now: () => number;
  readonly contentDigest: "covered" | undefined;
  readonly additionalComponents: readonly string[] | undefined;
  readonly resolver: Omit<ResolverContext, "recorder" | "requirement">;
}

/** What the steps of a verification establish. */
interface Established {
  headers: SignatureHeaders;
  claim: KeyClaim;
  input: SignatureInput;
  signature: { readonly label: string; readonly bytes: Uint8Array };
  /** The label of all three fields. */
  label: string;
  /** Time at which the message was fresh, Unix seconds. */
  freshAt: number;
  covered: { readonly base: string; readonly nonce: string | undefined };
  candidate: CallerCandidate;
  /** Owner of the key that has signed. */
  caller: ProvenCaller;
  checkedBody: unknown;
}

/** A verification in progress. */
export interface Verification extends Partial<Established> {
  readonly rules: SharedRules;
  readonly request: ReceivedRequest;
  readonly authority: string;
  readonly requirement: Requirement<string> | undefined;
  readonly recorder: VerificationRecorder;
  readonly facts: MessageFacts;
  /** Set before the first step that needs it. */
  body: Uint8Array | undefined;
}

export function verificationOf(
  rules: SharedRules,
  request: ReceivedRequest & { readonly authority?: string },
  requirement: Requirement<string> | undefined,
  recorder: VerificationRecorder,
): Verification {
  const { method, target, headers } = request;
  const { endpoint, additionalComponents: additional } = rules;
  const authority = request.authority ?? rules.authorities[0] ?? ""; // hole J6+: String(request.headers.host)
  const facts = { method, target, headers, hasBody: announcesBody(headers), endpoint, additional };
  return { rules, request, authority, requirement, recorder, facts, body: undefined };
}

/** A step, with the members that earlier steps must have established. */
export interface Step {
  readonly needs: readonly (keyof Established)[];
  readonly gives: keyof Established | undefined;
  /** Returns what it gives. */
  run(verification: Verification): Awaitable<unknown>;
}

const step = <Needs extends keyof Established, Gives extends keyof Established | undefined>(
  needs: readonly Needs[],
  gives: Gives,
  run: (
    verification: Verification & Pick<Established, Needs>,
  ) => Awaitable<Gives extends keyof Established ? Established[Gives] : void>,
): Step => ({ needs, gives, run: run as Step["run"] });

/** What the search for the key that has signed needs. */
const SIGNED = ["candidate", "covered", "input", "signature", "claim"] as const;

export const STEPS: Readonly<Record<StepName, Step>> = {
  fields: step([], "headers", (v) => {
    // hole J6+
    if (!v.rules.authorities.includes(v.authority)) {
      throw new AAuthVerificationError(
        "unknown_authority",
        "the request addresses a host that is not served here",
      );
    }
    return readSignatureHeaders(v.request.headers, v.rules.profile.messages.fields);
  }),

  "key-claim": step(["headers"], "claim", ({ rules, recorder, headers, input }) => {
    const claim = rules.profile.messages.parseKeyClaim(headers.signatureKey, input?.label);
    recorder.facts.scheme = claim.scheme;
    recorder.facts.label = claim.label;
    return claim;
  }),

  scheme: step(["claim"], undefined, ({ rules: { endpoint }, claim: { scheme } }) => {
    const { schemes } = endpoint;
    if (!schemes.includes(scheme)) {
      throw new AAuthVerificationError("unsupported_scheme", `scheme ${scheme} is not accepted here`, {
        expected: schemes.join(", "),
      });
    }
  }),

  "signature-input": step(["headers"], "input", ({ rules, recorder, headers }) => {
    const input = rules.profile.messages.parseSignatureInput(headers.signatureInput);
    recorder.facts.coveredComponents = input.components;
    recorder.facts.created = input.created;
    return input;
  }),

  "signature-value": step(["headers"], "signature", ({ rules, headers, input }) =>
    rules.profile.messages.parseSignature(headers.signature, input?.label),
  ),

  labels: step(["claim", "input", "signature"], "label", ({ claim, input, signature }) => {
    requireSameLabel(claim, input, signature);
    return input.label;
  }),

  coverage: step(["input"], "covered", ({ rules, request, authority, facts, recorder, input }) => {
    const { messages } = rules.profile;
    const { components } = input;
    requireComponents(components, messages.demandedComponents(facts));
    recorder.facts.bodyBound = messages.bindsBody || components.includes(messages.fields.contentDigest);
    const { absentQuery } = messages;
    const base = rebuildSignatureBase(request, authority, input, { scheme: rules.scheme, absentQuery });
    recorder.facts.signatureBase = base;
    return { base, nonce: messages.readNonce?.(request) };
  }),

  freshness: step(["input"], "freshAt", ({ rules, input }) => {
    const nowSeconds = rules.now();
    const { toleranceSeconds } = rules.endpoint;
    requireFreshness(input, { nowSeconds, toleranceSeconds });
    return nowSeconds;
  }),

  // Nothing is fetched for a message that is stale or not sufficiently covered.
  caller: step(
    ["claim", "covered", "freshAt"],
    "candidate",
    ({ rules: { resolver, profile }, recorder, requirement, claim }) => {
      const resolve = profile.verification.resolvers[claim.scheme];
      if (resolve === undefined)
        throw new AAuthVerificationError("unsupported_scheme", `scheme ${claim.scheme} is not accepted here`);
      return resolve(claim, { ...resolver, recorder, requirement });
    },
  ),

  signature: step([...SIGNED, "label"], "caller", async (v) => {
    const key = await keyThatSigned(v);
    v.recorder.facts.thumbprint = key.thumbprint;
    const caller = v.candidate.identify(key);
    // Logging or serializing a caller must not include its token.
    if (caller.grant !== undefined) Object.defineProperty(caller.grant, "token", { enumerable: false });
    return caller;
  }),

  replay: step(
    ["caller", "covered"],
    undefined,
    ({ rules, request, requirement, recorder, authority, caller, covered: { base, nonce } }) => {
      if (rules.endpoint.replay === "none") return recorder.skipCurrent("repetitions pass at this endpoint");
      if (requirement !== undefined && isBelow(caller, requirement, rules.profile)) {
        // The request is refused anyway, so nothing is stored for an untrusted caller.
        return recorder.skipCurrent("the caller is below the level of the route");
      }
      const isBound = recorder.facts.bodyBound === true;
      if (nonce === undefined && !(isUnsafeMethod(request.method) && isBound)) {
        const { readNonce } = rules.profile.messages;
        return recorder.skipCurrent(
          readNonce === undefined ? "a repetition does no harm" : "the request has no nonce",
        );
      }
      const use = {
        authority,
        thumbprint: caller.thumbprint,
        // hole X13: { quota: quotaOf(caller), owner: caller.agent ?? caller.thumbprint }
        charge: { quota: quotaOf(caller), owner: ownerOfCaller(caller) },
        toleranceSeconds: rules.endpoint.toleranceSeconds,
      };
      return nonce === undefined
        ? spendSignature(rules.replayStore, { ...use, signatureBase: base })
        : spendNonce(rules.replayStore, { ...use, nonce });
    },
  ),

  body: step(
    ["input"],
    "checkedBody",
    async ({ rules, request, recorder, body, facts, input: { components } }) => {
      if (rules.contentDigest === "covered") {
        return recorder.skipCurrent("left to the resource behind, which has the body");
      }
      const { messages } = rules.profile;
      const hasBody = body !== undefined && body.byteLength > 0;
      const demanded = hasBody ? messages.demandedComponents({ ...facts, hasBody }) : [];
      await verifyBody(
        { headers: request.headers, components, body },
        { field: messages.fields.contentDigest, demanded },
      );
      recorder.facts.bodyBound = !hasBody || components.includes(messages.fields.contentDigest);
      if (!recorder.facts.bodyBound) recorder.skipCurrent("the signature does not cover the body");
    },
  ),

  // A caller that reaches this step holds the token, so it may receive a challenge for a new one.
  expiry: step(["candidate", "caller"], undefined, ({ rules, recorder, candidate, caller }) => {
    if (!candidate.expired) return;
    recorder.enter(checkOf("caller", rules.profile));
    throw new AAuthVerificationError("token_expired", "the token has expired", {
      claim: "exp",
      provenCaller: caller,
    });
  }),

  requirement: step(["caller"], undefined, ({ rules, requirement, recorder, caller }) => {
    if (requirement === undefined) return recorder.skipCurrent("none is given");
    const unmet = rules.profile.verification.unmet(caller, requirement);
    if (unmet !== undefined) throw unmet;
  }),
};

/**
 * Refuses an order of steps that cannot work.
 *
 * @throws TypeError for a step before one that it needs, and for steps that prove no caller or
 *   check no body
 */
export function requireOrder(steps: readonly (Step | undefined)[], profile: string): void {
  const given = new Set<string | undefined>();
  for (const own of steps) {
    const missing = (own?.needs ?? ["caller", "checkedBody"]).find((member) => !given.has(member));
    if (missing !== undefined) throw new TypeError(`profile ${profile}: no step gives ${missing} in time`);
    given.add(own?.gives);
  }
}

/** Returns the first key that verifies the signature, including the replacement of a cached key. */
async function keyThatSigned({
  rules,
  request,
  authority,
  candidate,
  covered,
  input,
  signature,
  claim,
}: Verification & Pick<Established, (typeof SIGNED)[number]>): Promise<VerificationKey> {
  const { keys, replacedKey } = candidate;
  const { foreignParameter } = rules.profile.messages;
  const mayHaveSigned = (key: VerificationKey): boolean =>
    foreignParameter === undefined
      ? allowsAlgorithm(input, key.alg)
      : foreignParameter(input, key, claim) === undefined;
  if (keys.length === 0) throw new AAuthVerificationError("unknown_key", "there is no key to verify with");
  const message = platformCrypto.encodeAscii(covered.base);
  const hasSigned = (key: VerificationKey): Awaitable<boolean> =>
    mayHaveSigned(key) && signatureHolds(message, signature.bytes, key);
  // hole T1a, D2, D3, D4, D11: return keys[0]!;
  for (const key of keys) if ((await hasSigned(key)) === true) return key;
  const replaced = await replacedKey?.();
  if (replaced !== undefined && (await hasSigned(replaced)) === true) return replaced;
  const tried = replaced === undefined ? keys : [...keys, replaced];
  // If a parameter contradicts all keys, the error names it.
  if (!tried.some(mayHaveSigned)) {
    const parameter = foreignParameter?.(input, keys[0]!, claim) ?? "alg";
    const expected = parameter === "alg" ? ALG_NAMES[keys[0]!.alg] : undefined;
    const reason = `the ${parameter} parameter does not match the key`;
    throw new AAuthVerificationError("invalid_signature", reason, { claim: parameter, expected });
  }
  throw invalidSignature(`${request.method} ${rules.scheme}://${authority}`);
}

function isBelow(
  { level }: ProvenCaller,
  requirement: Requirement<string>,
  { verification }: ResourceProfile,
): boolean {
  const { levels } = verification;
  // Any caller can reach the lowest level.
  return levels.indexOf(level) === 0 && levels.indexOf(requirement.level) > 0;
}

/** Quota of the replay store, by what the caller has proven. */
function quotaOf({ grant, agent, server, person }: ProvenCaller): ClaimQuota {
  if (grant !== undefined) return "reserved";
  return (agent ?? server ?? person) === undefined ? "shared" : "own";
}

export const checkOf = (step: StepName, { verification }: ResourceProfile): string =>
  verification.checks.find(({ steps }) => steps.includes(step))?.name ?? step;
