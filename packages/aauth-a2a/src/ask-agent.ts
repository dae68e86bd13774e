import type { AgentCard, SendMessageRequest, SendMessageResult } from "@a2a-js/sdk";
import { Role } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import { isJsonRpcError } from "@a2a-js/sdk/errors";
import { readAtMost } from "aauth";
import { parseRefusal, REFUSAL_FIELD, type Refusal } from "aauth/resource";

const MAX_ANSWER_BYTES = 1_048_576;
const AGENT_CARD_PATH = "/.well-known/agent-card.json";

/** Options for sending a message. */
export interface AskOptions {
  /** Signs, meets challenges, and carries this call's context: `agent.fetchFor(…)`. */
  readonly fetch: typeof fetch;
  /** Aborts the whole exchange. Default: the signal of the fetch. */
  readonly signal?: AbortSignal;
  /** A2A version on the wire. Default `0.3`, the published demo's `message/send`. */
  readonly protocolVersion?: "0.3" | "1.0";
  /**
   * Called when the agent has accepted the request (2xx), before its answer is read. Default: none.
   */
  readonly onAccepted?: () => void;
}

/** Answer of an agent. */
export interface AgentAnswer {
  readonly text: string;
  /** The first data part, as received. Undefined if the agent answers in text only. */
  readonly data?: unknown;
}

/** The head of a refused answer. */
export interface RefusedAnswer {
  /** Value of `Agent-Auth`, if the refusal was a challenge. */
  readonly challenge?: string | undefined;
  /** Code and check, if the refusing party names them. */
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

  /**
   * Sender of the response, because agent and gateway share an address; undefined if unknown. Only
   * an agent sends a challenge, and every refusal of a gateway's check names the gateway.
   */
  get sender(): "agent" | "gateway" | undefined {
    const { challenge, refusal, gatewayFailed } = this.answer;
    if (gatewayFailed || refusal?.by === "gateway") return "gateway";
    return refusal !== undefined || challenge !== undefined ? "agent" : undefined;
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

/** The agent's answer is unusable. The message completes "the answer …". */
export class AgentAnswerError extends Error {
  override readonly name = "AgentAnswerError";
  readonly code: "answer_too_large" | "answer_unreadable";

  constructor(message: string, options: ErrorOptions & { readonly code?: AgentAnswerError["code"] } = {}) {
    super(message, options);
    this.code = options.code ?? "answer_unreadable";
  }
}

/**
 * Sends one message to an agent by A2A. Its card is not fetched: the address is configured.
 *
 * @param url identity of the agent, without trailing slash
 * @throws AgentHttpError, AgentRpcError
 * @throws AgentAnswerError for an answer without text, one that is not a message, and one of more
 *   than 1 MiB
 * @throws errors of `fetch`
 *
 * Does NOT know AAuth: `options.fetch` does.
 */
export async function askAgent(url: string, text: string, options: AskOptions): Promise<AgentAnswer> {
  const { signal, protocolVersion = "0.3", onAccepted } = options;
  let answered = false;
  const fetchImpl = readingFetch(options.fetch, {
    onAccepted,
    onRead: () => {
      answered = true;
    },
  });
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } })],
  });
  try {
    const client = await factory.createFromAgentCard(minimalCard(`${url}/`, protocolVersion));
    const answer = readAnswer(await client.sendMessage(messageWith(text), { ...(signal && { signal }) }));
    if (answer.text === "") throw new AgentAnswerError("holds no text");
    return answer;
  } catch (error) {
    if (isJsonRpcError(error)) throw new AgentRpcError(error.envelopeCode, error.message);
    if (!answered || error instanceof AgentAnswerError) throw error;
    // The SDK throws various errors, including plain TypeErrors, for an invalid answer.
    throw new AgentAnswerError("is not an A2A answer to this request", { cause: error });
  }
}

/**
 * Reads an agent's card, to test the connection without a task for the agent.
 *
 * @throws as {@link askAgent}
 */
export async function readAgentCard(
  url: string,
  signedFetch: typeof fetch,
): Promise<{ name?: string; protocolVersion?: string }> {
  const response = await readingFetch(signedFetch)(`${url}${AGENT_CARD_PATH}`, {
    headers: { accept: "application/json" },
  });
  const card: unknown = await response.json().catch(() => undefined);
  if (typeof card !== "object" || card === null) throw new AgentAnswerError("is not an agent card");
  const { name, protocolVersion } = card as Record<string, unknown>;
  return {
    ...(typeof name === "string" && { name }),
    ...(typeof protocolVersion === "string" && { protocolVersion }),
  };
}

/**
 * Detects refusals by status and headers, which the SDK drops, and limits the length of bodies,
 * which the SDK does not.
 */
function readingFetch(
  signedFetch: typeof fetch,
  { onAccepted, onRead }: { onAccepted?: (() => void) | undefined; onRead?: () => void } = {},
): typeof fetch {
  return async (input, init) => {
    const response = await signedFetch(input, init);
    if (response.ok) onAccepted?.();
    const body = response.ok ? await readBody(response) : await readRpcError(response);
    onRead?.();
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

async function readBody(response: Response): Promise<string> {
  try {
    return new TextDecoder().decode(await readAtMost(response.body, MAX_ANSWER_BYTES));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const options = { cause: error, code: "answer_too_large" } as const;
    throw new AgentAnswerError(`is larger than ${MAX_ANSWER_BYTES} bytes`, options);
  }
}

/**
 * JSON-RPC errors usually come with 200, but a server may add an HTTP status to them. The body of
 * any other refusal is read only if it is JSON.
 */
async function readRpcError(response: Response): Promise<string> {
  if (/json/i.test(response.headers.get("content-type") ?? "")) {
    const body = await readBody(response);
    if (isRpcError(body)) return body;
  } else {
    await response.body?.cancel();
  }
  throw AgentHttpError.of(response);
}

function isRpcError(body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null && "jsonrpc" in answer && "error" in answer;
  } catch {
    return false;
  }
}

/**
 * Enough of a card for the SDK to choose a transport. Built here, so that no unsigned request goes
 * out first.
 */
function minimalCard(url: string, protocolVersion: string): AgentCard {
  return {
    name: "",
    description: "",
    version: "1.0.0",
    supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion, tenant: "" }],
    capabilities: { streaming: false, extensions: [] },
    provider: undefined,
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [],
    signatures: [],
  };
}

function messageWith(text: string): SendMessageRequest {
  return {
    tenant: "",
    message: {
      messageId: crypto.randomUUID(),
      contextId: "",
      taskId: "",
      role: Role.ROLE_USER,
      parts: [{ content: { $case: "text", value: text }, filename: "", mediaType: "", metadata: undefined }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    // Waits for the result instead of polling a task.
    configuration: {
      acceptedOutputModes: ["text/plain", "application/json"],
      taskPushNotificationConfig: undefined,
      returnImmediately: false,
    },
    metadata: undefined,
  };
}

function readAnswer(result: SendMessageResult): AgentAnswer {
  const parts =
    "parts" in result
      ? result.parts
      : [...(result.status?.message?.parts ?? []), ...result.artifacts.flatMap((artifact) => artifact.parts)];
  const texts = parts.flatMap(({ content }) => (content?.$case === "text" ? [content.value] : []));
  const data = parts.find(({ content }) => content?.$case === "data")?.content?.value;
  return { text: texts.join("\n").trim(), ...(data !== undefined && { data }) };
}
