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

/** The auth server's page that an error names; undefined for any other error. */
export const endedAtPage = (error: unknown): EndedAtPage | undefined =>
  isOfCode(error, "consent_required") ? (error as AAuthAgentError & EndedAtPage) : undefined;

/** A call that the resource has refused until its user has acted at the resource's page. */
export interface EndedAtResource {
  readonly interactionUrl: string;
  /** Key with which to repeat the request. */
  readonly keyThumbprint: string | undefined;
}

/** The resource's page that an error names; undefined for any other error. */
export const endedAtResource = (error: unknown): EndedAtResource | undefined =>
  isOfCode(error, "user_interaction_required") ? (error as AAuthAgentError & EndedAtResource) : undefined;

const isOfCode = (error: unknown, code: string) => error instanceof AAuthAgentError && error.code === code;
