/**
 * All attribute names on spans of the demo's services, and the shapes of their values. Has no
 * imports, so that browsers can load it. Names follow OpenTelemetry's stable semantic conventions
 * if possible, then the demo's published walk-through, so that its readers find them in Jaeger; all
 * others begin with `aauth.`.
 *
 * Values are strings, numbers and lists of strings; `JSON` marks a string of JSON. No value
 * contains a signature, a secret key or a whole token, and all are bounded ({@link LIMIT}).
 *
 * @module
 */

/** Span attributes. The comments state the span, and the value's type if it is not a string. */
export const ATTRIBUTE = {
  /** Client and server. `POST` */
  method: "http.request.method",
  /** Server. The route's pattern: `/optimization/progress/:id` */
  route: "http.route",
  /** Client and server. Number. */
  status: "http.response.status_code",
  /** Client. Absolute; values of secret parameters are truncated. */
  url: "url.full",
  /** Server. Without the query. */
  path: "url.path",
  /** Client: where it was sent. Server: the host named by the caller. */
  serverAddress: "server.address",
  /** Client and server. Number. */
  serverPort: "server.port",
  /**
   * Client and server, in a process with several parties: the party, which replaces `service.name`.
   * `person-server`, `access-server`
   */
  party: "aauth.party",
  /** Client. Boolean: the tampered request of an attack. Absent for every other request. */
  tampered: "aauth.tampered",
  /** With status error: class of failure or status code. */
  errorType: "error.type",

  /** `signer` on client spans, `verifier` on server spans with a verifier. */
  role: "aauth.role",
  /** Client. Number: 1 for the first try at a request, 2 for the next. */
  attempt: "aauth.attempt",
  /** Client, from the second attempt on: `identity`, `authorization` or `token_refused`. */
  retryReason: "aauth.retry.reason",
  /** Client: `resource`, or `token` for a request to an auth server's token endpoint. */
  purpose: "aauth.request.purpose",

  /** Client. Name of the message's wire profile. */
  signatureProfile: "aauth.signature.profile",
  /** Client. `hwk`, `jwks` or `jwt`. */
  signatureScheme: "aauth.signature.scheme",
  /** Client. Label of the signature, `sig1`. */
  signatureLabel: "aauth.signature.label",
  /** Client. List of component names, in order. */
  signatureComponents: "aauth.signature.covered_components",
  /** Client. The signed signature base; a token in it is truncated. */
  signatureBase: "aauth.signature.base",
  /** Client. Number: Unix seconds. */
  signatureCreated: "aauth.signature.created",
  /** Client. RFC 7638 thumbprint of the key that signed. */
  signatureThumbprint: "aauth.signature.thumbprint",
  /** Client. Key id of the key that signed. */
  signatureKid: "aauth.signature.kid",

  /**
   * Server. `passed`, `challenged` (an authenticated caller must present more, or an unsigned one a
   * signature) or `refused`.
   */
  verdict: "aauth.verification.verdict",
  /** Server. JSON: {@link TracedCheck} list, in the order of execution. */
  checks: "aauth.verification.checks",
  /** Server. `hwk`, `jwks` or `jwt`. */
  verifiedScheme: "aauth.verification.scheme",
  /** Server. Name of the wire profile used for verification. */
  verifiedProfile: "aauth.verification.profile",
  /** Server. Boolean: the signature covers the body, or there is no body. */
  bodyBound: "aauth.verification.body_bound",
  /** Server. Label of the verified signature. */
  verifiedLabel: "aauth.verification.label",
  /** Server. List of component names, as in `Signature-Input`. */
  verifiedComponents: "aauth.verification.covered_components",
  /**
   * Server. The signature base as rebuilt from the received request; a token in it is truncated.
   */
  verifiedBase: "aauth.verification.base",
  /** Server. Number: Unix seconds. */
  verifiedCreated: "aauth.verification.created",
  /** Server. `header`, `discovery`, `discovery-cache`, `auth-token` or `agent-token`. */
  keySource: "aauth.verification.key_source",
  /** Server. Thumbprint of the key used for verification. */
  verifiedThumbprint: "aauth.verification.thumbprint",
  /** Server. The required level: `pseudonymous`, `identified` or `authorized`. */
  requiredLevel: "aauth.requirement.level",
  /** Server. Space-separated. */
  requiredScope: "aauth.requirement.scope",

  /** Server. The level that the caller has proven: `pseudonymous`, `identified` or `authorized`. */
  agentLevel: "aauth.agent.level",
  /** Server. Identifier of the caller, which may be a server that signs in its own name. */
  agentId: "aauth.agent.id",
  /** Server. The delegate that acts for the agent. */
  agentDelegate: "aauth.agent.delegate",
  /** Server. The user named in the caller's auth token; at the backend, the signed-in user. */
  userSub: "aauth.user.sub",

  /** Client. JSON: {@link TracedToken} that is sent in `Signature-Key`. */
  tokenSent: "aauth.token.sent",
  /**
   * Client. JSON object of the tokens in a token request of draft -11: member to
   * {@link TracedToken}.
   */
  tokensInBody: "aauth.token.body",
  /**
   * Server. JSON: {@link TracedToken} received in `Signature-Key`. The verdict states whether it is
   * valid.
   */
  tokenReceived: "aauth.token.received",
  /** Server of an auth server. JSON: {@link TracedToken} to be exchanged. */
  upstreamToken: "aauth.upstream_token",
  /** Server of an auth server. JSON: {@link TracedToken} in the answer. */
  tokenIssued: "aauth.token.issued",
  /** Server of an auth server. `auth`, `code`, `refresh` or `exchange`. */
  requestType: "aauth.request_type",
  /** Server. The AAuth error, or the OAuth error of a token endpoint. */
  errorCode: "aauth.error.code",
  /** Server. JSON: {@link TracedChallenge} in the answer. */
  challenge: "aauth.challenge",

  /**
   * Client and server. JSON object: lower-case name to value, truncated according to {@link LIMIT}.
   */
  requestHeaders: "aauth.http.request.headers",
  /** Client and server. JSON object, as above. */
  responseHeaders: "aauth.http.response.headers",
  /** Client and server. Text; tokens in JSON members and form fields are truncated. */
  requestBody: "aauth.http.request.body",
  /**
   * Client and server. As above, except for challenges, whose body the agent does not read, and
   * HTML pages.
   */
  responseBody: "aauth.http.response.body",

  /** Server; published name. As `aauth.verification.scheme`. */
  publishedScheme: "auth.aauth.scheme",
  /**
   * Server; published name. Boolean: the caller has signed the received request with its own key.
   * Also set if it is challenged.
   */
  publishedVerified: "auth.aauth.verified",
  /**
   * Server; published name. `valid`, `invalid`, `missing_headers` (no signature) or `error` (the
   * verifier reached no verdict).
   */
  publishedResult: "auth.aauth.verification_result",
  /**
   * Server; published name, if an auth token was presented. Boolean: it is valid and bound to the
   * signing key.
   */
  authTokenVerified: "auth.auth_token.verified",
  /** Server; published name. Agent that the auth token was issued to; only if verified. */
  authTokenAgent: "auth.auth_token.agent",
  /** Server; published name. `true` if the answer has a resource token. */
  resourceTokenIssued: "auth.resource_token.issued",
  /** Server; published name. `true` if the caller passed with a bare key. */
  hwkAccepted: "auth.hwk_accepted",

  /** Backend. Id of the run, or of the order, that a span belongs to. */
  runId: "optimization.request_id",
} as const;

