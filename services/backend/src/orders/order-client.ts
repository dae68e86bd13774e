import { AgentAnswerError, AgentHttpError } from "aauth-a2a";
import { readBounded } from "agent-kit/service";
import { type Catalogue, catalogueSchema } from "backend-api";
import { z } from "zod";

/**
 * An order as sent to the supply-chain agent. An approval covers its exact bytes, so the same order
 * always serializes to the same bytes.
 */
export interface PlacedOrder {
  readonly order_id: string;
  readonly model: string;
  readonly quantity: number;
  /** User id of the approver. Absent in draft -11, where a token names the person. */
  readonly approver?: string;
  /**
   * In draft -11, this agent's provider, which publishes where the person's browser may return.
   * Tokens that name a person do not name an agent.
   */
  readonly agent_provider?: string;
}

const confirmationSchema = z.object({
  status: z.literal("placed"),
  total: z.number(),
  approved_by: z.object({ sub: z.string(), name: z.string().optional(), email: z.string().optional() }),
});
export type Confirmation = z.infer<typeof confirmationSchema>;

const refusalSchema = z.object({ error: z.string(), detail: z.string().default("") });
/**
 * Statuses for policy, timeout, the end of a held request, and orders that no approval could allow.
 */
const REFUSALS: ReadonlySet<number> = new Set([403, 408, 410, 422]);
const MAX_ANSWER_BYTES = 65_536;

/** The agent refused the order. The message is the agent's own, for the user. */
export class OrderRefusedError extends Error {
  override readonly name = "OrderRefusedError";
  /**
   * `order_declined`, `order_refused`, …; for a held request `denied`, `expired`, … (draft -11,
   * section 11.9.4).
   */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Client of the supply-chain agent's routes besides A2A. AAuth is handled by the `fetch` that is
 * passed in.
 */
export interface OrderClient {
  /** @throws AgentHttpError, AgentAnswerError; what the fetch throws */
  catalogue(fetch: typeof globalThis.fetch): Promise<Catalogue>;
  /** @throws OrderRefusedError; AgentHttpError, AgentAnswerError; what the fetch throws */
  place(order: PlacedOrder, fetch: typeof globalThis.fetch): Promise<Confirmation>;
}

export function createOrderClient({ url }: { url: string }): OrderClient {
  return {
    async catalogue(fetch) {
      const response = await fetch(`${url}/catalogue`, { headers: { accept: "application/json" } });
      return answer(response, await readBounded(response, MAX_ANSWER_BYTES), catalogueSchema);
    },
    async place(order, fetch) {
      const response = await fetch(`${url}/orders`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(order),
      });
      const body = await readBounded(response, MAX_ANSWER_BYTES);
      if (REFUSALS.has(response.status)) {
        const refusal = refusalSchema.safeParse(parsed(body));
        if (refusal.success) throw new OrderRefusedError(refusal.data.error, refusal.data.detail);
      }
      return answer(response, body, confirmationSchema);
    },
  };
}

function answer<T>(response: Response, body: string, schema: z.ZodType<T>): T {
  if (!response.ok) throw AgentHttpError.of(response);
  const result = schema.safeParse(parsed(body));
  if (!result.success) throw new AgentAnswerError("does not match the expected schema");
  return result.data;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
