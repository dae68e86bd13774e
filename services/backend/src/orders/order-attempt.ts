import { type QuotaStore, UserInteractionRequiredError } from "aauth";
import { markFailed, type TracePlace, withSpan } from "agent-kit/service";
import type { Failure, Order } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { beginCall, type CallWire, newState } from "../calls/user-call.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import { oneLine } from "../failures/one-line.ts";
import type { Peer, Places } from "../failures/situation.ts";
import type { CallObserver } from "../runs/call-observer.ts";
import type { OwnedStore } from "../store/owned-store.ts";
import { type OrderClient, OrderRefusedError, type PlacedOrder } from "./order-client.ts";

/** How an order is requested in one dialect. */
export interface OrderWire extends CallWire {
  /** Further members of the signed order. In February they name its only approver. */
  readonly named: (userId: string) => Pick<PlacedOrder, "approver" | "agent_provider">;
}

/** An order in the store. Plain data. */
export interface StoredOrder {
  readonly id: string;
  readonly userId: string;
  readonly order: Order;
  /** The request that placed it: the order continues its trace. Undefined without tracing. */
  readonly place?: TracePlace | undefined;
  /** The interaction that the agent has demanded. `endsAt` in Unix seconds. */
  readonly interaction?: { readonly endsAt: number; readonly keyThumbprint?: string | undefined };
  /** Unix seconds. */
  readonly changedAt: number;
}

export interface OrderContext {
  readonly wire: OrderWire;
  readonly client: OrderClient;
  readonly observe: CallObserver;
  readonly places: Places;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
  readonly timeoutSeconds: number;
  readonly orders: OwnedStore<StoredOrder>;
  /** By order: interactions that wait at the agent. */
  readonly openInteractions: QuotaStore<true>;
  /** By order: resolves with the next page of a call that continues, or with its end. */
  readonly underway: Map<string, PromiseWithResolvers<void>>;
  /** By state: the order that the browser's return continues. */
  readonly returns: QuotaStore<Pick<StoredOrder, "id" | "userId">>;
}

/** Time that the supply-chain agent waits for the user. */
const INTERACTION_SECONDS = 600;
/** The supply-chain agent's codes for a person who declines; `denied` ends a held request. */
const DECLINED: ReadonlySet<string> = new Set(["order_declined", "denied"]);

/** The user did not come back from the supply-chain agent's page in time. */
export const INTERACTION_EXPIRED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_expired",
  message: "The supply-chain agent's page was not answered in time.",
  advice: "Order again and answer the page within ten minutes.",
};

/** Advice in mode agent-identity of draft -11. */
const PERSON_REQUIRED = "Start the demo in a mode whose callers show a person: --mode person-server.";

/** A second demand would send the user in circles. */
const INTERACTION_REPEATED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_repeated",
  message:
    "The supply-chain agent asks for the user's approval again, although the user has just been there.",
  advice: "Order again and decide on the page; if this happens again, look at the supply-chain agent's log.",
};

export function attributesOf({ id, userId }: Pick<StoredOrder, "id" | "userId">) {
  return { [ATTRIBUTE.runId]: id, [ATTRIBUTE.userSub]: userId };
}

/** One attempt, in a span below the current one. Every outcome becomes the state of the order. */
export async function attemptOrder(context: OrderContext, stored: StoredOrder): Promise<Order> {
  const { orders, underway, now } = context;
  const { id } = stored;
  underway.set(id, Promise.withResolvers());
  const attributes = attributesOf(stored);
  const change = await withSpan(SPAN.order, () => outcomeOf(context, stored), { attributes });
  await orders.update(id, (at) => ({ ...at, ...change, changedAt: now() }));
  underway.get(id)?.resolve();
  underway.delete(id);
  return change.order;
}

type Outcome = Pick<StoredOrder, "order" | "interaction">;