/**
 * Span events between two messages. Each comment lists the attributes: `token` and `resource_token`
 * are JSON ({@link TracedToken}), `expires_in` is in seconds and `duration_ms` in milliseconds.
 * Names without `aauth.` are the published walk-through's.
 */
export const EVENT = {
  /** Client: a signature was made. `scheme` */
  requestSigned: "aauth.request_signed",
  /** Client: a response is a challenge. `level`, `auth_server`, `resource_token`, `status` */
  challengeReceived: "agent_auth_challenge_received",
  /** Client: the challenge contains a resource token. `token_id`, `auth_server` */
  resourceTokenExtracted: "resource_token_extracted",
  /** Client: requests a resource token before calling the resource. `resource`, `scope` */
  resourceTokenRequested: "aauth.resource_token_requested",
  /** Client: the resource has issued one. `resource`, `auth_server`, `resource_token` */
  resourceTokenReceived: "aauth.resource_token_received",
  /** Client: requests a token from an auth server. `request_type`, `auth_server` */
  tokenRequested: "aauth.token_requested",
  /** Client: the auth server has issued a token. `kind`, `token`, `expires_in`, `request_type` */
  tokenReceived: "aauth.token_received",
  /** Client: a cached token is used. `token_id`, `auth_server`, `resource` */
  tokenCacheHit: "aauth.token_cache_hit",
  /** Client: the auth server requires the user's consent. `auth_server`, `expires_in` */
  consentRequired: "consent_required_returned",
  /** Client: the answer is deferred. `party`, `requirement` */
  answerPending: "aauth.answer_pending",
  /** Client: a person has to act at a page. `party`, `is_relayed` */
  interactionRequired: "aauth.interaction_required",
  /** Client: a question about the request was answered. `party`, `action` */
  clarificationAnswered: "aauth.clarification_answered",
  /** Client: repeats the request with an auth token. `reason`, `scheme` */
  retriedWithAuthToken: "retrying_request_with_auth_token",
  /**
   * Client: repeats the request with the caller's name, or without a refused token. `reason`,
   * `scheme`
   */
  requestRetried: "aauth.request_retried",
  /**
   * Client, in addition to the request's event: the caller's auth token is being exchanged for the
   * next hop's. `auth_server`
   */
  exchangeStarted: "token_exchange_started",
  /** Client, in addition to the answer's event: the exchange succeeded. `expires_in` */
  exchangeSucceeded: "token_exchange_success",
  /** Client: the auth server refused the exchange or did not answer. `status` or `reason` */
  exchangeFailed: "token_exchange_failed",
  /** Client: there is nothing to exchange. `reason` */
  exchangeSkipped: "token_exchange_skipped",
  /**
   * Server: the caller has signed the received request with its own key. Also set if it is then
   * challenged. `scheme`, `level`
   */
  requestVerified: "aauth_signature_verified",
  /** Server: the presented auth token is valid. `agent`, `scope` */
  authTokenVerified: "auth_token_verified",
  /** Server: the verifier accepted the request for its key alone. */
  hwkAccepted: "hwk_accepted_pseudonymous",
  /**
   * Server: the verifier accepted the request for an identified agent's signature, without an auth
   * token. `scheme`
   */
  signatureOnlyAccepted: "signature_only_accepted",
  /** Server: issues a resource token in a challenge. `resource_token`, `auth_server` */
  resourceTokenIssued: "resource_token_issued",
  /** Server of an auth server: issues a token. `token` */
  tokenIssued: "aauth.token_issued",
  /**
   * Server: a key was looked up. `kind`, `url`, `source`, `duration_ms`; `reason` if it was not
   * found
   */
  documentFetched: "aauth.document_fetched",
} as const;

