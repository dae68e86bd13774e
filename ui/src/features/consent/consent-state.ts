import type { Failure } from "backend-api";
import { isOwnersDecision } from "../../api/is-owners-decision.ts";

/** `asked`: waiting for the user; `leaving`: the browser is navigating to the auth server. */
export type ConsentState = { phase: "asked" | "leaving" } | { phase: "blocked"; failure: Failure };

/** A page where the user decides. */
export interface ConsentPage {
  readonly url: string;
  /** The party whose page it is. Absent: the server that the user decides at. */
  readonly party?: string | undefined;
}

/**
 * The user types a password at this URL, so the browser goes there by itself only if it is on the
 * server where the user decides: the auth server they signed in with, or with draft -11 the person
 * server. To another party's page, and to one where an owner decides, it goes when the user asks
 * for it, having read whose page it is.
 */
export function leaveFor({ url, party }: ConsentPage, serverUrl: string, isOwnWish: boolean): ConsentState {
  const { origin, protocol } = URL.parse(url) ?? {};
  if (origin === new URL(serverUrl).origin)
    return { phase: isOwnersDecision(party) && !isOwnWish ? "asked" : "leaving" };
  if (party !== undefined && /^https?:$/.test(protocol ?? ""))
    return { phase: isOwnWish ? "leaving" : "asked" };
  return {
    phase: "blocked",
    failure: {
      hop: "backend",
      check: "consent",
      code: "foreign_consent_url",
      message: "The backend returned a consent URL that is not on your auth server.",
      advice: `Check that UI and backend are configured with the same auth server (here: ${serverUrl}).`,
    },
  };
}
