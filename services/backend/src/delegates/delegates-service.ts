import type { Delegate, DelegateList, DelegateRun } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { LRUCache } from "lru-cache";
import { HttpError } from "../plugins/errors.ts";
import type { DelegateClient } from "./delegate-client.ts";
import type { Enrolment, Enrolments } from "./enrolments.ts";
import type { IssuedTokens } from "./issued-tokens.ts";

/** The delegates of this agent, for people to see and to let work. */
export interface DelegatesService {
  /** With what came of the calls that this user had them make; those of others are not told. */
  list(userId: string): Promise<DelegateList>;
  /** Lets one call the supply-chain agent. Any user may; the report is for that user. @throws HttpError 404, 409 without an address, 502 when it does not answer */
  run(userId: string, sub: string): Promise<Delegate>;
}

const MAX_REPORTS = 1_000;

export function createDelegatesService(deps: {
  /** Own identifier. */
  agent: string;
  enrolments: Enrolments;
  issued: IssuedTokens;
  client: DelegateClient;
  logger: FastifyBaseLogger;
}): DelegatesService {
  const { agent, enrolments, issued, client, logger } = deps;

  const reports = new LRUCache<string, DelegateRun>({ max: MAX_REPORTS });
  // JSON keeps the parts apart whatever is in them.
  const reportKey = (userId: string, sub: string) => JSON.stringify([userId, sub]);

  async function describe({ sub, name, url }: Enrolment, userId: string): Promise<Delegate> {
    const token = issued.last(sub);
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
      last_run: reports.get(reportKey(userId, sub)) ?? null,
    };
  }

  return {
    async list(userId) {
      const enrolled = await enrolments.list();
      return { agent, delegates: await Promise.all(enrolled.map((entry) => describe(entry, userId))) };
    },

    async run(userId, sub) {
      const enrolment = await enrolments.find(sub);
      if (enrolment === undefined) throw new HttpError(404, "No such delegate");
      if (enrolment.url === undefined)
        throw new HttpError(409, "The delegate was enrolled without an address");
      try {
        const run = await client.run(enrolment.url);
        const { status, failure } = run;
        reports.set(reportKey(userId, sub), run);
        logger.info({ delegate: sub, status, code: failure?.code }, "🔐 The delegate has worked");
      } catch (error) {
        logger.warn({ err: error, delegate: sub }, "❌ the delegate does not answer");
        throw new HttpError(
          502,
          "The delegate does not answer; start it as it was enrolled (docs/walkthrough/08-delegated-agents.md)",
        );
      }
      return describe(enrolment, userId);
    },
  };
}

function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}
