import type { MessageAnswers } from "./message-answers.ts";
import { partyName } from "./parties.ts";
import type { Interaction, Message } from "./protocol-run.ts";

/** The five answers for a browser that is sent to a page or comes back from one, which no agent signs. */
export function interactionAnswers(message: Message, { page, leg }: Interaction): MessageAnswers {
  const { outcome, to, errorCode, url } = message;
  const isConsent = page === "consent";
  const common = {
    signedBy: "No agent: a person’s browser goes from page to page.",
    key: "None.",
  };
  if (leg === "there") {
    const where = isConsent ? "its consent page" : `its own page${url === "" ? "" : ` (${url})`}`;
    return {
      ...common,
      onBehalfOf: `Itself: ${partyName(to)} wants the person there, and finds out who it is.`,
      allowedBy: isConsent
        ? "The request token in the page’s address, which the auth server gave to the agent instead of an auth token."
        : "The session in the page’s address, which the challenge gave to the agent.",
      verdict:
        outcome === "pending"
          ? `The person is on ${where}, or has not gone there: the browser is not back yet.`
          : `The person has been on ${where}; what was decided there comes back with the browser. What the page did is in traces of its own.`,
    };
  }
  return {
    ...common,
    onBehalfOf: "The user whom it was sent away for: the state that it brings leads to them.",
    allowedBy: isConsent
      ? `The state that the backend had given along, which is good once${hasCode(message) ? ", and the code of the auth server." : ". The auth server sent no code with it, only its refusal."}`
      : "The state that the backend had given along, which is good once. It proves nothing of the decision: that is the agent’s to know.",
    verdict: {
      accepted: isConsent
        ? "Accepted: the backend redeems the code, and goes on with the auth token."
        : "Accepted: the backend sends the same request again.",
      refused: `${hasCode(message) ? "The code that the browser brought was not valid" : "The browser came back without consent"}${errorCode === undefined ? "" : `: ${errorCode}`}. The run ends here.`,
      failed: "The backend could not go on.",
      challenged: "",
      pending: "No answer yet.",
    }[outcome],
  };
}

/** Errors of the backend, to which a code was brought: all others are the auth server's own, and come instead of one. */
const DESPITE_CODE: ReadonlySet<string> = new Set(["exchange_failed", "wrong_user", "unknown_request"]);

function hasCode({ errorCode }: Pick<Message, "errorCode">): boolean {
  return errorCode === undefined || DESPITE_CODE.has(errorCode);
}
