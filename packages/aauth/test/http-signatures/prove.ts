import { type ReplayStore, readNonce, spendNonce } from "../../src/http-signatures/replay.ts";
import { parseSignature } from "../../src/http-signatures/signature.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { verifyBody } from "../../src/http-signatures/verify-body.ts";
import {
  readSignatureHeaders,
  rebuildSignatureBase,
  requireFreshness,
  requireSameLabel,
  verifySignature,
} from "../../src/http-signatures/verify-signature.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import { coverageFacts, requireCoverage } from "../../src/profiles/february-2026/coverage.ts";
import { parseSignatureKey } from "../../src/profiles/february-2026/signature-key.ts";
import type { ReceivedRequest } from "../../src/types.ts";

/** A request as it arrived, with all of its body. */
export interface Arrived extends ReceivedRequest {
  readonly authority: string;
  readonly body?: Uint8Array;
}

/** Unix seconds of every known answer. */
export const NOW = 1_730_217_600;

/** The steps of `signing/` in the gate's order, for scheme hwk: what these tests attack. */
export async function prove(
  request: Arrived,
  options: {
    now?: number;
    replayStore?: ReplayStore;
    requireNonce?: boolean;
    bodyCoverage?: "optional";
  } = {},
): Promise<void> {
  const nowSeconds = options.now ?? NOW;
  const policy = options.bodyCoverage ? { bodyCoverage: options.bodyCoverage } : {};
  const headers = readSignatureHeaders(request.headers);
  const claim = parseSignatureKey(headers.signatureKey);
  const input = parseSignatureInput(headers.signatureInput);
  const signature = parseSignature(headers.signature);
  requireSameLabel(claim, input, signature);
  requireCoverage(input.components, coverageFacts(request), policy);
  requireFreshness(input, { nowSeconds });
  const nonce = readNonce(request, { required: options.requireNonce ?? false });
  if (claim.scheme !== "hwk") throw new Error("these tests speak hwk");
  const key = await importVerificationKey(claim.jwk);
  const base = rebuildSignatureBase(request, request.authority, input);
  await verifySignature({ base, input, signature: signature.bytes, key });
  if (nonce !== undefined && options.replayStore) {
    await spendNonce(options.replayStore, {
      authority: request.authority,
      thumbprint: key.thumbprint,
      share: { level: "pseudonymous", owner: key.thumbprint },
      nonce,
      createdSeconds: input.created!,
      nowSeconds,
    });
  }
  await verifyBody({ headers: request.headers, components: input.components, body: request.body }, policy);
}
