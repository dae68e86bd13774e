import type { Message, TracedToken } from "aauth-explain/run";
import { EVENT } from "aauth-explain/trace-names";
import type { RecordedRun } from "./walkthrough-run.ts";

/** The first message of a run with all these members. */
export function messageOf({ protocol }: RecordedRun, wanted: Partial<Message>): Message {
  const found = protocol.messages.find((message) => has(message, wanted));
  if (found === undefined) throw new Error(`the run has no message ${JSON.stringify(wanted)}`);
  return found;
}

/** The resource token of the challenge to a message. */
export function challengeToken(run: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  const { verifiers } = messageOf(run, { ...wanted, outcome: "challenged" });
  return verifiers.find(({ challenge }) => challenge?.resource_token)?.challenge?.resource_token;
}

/** The auth token or agent token in the answer to a message. */
export function issuedToken(run: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  return messageOf(run, wanted).verifiers.find((verifier) => verifier.issuedToken)?.issuedToken;
}

/** The token in the answer of a draft -11 server, to whichever of several polls. */
export function receivedToken({ protocol }: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  const events = protocol.messages.filter((message) => has(message, wanted)).flatMap(({ events }) => events);
  return events.find(({ name }) => name === EVENT.tokenReceived)?.token;
}

/** The token that a message carries. */
export function sentToken(run: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  return messageOf(run, wanted).signer?.token;
}

function has(message: Message, wanted: Partial<Message>): boolean {
  return Object.entries(wanted).every(([name, value]) => message[name as keyof Message] === value);
}
