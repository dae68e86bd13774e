import { randomUUID } from "node:crypto";
import { ownerOfCaller, type ProvenCaller, type RecordStore, type Stores, type WaitingCall } from "aauth";
import type { Answer, DeferredRequests } from "aauth/resource";
import type { A2AMessage } from "aauth-a2a";
import type { Jobs } from "jobs";
import { type CallInteraction, untilInteraction, type Wait } from "./call-interaction.ts";
import { currentPlace, inTrace, type TracePlace } from "./service/index.ts";

/** A message whose answer waits for the caller's person. */
export interface AskedMessage {
  readonly message: A2AMessage;
  readonly caller: ProvenCaller;
  /** Token of the caller's request. */
  readonly upstreamToken: string | undefined;
}

/** Stored state of the work on an answer. */
interface Row extends AskedMessage {
  readonly waiting: WaitingCall;
  /** Id of the deferred request that the caller polls. */
  readonly request: string;
  /** The previous deferred request, and its answer, which leads to the current one. */
  readonly before?: { readonly request: string; readonly answer: Answer };
  readonly place: TracePlace | undefined;
}

/** The page to which a deferred request redirects the person. */
export interface PageOfRequest {
  readonly page: string;
}

export interface DeferredAnswersOptions {
  /** Own identifier. */
  readonly id: string;
  readonly deferred: DeferredRequests<PageOfRequest>;
  readonly stores: Stores;
  readonly jobs: Jobs;
  /** Creates the answer to a message. */
  readonly answer: (asked: AskedMessage, person: CallInteraction) => Promise<object>;
}

const QUEUE = "answers";
/** Exceeds a person's time for all pages of a call. */
const TTL_SECONDS = 3_600;

/**
 * Answers that wait for the caller's person, in any replica. A deferred request corresponds to one
 * page. If the person is needed again, its answer leads to the next deferred request.
 */
export class DeferredAnswers {
  readonly #options: DeferredAnswersOptions;
  readonly #rows: RecordStore<Row>;

  constructor(options: DeferredAnswersOptions) {
    const { id, stores, jobs } = options;
    this.#options = options;
    this.#rows = stores.records(`deferred answers ${id}`);
    jobs.handle(QUEUE, {
      run: (row, signal, { isTakenOver }) => this.#run(row, signal, isTakenOver),
      abandon: (row) => this.#abandon(row),
    });
  }

  /**
   * Defers the answer to a message.
   *
   * @returns the 202 for its caller
   * @throws StoreFullError, StoreUnavailableError
   */
  async defer(asked: AskedMessage, { page = "", waiting }: Wait): Promise<Answer> {
    const { id: request, answer } = await this.#begin(asked.caller, page);
    const row = randomUUID();
    const { traceId, spanId } = currentPlace() ?? {};
    const place = traceId && spanId ? { traceId, spanId } : undefined;
    await this.#rows.put(row, { ...asked, waiting, request, place }, termsOf(asked));
    await this.#options.jobs.add(QUEUE, row);
    return answer;
  }

  async #run(id: string, signal: AbortSignal, isTakenOver: boolean): Promise<void> {
    const row = await this.#rows.get(id);
    if (row === undefined) return;
    const { deferred, answer } = this.#options;
    if (row.before) await deferred.finish(row.before.request, row.before.answer);
    const outcome = await inTrace(row.place, () =>
      untilInteraction({ waiting: row.waiting, isTakenOver, signal }, (person) => answer(row, person)),
    );
    if ("waiting" in outcome) {
      await this.#keep(id, row, outcome);
      return this.#run(id, signal, false);
    }
    const headers = { "content-type": "application/json" };
    await deferred.finish(row.request, { status: 200, headers, body: JSON.stringify(outcome.result) });
    await this.#rows.delete(id);
  }

  /**
   * Stores the state of a call that waits for something else. Rejects if another attempt was first.
   */
  async #keep(id: string, row: Row, { page, waiting }: Wait): Promise<void> {
    const next = page === undefined ? undefined : await this.#begin(row.caller, page);
    const kept: Row = {
      ...row,
      waiting,
      ...(next && { request: next.id, before: { request: row.request, answer: next.answer } }),
    };
    let isKept = false;
    await this.#rows.update(id, (at) => {
      isKept = at?.request === row.request && at.waiting.location === row.waiting.location;
      return isKept ? { value: kept, ...termsOf(row) } : undefined;
    });
    if (!isKept) throw new Error("another attempt at the answer was first");
  }

  async #abandon(id: string): Promise<void> {
    const row = await this.#rows.take(id);
    if (row !== undefined) await this.#options.deferred.fail(row.request, "server_error");
  }

  #begin(caller: ProvenCaller, page: string) {
    return this.#options.deferred.begin(caller, { requirement: "interaction", data: { page } });
  }
}

const termsOf = ({ caller }: AskedMessage) => ({ owner: ownerOfCaller(caller), ttlSeconds: TTL_SECONDS });
