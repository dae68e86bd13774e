import { z } from "zod";
import { activityListSchema } from "./activity.ts";
import { agentStatusListSchema, agentStatusSchema, connectionTestSchema } from "./agents.ts";
import { delegateListSchema, delegateSchema } from "./delegates.ts";
import { catalogueSchema, orderRequestSchema, orderSchema } from "./order.ts";
import { progressEventSchema, progressListSchema, progressSchema } from "./progress.ts";
import { resultsSchema } from "./results.ts";
import { runEvidenceSchema } from "./run-evidence.ts";
import { anyBreakItVariantSchema, breakItResultSchema, runTraceSchema } from "./run-trace.ts";
import { clearedSchema } from "./service.ts";
import { startReplySchema, startRequestSchema } from "./start.ts";
import { userProfileSchema } from "./user.ts";

/** A route of the REST API, which requires a signed-in user. */
export interface ApiRoute {
  readonly method: "GET" | "POST" | "DELETE";
  /** As in OpenAPI: `/orders/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Body of the response with status 200, or one event of a stream. */
  readonly answer: z.ZodType;
  /** The response is `text/event-stream`. */
  readonly isStream?: true;
  /** Served in demo mode only (`AAUTH_BREAK_IT`). */
  readonly isDemo?: true;
}

const id = z.string().max(100);
const byId = z.object({ id });
const bySub = z.object({ sub: z.string().max(64) });

/**
 * Every route of the backend's REST API for users, from which the backend registers its routes. All
 * require `Authorization: Bearer <OIDC access token>`, and refuse with `ApiError`.
 */
export const apiRoutes = {
  start: {
    method: "POST",
    path: "/optimization/start",
    summary: "Starts a run; answered as soon as the authorization outcome is known",
    body: startRequestSchema,
    answer: startReplySchema,
  },
  progress: {
    method: "GET",
    path: "/optimization/progress/{id}",
    summary: "The state of a run",
    params: byId,
    answer: progressSchema,
  },
  progressEvents: {
    method: "GET",
    path: "/optimization/progress/{id}/events",
    summary: "The state of a run now and after every change",
    params: byId,
    answer: progressEventSchema,
    isStream: true,
  },
  results: {
    method: "GET",
    path: "/optimization/results/{id}",
    summary: "The results of a completed run",
    params: byId,
    answer: resultsSchema,
  },
  runs: {
    method: "GET",
    path: "/optimization/all",
    summary: "The user's runs, newest first",
    answer: progressListSchema,
  },
  clearRuns: {
    method: "DELETE",
    path: "/optimization/clear",
    summary: "Removes the user's runs and stops their work",
    answer: clearedSchema,
  },
  revokeConsent: {
    method: "DELETE",
    path: "/optimization/consent",
    summary: "Revokes everything the user has consented to, at the auth server",
    answer: clearedSchema,
  },
  testConnection: {
    method: "GET",
    path: "/optimization/test-a2a-connection",
    summary: "Reads the agent's card with a signed request; starts no run",
    answer: connectionTestSchema,
  },
  runTrace: {
    method: "GET",
    path: "/optimization/{id}/trace",
    summary: "The trace of a run",
    params: byId,
    answer: runTraceSchema,
  },
  breakIt: {
    method: "POST",
    path: "/optimization/{id}/break-it/{variant}",
    summary: "Sends a tampered request of a run",
    params: z.object({ id, variant: anyBreakItVariantSchema }),
    answer: breakItResultSchema,
    isDemo: true,
  },
  attemptTrace: {
    method: "GET",
    path: "/optimization/{id}/attempts/{traceId}",
    summary: "The trace of a tampered request",
    params: z.object({ id, traceId: z.string().regex(/^[0-9a-f]{32}$/) }),
    answer: runTraceSchema,
    isDemo: true,
  },
  runEvidence: {
    method: "GET",
    path: "/optimization/{id}/evidence",
    summary: "The complete signed requests of a run that can be verified again",
    params: byId,
    answer: runEvidenceSchema,
    isDemo: true,
  },
  catalogue: {
    method: "GET",
    path: "/catalogue",
    summary: "What the supply-chain agent sells",
    answer: catalogueSchema,
  },
  placeOrder: {
    method: "POST",
    path: "/orders",
    summary: "Orders laptops; the user approves on the supply-chain agent's page",
    body: orderRequestSchema,
    answer: orderSchema,
  },
  order: {
    method: "GET",
    path: "/orders/{id}",
    summary: "The state of an order",
    params: byId,
    answer: orderSchema,
  },
  orderTrace: {
    method: "GET",
    path: "/orders/{id}/trace",
    summary: "The trace of an order",
    params: byId,
    answer: runTraceSchema,
  },
  agentStatuses: {
    method: "GET",
    path: "/agents/status",
    summary: "The agents of the dashboard",
    answer: agentStatusListSchema,
  },
  agentStatus: {
    method: "GET",
    path: "/agents/status/{id}",
    summary: "One agent of the dashboard",
    params: byId,
    answer: agentStatusSchema,
  },
  activities: {
    method: "GET",
    path: "/agents/activities",
    summary: "The activities of the user's runs, newest first",
    query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
    answer: activityListSchema,
  },
  clearActivities: {
    method: "DELETE",
    path: "/agents/activities",
    summary: "Clears the list of activities, but not the progress of runs",
    answer: clearedSchema,
  },
  delegates: {
    method: "GET",
    path: "/delegates",
    summary: "Processes that act under the backend's identity",
    answer: delegateListSchema,
  },
  runDelegate: {
    method: "POST",
    path: "/delegates/{sub}/run",
    summary: "Makes a delegate call the supply-chain agent",
    params: bySub,
    answer: delegateSchema,
  },
  startDelegate: {
    method: "POST",
    path: "/delegates/{sub}/start",
    summary: "Allows an ended delegate to act again; draft -11 only",
    params: bySub,
    answer: delegateSchema,
  },
  endDelegate: {
    method: "DELETE",
    path: "/delegates/{sub}",
    summary: "Ends a delegate for this user and revokes its tokens; draft -11 only",
    params: bySub,
    answer: delegateSchema,
  },
  user: {
    method: "GET",
    path: "/auth/me",
    summary: "The signed-in user",
    answer: userProfileSchema,
  },
} as const satisfies Readonly<Record<string, ApiRoute>>;
