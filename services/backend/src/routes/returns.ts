import { CONSENT_DENIED } from "backend-api";
import type { FastifyReply } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { RunService } from "../runs/run-service.ts";

/*
 * Routes to which browsers return from pages where a person has acted for a run. They are public,
 * because browsers send no bearer token here. A repeated or overlong parameter counts as missing.
 */

/** The backend's `callback_endpoint`, to which pages of draft -11 return the browser. */
export const RETURN_PATH = "/auth/aauth/return";

/** Status of a redirect to the front end. */
export const RETURN_STATUS = 302;

/** Result of a return: the resumed run, or an error for its user. */
export type PageOutcome =
  | { readonly authorized: true; readonly requestId: string }
  | {
      readonly authorized: false;
      readonly error: string;
      readonly description: string;
      /** The run, if it is known. */
      readonly requestId?: string;
    };

const text = (pattern: RegExp) => z.string().regex(pattern).optional().catch(undefined);
const returnQuery = z.object({
  request_id: z.uuid().optional().catch(undefined),
  state: text(/^[\w-]{43}$/),
  error: text(/^[a-z_]{1,50}$/),
});

/** Draft -11: the return has no effect on the decision, for which the run polls. */
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

function outcomeOf(requestId: string | undefined, error: string | undefined): PageOutcome | undefined {
  if (error === undefined) return requestId === undefined ? undefined : { authorized: true, requestId };
  const description = error === "access_denied" ? CONSENT_DENIED.message : "The page was closed.";
  return { authorized: false, error, description, ...(requestId !== undefined && { requestId }) };
}

/** Redirects the browser to the front end, which reads the outcome from the URL. */
export function backToPage(
  reply: FastifyReply,
  frontendUrl: string,
  outcome: PageOutcome | undefined,
): FastifyReply {
  const page = new URL(`${frontendUrl}/`);
  if (outcome?.authorized) {
    page.searchParams.set("aauth_authorized", "1");
  } else if (outcome !== undefined) {
    page.searchParams.set("aauth_error", "1");
    page.searchParams.set("error", outcome.error);
    // hole B2: page.search += `&error_description=${outcome.description}`;
    page.searchParams.set("error_description", outcome.description);
  }
  if (outcome?.requestId !== undefined) page.searchParams.set("request_id", outcome.requestId);
  return redirectToPage(reply, page, RETURN_STATUS);
}

/**
 * Redirects from a URL that may contain a code, which must not reach caches or the next `Referer`.
 */
export function redirectToPage(reply: FastifyReply, page: URL, status: number): FastifyReply {
  return reply
    .header("cache-control", "no-store")
    .header("referrer-policy", "no-referrer")
    .redirect(page.href, status);
}