async function outcomeOf(context: OrderContext, stored: StoredOrder): Promise<Outcome> {
  const { wire, client, observe, openInteractions, timeoutSeconds, logger } = context;
  const { id, userId } = stored;
  const { model, quantity } = stored.order;
  const base = { order_id: id, model, quantity };
  const keyThumbprint = stored.interaction?.keyThumbprint;
  const words = `The user has ordered ${quantity} × ${model}.`;
  const state = newState();
  const call = observe();
  const { fetch, end } = beginCall(wire, {
    ...{ id, userId, state, justification: words, clarification: words, timeoutSeconds },
    // A decision in the last second must still arrive: an approved order is executed.
    personSeconds: INTERACTION_SECONDS + timeoutSeconds,
    observer: call.observer,
    onPage: (url, party) => waitAt(context, stored, { url, party, state }),
    // An approval is for the request with this key: another key would need another approval.
    context: keyThumbprint === undefined ? {} : { keyThumbprint },
  });
  try {
    const { total, approved_by } = await client.place({ ...base, ...wire.named(userId) }, fetch);
    openInteractions.delete(id);
    logger.info({ orderId: id }, "✅ Order placed with the user's approval");
    return { order: { ...base, status: "placed", total, approved_by } };
  } catch (error) {
    const interaction =
      error instanceof UserInteractionRequiredError && demanded(context, stored, error, state);
    if (interaction) return interaction;
    if (error instanceof OrderRefusedError && DECLINED.has(error.code)) {
      openInteractions.delete(id);
      return { order: { ...base, status: "declined" } };
    }
    const failure = failureOf(context, error, call.peer());
    logger.warn({ err: error, orderId: id, code: failure.code }, `❌ ${failure.message}`);
    markFailed(failure);
    return { order: { ...base, status: "failed", failure } };
  } finally {
    end();
  }
}

/** The call has ended with a demand for its user. Undefined for a second one. */
function demanded(
  context: OrderContext,
  stored: StoredOrder,
  { interactionUrl, keyThumbprint }: UserInteractionRequiredError,
  state: string,
): Outcome | undefined {
  const { id, userId, order, interaction } = stored;
  noteWaiting(context, stored);
  if (interaction !== undefined) return undefined;
  context.returns.put(userId, state, { id, userId }, INTERACTION_SECONDS);
  context.logger.info({ orderId: id }, "🔐 The supply-chain agent asks for the user's approval");
  return {
    order: { ...order, status: "interaction_required", interaction_url: interactionUrl },
    interaction: { endsAt: context.now() + INTERACTION_SECONDS, keyThumbprint },
  };
}

/** A call that continues needs its user at a page. */
async function waitAt(
  context: OrderContext,
  stored: StoredOrder,
  page: { readonly url: string; readonly party: string; readonly state: string },
): Promise<void> {
  const { places, orders, underway, returns, logger, now } = context;
  const { id, userId, order } = stored;
  noteWaiting(context, stored);
  returns.put(userId, page.state, { id, userId }, INTERACTION_SECONDS);
  const party = places.hops?.get(page.party);
  const waiting: Order = {
    ...{ ...order, status: "interaction_required", interaction_url: page.url },
    ...(party !== undefined && { interaction_party: party }),
  };
  const interaction = { endsAt: now() + INTERACTION_SECONDS };
  await orders.update(id, (kept) => ({ ...kept, order: waiting, interaction, changedAt: now() }));
  logger.info({ orderId: id }, "🔐 The order waits for the user at a page");
  underway.get(id)?.resolve();
  underway.set(id, Promise.withResolvers());
}

function noteWaiting({ openInteractions }: OrderContext, { id, userId }: StoredOrder): void {
  if (openInteractions.has(id) || openInteractions.hasRoom(userId))
    openInteractions.put(userId, id, true, INTERACTION_SECONDS);
}

function failureOf({ places, timeoutSeconds }: OrderContext, error: unknown, peer: Peer): Failure {
  if (error instanceof UserInteractionRequiredError) return INTERACTION_REPEATED;
  if (!(error instanceof OrderRefusedError)) return explainFailure(error, { peer, places, timeoutSeconds });
  if (error.code === "expired") return INTERACTION_EXPIRED;
  return {
    hop: "supply-chain-agent",
    check: "policy",
    code: error.code,
    message: oneLine(error.message),
    advice: error.code === "person_required" ? PERSON_REQUIRED : "Change the order.",
  };
}
