import { randomUUID } from "node:crypto";
import type { RecordStore, Stores } from "aauth";
import { currentPlace, type TracePlace, withSpan } from "agent-kit/service";
import type { Delegate, DelegateList, DelegateRun } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import { isoTime } from "../runs/run.ts";
import { KEPT_SECONDS } from "../store/user-records.ts";
import type { TracedWork } from "../traces/own-spans.ts";
import type { DelegateClient } from "./delegate-client.ts";
import type { Enrolment, Enrolments } from "./enrolments.ts";
import type { SubAgents } from "./sub-agents.ts";

/** Facts about the last agent token that the backend issued to a delegate, without the token. */
export interface IssuedToken {
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Thumbprint of the delegate's key. */
  readonly thumbprint: string;
}

/** Keyed by the delegate's `sub`, or in draft -11 by its agent identifier. */
export type IssuedTokens = Pick<RecordStore<IssuedToken>, "get" | "put">;

/** A call that a delegate made for a user. */
interface Report {
  readonly run: DelegateRun;
  /** Trace of the call, if it can be shown as the user's own. */
  readonly traced?: { readonly id: string; readonly place: TracePlace | undefined; readonly endedAt: number };
}

const MAX_REPORTS = 1_000;

/** Dependencies of the delegates service. */
export interface DelegatesServiceDeps {
  /** Own identifier. */
  readonly agent: string;
  readonly enrolments: Enrolments;
  readonly issued: IssuedTokens;
  readonly stores: Pick<Stores, "records">;
  /** Calls delegates for a user. */
  readonly clientOf: (userId: string) => DelegateClient;
  /** Timeout of the client. */
  readonly timeoutSeconds: number;
  /** Present in draft -11. */
  readonly subAgents?: SubAgents | undefined;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
}

/** The delegates of this agent, as users see and run them. */
export class DelegatesService {
  readonly #deps: DelegatesServiceDeps;
  /** Keyed by user and delegate. */
  readonly #reports: RecordStore<Report>;
  /** Whether users decide which delegates act for them. Otherwise the operator's file decides. */
  readonly hasPermissions: boolean;

  constructor(deps: DelegatesServiceDeps) {
    this.#deps = deps;
    this.#reports = deps.stores.records("delegate reports", { maxEntries: MAX_REPORTS });
    this.hasPermissions = deps.subAgents !== undefined;
  }

  /** All delegates, with the reports of their calls for this user. */
  async list(userId: string): Promise<DelegateList> {
    const { agent, enrolments } = this.#deps;
    const all = await enrolments.list();
    return { agent, delegates: await Promise.all(all.map((entry) => this.#describe(entry, userId))) };
  }

  /**
   * Makes a delegate call the supply-chain agent. Any user may do so, and receives the report.
   *
   * @throws BackendError `not_found`; `conflict` without an address; `unreachable`
   */
  async run(userId: string, sub: string): Promise<Delegate> {
    const { timeoutSeconds, logger } = this.#deps;
    const enrolment = await this.#enrolled(sub);
    const { url } = enrolment;
    if (url === undefined) throw new BackendError("conflict", "The delegate was enrolled without a URL");
    try {
      const report = await this.#call(userId, sub, url);
      const { status, failure } = report.run;
      await this.#reports.put(reportKey(userId, sub), report, { owner: userId, ttlSeconds: KEPT_SECONDS });
      logger.info({ delegate: sub, status, code: failure?.code }, "🔐 The delegate has worked");
    } catch (cause) {
      if (cause instanceof BackendError) throw cause;
      const message =
        networkCodeOf(cause) === "timeout"
          ? `The delegate did not answer within ${timeoutSeconds} seconds; its log shows what it is waiting for`
          : "The delegate is not responding; start it as described in docs/walkthrough/6-keys-and-delegates.md";
      throw new BackendError("unreachable", message, { cause });
    }
    return this.#describe(enrolment, userId);
  }

  /** With permissions: allows an ended delegate to act again. @throws BackendError `not_found` */
  async start(userId: string, sub: string): Promise<Delegate> {
    const enrolment = await this.#enrolled(sub);
    await this.#deps.subAgents?.start(userId, sub);
    return this.#describe(enrolment, userId);
  }

  /**
   * With permissions: ends a delegate for this user, revokes its tokens and issues no more.
   *
   * @throws BackendError `not_found`; `unreachable` if the revocation was not accepted
   */
  async end(userId: string, sub: string): Promise<Delegate> {
    const enrolment = await this.#enrolled(sub);
    await this.#deps.subAgents?.end(userId, sub);
    this.#deps.logger.info({ delegate: sub }, "🔐 The user has ended the delegate");
    return this.#describe(enrolment, userId);
  }

  /** Trace of a delegate's last call for this user. Undefined for any other id. */
  async traceOf(userId: string, id: string): Promise<TracedWork | undefined> {
    for (const { sub } of await this.#deps.enrolments.list()) {
      const { traced } = (await this.#reports.get(reportKey(userId, sub))) ?? {};
      if (traced?.id !== id) continue;
      const { place, endedAt: changedAt } = traced;
      return { id, places: place ? [place] : [], isFinal: true, changedAt };
    }
    return undefined;
  }

  async #describe({ sub, name, url }: Enrolment, userId: string): Promise<Delegate> {
    const { subAgents, issued, clientOf } = this.#deps;
    const subAgent = await subAgents?.of(userId, sub);
    const token = await issued.get(subAgent?.id ?? sub);
    const report = await this.#reports.get(reportKey(userId, sub));
    const run_id = report?.traced?.id;
    return {
      sub,
      name: name ?? sub,
      agent_token: token
        ? {
            issued_at: isoTime(token.issuedAt),
            expires_at: isoTime(token.expiresAt),
            key: token.thumbprint,
          }
        : null,
      process:
        url === undefined ? "unknown" : (await clientOf(userId).isRunning(url, sub)) ? "running" : "absent",
      last_run: report?.run ?? null,
      ...(subAgent && { sub_agent: { ...subAgent, ...(run_id !== undefined && { run_id }) } }),
    };
  }

  async #enrolled(sub: string): Promise<Enrolment> {
    const enrolment = await this.#deps.enrolments.find(sub);
    if (enrolment === undefined) throw new BackendError("not_found", "No such delegate");
    return enrolment;
  }

  /**
   * Calls the delegate. In draft -11 the call is the user's own work and shown message by message.
   */
  async #call(userId: string, sub: string, url: string): Promise<Report> {
    const { subAgents, clientOf, now } = this.#deps;
    if (subAgents === undefined) return { run: await clientOf(userId).run(url) };
    await subAgents.prepare(userId, sub);
    const id = randomUUID();
    const work = async () => {
      const place = currentPlace();
      const run = await clientOf(userId).run(url);
      return { run, traced: { id, place, endedAt: now() } };
    };
    const attributes = { [ATTRIBUTE.runId]: id, [ATTRIBUTE.userSub]: userId };
    return withSpan(SPAN.delegate, work, { attributes });
  }
}

// JSON separates the two parts unambiguously.
// hole X8: (_: string, sub: string) => sub
const reportKey = (userId: string, sub: string) => JSON.stringify([userId, sub]);
