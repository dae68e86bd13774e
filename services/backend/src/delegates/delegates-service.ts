import type { KeyValueStore } from "aauth";
import type { Delegate, DelegateList, DelegateRun } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import { isoTime } from "../runs/run.ts";
import type { DelegateClient } from "./delegate-client.ts";
import type { Enrolment, Enrolments } from "./enrolments.ts";

/** The last agent token that the backend issued to a delegate, without the token. */
export interface IssuedToken {
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Thumbprint of the delegate's key. */
  readonly thumbprint: string;
}

/** By the delegate's `sub`. */
export type IssuedTokens = Pick<KeyValueStore<IssuedToken>, "get" | "put">;

/** The delegates of this agent, for users to see and to let work. */
export interface DelegatesService {
  /** With the reports of the calls that this user had them make. Those of other users are not included. */
  list(userId: string): Promise<DelegateList>;
  /**
   * Lets one call the supply-chain agent. Any user may; the report is for that user.
   *
   * @throws BackendError `not_found`, `conflict` without an address, `unreachable` when it does not answer
   */
  run(userId: string, sub: string): Promise<Delegate>;
}

/** As long as runs and orders are kept. */
const REPORT_SECONDS = 3600;

export function createDelegatesService(deps: {
  /** Own identifier. */
  agent: string;
  enrolments: Enrolments;
  issued: IssuedTokens;
  client: DelegateClient;
  /** Of the client. */
  timeoutSeconds: number;
  /** Reports by user and delegate. */
  reports: Pick<KeyValueStore<DelegateRun>, "get" | "put">;
  logger: FastifyBaseLogger;
}): DelegatesService {
  const { agent, enrolments, issued, client, timeoutSeconds, reports, logger } = deps;

  // JSON separates the two unambiguously.
  const reportKey = (userId: string, sub: string) => JSON.stringify([userId, sub]);

  async function describe({ sub, name, url }: Enrolment, userId: string): Promise<Delegate> {
    const token = await issued.get(sub);
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
      process: url === undefined ? "unknown" : (await client.isRunning(url, sub)) ? "running" : "absent",
      last_run: (await reports.get(reportKey(userId, sub))) ?? null,
    };
  }

  return {
    async list(userId) {
      const enrolled = await enrolments.list();
      return { agent, delegates: await Promise.all(enrolled.map((entry) => describe(entry, userId))) };
    },

    async run(userId, sub) {
      const enrolment = await enrolments.find(sub);
      if (enrolment === undefined) throw new BackendError("not_found", "No such delegate");
      if (enrolment.url === undefined)
        throw new BackendError("conflict", "The delegate was enrolled without an address");
      try {
        const run = await client.run(enrolment.url);
        const { status, failure } = run;
        await reports.put(reportKey(userId, sub), run, REPORT_SECONDS);
        logger.info({ delegate: sub, status, code: failure?.code }, "🔐 The delegate has worked");
      } catch (cause) {
        const message =
          networkCodeOf(cause) === "timeout"
            ? `The delegate did not answer within ${timeoutSeconds} seconds; its log says what it waits for`
            : "The delegate does not answer; start it as it was enrolled (docs/walkthrough/08-delegated-agents.md)";
        throw new BackendError("unreachable", message, { cause });
      }
      return describe(enrolment, userId);
    },
  };
}
