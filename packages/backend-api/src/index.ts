/**
 * The backend's REST API in schemas and types, shared by backend and UI.
 *
 * | Method, path | Body | Answer |
 * |---|---|---|
 * | POST /optimization/start, POST /agents/start | {@link StartRequest} | {@link StartReply} |
 * | GET /optimization/progress/{id} | | {@link Progress} |
 * | GET /optimization/progress/{id}/events | | stream of {@link ProgressEvent} |
 * | GET /optimization/results/{id} | | {@link Results} |
 * | GET /optimization/all | | {@link Progress}[] |
 * | DELETE /optimization/clear, DELETE /agents/activities | | {@link Cleared} |
 * | DELETE /optimization/consent | | {@link Cleared}: revokes what the user has consented to, at the auth server |
 * | GET /optimization/{id}/trace, /optimization/{id}/attempts/{trace id} | | {@link RunTrace} |
 * | POST /optimization/{id}/break-it/{variant} | | {@link BreakItResult}; only in demo mode |
 * | GET /optimization/test-a2a-connection | | {@link ConnectionTest} |
 * | GET /agents/status, /agents/status/{id} | | {@link AgentStatus}[], {@link AgentStatus} |
 * | GET /agents/activities?limit=100 | | {@link Activity}[] |
 * | GET /catalogue | | {@link Catalogue}: what the supply-chain agent sells |
 * | POST /orders | {@link OrderRequest} | {@link Order}: placed with the user's approval, on the agent's own page |
 * | GET /orders/{id} | | {@link Order} |
 * | GET /orders/{id}/trace | | {@link RunTrace} |
 * | GET /delegates | | {@link DelegateList}: processes that act under the backend's identity |
 * | POST /delegates/{sub}/run | | {@link Delegate}: lets one call the supply-chain agent |
 * | GET /auth/me | | {@link UserProfile} |
 *
 * All of these need `Authorization: Bearer <OIDC access token>`; refusals are {@link ApiError}.
 *
 * @module
 */
export {
  type Activity,
  type ActivityAction,
  type ActivityToken,
  activityActionSchema,
  activityListSchema,
  activitySchema,
  activityTokenSchema,
  type Delegation,
  delegationSchema,
} from "./activity.ts";
export {
  type AgentStatus,
  agentStatusListSchema,
  agentStatusSchema,
  type ConnectionTest,
  connectionTestSchema,
} from "./agents.ts";
export { CONSENT_DENIED, type GrantedConsent, grantedConsentSchema } from "./consent.ts";
export {
  type Delegate,
  type DelegateList,
  type DelegateRun,
  delegateListSchema,
  delegateRunSchema,
  delegateSchema,
  delegateStatusSchema,
} from "./delegates.ts";
export { type Check, checkSchema, type Failure, failureSchema, type Hop, hopSchema } from "./failure.ts";
export {
  type Catalogue,
  catalogueSchema,
  MAX_ORDER_QUANTITY,
  type Order,
  type OrderRequest,
  orderRequestSchema,
  orderSchema,
} from "./order.ts";
export {
  type Progress,
  type ProgressEvent,
  progressEventSchema,
  progressListSchema,
  progressSchema,
  type RunStatus,
  runStatusSchema,
} from "./progress.ts";
export {
  type Reasoning,
  type Recommendation,
  type Results,
  reasoningSchema,
  recommendationSchema,
  resultsSchema,
  type Summary,
  summarySchema,
} from "./results.ts";
export {
  type BreakItOffer,
  type BreakItResult,
  type BreakItVariant,
  breakItResultSchema,
  breakItVariantSchema,
  type RunTrace,
  runTraceSchema,
} from "./run-trace.ts";
export {
  type ApiError,
  apiErrorSchema,
  authHealthSchema,
  type Cleared,
  clearedSchema,
  consentFailedSchema,
  consentGivenSchema,
  welcomeSchema,
} from "./service.ts";
export {
  consentReplySchema,
  failedReplySchema,
  type StartOptions,
  type StartReply,
  type StartRequest,
  startedReplySchema,
  startReplySchema,
  startRequestSchema,
} from "./start.ts";
export { type UserProfile, userProfileSchema } from "./user.ts";
