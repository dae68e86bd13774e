import type { Failure } from "backend-api";
import { isOwnersDecision } from "../../api/is-owners-decision.ts";

/** `asked`: waiting for the user. `leaving`: the browser is navigating to the page. */
export type ConsentState = { phase: "asked" | "leaving" } | { phase: "blocked"; failure: Failure };

/** A page where the user decides. */
export interface ConsentPage {
  readonly url: string;
  /** The party whose page it is. Absent: the server at which the user decides. */
  readonly party?: string | undefined;
}

/**
 * The user types a password at this URL, so the browser goes there automatically only if it is on
 * the server at which the user decides: the auth server that they signed in with, or the person
 * server in draft -11. To another party's page, or one where an owner decides, it goes when the
 * user asks for it after reading whose page it is.
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
