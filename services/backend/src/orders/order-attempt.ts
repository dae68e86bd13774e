import { AAuthAgentError } from "aauth";
import { AgentHttpError } from "aauth-a2a";
import { hasAnswer } from "agent-kit/draft-11";
import { markFailed, type TracePlace, withSpan } from "agent-kit/service";
import type { Failure, Order } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { type EndedAtResource, endedAtResource } from "../calls/ended-at-page.ts";
import { noteAnswered, noteWaiting, OUTCOME_UNKNOWN, type Resumable } from "../calls/resumable.ts";
import { beginCall, type CallWire, continuesAtPage } from "../calls/user-call.ts";
import { explainFailure } from "../failures/explain-failure.ts";
import { oneLine } from "../failures/one-line.ts";
import type { Peer, Places } from "../failures/situation.ts";
import { storeErrorOf } from "../failures/store-error.ts";
import type { CallObserver } from "../runs/call-observer.ts";
import type { OpenRequests } from "../store/open-requests.ts";
import type { Returns } from "../store/returns.ts";
import type { UserRecords } from "../store/user-records.ts";
import { createWriteQueue, patiently, type WriteQueue } from "../write-queue.ts";
import { type OrderClient, OrderRefusedError, type PlacedOrder } from "./order-client.ts";
import { recordOrder, refusedOrder } from "./permission.ts";

/** The dialect's part in requesting an order. */
export interface OrderWire extends CallWire {
  /** Further members of the signed order. In the published profile they name its only approver. */
  readonly named: (userId: string) => Pick<PlacedOrder, "approver" | "agent_provider">;
}

/** An order in the store. Plain data. */
export interface StoredOrder extends Resumable {
  readonly id: string;
  readonly userId: string;
  /** Secret that only pages visited by the order's user receive. */
  readonly returnState: string;
  readonly order: Order;
  /**
   * Span of the request that placed it, whose trace the order continues. Undefined without tracing.
   */
  readonly place?: TracePlace | undefined;
  /** The user's mission covers it. */
  readonly isPermitted?: true;
  /** The interaction that the agent requires. `endsAt` in Unix seconds. */
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
  readonly orders: UserRecords<StoredOrder>;
  /** Interactions pending at the agent. */
  readonly openInteractions: OpenRequests;
  /** Maps a state to the order that the browser's return resumes. */
  readonly returns: Returns;
}

/** Time that the supply-chain agent waits for the user. */
const INTERACTION_SECONDS = 600;
/**
 * The supply-chain agent's codes for a decline by the person; `denied` is that of a held request.
 */
const DECLINED: ReadonlySet<string> = new Set(["order_declined", "denied"]);

/** Failure of an order whose user did not return from the supply-chain agent's page in time. */
export const INTERACTION_EXPIRED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_expired",
  message: "No decision was made on the supply-chain agent's page in time.",
  advice: "Order again and decide on the page within ten minutes.",
};

const UNKNOWN_ADVICE = "Check the supply-chain agent's log before you order again.";

/** Advice in mode agent-identity of draft -11. */
const PERSON_REQUIRED = "Start the demo in a mode whose agents act for a person: --mode person-server.";

/** Failure on a second demand, which would send the user in circles. */
const INTERACTION_REPEATED: Failure = {
  hop: "supply-chain-agent",
  check: "challenge",
  code: "interaction_repeated",
  message: "The supply-chain agent asked for the user's approval a second time.",
  advice: "Order again and decide on the page; if this happens again, look at the supply-chain agent's log.",
};

export function attributesOf({ id, userId }: Pick<StoredOrder, "id" | "userId">) {
  return { [ATTRIBUTE.runId]: id, [ATTRIBUTE.userSub]: userId };
}

/**
 * One attempt, in a span below the current one. Every outcome becomes the state of the order.
 *
 * @param signal aborts the attempt without changing the order
 * @throws StoreUnavailableError; the reason of the signal
 */
