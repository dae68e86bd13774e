/** The agent, or the gateway before it, refused with an HTTP status. The body is for judging only, never to be shown. */
export class AgentHttpError extends Error {
  override readonly name = "AgentHttpError";
  readonly status: number;
  /** Value of `Agent-Auth`, if the refusal was a challenge. */
  readonly challenge: string | null;
  readonly body: string;

  constructor(status: number, challenge: string | null, body: string) {
    super(`answered with status ${status}`);
    this.status = status;
    this.challenge = challenge;
    this.body = body;
  }
}

/** The agent answered with a JSON-RPC error. */
export class AgentRpcError extends Error {
  override readonly name = "AgentRpcError";
  readonly rpcCode: number;

  constructor(rpcCode: number, message: string) {
    super(message);
    this.rpcCode = rpcCode;
  }
}

/** The agent answered, and the answer is of no use. The message completes "the answer …". */
export class AgentAnswerError extends Error {
  override readonly name = "AgentAnswerError";
}
