import { StillWaitingError, TokenRequestError } from "aauth";
import { endedAtPage } from "../calls/ended-at-page.ts";

/** Whether a server needs the user, whom an attempt must not send to a page. */
export const needsPerson = (error: unknown): boolean =>
  endedAtPage(error) !== undefined ||
  error instanceof StillWaitingError ||
  (error instanceof TokenRequestError && error.oauthError === "user_unreachable");