export async function attemptOrder(
  context: OrderContext,
  stored: StoredOrder,
  signal: AbortSignal,
): Promise<void> {
  const { orders, openInteractions, now } = context;
  const { id, userId } = stored;
  const attributes = attributesOf(stored);
  const change = await withSpan(SPAN.order, () => outcomeOf(context, stored, signal), { attributes });
  if (change.order.status === "failed") signal.throwIfAborted();
  const end = (at: StoredOrder): StoredOrder =>
    // An order that another process has placed remains placed.
    at.order.status === "placed" ? at : { ...at, ...change, waiting: undefined, changedAt: now() };
  const ended = await patiently(() => orders.update(id, end));
  const { status } = change.order;
  // The interaction of a failed order stays pending at the agent.
  const isOver = status === "failed" ? ended?.interaction === undefined : status !== "interaction_required";
  if (isOver) await patiently(() => openInteractions.end(userId, id));
}

/**
 * Resumes an order whose process has ended. The order is sent again once. Its id is the idempotency
 * key at the agent, which places it once and repeats the first answer.
 */
export async function takeUpOrder(
  context: OrderContext,
  stored: StoredOrder,
  signal: AbortSignal,
): Promise<void> {
  const { orders, logger, now } = context;
  const { id, waiting, isRepeated } = stored;
  if (waiting === undefined) {
    await orders.update(id, (at) => {
      if (at.order.status !== "placing") return at;
      return isRepeated ? endUnknown(at, now()) : { ...at, isRepeated: true };
    });
    if (isRepeated) return;
  }
  logger.info({ orderId: id }, waiting ? "↻ A waiting order is resumed" : "↻ An order is sent again");
  await attemptOrder(context, stored, signal);
}

/** Fails an order whose processes have ended too often. */
export function endUnknown(stored: StoredOrder, now: number): StoredOrder {
  const failure = { ...OUTCOME_UNKNOWN, advice: UNKNOWN_ADVICE };
  return { ...stored, order: { ...stored.order, status: "failed", failure }, changedAt: now };
}

type Outcome = Pick<StoredOrder, "order" | "interaction">;

/**
 * @param lost failure of a pending call whose answer was sent but did not arrive. Repeating the
 * request returns the first answer without another wait
 */
async function outcomeOf(
  context: OrderContext,
  stored: StoredOrder,
  signal: AbortSignal,
  lost?: unknown,
): Promise<Outcome> {
  const { wire, client, observe, timeoutSeconds, orders, logger } = context;
  const { id, userId, returnState: state, waiting } = stored;
  const { model, quantity } = stored.order;
  const base = { order_id: id, model, quantity };
  const keyThumbprint = stored.interaction?.keyThumbprint;
  const words = `The user ordered ${quantity} × ${model}.`;
  const call = observe();
  const notes = createWriteQueue();
  let waited = waiting;
  const {
    fetch,
    missionControl: control,
    end,
  } = beginCall(wire, {
    id,
    userId,
    state,
    justification: words,
    clarification: words,
    timeoutSeconds,
    waiting,
    signal,
    // An order approved in the last second is executed, so its answer must still be received.
    personSeconds: INTERACTION_SECONDS + timeoutSeconds,
    observer(event) {
      call.observer(event);
      if (continuesAtPage(wire) && hasAnswer(event)) notes.add(() => orders.update(id, noteAnswered));
    },
    async onPage(url, party) {
      if (lost !== undefined) throw lost;
      await waitAt(context, stored, notes, { url, party });
    },
    onWaiting(waiting) {
      waited = waiting;
      notes.add(() => orders.update(id, (at) => noteWaiting(at, waiting)));
    },
    // An approval covers the request signed with this key; another key would need another approval.
    context: keyThumbprint === undefined ? {} : { keyThumbprint },
  });
  try {
    const refused = await refusedOrder(context, stored, { fetch, control });
    if (refused !== undefined) {
      markFailed(refused);
      return { order: { ...base, status: "failed", failure: refused } };
    }
    const { total, approved_by } = await client.place({ ...base, ...wire.named(userId) }, fetch);
    logger.info({ orderId: id }, "✅ Order placed with the user's approval");
    const order: Order = { ...base, status: "placed", total, approved_by };
    await recordOrder(context, stored, order, control).catch((err: unknown) =>
      logger.warn({ err, orderId: id }, "a placed order could not be recorded in its mission"),
    );
    return { order };
  } catch (error) {
    if (waited !== undefined && lost === undefined && isGone(error)) {
      const { keyThumbprint } = waited;
      const again = { ...stored, waiting: undefined, interaction: { endsAt: 0, keyThumbprint } };
      return await outcomeOf(context, again, signal, error);
    }
    const page = endedAtResource(error);
    const interaction = page && (await demanded(context, stored, page));
    if (interaction) return interaction;
    const storeError = storeErrorOf(error);
    if (storeError !== undefined) throw storeError; // hole V25
    if (error instanceof OrderRefusedError && DECLINED.has(error.code))
      return { order: { ...base, status: "declined" } };
    const failure = failureOf(context, error, call.peer());
    logger.warn({ err: error, orderId: id, code: failure.code }, `❌ ${failure.message}`);
    markFailed(failure);
    return { order: { ...base, status: "failed", failure } };
  } finally {
    end();
    await notes.done();
  }
}

