import { AnswerPendingError, TokenRequestError } from "aauth";
import { ConsentRequiredError } from "aauth/february-2026";

/** Whether a server needs the user, whom an attempt must not send to a page. */
export const needsPerson = (error: unknown): boolean =>
  error instanceof ConsentRequiredError ||
  error instanceof AnswerPendingError ||
  (error instanceof TokenRequestError && error.oauthError === "user_unreachable");
