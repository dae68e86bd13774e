import { randomBytes, randomUUID } from "node:crypto";
import { QuotaStore, StoreFullError, UserInteractionRequiredError } from "aauth";
import type { Agent } from "aauth/agent";
import { currentPlace, keepTrace, markFailed, type TracePlace, withSpan } from "agent-kit/service";
import type { Catalogue, Order, OrderRequest } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { explainFailure } from "../failures/explain-failure.ts";
import { oneLine } from "../failures/one-line.ts";
import type { Places } from "../failures/situation.ts";
import { HttpError } from "../plugins/errors.ts";
import type { CallObserver } from "../services/call-observer.ts";
import type { TracedWork } from "../services/traced-work.ts";
import { type OrderClient, OrderRefusedError } from "./order-client.ts";
import { INTERACTION_EXPIRED, INTERACTION_REPEATED } from "./order-failures.ts";

/** Orders that the supply-chain agent places with the user's approval on a page of its own (profile 3.5). */
export interface OrderService {
  catalogue(): Promise<Catalogue>;
  /** @throws HttpError 429 while too many orders of the user are open; StoreFullError */
  start(userId: string, request: OrderRequest): Promise<Order>;
  /** The user's order. @throws HttpError 404, also for somebody else's */
  get(userId: string, id: string): Order;
  /** What tells of the user's order; undefined for somebody else's, and for one that is forgotten. */
  traceOf(userId: string, id: string): TracedWork | undefined;
  /** The user is back from the agent's page: the order is tried again, once per state. Its id, or undefined for an unknown state. */
  resume(state: string | undefined): Promise<string | undefined>;
}

interface Kept {
  readonly userId: string;
  readonly request: OrderRequest;
  /** The trace that the order began in: it goes on there when the browser is back. */
  readonly inTrace: ReturnType<typeof keepTrace>;
  /** The request that placed it; undefined where tracing is off. */
  readonly place: TracePlace | undefined;
  order: Order;
  /** Unix seconds. */
  changedAt: number;
  /** The demand for the user in person, once it was made. */
  visit?: { readonly endsAt: number; readonly keyThumbprint: string | undefined };
}

const FINAL: ReadonlySet<Order["status"]> = new Set(["placed", "declined", "failed"]);
/** As long as the supply-chain agent waits for the person. */
const VISIT_SECONDS = 600;
/** However the order stands, the browser goes back to the page. */
const RETURN_STATUS = 303;
const KEEP_SECONDS = 3600;
const MAX_ORDERS = 10_000;
/**
 * As with optimizations: 20 that wait, and 100 that are remembered, of one user. A visit that nobody has decided waits at the agent, and the
 * sign-in for it at the auth server, also when the order has failed meanwhile; the agent keeps a thousand for this backend.
 */
const MAX_OPEN_VISITS = 1_000;
const MAX_OPEN_PER_USER = 20;
const MAX_PER_USER = 100;

