import type { BearerExchange, BearerSide, BearerTwinVariant } from "backend-api";

/** Sends one request to the twin with its token. */
export type SendToTwin = (
  sender: BearerExchange["sender"],
  method: BearerExchange["request"]["method"],
  path: string,
  body?: string,
) => Promise<BearerExchange>;

/**
 * An order in JSON. Changing one byte, the decimal point, to a zero makes it ten times as large.
 */
const ORDER = '{"item":"laptop","quantity":25.0}';
const CHANGED_ORDER = ORDER.replace(".", "0");
const ORDERED = 25;
const CHANGED = 2500;

/** Each begins with an honest request of the agent, and ends with the attack. */
const ATTACKS: Record<BearerTwinVariant, (send: SendToTwin) => Promise<Omit<BearerSide, "status">>> = {
  /** The thief has found the token in a log and has nothing else of the agent's. */
  "stolen-token": async (send) => {
    const honest = await send("agent", "GET", "/report");
    const stolen = await send("thief", "GET", "/report");
    return {
      succeeded: stolen.response.status === 200 && stolen.response.body === honest.response.body,
      exchanges: [honest, stolen],
    };
  },

  replay: async (send) => {
    const honest = await send("agent", "POST", "/orders", ORDER);
    const repeated = await send("network", "POST", "/orders", ORDER);
    const [first, second] = [orderIn(honest), orderIn(repeated)];
    return {
      succeeded: first?.order !== undefined && second?.order !== undefined && first.order !== second.order,
      exchanges: [honest, repeated],
    };
  },

  "changed-body": async (send) => {
    const honest = await send("agent", "POST", "/orders", ORDER);
    const changed = await send("network", "POST", "/orders", CHANGED_ORDER);
    return {
      succeeded: orderIn(honest)?.quantity === ORDERED && orderIn(changed)?.quantity === CHANGED,
      exchanges: [honest, changed],
    };
  },
};

/** Attacks the twin. Reports success only if the responses show it. */
export async function attackTwin(variant: BearerTwinVariant, send: SendToTwin): Promise<BearerSide> {
  const outcome = await ATTACKS[variant](send);
  return { ...outcome, status: outcome.exchanges.at(-1)!.response.status };
}

function orderIn({ response }: BearerExchange): { order?: unknown; quantity?: unknown } | undefined {
  return response.status === 201 ? JSON.parse(response.body) : undefined;
}
