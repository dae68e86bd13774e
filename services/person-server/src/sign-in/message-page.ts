import { StoreFullError } from "aauth";
import type { FastifyBaseLogger, FastifyReply } from "fastify";
import { FAILURE_PAGES, SignInError } from "./sign-in-error.ts";

/** A page with one message, and a link to continue. */
export interface SignInMessage {
  readonly title: string;
  readonly text: string;
  /** Error code, for the developer. */
  readonly code?: string;
  readonly link: readonly [href: string, name: string];
}

export type ShowMessage = (reply: FastifyReply, status: number, message: SignInMessage) => FastifyReply;

/**
 * Sends the page of a failed sign-in, with a link to retry, and logs the reason. The returned
 * function rethrows any error that is neither a `SignInError` nor a `StoreFullError`.
 */
export function createFailurePage(options: {
  /** Path for a browser that has no other destination. */
  home: string;
  showMessage: ShowMessage;
  logger: FastifyBaseLogger;
}): (reply: FastifyReply, error: unknown, returnTo: string) => FastifyReply {
  const { home, showMessage, logger } = options;
  return (reply, error, returnTo) => {
    const failure = error instanceof StoreFullError ? tooMany(error) : error;
    if (!(failure instanceof SignInError)) throw failure;
    const { code, message } = failure;
    const { status, title, text } = FAILURE_PAGES[code];
    logger.warn({ code, reason: message }, "Sign-in failed");
    const isBad = code === "invalid_return";
    const link = [isBad ? home : returnTo, "Try again"] as const;
    return showMessage(reply, status, { title, text, code, link });
  };
}

function tooMany(cause: Error): SignInError {
  return new SignInError("too_many_sign_ins", cause.message, { cause });
}
