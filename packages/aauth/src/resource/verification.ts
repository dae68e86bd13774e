/**
 * One verification in progress, and its steps, which profiles order.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import { isUnsafeMethod, readNonce, spendNonce, spendSignature } from "../http-signatures/replay.ts";
import type { SignatureInput } from "../http-signatures/signature-input.ts";
import { announcesBody, requireComponents, verifyBody } from "../http-signatures/verify-body.ts";
import {
  allowsAlgorithm,
  invalidSignature,
  readSignatureHeaders,
  rebuildSignatureBase,
  requireAlgorithm,
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
  readonly requireNonce: boolean;
  readonly now: () => number;
  readonly contentDigest: "covered" | undefined;
  readonly additionalComponents: readonly string[] | undefined;
  readonly resolver: Omit<ResolverContext, "recorder" | "requirement">;
}

export type Step = (verification: Verification) => Awaitable<void>;

/** State of a verification. The step in each member's comment sets it. */
export class Verification {
  readonly rules: SharedRules;
  readonly request: ReceivedRequest;
  readonly authority: string;
  readonly requirement: Requirement<string> | undefined;
  readonly recorder: VerificationRecorder;
  readonly facts: MessageFacts;
  /** `body` */
  body: Uint8Array | undefined;
  /** `fields` */
  headers!: SignatureHeaders;
  /** `key-claim` */
  claim!: KeyClaim;
  /** `signature-input` */
  input!: SignatureInput;
  /** `signature-value` */
  signature!: { readonly label: string; readonly bytes: Uint8Array };
  /** `coverage` */
  base!: string;
  nonce: string | undefined;
  nowSeconds = 0;
  /** `caller` */
  candidate!: CallerCandidate;
  /** `signature` */
  key!: VerificationKey;
  caller!: ProvenCaller;

  constructor(
    rules: SharedRules,
    request: ReceivedRequest & { readonly authority?: string },
    requirement: Requirement<string> | undefined,
    recorder: VerificationRecorder,
  ) {
    this.rules = rules;
    this.request = request;
    this.authority = request.authority ?? rules.authorities[0] ?? ""; // hole J6+: String(request.headers.host)
    this.requirement = requirement;
    this.recorder = recorder;
    const { method, target, headers } = request;
    const { endpoint, additionalComponents: additional } = rules;
    this.facts = { method, target, headers, hasBody: announcesBody(headers), endpoint, additional };
  }
}

