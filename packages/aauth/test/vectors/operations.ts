/**
 * The library's operations on the input of a vector, by the name in its file.
 *
 * @module
 */

import { signRequest } from "../../src/agent/sign-request.ts";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import * as headers from "../../src/draft-11/headers.ts";
import * as identifiers from "../../src/draft-11/identifiers.ts";
import * as missions from "../../src/draft-11/missions.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import * as fields from "../../src/draft-11/signature-key.ts";
import { verifyPresentedToken, verifyResourceToken } from "../../src/draft-11/verify-tokens.ts";
import { AAuthVerificationError } from "../../src/errors.ts";
import { formatAgentAuth, parseAgentAuth } from "../../src/february-2026/agent-auth.ts";
import {
  february2026,
  february2026Published,
  february2026Resource,
} from "../../src/february-2026/profile.ts";
import * as februaryKey from "../../src/february-2026/signature-key.ts";
import * as february2026Tokens from "../../src/february-2026/verify-tokens.ts";
import { formatContentDigest, verifyContentDigest } from "../../src/http-signatures/content-digest.ts";
import { parseSignature as parseSignatureMember } from "../../src/http-signatures/signature.ts";
import { parseSignatureInput as parseInputMember } from "../../src/http-signatures/signature-input.ts";
import { rebuildSignatureBase } from "../../src/http-signatures/verify-signature.ts";
import { importSigningKey, type PrivateJwk } from "../../src/keys/signing-key.ts";
import { jwkThumbprint } from "../../src/keys/thumbprint.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import documents from "./draft-11/documents.json" with { type: "json" };
import keys from "./keys.json" with { type: "json" };

// biome-ignore lint/suspicious/noExplicitAny: JSON, of which each operation knows its part
type Input = any;

const bytes = (text: string | undefined) => (text === undefined ? undefined : new TextEncoder().encode(text));
const named = (name: string, kid = name) =>
  importSigningKey(keys[name as keyof typeof keys].jwk as PrivateJwk, { kid });
const roundTrip =
  <Parsed>(parse: (value: string) => Parsed, format: (parsed: Parsed) => string) =>
  ({ value }: Input) => {
    const parsed = parse(value);
    return { parsed, written: format(parsed) };
  };
const inputOf =
  (parse: typeof parseInputMember) =>
  ({ value }: Input) => {
    const { label, components, params } = parse(value);
    return { label, components, params: Object.fromEntries(params) };
  };
const signatureOf =
  (parse: (value: string) => { label: string; bytes: Uint8Array }) =>
  ({ value }: Input) => {
    const signature = parse(value);
    return { label: signature.label, bytes: Buffer.from(signature.bytes).toString("base64") };
  };

/** The real discovery over documents in memory, with a flag for fetches. */
function discoveryOf({ now, documents: changed = {} }: Input, profile: WireProfile) {
  const state = { fetches: false };
  const published: Record<string, unknown> = { ...documents, ...changed };
  const discovery = createDiscovery({
    now: () => now,
    development: profile !== draft11,
    async transport({ href }) {
      state.fetches = true;
      return { status: href in published ? 200 : 404, body: bytes(JSON.stringify(published[href] ?? null))! };
    },
  });
  return { discovery, state };
}

/** Fields of an answer that state the error to the other party. */
const TELLING = /^(?:signature-error|aauth-requirement|accept-signature-(?:scheme|alg)|agent-auth)$/;

