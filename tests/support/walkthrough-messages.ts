import type { Message, TracedToken, VerifierSide } from "protocol-trace/read";
import type { RecordedRun } from "./walkthrough-run.ts";

/** The first message of a run that has all of this. */
export function messageOf({ protocol }: RecordedRun, wanted: Partial<Message>): Message {
  const found = protocol.messages.find((message) => has(message, wanted));
  if (found === undefined) throw new Error(`the run has no message ${JSON.stringify(wanted)}`);
  return found;
}

/** The resource token of the challenge that a resource has answered a message with. */
export function challengeToken(run: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  const gates = gatesOf(messageOf(run, { ...wanted, outcome: "challenged" }));
  return gates.find(({ challenge }) => challenge?.resource_token)?.challenge?.resource_token;
}

/** The auth token, or agent token, that the answer to a message brought. */
export function issuedToken(run: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  return gatesOf(messageOf(run, wanted)).find((gate) => gate.issuedToken)?.issuedToken;
}

/** The token that went along with a message. */
export function sentToken(run: RecordedRun, wanted: Partial<Message>): TracedToken | undefined {
  return messageOf(run, wanted).signer?.token;
}

function gatesOf({ verifiers }: Message): readonly VerifierSide[] {
  return verifiers;
}

function has(message: Message, wanted: Partial<Message>): boolean {
  return Object.entries(wanted).every(([name, value]) => message[name as keyof Message] === value);
}
