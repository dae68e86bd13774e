import type { Message, ProtocolRun } from "protocol-trace/read";
import { AGENT_NAMES } from "topology";

/** A run in numbers. */
export interface RunCounts {
  readonly messages: number;
  /** Messages that an agent or a server has signed. */
  readonly signed: number;
  /** Distinct tokens, whether presented, passed on or issued. */
  readonly tokens: number;
}

export function countsOf({ messages }: ProtocolRun): RunCounts {
  return {
    messages: messages.length,
    signed: messages.filter(({ signer }) => signer !== undefined).length,
    tokens: new Set(messages.flatMap(tokenIds)).size,
  };
}

function tokenIds({ signer, verifiers, events }: Message): string[] {
  const tokens = [
    signer?.token,
    ...Object.values(signer?.bodyTokens ?? {}),
    ...events.map(({ token }) => token),
    ...verifiers.flatMap(({ token, upstreamToken, issuedToken, challenge }) => [
      ...[token, upstreamToken, issuedToken, challenge?.resource_token],
    ]),
  ];
  return tokens.flatMap((token) => (token === undefined ? [] : [token.id]));
}

/**
 * Warns if a run and a recording are of different tasks, because their steps then differ for
 * reasons other than the version. Undefined for the same task.
 */
export function otherTask(own: ProtocolRun, recording: ProtocolRun): string | undefined {
  const [left, right] = [taskOf(own), taskOf(recording)];
  if (left === right) return undefined;
  return `Your run: ${left}. The recording: ${right}. Steps that exist in only one of the two tasks are not differences between the versions.`;
}

function taskOf({ parties, messages }: ProtocolRun): string {
  const agents = parties.filter(({ id }) => AGENT_NAMES.some((name) => name === id)).length;
  const isAsked = messages.some(({ interaction }) => interaction !== undefined);
  return `${agents === 1 ? "one agent" : agents === 2 ? "two agents" : `${agents} agents`}, ${isAsked ? "a person decides" : "no person decides"}`;
}