/**
 * Names of spans for work inside a service. Spans of messages are named `POST /route` and
 * `POST signed with jwks`.
 */
export const SPAN = {
  /** supply-chain-ui: from the click to the backend's answer. */
  click: "supply_chain_ui.start_optimization",
  /** supply-chain-backend: the start of a run, until the browser is answered. */
  startOptimization: "optimization_api.start_optimization",
  /** supply-chain-backend: one complete attempt of a run. A run that waits for consent has two. */
  run: "optimization_service.run_optimization",
  /** supply-chain-backend: one call of the supply-chain agent, with all its requests. */
  callAgent: "a2a_service.send_optimization_request",
  /** supply-chain-backend: the browser returns from the consent page. */
  consentReturned: "optimization_api.consent_callback",
  /** supply-chain-backend: the consent's code is redeemed for a token. */
  redeemConsent: "aauth_token_service.redeem_code",
  /** supply-chain-backend: a consent is revoked. */
  revokeConsent: "aauth_token_service.revoke_consent",
  /** supply-chain-ui: from the click on an order to the backend's answer. */
  orderClick: "supply_chain_ui.place_order",
  /** supply-chain-backend: one attempt of an order. An order that waits for the user has two. */
  order: "order_service.place_order",
  /** supply-chain-backend: the browser returns from the supply-chain agent's own page. */
  orderReturned: "orders_api.interaction_callback",
  /** supply-chain-backend: in draft -11, one call of a delegate on a user's request. */
  delegate: "delegates_service.run_delegate",
  /** supply-chain-agent: the task of one message. */
  supplyChainExecute: "supply_chain_agent.executor.execute",
  /** supply-chain-agent: the work that needs no other agent. */
  supplyChainInvoke: "supply_chain_agent.invoke",
  /** supply-chain-agent: one call of the market-analysis agent, with all its requests. */
  supplyChainMarketAnalysis: "supply_chain_agent.get_market_analysis",
  /** market-analysis-agent: the task of one message. */
  marketAnalysisExecute: "market_analysis_agent.executor.execute",
  /** market-analysis-agent: the analysis and the report on it. */
  marketAnalysisInvoke: "market_analysis_agent.invoke",
  /** market-analysis-agent: the analysis alone. */
  marketAnalysisProcess: "market_analysis_agent.process_request",
} as const;

