import { canonicalAuthority, type ProvenCaller, type Requirement } from "aauth";
import type { Verifier } from "aauth/resource";
import { createService, type ServiceOptions } from "agent-kit/service";
import type { DelegateRun } from "backend-api";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { verificationTrace } from "protocol-trace";
import type { Delegate } from "./delegate.ts";

type Logger = NonNullable<ServiceOptions["logger"]>;

/** Wraps a delegate to log the outcome of each call. */
export function logged(delegate: Delegate, log: Pick<Logger, "info" | "warn">): Delegate {
  return {
    ...delegate,
    async run(): Promise<DelegateRun> {
      const outcome = await delegate.run();
      const { status, failure, granted } = outcome;
      const { agent_delegate } = granted ?? {};
      const fields = {
        status,
        ...failure,
        ...(agent_delegate !== undefined && { delegate: agent_delegate }),
      };
      if (failure === undefined) log.info(fields, "✅ The supply-chain agent has answered");
      else log.warn(fields, "❌ The call failed");
      return outcome;
    },
  };
}

/** Routes for the agent server: `POST /run` makes a call, `GET /run` reports the last one. */
export async function serveRuns(options: {
  logger: ServiceOptions["logger"];
  /** URL at which the agent server reaches this process. */
  url: string;
  /** Accepts only the agent server. */
  verifier: Verifier;
  requirement: Requirement;
  /** The delegate's own name. */
  sub: string;
  /** Returns the delegate that calls the supply-chain agent for this caller. */
  delegateOf: (caller: ProvenCaller) => Promise<Delegate>;
}): Promise<FastifyInstance> {
  const { logger, url, verifier, requirement, sub, delegateOf } = options;
  const app = createService({ name: "delegate-agent", logger });
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      authority: canonicalAuthority(url),
      verifier,
      observer: verificationTrace,
    });
    const config = { aauth: requirement };
    scope.get("/run", { config }, async ({ caller }) => {
      return { sub, last_run: (await delegateOf(caller!)).lastRun() };
    });
    scope.post("/run", { config }, async ({ caller }) => (await delegateOf(caller!)).run());
  });
  return app;
}
