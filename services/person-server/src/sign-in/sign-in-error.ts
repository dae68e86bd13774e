/** Reason why a sign-in failed, shown on the page and logged. */
export type SignInErrorCode =
  | "access_denied"
  | "invalid_return"
  | "provider_invalid"
  | "provider_unreachable"
  | "sign_in_refused"
  | "sign_in_unknown"
  | "too_many_sign_ins";

/**
 * A failed sign-in, which ends in a page. The message is for the log and contains no token or code.
 */
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
    title: "Cannot return to this address",
    text: "After sign-in you can only return to pages of this server.",
  },
  provider_invalid: {
    status: 502,
    title: "You could not be signed in",
    text: "The sign-in provider sent an invalid response. The operator of this server can find the reason in its log.",
  },
  provider_unreachable: {
    status: 503,
    title: "The sign-in provider is not responding",
    text: "Wait a moment and try again.",
  },
  sign_in_refused: {
    status: 403,
    title: "You could not be signed in",
    text: "The sign-in provider refused the request. If this happens again, the operator of this server can find the reason in its log.",
  },
  sign_in_unknown: {
    status: 400,
    title: "This sign-in is no longer valid",
    text: "It has been used, has expired, or was started in another browser.",
  },
  too_many_sign_ins: {
    status: 503,
    title: "Too many people are signed in",
    text: "Try again later.",
  },
};