export const STEPS: Readonly<Record<StepName, Step>> = {
  fields(v) {
    // hole J6+
    if (!v.rules.authorities.includes(v.authority)) {
      throw new AAuthVerificationError(
        "unknown_authority",
        "the request addresses a host that is not served here",
      );
    }
    v.headers = readSignatureHeaders(v.request.headers, v.rules.profile.messages.fields);
  },

  "key-claim"(v) {
    v.claim = v.rules.profile.messages.parseKeyClaim(v.headers.signatureKey, v.input?.label);
    v.recorder.facts.scheme = v.claim.scheme;
    v.recorder.facts.label = v.claim.label;
  },

  scheme({ rules, claim }) {
    const { schemes } = rules.endpoint;
    if (!schemes.includes(claim.scheme)) {
      throw new AAuthVerificationError("unsupported_scheme", `scheme ${claim.scheme} is not accepted here`, {
        expected: schemes.join(", "),
      });
    }
  },

  "signature-input"(v) {
    v.input = v.rules.profile.messages.parseSignatureInput(v.headers.signatureInput);
    v.recorder.facts.coveredComponents = v.input.components;
    v.recorder.facts.created = v.input.created;
  },

  "signature-value"(v) {
    v.signature = v.rules.profile.messages.parseSignature(v.headers.signature, v.input?.label);
  },

  labels({ claim, input, signature }) {
    requireSameLabel(claim, input, signature);
  },

  coverage(v) {
    const { messages } = v.rules.profile;
    const { components } = v.input;
    requireComponents(components, messages.demandedComponents(v.facts));
    v.recorder.facts.bodyBound = messages.bindsBody || components.includes(messages.fields.contentDigest);
    const { scheme } = v.rules;
    const { absentQuery } = messages;
    v.base = rebuildSignatureBase(v.request, v.authority, v.input, { scheme, absentQuery });
    v.recorder.facts.signatureBase = v.base;
    v.nonce = readNonce(v.request, messages.fields.nonce, { required: v.rules.requireNonce });
  },

  freshness(v) {
    v.nowSeconds = v.rules.now();
    const { toleranceSeconds } = v.rules.endpoint;
    requireFreshness(v.input, { nowSeconds: v.nowSeconds, toleranceSeconds });
  },

  caller(v) {
    const { resolver, profile } = v.rules;
    const resolve = profile.verification.resolvers[v.claim.scheme];
    if (resolve === undefined)
      throw new AAuthVerificationError("unsupported_scheme", "the scheme has no resolver");
    const { recorder, requirement } = v;
    const found = resolve(v.claim, { ...resolver, recorder, requirement });
    const keep = (candidate: CallerCandidate) => {
      v.candidate = candidate;
    };
    return found instanceof Promise ? found.then(keep) : keep(found);
  },

  async signature(v) {
    v.key = await keyThatSigned(v);
    v.recorder.facts.thumbprint = v.key.thumbprint;
    const caller = v.candidate.identify(v.key);
    // Logging or serializing a caller must not include its token.
    if (caller.grant !== undefined) Object.defineProperty(caller.grant, "token", { enumerable: false });
    v.caller = caller;
  },

  replay(v) {
    const { rules, request, requirement, caller, recorder, nonce } = v;
    if (rules.endpoint.replay === "none") return recorder.skipCurrent("repetitions pass at this endpoint");
    if (requirement !== undefined && isBelow(caller, requirement, rules.profile)) {
      // The request is refused anyway, so nothing is stored for an untrusted caller.
      return recorder.skipCurrent("the caller is below the level of the route");
    }
    const isBound = recorder.facts.bodyBound === true;
    if (nonce === undefined && !(isUnsafeMethod(request.method) && isBound)) {
      const { nonce: field } = rules.profile.messages.fields;
      return recorder.skipCurrent(
        field === undefined ? "a repetition does no harm" : "the request has no nonce",
      );
    }
    const use = {
      authority: v.authority,
      thumbprint: v.key.thumbprint,
      // hole X13: { quota: quotaOf(caller), owner: caller.agent ?? caller.thumbprint }
      charge: { quota: quotaOf(caller), owner: ownerOfCaller(caller) },
      toleranceSeconds: rules.endpoint.toleranceSeconds,
    };
    return nonce === undefined
      ? spendSignature(rules.replayStore, { ...use, signatureBase: v.base })
      : spendNonce(rules.replayStore, { ...use, nonce });
  },

  async body(v) {
    const { rules, request, recorder, body, facts } = v;
    if (rules.contentDigest === "covered") {
      return recorder.skipCurrent("left to the resource behind, which has the body");
    }
    const { messages } = rules.profile;
    const hasBody = body !== undefined && body.byteLength > 0;
    const demanded = hasBody ? messages.demandedComponents({ ...facts, hasBody }) : [];
    await verifyBody(
      { headers: request.headers, components: v.input.components, body },
      { field: messages.fields.contentDigest, demanded },
    );
    recorder.facts.bodyBound = !hasBody || v.input.components.includes(messages.fields.contentDigest);
    if (!recorder.facts.bodyBound) recorder.skipCurrent("the signature does not cover the body");
  },

  /**
   * A caller that reaches this step holds the token, so it may receive a challenge for a new one.
   */
  expiry(v) {
    if (!v.candidate.expired) return;
    v.recorder.enter(checkOf("caller", v.rules.profile));
    throw new AAuthVerificationError("token_expired", "the token has expired", {
      claim: "exp",
      provenCaller: v.caller,
    });
  },

  requirement(v) {
    if (v.requirement === undefined) return v.recorder.skipCurrent("none is given");
    const unmet = v.rules.profile.verification.unmet(v.caller, v.requirement);
    if (unmet !== undefined) throw unmet;
  },
};

/** Returns the first key that verifies the signature, including the replacement of a cached key. */
async function keyThatSigned(verification: Verification): Promise<VerificationKey> {
  const { candidate, base, input, signature, claim, rules } = verification;
  const { keys, replacedKey } = candidate;
  const { foreignParameter } = rules.profile.messages;
  const mayHaveSigned = (key: VerificationKey): boolean =>
    foreignParameter === undefined
      ? allowsAlgorithm(input, key.alg)
      : foreignParameter(input, key, claim) === undefined;
  if (keys.length === 0) throw new AAuthVerificationError("unknown_key", "there is no key to verify with");
  const message = platformCrypto.encodeAscii(base);
  const hasSigned = (key: VerificationKey): Awaitable<boolean> =>
    mayHaveSigned(key) && signatureHolds(message, signature.bytes, key);
  // hole T1a, D2, D3, D4, D11: return keys[0]!;
  for (const key of keys) if ((await hasSigned(key)) === true) return key;
  const replaced = await replacedKey?.();
  if (replaced !== undefined && (await hasSigned(replaced)) === true) return replaced;
  const tried = replaced === undefined ? keys : [...keys, replaced];
  // If a parameter contradicts all keys, the error names it.
  if (!tried.some(mayHaveSigned)) {
    const parameter = foreignParameter?.(input, keys[0]!, claim);
    if (parameter === undefined) requireAlgorithm(input, keys[0]!.alg);
    throw new AAuthVerificationError(
      "invalid_signature",
      `the ${parameter} parameter does not match the key`,
      {
        claim: parameter!,
      },
    );
  }
  throw invalidSignature();
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
