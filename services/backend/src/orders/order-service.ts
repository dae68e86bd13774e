import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Stores } from "aauth";
import { currentPlace, inTrace, newSecret, withSpan } from "agent-kit/service";
import type { Catalogue, Order, OrderRequest } from "backend-api";
import type { Jobs } from "jobs";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { continuesAtPage } from "../calls/user-call.ts";
import { BackendError } from "../errors.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import { storeErrorOf } from "../failures/store-error.ts";
import { createOpenRequests } from "../store/open-requests.ts";
import { createReturns } from "../store/returns.ts";
import { createUserRecords, WITHOUT_JOB_SECONDS } from "../store/user-records.ts";
import type { TracedWork } from "../traces/own-spans.ts";
import {
  attemptOrder,
  attributesOf,
  endUnknown,
  INTERACTION_EXPIRED,
  type OrderContext,
  type StoredOrder,
  takeUpOrder,
} from "./order-attempt.ts";

const FINAL: ReadonlySet<Order["status"]> = new Set(["placed", "declined", "failed"]);
/** The browser returns to the page in every state of the order. */
export const ORDER_RETURN_STATUS = 303;
const MAX_ORDERS = 10_000;
/** Time that a reply waits for a continuing call. */
const REPLY_MS = 10_000;
const LOOK_EVERY_MS = 50;
const QUEUE = "orders";

/** Dependencies of the order service. */
export interface OrderServiceDeps extends Omit<OrderContext, "orders" | "openInteractions" | "returns"> {
  readonly stores: Pick<Stores, "records">;
  /** Started after the handler of orders is registered. */
  readonly jobs: Jobs;
  /** URL that the user returns to, as published in the backend's metadata. */
  readonly returnUrl: string;
}

/** Orders that the supply-chain agent places once the user approves on its page (profile 3.5). */
export class OrderService {
  readonly #context: OrderContext;
  readonly #jobs: Jobs;
  readonly #returnRoute: string;

