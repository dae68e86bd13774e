import { AAuthAgentError } from "aauth";

/** A call that has ended because its user must act at a page. It is repeated after the return. */
export interface EndedAtPage {
  readonly consentUrl: string;
  /** Issuer identifier of the auth server that redeems the code. */
  readonly authServer: string;
  /** Seconds until the page's request expires. */
  readonly expiresInSeconds: number;
  /** Key that must redeem the code. */
  readonly keyThumbprint: string | undefined;
}

/** The page that an error names; undefined for any other error. */
export const endedAtPage = (error: unknown): (AAuthAgentError & EndedAtPage) | undefined =>
  error instanceof AAuthAgentError && error.code === "consent_required" && "consentUrl" in error
    ? (error as AAuthAgentError & EndedAtPage)
    : undefined;
