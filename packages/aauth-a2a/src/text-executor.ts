import { type Message, type Part, Role } from "@a2a-js/sdk";
import { AgentEvent, type AgentExecutor, type ServerCallContext } from "@a2a-js/sdk/server";
import type { ProvenCaller } from "aauth";
import { callerOf } from "./handler.ts";

/** One question to the agent. */
export interface TextRequest {
  /** All text parts of the message, joined by a newline. Empty when there are none. */
  readonly text: string;
  /** Undefined where nothing in front of the agent has proven one. */
  readonly caller: ProvenCaller | undefined;
  /** Its `state` is what `stateFor` made of the HTTP request. */
  readonly context: ServerCallContext;
}

/** A text, and the same facts for programs. */
export interface TextAnswer {
  readonly text: string;
  /** Sent as a data part behind the text to clients that accept `application/json`. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The work of an agent that answers in text. */
export interface TextExecutorOptions {
  /** Gives the answer: one text part, and a data part for clients that accept one. */
  readonly answer: (request: TextRequest) => Promise<string | TextAnswer>;
}

/**
 * An executor for agents that answer one text with one text: it publishes a message, never a task,
 * so nothing is kept after the answer. An error of `answer` rejects: the observer of
 * {@link createA2AHandler} receives it, and the caller JSON-RPC error -32603 without its text.
 *
 * It does not judge the caller and does not time out: bound the work inside `answer`.
 *
 * @example
 * createTextExecutor({ answer: async ({ text }) => text.toUpperCase() })
 */
export function createTextExecutor({ answer }: TextExecutorOptions): AgentExecutor {
  return {
    async execute({ request, userMessage, context }, events) {
      const answered = await answer({ text: textOf(userMessage.parts), caller: callerOf(context), context });
      const { text, data } = typeof answered === "string" ? { text: answered, data: undefined } : answered;
      const acceptsData = request.configuration?.acceptedOutputModes.includes(DATA_MODE);
      const parts = [textPart(text), ...(data !== undefined && acceptsData ? [dataPart(data)] : [])];
      events.publish(AgentEvent.message(agentMessage(parts)));
      events.finished();
    },
    async cancelTask() {
      // no task ever exists, so the SDK answers "task not found" before it comes here
    },
  };
}

function textOf(parts: readonly Part[]): string {
  return parts.flatMap(({ content }) => (content?.$case === "text" ? [content.value] : [])).join("\n");
}

const DATA_MODE = "application/json";
const PART = { metadata: undefined, filename: "", mediaType: "" };
const textPart = (value: string): Part => ({ content: { $case: "text", value }, ...PART });
const dataPart = (value: object): Part => ({ content: { $case: "data", value }, ...PART });

function agentMessage(parts: Part[]): Message {
  return {
    messageId: crypto.randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_AGENT,
    parts,
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}
