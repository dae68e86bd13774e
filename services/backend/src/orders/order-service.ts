import { randomBytes, randomUUID } from "node:crypto";
import { QuotaStore, UserInteractionRequiredError } from "aauth";
import { currentPlace, inTrace, markFailed, type TracePlace, withSpan } from "agent-kit/service";
import type { Catalogue, Failure, Order, OrderRequest } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import { oneLine } from "../failures/one-line.ts";
import type { Peer, Places } from "../failures/situation.ts";
import type { CallObserver } from "../runs/call-observer.ts";
import { createOwnedStore, MAX_OPEN_PER_USER } from "../store/owned-store.ts";
import type { TracedWork } from "../traces/own-spans.ts";
import { within } from "../within.ts";
import { type OrderClient, OrderRefusedError } from "./order-client.ts";
import type { OrderWire } from "./order-wires.ts";

/** Orders that the supply-chain agent places with the user's approval on a page of its own (profile 3.5). */
export interface OrderService {
  /** @throws BackendError `unreachable` */
  catalogue(userId: string): Promise<Catalogue>;
  /** @throws BackendError `too_many` while too many orders of the user are open; StoreFullError */
  start(userId: string, request: OrderRequest): Promise<Order>;
  /** The user's order. @throws BackendError `not_found`, also for another user's */
  get(userId: string, id: string): Promise<Order>;
  /** The trace of the user's order. Undefined for another user's, and for one that is not kept any more. */
  traceOf(userId: string, id: string): Promise<TracedWork | undefined>;
  /**
   * The user is back from a page: the order goes on. In February it is tried again, once per state; in draft -11, where its call is polled, its outcome or
   * the next page is waited for. The order's id, or undefined for an unknown state.
   */
  resume(state: string | undefined): Promise<string | undefined>;
}

/** What the backend keeps of an order. Plain data. */
export interface StoredOrder {
  readonly id: string;
  readonly userId: string;
  readonly order: Order;
  /** The request that placed it, in whose trace the order continues. Undefined where tracing is off. */
  readonly place?: TracePlace | undefined;
  /** The demand for an interaction with the user, once it was made. `endsAt` in Unix seconds. */
  readonly interaction?: { readonly endsAt: number; readonly keyThumbprint?: string | undefined };
  /** Unix seconds. */
  readonly changedAt: number;
}

const FINAL: ReadonlySet<Order["status"]> = new Set(["placed", "declined", "failed"]);
/** As long as the supply-chain agent waits for the user. */
const INTERACTION_SECONDS = 600;
/** In every state of the order the browser returns to the page. */
export const ORDER_RETURN_STATUS = 303;
const MAX_ORDERS = 10_000;
/**
 * An undecided interaction waits at the agent, and the sign-in for it at the auth server, also when the order has failed meanwhile. The
 * agent keeps a thousand for this backend.
 */
const MAX_OPEN_INTERACTIONS = 1_000;
/** How long a reply waits for a call that goes on. */
const REPLY_MS = 10_000;
/** How the supply-chain agent says that its person has declined: in draft -11 as the end of a held request. */
const DECLINED: ReadonlySet<string> = new Set(["order_declined", "denied"]);

/** The user did not come back from the supply-chain agent's page in time. */
const INTERACTION_EXPIRED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_expired",
  message: "The supply-chain agent's page was not answered in time.",
  advice: "Order again and answer the page within ten minutes.",
};

/** In agent-identity of draft -11. */
const PERSON_REQUIRED = "Start the demo in a mode whose callers show a person: --mode person-server.";

/** A second demand would send the user round in circles. */
const INTERACTION_REPEATED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_repeated",
  message:
    "The supply-chain agent asks for the user's approval again, although the user has just been there.",
  advice: "Order again and decide on the page; if this goes on, look at the supply-chain agent's log.",
};

