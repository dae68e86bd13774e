import { type ReplayStore, readNonce, spendNonce } from "../../src/http-signatures/replay.ts";
import { parseSignature } from "../../src/http-signatures/signature.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { announcesBody, requireComponents, verifyBody } from "../../src/http-signatures/verify-body.ts";
import {
  invalidSignature,
  readSignatureHeaders,
  rebuildSignatureBase,
  requireAlgorithm,
  requireFreshness,
  requireSameLabel,
  signatureHolds,
} from "../../src/http-signatures/verify-signature.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import { february2026 } from "../../src/profiles/february-2026/index.ts";
import { parseSignatureKey } from "../../src/profiles/february-2026/signature-key.ts";
import type { MessageFacts } from "../../src/profiles/wire-profile.ts";
import type { ReceivedRequest, VerificationKey } from "../../src/types.ts";

/** A request as it arrived, with all of its body. */
export interface Arrived extends ReceivedRequest {
  readonly authority: string;
  readonly body?: Uint8Array;
}

/** Unix seconds of every known answer. */
export const NOW = 1_730_217_600;

const { name: profile, messages, verification } = february2026;
const { fields } = messages;
const endpoint = { role: "resource", ...verification.endpoints.resource! } as const;
/** How far `created` may be from now. */
export const { toleranceSeconds } = endpoint;

/** What a verifier knows of a message before its body is here. */
export const factsOf = ({
  method = "GET",
  target,
  headers,
}: Partial<ReceivedRequest> & { target: string }): MessageFacts => ({
  method,
  target,
  headers: headers ?? {},
  hasBody: announcesBody(headers ?? {}),
  endpoint,
});

/** Whether the signature holds, as a verifier asks for one key. */
export async function verifySignature(options: {
  base: string;
  input: Parameters<typeof requireAlgorithm>[0];
  signature: Uint8Array;
  key: VerificationKey;
}): Promise<void> {
  const { base, input, signature, key } = options;
  requireAlgorithm(input, key.alg);
  if ((await signatureHolds(new TextEncoder().encode(base), signature, key)) !== true)
    throw invalidSignature();
}

/** The steps of `http-signatures/` in the verifier's order, for scheme hwk: what these tests attack. */
export async function prove(
  request: Arrived,
  options: {
    now?: number;
    replayStore?: ReplayStore;
    requireNonce?: boolean;
  } = {},
): Promise<void> {
  const nowSeconds = options.now ?? NOW;
  const facts = factsOf(request);
  const headers = readSignatureHeaders(request.headers, fields);
  const claim = parseSignatureKey(headers.signatureKey);
  const input = parseSignatureInput(headers.signatureInput);
  const signature = parseSignature(headers.signature);
  requireSameLabel(claim, input, signature);
  requireComponents(input.components, messages.demandedComponents(facts));
  requireFreshness(input, { nowSeconds, toleranceSeconds });
  const nonce = readNonce(request, fields.nonce, { required: options.requireNonce ?? false });
  if (claim.scheme !== "hwk") throw new Error("these tests speak hwk");
  const key = await importVerificationKey(claim.jwk);
  const base = rebuildSignatureBase(request, request.authority, input);
  await verifySignature({ base, input, signature: signature.bytes, key });
  if (nonce !== undefined && options.replayStore) {
    await spendNonce(options.replayStore, {
      profile,
      authority: request.authority,
      thumbprint: key.thumbprint,
      share: { level: "pseudonymous", owner: key.thumbprint },
      nonce,
      createdSeconds: input.created!,
      nowSeconds,
      toleranceSeconds,
    });
  }
  const { body } = request;
  const hasBody = body !== undefined && body.byteLength > 0;
  const demanded = hasBody ? messages.demandedComponents({ ...facts, hasBody }) : [];
  await verifyBody(
    { headers: request.headers, components: input.components, body },
    { field: fields.contentDigest, demanded },
  );
}
