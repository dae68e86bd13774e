import type { Delegate, DelegateList } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { HttpError } from "../plugins/errors.ts";
import type { DelegateClient } from "./delegate-client.ts";
import type { Enrolment, Enrolments } from "./enrolments.ts";
import type { IssuedTokens } from "./issued-tokens.ts";

/** The delegates of this agent, for people to see and to let work. */
export interface DelegatesService {
  list(): Promise<DelegateList>;
  /** Lets one call the supply-chain agent. @throws HttpError 404, 409 without an address, 502 when it does not answer */
  run(sub: string): Promise<Delegate>;
}

export function createDelegatesService(deps: {
  /** Own identifier. */
  agent: string;
  enrolments: Enrolments;
  issued: IssuedTokens;
  client: DelegateClient;
  logger: FastifyBaseLogger;
}): DelegatesService {
  const { agent, enrolments, issued, client, logger } = deps;

  async function describe({ sub, name, url }: Enrolment): Promise<Delegate> {
    const answer = url === undefined ? undefined : await client.lastRun(url, sub);
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
      process: url === undefined ? "unknown" : answer === undefined ? "absent" : "running",
      last_run: answer?.run ?? null,
    };
  }

  return {
    async list() {
      return { agent, delegates: await Promise.all((await enrolments.list()).map(describe)) };
    },

    async run(sub) {
      const enrolment = await enrolments.find(sub);
      if (enrolment === undefined) throw new HttpError(404, "No such delegate");
      if (enrolment.url === undefined)
        throw new HttpError(409, "The delegate was enrolled without an address");
      try {
        const { status, failure } = await client.run(enrolment.url);
        logger.info({ delegate: sub, status, code: failure?.code }, "🔐 The delegate has worked");
      } catch (error) {
        logger.warn({ err: error, delegate: sub }, "❌ the delegate does not answer");
        throw new HttpError(502, "The delegate does not answer; start it with: npm run delegate");
      }
      return describe(enrolment);
    },
  };
}

function isoTime(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}