export function createOrderService(deps: {
  /** Never asks for consent: nobody would come back with one. */
  agent: Agent;
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
  const { agent, client, returnUrl, observe, places, logger, now, timeoutSeconds } = deps;
  const orders = new QuotaStore<Kept>({ maxEntries: MAX_ORDERS, maxPerOwner: MAX_PER_USER, now });
  const visits = new QuotaStore<string>({ maxEntries: MAX_ORDERS, now });
  /** By order: visits that the agent waits for. */
  const openVisits = new QuotaStore<true>({
    maxEntries: MAX_OPEN_VISITS,
    maxPerOwner: MAX_OPEN_PER_USER,
    now,
  });

  /** One attempt, as a span of its own below the current one. */
  function attempt(kept: Kept): Promise<void> {
    const attributes = attributesOf(kept);
    return withSpan(SPAN.order, () => attemptNow(kept), { attributes }).finally(() => {
      kept.changedAt = now();
    });
  }

  /** Never rejects: whatever happens becomes the state of the order. */
  async function attemptNow(kept: Kept): Promise<void> {
    const { userId, request, visit } = kept;
    const { order_id, model, quantity } = kept.order;
    const state = randomBytes(32).toString("base64url");
    const back = new URL(returnUrl);
    back.searchParams.set("state", state);
    const call = observe();
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const base = { order_id, ...request };
    try {
      const fetch = agent.fetchFor({
        signal,
        returnUrl: back.href,
        observer: call.observer,
        // What was approved is the request with this key: another would only be asked to approve again.
        ...(visit?.keyThumbprint !== undefined && { keyThumbprint: visit.keyThumbprint }),
      });
      // The approver is named in the signed request: whoever else opens the page cannot approve it.
      const { total, approved_by } = await client.place(
        { order_id, model, quantity, approver: userId },
        fetch,
      );
      openVisits.delete(order_id);
      kept.order = { ...base, status: "placed", total, approved_by };
      logger.info({ orderId: order_id }, "✅ Order placed with the user's approval");
    } catch (error) {
      if (
        error instanceof UserInteractionRequiredError &&
        (openVisits.has(order_id) || openVisits.hasRoom(userId))
      ) {
        openVisits.put(userId, order_id, true, VISIT_SECONDS);
      }
      if (error instanceof UserInteractionRequiredError && visit === undefined) {
        kept.visit = { endsAt: now() + VISIT_SECONDS, keyThumbprint: error.keyThumbprint };
        visits.put(userId, state, order_id, VISIT_SECONDS);
        kept.order = { ...base, status: "awaiting_person", interaction_url: error.interactionUrl };
        logger.info({ orderId: order_id }, "🔐 The supply-chain agent wants the user in person");
        return;
      }
      if (error instanceof OrderRefusedError && error.code === "order_declined") {
        openVisits.delete(order_id);
        kept.order = { ...base, status: "declined" };
        return;
      }
      const failure =
        error instanceof UserInteractionRequiredError
          ? INTERACTION_REPEATED
          : error instanceof OrderRefusedError
            ? {
                hop: "supply-chain-agent" as const,
                check: "policy" as const,
                code: error.code,
                message: oneLine(error.message),
                advice: "Change the order.",
              }
            : explainFailure(error, { peer: call.peer(), places, timeoutSeconds });
      logger.warn({ err: error, orderId: order_id, code: failure.code }, `❌ ${failure.message}`);
      markFailed(failure);
      kept.order = { ...base, status: "failed", failure };
    }
  }

  function ofUser(userId: string, id: string): Kept | undefined {
    const kept = orders.get(id);
    if (kept?.userId !== userId) return undefined;
    expire(kept);
    return kept;
  }

  /** Nobody has a timer for it: whoever looks finds that the time is over. */
  function expire(kept: Kept): void {
    const { order, visit } = kept;
    if (order.status !== "awaiting_person" || visit === undefined || now() < visit.endsAt) return;
    const { interaction_url: _dead, ...rest } = order;
    kept.order = { ...rest, status: "failed", failure: INTERACTION_EXPIRED };
    kept.changedAt = visit.endsAt;
  }

  function makeRoom(userId: string): void {
    const own = orders.list(userId);
    own.forEach(expire);
    const [closed, open] = [true, false].map((isClosed) =>
      own.filter(({ order }) => FINAL.has(order.status) === isClosed),
    ) as [Kept[], Kept[]];
    if (open.length >= MAX_OPEN_PER_USER || !openVisits.hasRoom(userId)) {
      if (open.length + openVisits.list(userId).length === 0) throw new StoreFullError();
      throw new HttpError(
        429,
        "You have too many open orders; answer the supply-chain agent's page, or wait",
      );
    }
    const [oldest] = closed;
    if (oldest !== undefined && !orders.hasRoom(userId)) orders.delete(oldest.order.order_id);
  }

  return {
    async catalogue() {
      const call = observe();
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      try {
        return await client.catalogue(agent.fetchFor({ signal, observer: call.observer }));
      } catch (error) {
        const { message, advice, code } = explainFailure(error, {
          peer: call.peer(),
          places,
          timeoutSeconds,
        });
        logger.warn({ err: error, code }, `❌ ${message}`);
        // A run says the same of the same outage.
        throw new HttpError(502, [message, advice].filter(Boolean).join(" "), code);
      }
    },

    async start(userId, { model, quantity }) {
      makeRoom(userId);
      const request = { model, quantity };
      const order: Order = { order_id: randomUUID(), ...request, status: "placing" };
      const kept: Kept = {
        userId,
        request,
        inTrace: keepTrace(),
        place: currentPlace(),
        order,
        changedAt: now(),
      };
      orders.put(userId, order.order_id, kept, KEEP_SECONDS);
      await attempt(kept);
      return kept.order;
    },

    get(userId, id) {
      const kept = ofUser(userId, id);
      if (kept === undefined) throw new HttpError(404, "No such order");
      return kept.order;
    },

    traceOf(userId, id) {
      const kept = ofUser(userId, id);
      if (kept === undefined) return undefined;
      const { place, changedAt, order } = kept;
      const [traceIds, spanIds] = place === undefined ? [[], []] : [[place.traceId], [place.spanId]];
      return { id, traceIds, spanIds, isFinal: FINAL.has(order.status), changedAt };
    },

    async resume(state) {
      const id = state === undefined ? undefined : visits.take(state);
      const kept = id === undefined ? undefined : orders.get(id);
      if (kept?.order.status !== "awaiting_person") return undefined;
      const { interaction_url: _used, ...order } = kept.order;
      kept.order = { ...order, status: "placing" };
      const attributes = {
        ...attributesOf(kept),
        [ATTRIBUTE.method]: "GET",
        [ATTRIBUTE.route]: new URL(returnUrl).pathname,
        [ATTRIBUTE.status]: RETURN_STATUS,
      };
      await kept.inTrace(() => withSpan(SPAN.orderReturned, () => attempt(kept), { attributes }));
      return id;
    },
  };
}

function attributesOf({ order, userId }: Kept) {
  return { [ATTRIBUTE.runId]: order.order_id, [ATTRIBUTE.userSub]: userId };
}