/** `service.name` of each service. */
export const SERVICE_NAME = {
  ui: "supply-chain-ui",
  backend: "supply-chain-backend",
  supplyChainAgent: "supply-chain-agent",
  marketAnalysisAgent: "market-analysis-agent",
  delegateAgent: "delegate-agent",
  gateway: "agentgateway",
  gatewayAuthz: "gateway-authz",
  authServer: "auth-server",
  /** Party of draft -11, in the auth server's process ({@link ATTRIBUTE.party}). */
  personServer: "person-server",
  accessServer: "access-server",
  /**
   * Parties that the backend plays in attempts to break a run, all but the last with their own key.
   */
  thief: "thief",
  otherAgent: "other-agent",
  subAgent: "sub-agent",
  /** A browser without a user, which has no key. */
  intruder: "intruder",
  keycloak: "keycloak",
} as const;

/** Limits of values, in characters. A truncated value ends with `…`. */
export const LIMIT = {
  /** Characters of one text value. */
  text: 8192,
  /** Characters of a body. */
  body: 4096,
  /** Characters of one header field's value. */
  headerValue: 2048,
  /** Characters kept of a token, enough to recognize it. */
  token: 12,
} as const;

/** Kind of a token, which is its `typ`; `opaque` if it is not a JWT. */
export type TokenKind = "agent+jwt" | "auth+jwt" | "resource+jwt" | "opaque" | (string & {});

/** A token without its signature. `id` is its `jti`, or a prefix of its hash. */
export interface TracedToken {
  readonly kind: TokenKind;
  readonly id: string;
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** One check of a verifier. */
export interface TracedCheck {
  /** `signature`, `content-digest`, …: `CheckName` of `aauth`. */
  readonly name: string;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Always present if the verdict is `failed`. */
  readonly reason?: string | undefined;
  /** Section that requires the check: `profile 2.4`. */
  readonly section: string;
}

/** A verifier's challenge. */
export interface TracedChallenge {
  readonly status: number;
  readonly level?: string | undefined;
  readonly auth_server?: string | undefined;
  readonly resource_token?: TracedToken | undefined;
}
