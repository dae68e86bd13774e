import { isRedirected, type Message, type Outcome, partyName } from "aauth-explain/run";

const outcomes: Record<Outcome, string> = {
  accepted: "Accepted",
  challenged: "Asks for a token",
  waiting: "Waits",
  "handed-back": "Handed back to the agent",
  refused: "Refused",
  failed: "Failed",
  pending: "In progress",
};

export function outcomeLabel(message: Message): string {
  return isRedirected(message) ? "Redirected" : outcomes[message.outcome];
}

/** Sender, receiver and intermediary. */
export function routeLabel({ from, to, via }: Message): string {
  const way = via === undefined ? "" : ` through the ${partyName(via).toLowerCase()}`;
  return `${partyName(from)} to ${partyName(to)}${way}`;
}

/** The message in one sentence, for screen readers. */
export function spokenMessage(message: Message, total: number): string {
  const { number, what, signer, status, interaction } = message;
  const how =
    signer === undefined
      ? "not signed by an agent"
      : signer.scheme === undefined
        ? "not signed"
        : `signed with scheme ${signer.scheme}`;
  const unanswered = interaction === undefined ? "no response" : "no status is recorded";
  const answer = status === undefined ? unanswered : `status ${status}`;
  return `Message ${number} of ${total}: ${routeLabel(message)}, ${what}, ${how}; ${answer}, ${outcomeLabel(message).toLowerCase()}`;
}

const checks: Record<string, string> = {
  headers: "All signature headers are present",
  "signature-key": "Signature-Key names a key",
  "signature-input": "Signature-Input parses",
  labels: "The headers share one label",
  coverage: "All required components are signed",
  created: "Signature is fresh",
  scheme: "The scheme is one for this caller",
  token: "The token is valid",
  key: "The key was found",
  signature: "The signature verifies",
  replay: "Not replayed",
  "content-digest": "The body matches its digest",
  requirement: "The caller meets the requirement",
  "resource token": "The resource token is valid",
  "upstream token": "The upstream token is valid",
  "presented token": "The presented token is valid",
  "authorization code": "The authorization code is valid",
  "refresh token": "The refresh token is valid",
  request: "The request is well-formed",
};

export function checkLabel(name: string): string {
  return checks[name] ?? name;
}
