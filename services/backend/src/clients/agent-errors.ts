import { parseRefusal, REFUSAL_FIELD, type Refusal } from "aauth/resource";

/** What the head of a refused answer contains. */
export interface RefusedAnswer {
  /** Value of `Agent-Auth`, if the refusal was a challenge. */
  readonly challenge?: string | undefined;
  /** Code and check, where the party that refused names them. */
  readonly refusal?: Refusal | undefined;
  /** RFC 9209: the gateway failed by itself, before the agent was asked. */
  readonly gatewayFailed?: boolean;
}

/** The agent, or the gateway before it, refused with an HTTP status. */
export class AgentHttpError extends Error {
  override readonly name = "AgentHttpError";
  readonly status: number;
  readonly answer: RefusedAnswer;

  constructor(status: number, answer: RefusedAnswer = {}) {
    super(`answered with status ${status}`);
    this.status = status;
    this.answer = answer;
  }

  static of({ status, headers }: Response): AgentHttpError {
    return new AgentHttpError(status, {
      challenge: headers.get("agent-auth") ?? undefined,
      refusal: parseRefusal(headers.get(REFUSAL_FIELD)),
      gatewayFailed: /;\s*error=proxy_internal_error\b/.test(headers.get("proxy-status") ?? ""),
    });
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

/** The agent answered, and the answer cannot be used. The message completes "the answer …". */
export class AgentAnswerError extends Error {
  override readonly name = "AgentAnswerError";
}
