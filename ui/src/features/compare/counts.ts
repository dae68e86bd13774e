import type { Message, ProtocolRun } from "aauth-explain/run";
import { AGENT_NAMES } from "topology";

/** A run in numbers. */
export interface RunCounts {
  readonly messages: number;
  /** Messages that an agent or a server has signed. */
  readonly signed: number;
  /** Distinct tokens, whether presented, passed on or issued. */
  readonly tokens: number;
}

export function countsOf(messages: readonly Message[]): RunCounts {
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
      token,
      upstreamToken,
      issuedToken,
      challenge?.resource_token,
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
  const isShorter = agentsOf(own) < agentsOf(recording);
  return `Your run: ${left}. The recording: ${right}${isShorter ? "; its second hop is left out here" : ""}. Steps that exist in only one of the two tasks are not differences between the versions.`;
}

const agentsOf = ({ parties }: ProtocolRun): number =>
  parties.filter(({ id }) => AGENT_NAMES.some((name) => name === id)).length;

function taskOf(run: ProtocolRun): string {
  const { messages } = run;
  const agents = agentsOf(run);
  const isAsked = messages.some(({ interaction }) => interaction !== undefined);
  return `${agents === 1 ? "one agent" : agents === 2 ? "two agents" : `${agents} agents`}, ${isAsked ? "a person decides" : "no person decides"}`;
}
