import { randomUUID } from "node:crypto";
import { type AgentCard, Role, type SendMessageRequest, type SendMessageResult } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import { isJsonRpcError } from "@a2a-js/sdk/errors";
import { readBounded } from "service-kit";
import { AgentAnswerError, AgentHttpError, AgentRpcError } from "./agent-errors.ts";

const AGENT_CARD_PATH = "/.well-known/agent-card.json";

export interface SupplyChainClientOptions {
  /** The agent's URL: its identity, reached through the gateway. No trailing slash. */
  readonly url: string;
  /** A2A protocol version on the wire. Default `0.3`, the demo's `message/send`. */
  readonly protocolVersion?: "0.3" | "1.0";
  /** Largest answer read, bytes. Default 1 MiB. */
  readonly maxAnswerBytes?: number;
}

/** One call's way out. */
export interface SupplyChainCall {
  /** Signs, answers challenges, and carries this call's context: `agent.fetchFor(…)`. */
  readonly fetch: typeof fetch;
  /** Told once the agent has let the caller in (2xx), before its answer is read. */
  readonly onAccepted?: () => void;
}

/** What an agent answers. */
export interface AgentReport {
  readonly markdown: string;
  /** As it came. Undefined from agents that answer in text only. */
  readonly data?: unknown;
}

/** Speaks A2A to the supply-chain agent. Knows nothing of AAuth: that lives in the call's fetch. */
export interface SupplyChainClient {
  /**
   * Sends the text and returns the agent's Markdown, with the data part beside it.
   *
   * @throws AgentHttpError, AgentRpcError, AgentAnswerError; whatever the call's fetch throws passes through
   */
  ask(text: string, call: SupplyChainCall): Promise<AgentReport>;
  /** Reads the agent's card, which is how a connection is tested without giving the agent work. Throws as {@link ask}. */
  card(call: SupplyChainCall): Promise<{ name?: string; protocolVersion?: string }>;
}

export function createSupplyChainClient(options: SupplyChainClientOptions): SupplyChainClient {
  const { url, protocolVersion = "0.3", maxAnswerBytes = 1_048_576 } = options;

  /** A fetch that tells a refusal from an answer while status and headers are still at hand: the SDK keeps neither. */
  const judging = (call: SupplyChainCall, onAnswer?: () => void): typeof fetch => {
    return async (input, init) => {
      const response = await call.fetch(input, init);
      if (response.ok) call.onAccepted?.();
      const body = await readBounded(response, maxAnswerBytes);
      if (!response.ok && !isRpcError(body)) {
        throw AgentHttpError.of(response);
      }
      onAnswer?.();
      return new Response(body, { status: response.status, headers: response.headers });
    };
  };

  return {
    async ask(text, call) {
      let answered = false;
      const fetchImpl = judging(call, () => {
        answered = true;
      });
      const transport = new JsonRpcTransportFactory({ fetchImpl, legacyCompat: { enabled: true } });
      const factory = new ClientFactory({ transports: [transport] });
      try {
        const client = await factory.createFromAgentCard(minimalCard(url, protocolVersion));
        const report = read(await client.sendMessage(messageWith(text)));
        if (report.markdown === "") throw new AgentAnswerError("holds no text");
        return report;
      } catch (error) {
        if (isJsonRpcError(error)) throw new AgentRpcError(error.envelopeCode, error.message);
        if (!answered || error instanceof AgentAnswerError) throw error;
        // The SDK has many errors, some of them plain TypeErrors, for an answer it cannot read.
        throw new AgentAnswerError("is not an A2A answer to this request", { cause: error });
      }
    },

    async card(call) {
      const response = await judging(call)(`${url}${AGENT_CARD_PATH}`, {
        headers: { accept: "application/json" },
      });
      const card: unknown = await response.json().catch(() => undefined);
      if (typeof card !== "object" || card === null) throw new AgentAnswerError("is not an agent card");
      const { name, protocolVersion } = card as Record<string, unknown>;
      return {
        ...(typeof name === "string" && { name }),
        ...(typeof protocolVersion === "string" && { protocolVersion }),
      };
    },
  };
}

function messageWith(text: string): SendMessageRequest {
  return {
    tenant: "",
    message: {
      messageId: randomUUID(),
      contextId: "",
      taskId: "",
      role: Role.ROLE_USER,
      parts: [{ content: { $case: "text", value: text }, filename: "", mediaType: "", metadata: undefined }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    // Wait for the agent's work to be done rather than poll a task.
    configuration: {
      acceptedOutputModes: ["text/plain", "application/json"],
      taskPushNotificationConfig: undefined,
      returnImmediately: false,
    },
    metadata: undefined,
  };
}

/** Enough of a card for the SDK to pick a transport. Built here, so that no unsigned request goes out first. */
function minimalCard(url: string, protocolVersion: string): AgentCard {
  return {
    name: "Supply Chain Optimizer Agent",
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

/** JSON-RPC errors usually come with 200, but a server may add an HTTP status to them. */
function isRpcError(body: string): boolean {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null && "jsonrpc" in answer && "error" in answer;
  } catch {
    return false;
  }
}

function read(result: SendMessageResult): AgentReport {
  const parts =
    "parts" in result
      ? result.parts
      : [...(result.status?.message?.parts ?? []), ...result.artifacts.flatMap((artifact) => artifact.parts)];
  const texts = parts.flatMap(({ content }) => (content?.$case === "text" ? [content.value] : []));
  const data = parts.find(({ content }) => content?.$case === "data")?.content?.value;
  return { markdown: texts.join("\n").trim(), ...(data !== undefined && { data }) };
}
