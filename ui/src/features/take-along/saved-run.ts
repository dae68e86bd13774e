import type {
  SavedAttack,
  SavedCheck,
  SavedEvidence,
  SavedFact,
  SavedHttp,
  SavedMessage,
  SavedProtocol,
  SavedRun,
} from "aauth-explain";
import {
  type HttpMessage,
  type Message,
  messageAnswers,
  messageSentence,
  type ProtocolRun,
} from "aauth-explain/run";

interface RunToSave {
  readonly requestId: string;
  readonly protocol: SavedProtocol;
  readonly run: ProtocolRun;
  /** Complete signed requests of the run, from the backend. */
  readonly evidence: readonly SavedEvidence[];
  readonly attacks: readonly SavedAttack[];
  /** Unix seconds. */
  readonly now: number;
}

/**
 * Converts the run to data for its file. It excludes names of users: people appear as named in
 * tokens.
 */
export function savedRunOf({ run, evidence, now, ...own }: RunToSave): SavedRun {
  return {
    format: "aauth-saved-run",
    version: 2,
    savedAt: now,
    ...own,
    parties: run.parties.map(({ id, name }) => ({ id, name })),
    messages: run.messages.map((message) =>
      savedMessage(
        message,
        run,
        evidence.find((whole) => isOf(whole, message)),
      ),
    ),
  };
}

/**
 * Whether a complete request belongs to a message. The message's recorded signature is truncated
 * but still distinguishes requests. A wrong match would be visible, because a verified message
 * shows the verified request.
 */
export function isOf({ method, url, headers }: SavedEvidence, { request, ...message }: Message): boolean {
  const [start, end] = (request.headers?.signature ?? "").split("…");
  return (
    end !== undefined &&
    start !== undefined &&
    start.length >= 16 &&
    headers.signature?.startsWith(start) === true &&
    method === message.method &&
    url === message.url
  );
}

/** A message as data, with its recorded facts. */
export function savedMessage(
  message: Message,
  run: ProtocolRun,
  evidence: SavedEvidence | undefined,
): SavedMessage {
  const { from, to, what, outcome, status, startMicros, method, url, request, response, verifiers } = message;
  return {
    from,
    to,
    what,
    outcome,
    sentence: messageSentence(message),
    startMs: Math.round((startMicros - run.startMicros) / 1000),
    ...(status !== undefined && { status }),
    facts: factsOf(message),
    checks: verifiers.flatMap(({ party, checks }) =>
      checks.map(
        ({ name, verdict, reason }): SavedCheck => ({
          party,
          name,
          verdict,
          ...(reason !== undefined && { reason }),
        }),
      ),
    ),
    ...(evidence === undefined && { request: httpOf(`${method} ${url}`, request) }),
    response: httpOf(status === undefined ? "No response" : `Status ${status}`, response),
    ...(evidence && { evidence }),
  };
}

function factsOf(message: Message): SavedFact[] {
  const { signedBy, key, onBehalfOf, allowedBy, verdict } = messageAnswers(message);
  return [
    { name: "Who signed this?", value: signedBy },
    { name: "With which key?", value: key },
    { name: "For whom?", value: onBehalfOf },
    { name: "Allowed by what?", value: allowedBy },
    { name: "What was the outcome, and why?", value: verdict },
  ];
}

const httpOf = (start: string, { headers = {}, body }: HttpMessage): SavedHttp => ({
  start,
  headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
  ...(body !== undefined && { body }),
});
