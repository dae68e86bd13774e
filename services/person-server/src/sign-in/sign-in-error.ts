/** Why a sign-in has failed: shown on the page, and logged. */
export type SignInErrorCode =
  | "access_denied"
  | "invalid_return"
  | "provider_invalid"
  | "provider_unreachable"
  | "sign_in_refused"
  | "sign_in_unknown"
  | "too_many_sign_ins";

/** A failed sign-in, which ends in a page. The message is for the log: no token, no code. */
export class SignInError extends Error {
  override readonly name = "SignInError";
  readonly code: SignInErrorCode;

  constructor(code: SignInErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

interface FailurePage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** Status and wording of the page of each failure. */
export const FAILURE_PAGES: Readonly<Record<SignInErrorCode, FailurePage>> = {
  access_denied: {
    status: 403,
    title: "You are not signed in",
    text: "The sign-in was cancelled or refused at your sign-in provider.",
  },
  invalid_return: {
    status: 400,
    title: "This address cannot be opened",
    text: "A sign-in returns to pages of this server only.",
  },
  provider_invalid: {
    status: 502,
    title: "You could not be signed in",
    text: "The response of the sign-in provider is not valid. The operator of this server can find the reason in its log.",
  },
  provider_unreachable: {
    status: 503,
    title: "The sign-in provider does not answer",
    text: "Wait a moment and try again.",
  },
  sign_in_refused: {
    status: 403,
    title: "You could not be signed in",
    text: "The sign-in provider has refused the request. If it happens again, the operator of this server can find the reason in its log.",
  },
  sign_in_unknown: {
    status: 400,
    title: "This sign-in is over",
    text: "It has been used, has expired, or was begun in another browser.",
  },
  too_many_sign_ins: {
    status: 503,
    title: "Too many people are signed in",
    text: "Try again later.",
  },
};
