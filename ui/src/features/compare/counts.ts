import type { Message, ProtocolRun } from "protocol-trace/read";

/** A run in numbers. */
export interface RunCounts {
  readonly messages: number;
  /** Messages that an agent or a server has signed. */
  readonly signed: number;
  /** Different tokens, whether shown, passed on or issued. */
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
