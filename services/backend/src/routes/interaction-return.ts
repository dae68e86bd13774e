import { CONSENT_DENIED } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ConsentOutcome } from "../runs/consent-service.ts";
import type { RunService } from "../runs/run-service.ts";
import { backToPage } from "./back-to-page.ts";

/** Where the pages of draft -11 send the browser back to: the backend's `callback_endpoint`. */
export const RETURN_PATH = "/auth/aauth/return";

// A repeated or overlong parameter is dropped and then counts as missing.
const returnQuery = z.object({
  request_id: z.uuid().optional().catch(undefined),
  state: z
    .string()
    .regex(/^[\w-]{43}$/)
    .optional()
    .catch(undefined),
  error: z
    .string()
    .regex(/^[a-z_]{1,50}$/)
    .optional()
    .catch(undefined),
});

/**
 * The way back from a page where a person has acted. Public, because a browser brings no bearer token here. It decides nothing: how the person has
 * decided the run hears from the server that it polls.
 */
export const interactionReturn: FastifyPluginAsyncZod<{
  runs: Pick<RunService, "cameBack">;
  frontendUrl: string;
}> = async (app, { runs, frontendUrl }) => {
  app.get(
    RETURN_PATH,
    { config: { access: "public" }, schema: { querystring: returnQuery } },
    async (request, reply) => {
      const { request_id: id, state, error } = request.query;
      const isBack = id !== undefined && state !== undefined && (await runs.cameBack(id, state));
      return backToPage(reply, frontendUrl, outcomeOf(isBack ? id : undefined, error));
    },
  );
};

function outcomeOf(requestId: string | undefined, error: string | undefined): ConsentOutcome | undefined {
  if (error === undefined) return requestId === undefined ? undefined : { authorized: true, requestId };
  const description = error === "access_denied" ? CONSENT_DENIED.message : "The page was left.";
  return { authorized: false, error, description, ...(requestId !== undefined && { requestId }) };
}