export function createOrderService(deps: {
  wire: OrderWire;
  client: OrderClient;
  /** Where the user comes back to; the backend's metadata names it. */
  returnUrl: string;
  observe: CallObserver;
  places: Places;
  logger: FastifyBaseLogger;
  /** Unix seconds. */
  now: () => number;
  timeoutSeconds: number;
}): OrderService {
  const { wire, client, returnUrl, observe, places, logger, now, timeoutSeconds } = deps;
  /** By order: interactions that wait at the agent. */
  const openInteractions = new QuotaStore<true>({
    maxEntries: MAX_OPEN_INTERACTIONS,
    maxPerOwner: MAX_OPEN_PER_USER,
    now,
  });
  const orders = createOwnedStore<StoredOrder>({
    now,
    maxEntries: MAX_ORDERS,
    isFinal: ({ order }) => FINAL.has(order.status),
    settle: (stored) => expire(stored, now()),
    waiting: openInteractions,
    tooMany: "You have too many open orders; answer the supply-chain agent's page, or wait",
  });
  /** By order: resolves with the next page of a call that goes on, or with its end. */
  const underway = new Map<string, PromiseWithResolvers<void>>();
  /** By state: the order that the browser's return continues. */
  const returns = new QuotaStore<Pick<StoredOrder, "id" | "userId">>({ maxEntries: MAX_ORDERS, now });

  function attributesOf({ id, userId }: Pick<StoredOrder, "id" | "userId">) {
    return { [ATTRIBUTE.runId]: id, [ATTRIBUTE.userSub]: userId };
  }

  /** One attempt, as a span of its own below the current one. Never rejects: every outcome becomes the state of the order. */
  async function attempt(stored: StoredOrder): Promise<Order> {
    const { id } = stored;
    underway.set(id, Promise.withResolvers());
    const change = await withSpan(SPAN.order, () => outcomeOf(stored), {
      attributes: attributesOf(stored),
    });
    await orders.update(id, (at) => ({ ...at, ...change, changedAt: now() }));
    underway.get(id)?.resolve();
    underway.delete(id);
    return change.order;
  }

  /** A call that goes on needs its user at a page. */
  async function waitAt(
    stored: StoredOrder,
    page: { readonly url: string; readonly party: string; readonly state: string },
  ): Promise<void> {
    const { id, userId, order } = stored;
    noteWaiting(stored);
    returns.put(userId, page.state, { id, userId }, INTERACTION_SECONDS);
    const { model, quantity } = order;
    const party = places.hops?.get(page.party);
    const waiting: Order = {
      ...{ order_id: id, model, quantity, status: "interaction_required", interaction_url: page.url },
      ...(party !== undefined && { interaction_party: party }),
    };
    const interaction = { endsAt: now() + INTERACTION_SECONDS };
    await orders.update(id, (kept) => ({ ...kept, order: waiting, interaction, changedAt: now() }));
    logger.info({ orderId: id }, "🔐 The order waits for the user at a page");
    underway.get(id)?.resolve();
    underway.set(id, Promise.withResolvers());
  }

  /** The next page or the end of a call that goes on; how the order stands where neither comes soon. */
  async function next({ id, userId }: Pick<StoredOrder, "id" | "userId">): Promise<Order | undefined> {
    await within(REPLY_MS, [underway.get(id)?.promise ?? Promise.resolve()]);
    return (await orders.get(userId, id))?.order;
  }

  function noteWaiting({ id, userId }: StoredOrder): void {
    if (openInteractions.has(id) || openInteractions.hasRoom(userId))
      openInteractions.put(userId, id, true, INTERACTION_SECONDS);
  }

  async function outcomeOf(stored: StoredOrder): Promise<Pick<StoredOrder, "order" | "interaction">> {
    const { id, userId, interaction } = stored;
    const { model, quantity } = stored.order;
    const base = { order_id: id, model, quantity };
    const state = randomBytes(32).toString("base64url");
    const call = observe();
    const { fetch, end } = wire.begin({
      ...{ userId, order: stored.order, state, timeoutSeconds, observer: call.observer },
      keyThumbprint: interaction?.keyThumbprint,
      onPage: (url, party) => waitAt(stored, { url, party, state }),
    });
    try {
      const { total, approved_by } = await client.place({ ...base, ...wire.named(userId) }, fetch);
      openInteractions.delete(id);
      logger.info({ orderId: id }, "✅ Order placed with the user's approval");
      return { order: { ...base, status: "placed", total, approved_by } };
    } catch (error) {
      if (error instanceof UserInteractionRequiredError) {
        noteWaiting(stored);
        if (interaction === undefined) {
          returns.put(userId, state, { id, userId }, INTERACTION_SECONDS);
          logger.info({ orderId: id }, "🔐 The supply-chain agent asks for the user's approval");
          const { interactionUrl: interaction_url, keyThumbprint } = error;
          return {
            order: { ...base, status: "interaction_required", interaction_url },
            interaction: { endsAt: now() + INTERACTION_SECONDS, keyThumbprint },
          };
        }
      }
      if (error instanceof OrderRefusedError && DECLINED.has(error.code)) {
        openInteractions.delete(id);
        return { order: { ...base, status: "declined" } };
      }
      const failure = failureOf(error, call.peer());
      logger.warn({ err: error, orderId: id, code: failure.code }, `❌ ${failure.message}`);
      markFailed(failure);
      return { order: { ...base, status: "failed", failure } };
    } finally {
      end();
    }
  }

  function failureOf(error: unknown, peer: Peer): Failure {
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

  return {
    async catalogue(userId) {
      const call = observe();
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      try {
        const agent = wire.agentOf(userId);
        return await client.catalogue(agent.fetchFor({ signal, observer: call.observer }));
      } catch (cause) {
        const { message, advice, code } = explainFailure(cause, {
          peer: call.peer(),
          places,
          timeoutSeconds,
        });
        // A run explains the same outage in the same words.
        throw new BackendError("unreachable", [message, advice].filter(Boolean).join(" "), { code, cause });
      }
    },

    async start(userId, { model, quantity }) {
      const id = randomUUID();
      const order: Order = { order_id: id, model, quantity, status: "placing" };
      const stored: StoredOrder = { id, userId, order, place: currentPlace(), changedAt: now() };
      await orders.add(stored);
      const attempted = attempt(stored);
      if (!wire.goesOn) return attempted;
      attempted.catch((error: unknown) =>
        logger.error({ err: error, orderId: id }, "the state of an order could not be kept"),
      );
      return (await next(stored)) ?? order;
    },

    async get(userId, id) {
      const stored = await orders.get(userId, id);
      if (stored === undefined) throw new BackendError("not_found", "No such order");
      return stored.order;
    },

    async traceOf(userId, id) {
      const stored = await orders.get(userId, id);
      if (stored === undefined) return undefined;
      const { place, changedAt, order } = stored;
      return { id, places: place ? [place] : [], isFinal: FINAL.has(order.status), changedAt };
    },

    async resume(state) {
      if (state === undefined) return undefined;
      // Taken, not read, where it does something: a state works once.
      const owned = wire.goesOn ? returns.get(state) : returns.take(state);
      const stored = owned && (await orders.get(owned.userId, owned.id));
      if (stored === undefined) return undefined;
      if (!isWaiting(stored) && !wire.goesOn) return undefined;
      await orders.update(stored.id, (at) => {
        // A call that goes on may have ended meanwhile.
        if (!isWaiting(at)) return at;
        const { interaction_url: _used, interaction_party: _whose, ...order } = at.order;
        return { ...at, order: { ...order, status: "placing" } };
      });
      const attributes = {
        ...attributesOf(stored),
        [ATTRIBUTE.method]: "GET",
        [ATTRIBUTE.route]: new URL(returnUrl).pathname,
        [ATTRIBUTE.status]: ORDER_RETURN_STATUS,
      };
      const goOn = () => (wire.goesOn ? next(stored) : attempt(stored));
      await inTrace(stored.place, () => withSpan<unknown>(SPAN.orderReturned, goOn, { attributes }));
      return stored.id;
    },
  };
}

const isWaiting = ({ order }: StoredOrder) => order.status === "interaction_required";

/** An order whose user did not come back in time has failed. */
function expire(stored: StoredOrder, now: number): StoredOrder {
  const { order, interaction } = stored;
  if (order.status !== "interaction_required" || interaction === undefined || now < interaction.endsAt)
    return stored;
  const { interaction_url: _dead, interaction_party: _whose, ...rest } = order;
  const failed: Order = { ...rest, status: "failed", failure: INTERACTION_EXPIRED };
  return { ...stored, order: failed, changedAt: interaction.endsAt };
}
