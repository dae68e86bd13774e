/**
 * The backend's REST API in schemas and types, shared by backend and UI: its routes are in {@link apiRoutes}.
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
  summarySchema,
} from "./results.ts";
export { type ApiRoute, apiRoutes } from "./routes.ts";
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
