import type { Dispatcher } from "undici";

/** More than anybody announces an answer with. */
const MAX_INFORMATIONAL = 10;

/** The agent announces an answer, and never gives one. */
export class TooManyInformational extends Error {
  override readonly name = "TooManyInformational";
  readonly code = "TOO_MANY_INFORMATIONAL_RESPONSES";
}

/**
 * What is done about the informational responses (102, 103; RFC 9110 section 15.2) before one answer: they are dropped, but so many only,
 * because undici waits anew after each. One 100 that nobody has asked for is too much for undici already, which closes the connection.
 */
export function createInformationalLimit(): (controller: Dispatcher.DispatchController) => void {
  let count = 0;
  return (controller) => {
    count += 1;
    if (count > MAX_INFORMATIONAL) {
      const message = `more than ${MAX_INFORMATIONAL} informational responses before one answer`;
      controller.abort(new TooManyInformational(message));
    }
  };
}