/** Whether the agent does not know, or no longer knows, the polled request. */
const isGone = (error: unknown): boolean =>
  error instanceof AgentHttpError && (error.status === 404 || error.status === 410);

/** Handles a call that ended with a demand for its user. Undefined for a second demand. */
async function demanded(
  context: OrderContext,
  { id, userId, returnState, order, interaction }: StoredOrder,
  { interactionUrl, keyThumbprint }: EndedAtResource,
): Promise<Outcome | undefined> {
  await context.openInteractions.keep(userId, id, INTERACTION_SECONDS);
  if (interaction !== undefined) return undefined;
  await context.returns.put(returnState, { id, userId }, INTERACTION_SECONDS);
  context.logger.info({ orderId: id }, "🔐 The supply-chain agent asks for the user's approval");
  return {
    order: { ...order, status: "interaction_required", interaction_url: interactionUrl },
    interaction: { endsAt: context.now() + INTERACTION_SECONDS, keyThumbprint },
  };
}

/** Handles a continuing call that needs its user at a page. */
async function waitAt(
  context: OrderContext,
  { id, userId, returnState, order }: StoredOrder,
  notes: WriteQueue,
  page: { readonly url: string; readonly party: string },
): Promise<void> {
  const { places, orders, openInteractions, returns, logger, now } = context;
  const party = places.hops?.get(page.party);
  // The browser is sent there without a question.
  if (party === undefined && page.party !== places.agentUrl)
    throw new AAuthAgentError("challenge_untrusted", "the order's page is that of an unknown party"); // hole M13
  await openInteractions.keep(userId, id, INTERACTION_SECONDS);
  await returns.put(returnState, { id, userId }, INTERACTION_SECONDS);
  const waiting: Order = {
    ...order,
    status: "interaction_required",
    interaction_url: page.url,
    ...(party !== undefined && { interaction_party: party }),
  };
  const interaction = { endsAt: now() + INTERACTION_SECONDS };
  notes.add(() => orders.update(id, (kept) => ({ ...kept, order: waiting, interaction, changedAt: now() })));
  await notes.done();
  logger.info({ orderId: id }, "🔐 The order waits for the user at a page");
}

function failureOf({ places, timeoutSeconds }: OrderContext, error: unknown, peer: Peer): Failure {
  if (endedAtResource(error) !== undefined) return INTERACTION_REPEATED;
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