const verifyRequest = (profile: WireProfile) => async (input: Input) => {
  const { now: time, verifier: options, requirement, request, repeated = false } = input;
  const {
    endpoint,
    authority,
    audience,
    trustedIssuers: personServers,
    agentProviders,
    accessServer,
    revoked = [],
  } = options;
  const { discovery, state } = discoveryOf(input, profile);
  const now = () => time;
  const { additionalComponents, authServer } = options;
  const isFebruary = profile.name === february2026.name;
  const own = isFebruary ? { profile: february2026Resource({ authServer }) } : { profile, accessServer };
  const verifier = createVerifier({
    ...own,
    endpoint,
    authorities: [authority],
    audience,
    agentProviders,
    ...(!isFebruary && { personServers }),
    additionalComponents,
    discovery,
    now,
    isRevoked: ({ jti }) => revoked.includes(jti),
  });
  const { method, target, fields: sent, body } = request;
  const received = { method, target, headers: sent, body: bytes(body) };
  if (repeated) await verifier.verifyRequest(received, requirement);
  try {
    const { caller, report } = await verifier.verifyRequest(received, requirement);
    const { level, agent, person, server, grant, thumbprint } = caller;
    const proven = { level, agent, person, server, scopes: grant?.scopes, thumbprint };
    return { signatureBase: report.signatureBase, caller: proven };
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    const challenger = createChallenger({
      ...own,
      key: await named("rs-1"),
      resource: "https://resource.example",
      now,
    });
    const answer = await challenger.challengeFor(error, requirement);
    const telling = Object.entries(answer.headers)
      .filter(([name]) => TELLING.test(name))
      .map(([name, value]) => [name, value.replace(/resource-token="[^"]+"$/, "resource-token")]);
    throw Object.assign(error, {
      verdict: { check: error.check, status: answer.status, fields: Object.fromEntries(telling), ...state },
    });
  }
};

async function signs(input: Input, profile: WireProfile) {
  const { now, method, url, fields: sent, body, key, kid, credential: signatureKey, nonce = false } = input;
  const { additionalComponents, endpoint } = input;
  const { headers: added, signatureBase } = await signRequest(
    { method, url, headers: sent, body: bytes(body) },
    {
      profile,
      key: await named(key, kid),
      signatureKey,
      now: () => now,
      nonce,
      additionalComponents,
      endpoint,
    },
  );
  return { signatureBase, fields: added };
}

const rfc: Readonly<Record<string, (input: Input) => unknown>> = {
  async "content-digest"({ body, contentDigest }) {
    await verifyContentDigest(contentDigest, bytes(body)!);
    return { written: await formatContentDigest(bytes(body)!) };
  },
  "jwk-thumbprint": ({ jwk }) => jwkThumbprint(jwk),
  async "signature-base"({ method, authority, target, fields: sent, signatureInput, signature, key }) {
    const received = { method, target, headers: sent };
    const base = rebuildSignatureBase(received, authority, parseInputMember(signatureInput));
    const verified = (await importVerificationKey(key)).verify(
      bytes(base)!,
      parseSignatureMember(signature).bytes,
    );
    return (await verified) ? base : "the signature does not verify";
  },
};

const inDraft11: typeof rfc = {
  "server-identifier": ({ value }) => identifiers.isServerIdentifier(value),
  "agent-identifier": ({ value }) => identifiers.parseAgentIdentifier(value) ?? null,
  "endpoint-url": ({ value }) => identifiers.isEndpointUrl(value),
  "signature-key"({ value, label }) {
    const parsed = fields.parseSignatureKey(value, label);
    const isOurs = parsed.scheme === "jwt" || parsed.scheme === "jwks_uri";
    return { parsed, ...(isOurs && { written: fields.formatSignatureKey(parsed as fields.SignatureKey) }) };
  },
  "signature-input": inputOf(fields.parseSignatureInput),
  signature: signatureOf(fields.parseSignature),
  "aauth-requirement": roundTrip(headers.parseRequirement, headers.formatRequirement),
  "signature-error": roundTrip(headers.parseSignatureError, headers.formatSignatureError),
  "token-list": roundTrip(headers.parseTokenList, headers.formatTokenList),
  "sign-request": (input) => signs(input, draft11),
  "verify-request": verifyRequest(draft11),
  "resource-token": ({ now, token, ...expected }) =>
    verifyResourceToken(token, {
      ...expected,
      discovery: discoveryOf({ now }, draft11).discovery,
      now: () => now,
    }),
  async "presented-token"({ now, presented, ...expected }) {
    const { discovery } = discoveryOf({ now }, draft11);
    return (await verifyPresentedToken(presented, { ...expected, discovery, now: () => now })).claims;
  },
  async "mission-approval"(response) {
    const { id, mission } = (await missions.readMission(response, {} as Input)) as Input;
    return { id, mission };
  },
  "permission-answer"(response) {
    const { isGranted, reason } = missions.readPermission(response) as Input;
    return { isGranted, reason };
  },
  "mission-request"({ request: kind, mission, ...members }) {
    const context = { identity: { scheme: "jwt", jwt: "" }, mission } as Input;
    const asked = {
      proposal: () => missions.missionRequest("ps", members, context),
      permission: () => missions.permissionRequest("ps", members, context),
      audit: () => missions.auditRequest("ps", members, context),
    }[kind as string];
    const request = asked?.() ?? missions.missionChange("ps", mission, { action: kind, ...members }, context);
    return { endpoint: request.endpoint, below: request.below, body: JSON.parse(request.body) };
  },
};

const inFebruary: typeof rfc = {
  "signature-key": roundTrip(februaryKey.parseSignatureKey, februaryKey.formatSignatureKey),
  "signature-input": inputOf(parseInputMember),
  signature: signatureOf(parseSignatureMember),
  "agent-auth": roundTrip(parseAgentAuth, formatAgentAuth),
  "sign-request": (input) => signs(input, input.published ? february2026Published : february2026),
  "verify-request": verifyRequest(february2026),
  "resource-token": ({ now, token, documents: own, ...expected }) => {
    const { discovery } = discoveryOf({ now, documents: own }, february2026);
    return february2026Tokens.verifyResourceToken(token, { ...expected, discovery, now: () => now });
  },
};

/** By folder. */
export const operations: Readonly<Record<string, typeof rfc>> = {
  rfc,
  "draft-11": inDraft11,
  "february-2026": inFebruary,
};