  constructor(deps: OrderServiceDeps) {
    const { stores, jobs, now, returnUrl } = deps;
    // An undecided interaction stays pending at the agent, and its sign-in at the auth server, even
    // if the order has failed meanwhile.
    const openInteractions = createOpenRequests({
      stores,
      name: "open requests of orders",
      tooMany: "You have too many open orders; decide on the supply-chain agent's page, or wait",
    });
    const orders = createUserRecords<StoredOrder>({
      stores,
      now,
      name: "orders",
      maxEntries: MAX_ORDERS,
      open: openInteractions,
      isFinal: ({ order }) => FINAL.has(order.status),
      settle: (stored) => expire(stored, now()),
    });
    this.#context = {
      ...deps,
      orders,
      openInteractions,
      returns: createReturns(stores, "returns of orders"),
    };
    this.#returnRoute = new URL(returnUrl).pathname;
    this.#jobs = jobs;
    jobs.handle(QUEUE, {
      run: (job, signal, { isTakenOver }) => this.#attempt(job, signal, isTakenOver),
      abandon: (job) => this.#abandon(job),
    });
  }

  /** @throws BackendError `unreachable`; StoreUnavailableError */
  async catalogue(userId: string): Promise<Catalogue> {
    const { wire, client, observe, places, timeoutSeconds } = this.#context;
    const call = observe();
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    try {
      const agent = wire.agentOf(userId);
      return await client.catalogue(agent.fetchFor({ signal, observer: call.observer }));
    } catch (cause) {
      const storeError = storeErrorOf(cause);
      if (storeError !== undefined) throw storeError;
      // Uses the same words as a run for the same outage.
      const { message, advice, code } = explainFailure(cause, { peer: call.peer(), places, timeoutSeconds });
      throw new BackendError("unreachable", [message, advice].filter(Boolean).join(" "), { code, cause });
    }
  }

  /** @throws BackendError `too_many` while too many orders of the user are open; StoreFullError */
  async start(userId: string, { model, quantity }: OrderRequest): Promise<Order> {
    const { orders, now } = this.#context;
    const id = randomUUID();
    const order: Order = { order_id: id, model, quantity, status: "placing" };
    const returnState = newSecret();
    const stored: StoredOrder = { id, userId, returnState, order, place: currentPlace(), changedAt: now() };
    await orders.add(stored);
    await this.#jobs.add(QUEUE, id);
    return (await this.#next(stored)) ?? order;
  }

  /** Returns the user's order. @throws BackendError `not_found`, also for another user's order */
  async get(userId: string, id: string): Promise<Order> {
    const stored = await this.#context.orders.get(userId, id);
    if (stored === undefined) throw new BackendError("not_found", "No such order");
    await this.#ensureJob(stored);
    return stored.order;
  }

  /** Trace of the user's order. Undefined if it belongs to another user or no longer exists. */
  async traceOf(userId: string, id: string): Promise<TracedWork | undefined> {
    const stored = await this.#context.orders.get(userId, id);
    if (stored === undefined) return undefined;
    const { place, changedAt, order } = stored;
    return { id, places: place ? [place] : [], isFinal: FINAL.has(order.status), changedAt };
  }

  /**
   * Handles a user's return from a page. In the published profile this repeats the order, once per
   * state; in draft -11, where the call is polled, it waits for the outcome or the next page.
   *
   * @returns the order's id; undefined for an unknown state
   */
  async resume(state = ""): Promise<string | undefined> {
    const { wire, orders, returns } = this.#context;
    const continues = continuesAtPage(wire);
    // A state with an effect is taken rather than read, so that it works once.
    const owned = await (continues ? returns.get(state) : returns.take(state));
    const stored = owned && (await orders.get(owned.userId, owned.id));
    if (stored === undefined) return undefined;
    if (!isWaiting(stored) && !continues) return undefined;
    await orders.update(stored.id, (at) => {
      // A continuing call may have ended meanwhile.
      if (!isWaiting(at)) return at;
      const { interaction_url: _used, interaction_party: _whose, ...order } = at.order;
      return { ...at, order: { ...order, status: "placing" } };
    });
    const attributes = {
      ...attributesOf(stored),
      [ATTRIBUTE.method]: "GET",
      [ATTRIBUTE.route]: this.#returnRoute,
      [ATTRIBUTE.status]: ORDER_RETURN_STATUS,
    };
    const resumeOrder = async () => {
      // In the published profile an order waits for its browser only once, and the previous job may
      // not have ended yet.
      if (!continues) await this.#jobs.add(QUEUE, `${stored.id}/2`);
      return this.#next(stored);
    };
    await inTrace(stored.place, () => withSpan<unknown>(SPAN.orderReturned, resumeOrder, { attributes }));
    return stored.id;
  }

  async #attempt(job: string, signal: AbortSignal, isTakenOver: boolean): Promise<void> {
    const stored = await this.#ofJob(job);
    if (stored === undefined || FINAL.has(stored.order.status)) return;
    // The browser's return resumes it.
    if (isWaiting(stored) && stored.waiting === undefined) return;
    const attempt = isTakenOver ? takeUpOrder : attemptOrder;
    await inTrace(stored.place, () => attempt(this.#context, stored, signal));
  }

  async #abandon(job: string): Promise<void> {
    const { orders, now } = this.#context;
    const end = (at: StoredOrder) => (FINAL.has(at.order.status) ? at : endUnknown(at, now()));
    await orders.update(idOf(job), end);
  }

  async #ensureJob({ id, order, interaction, changedAt }: StoredOrder): Promise<void> {
    const { wire, now } = this.#context;
    if (order.status !== "placing" || now() - changedAt < WITHOUT_JOB_SECONDS) return;
    const isResumed = interaction !== undefined && !continuesAtPage(wire);
    await this.#jobs.add(QUEUE, isResumed ? `${id}/2` : id);
  }

  #ofJob(job: string): Promise<StoredOrder | undefined> {
    return this.#context.orders.find(idOf(job));
  }

  /**
   * Waits for the next page or the end of the call, in any process; only briefly if the call
   * continues.
   */
  async #next({ id, userId }: StoredOrder): Promise<Order | undefined> {
    const { wire, timeoutSeconds } = this.#context;
    const until = performance.now() + (continuesAtPage(wire) ? 0 : timeoutSeconds * 1000) + REPLY_MS;
    for (;;) {
      const stored = await this.#context.orders.get(userId, id);
      if (stored?.order.status !== "placing" || performance.now() >= until) return stored?.order;
      await pause(LOOK_EVERY_MS);
    }
  }
}

const idOf = (job: string) => job.split("/", 1)[0]!;
const isWaiting = ({ order }: StoredOrder) => order.status === "interaction_required";

/** Fails an order whose user did not return in time. */
function expire(stored: StoredOrder, now: number): StoredOrder {
  const { order, interaction } = stored;
  if (order.status !== "interaction_required" || interaction === undefined || now < interaction.endsAt)
    return stored;
  const { interaction_url: _dead, interaction_party: _whose, ...rest } = order;
  const failed: Order = { ...rest, status: "failed", failure: INTERACTION_EXPIRED };
  return { ...stored, order: failed, changedAt: interaction.endsAt };
}
