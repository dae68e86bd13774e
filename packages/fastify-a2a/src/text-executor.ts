import { type Message, type Part, Role } from "@a2a-js/sdk";
import { AgentEvent, type AgentExecutor, type ServerCallContext } from "@a2a-js/sdk/server";

/** One question to the agent. */
export interface TextRequest {
  /** All text parts of the message, joined by a newline. Empty when there are none. */
  readonly text: string;
  readonly contextId: string;
  /** What `contextFor` made of the HTTP request. */
  readonly context: ServerCallContext;
}

export interface TextExecutorOptions {
  /** Gives the answer, as one text part. */
  readonly answer: (request: TextRequest) => Promise<string>;
  /** Told of what `answer` threw. The caller only learns that the agent failed. */
  readonly onError?: (error: unknown) => void;
}

/**
 * An executor for agents that answer one text with one text: it publishes a message, never a task, so nothing is kept
 * after the answer. An error of `answer` reaches the caller as JSON-RPC error -32603 without its text.
 *
 * It does not judge the caller and does not time out: bound the work inside `answer`.
 *
 * @example
 * createTextExecutor({ answer: async ({ text }) => text.toUpperCase() })
 */
export function createTextExecutor({ answer, onError }: TextExecutorOptions): AgentExecutor {
  return {
    async execute({ userMessage, contextId, context }, events) {
      try {
        const text = await answer({ text: textOf(userMessage.parts), contextId, context });
        events.publish(AgentEvent.message(agentMessage(text)));
      } catch (error) {
        onError?.(error);
      }
      // Finished without a message is what makes the SDK answer -32603; throwing would put the error's text on the wire.
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

function agentMessage(text: string): Message {
  return {
    messageId: crypto.randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_AGENT,
    parts: [{ content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" }],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}
