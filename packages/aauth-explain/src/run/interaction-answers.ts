import { isDraft11Server, partyName } from "./parties.ts";
import type { Interaction, Message, MessageAnswers } from "./protocol-run.ts";

/**
 * The five answers for a browser that is sent to a page or returns from it. No agent signs these.
 */
export function interactionAnswers(message: Message, { page, leg }: Interaction): MessageAnswers {
  const { outcome, to, errorCode, url } = message;
  const isConsent = page === "consent";
  const common = {
    signedBy: "No agent: this is a browser redirect.",
    key: "None.",
  };
  if (page === "person") return { ...common, ...personPage(message) };
  if (leg === "there") {
    const where = isConsent ? "its consent page" : `its own page${url === "" ? "" : ` (${url})`}`;
    return {
      ...common,
      onBehalfOf: `The user is not known yet: ${partyName(to)} authenticates the user on that page.`,
      allowedBy: isConsent
        ? "The request token in the page’s URL. The auth server issued it instead of an auth token."
        : "The interaction session in the page’s URL, taken from the challenge.",
      verdict:
        outcome === "pending"
          ? `Waiting for the user to return from ${where}.`
          : `The user returned from ${where}. The next browser redirect carries the decision. The page records its own traces.`,
    };
  }
  return {
    ...common,
    onBehalfOf: "The user of the run, identified by the state parameter.",
    allowedBy: isConsent
      ? `The backend’s single-use state${hasCode(message) ? " and the auth server’s code." : ". The auth server sent an error instead of a code."}`
      : "The backend’s single-use state. It does not carry the decision: the agent stores that.",
    verdict: {
      accepted: isConsent
        ? "Accepted: the backend redeems the code and continues with the auth token."
        : "Accepted: the backend sends the same request again.",
      refused: `${hasCode(message) ? "The code was not valid" : "The user did not consent"}${errorCode === undefined ? "" : `: ${errorCode}`}. The run ends here.`,
      failed: "The backend could not continue.",
      challenged: "",
      waiting: "",
      "handed-back": "",
      pending: "No response yet.",
    }[outcome],
  };
}

/** Answers for a page named in an answer of draft -11 (sections 7.3 and 11.6.3). */
function personPage({ to, outcome, url }: Message): Omit<MessageAnswers, "signedBy" | "key"> {
  return {
    onBehalfOf: isDraft11Server(to)
      ? `The person whom ${partyName(to)} authenticates on that page.`
      : `The person: the page of ${partyName(to)} redirects the browser to the server that authenticates them.`,
    allowedBy:
      "The single-use code in the page’s URL. It ties the browser to the request and authorizes nothing.",
    verdict:
      outcome === "pending"
        ? `Waiting for the person at ${url}.`
        : `The request was decided at ${url}. The agent learns the decision by polling. The page records its own traces.`,
  };
}

/**
 * Errors of the backend after it received a code. All others are the auth server's, sent instead of
 * a code.
 */
const DESPITE_CODE: ReadonlySet<string> = new Set(["exchange_failed", "wrong_user", "unknown_request"]);

function hasCode({ errorCode }: Pick<Message, "errorCode">): boolean {
  return errorCode === undefined || DESPITE_CODE.has(errorCode);
}
