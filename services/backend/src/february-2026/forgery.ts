import { february2026 } from "aauth/february-2026";
import type { Draft11Context } from "../break-it/draft-11-messages.ts";
import { signed } from "../break-it/forged-request.ts";

/** Correctly signed, in the earlier profile. */
export const februaryMessage = (context: Draft11Context) =>
  signed(context, { profile: february2026, signatureKey: { scheme: "jwks", id: context.issuer } });
