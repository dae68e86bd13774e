/**
 * Every name that the demo's services write onto their spans, and the shape of what stands under
 * it. No imports: a browser can read it. Names of OpenTelemetry's stable semantic conventions come
 * first, then those of the published walk-through of the demo, so that readers who follow it in
 * Jaeger find what it shows; what neither knows begins with `aauth.`.
 *
 * Values are strings, numbers and lists of strings. What is marked `JSON` is a string of JSON. No
 * value holds a signature, a key that is secret or a whole token; each is bounded ({@link LIMIT}).
 *
 * @module
 */

/** Span attributes. The comment says on which span, and the value's type where it is no text. */
export const ATTRIBUTE = {
  /** Client and server. `POST` */
  method: "http.request.method",
  /** Server. The route's pattern: `/optimization/progress/:id` */
  route: "http.route",
  /** Client and server. Number. */
  status: "http.response.status_code",
  /** Client. Absolute; values of secret parameters are cut. */
  url: "url.full",
  /** Server. Without the query. */
  path: "url.path",
  /** Client: where it was sent. Server: what the caller has named as host. */
  serverAddress: "server.address",
  /** Client and server. Number. */
  serverPort: "server.port",
  /**
   * Client and server, of a process with several parties: which one, in the place of
   * `service.name`. `person-server`, `access-server`
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

  /** Client. Name of the wire profile that the message is of. */
  signatureProfile: "aauth.signature.profile",
  /** Client. `hwk`, `jwks` or `jwt`. */
  signatureScheme: "aauth.signature.scheme",
  /** Client. Label of the signature, `sig1`. */
  signatureLabel: "aauth.signature.label",
  /** Client. List of component names, in order. */
  signatureComponents: "aauth.signature.covered_components",
  /** Client. The signature base as it was signed; a token in it is cut. */
  signatureBase: "aauth.signature.base",
  /** Client. Number: Unix seconds. */
  signatureCreated: "aauth.signature.created",
  /** Client. RFC 7638 thumbprint of the key that signed. */
  signatureThumbprint: "aauth.signature.thumbprint",
  /** Client. Key id of the key that signed. */
  signatureKid: "aauth.signature.kid",

  /**
   * Server. `passed`, `challenged` (a proven caller was asked for more, or an unsigned one for a
   * signature) or `refused`.
   */
  verdict: "aauth.verification.verdict",
  /** Server. JSON: {@link TracedCheck} list, in the order they were made. */
  checks: "aauth.verification.checks",
  /** Server. `hwk`, `jwks` or `jwt`. */
  verifiedScheme: "aauth.verification.scheme",
  /** Server. Name of the wire profile that the message was judged by. */
  verifiedProfile: "aauth.verification.profile",
  /** Server. Boolean: the signature covers the body, or there is none. */
  bodyBound: "aauth.verification.body_bound",
  /** Server. Label of the signature that was judged. */
  verifiedLabel: "aauth.verification.label",
  /** Server. List of component names, as `Signature-Input` has them. */
  verifiedComponents: "aauth.verification.covered_components",
  /** Server. The signature base as rebuilt from the received request; a token in it is cut. */
  verifiedBase: "aauth.verification.base",
  /** Server. Number: Unix seconds. */
  verifiedCreated: "aauth.verification.created",
  /** Server. `header`, `discovery`, `discovery-cache`, `auth-token` or `agent-token`. */
  keySource: "aauth.verification.key_source",
  /** Server. Thumbprint of the key that it verified with. */
  verifiedThumbprint: "aauth.verification.thumbprint",
  /** Server. What was demanded: `pseudonymous`, `identified` or `authorized`. */
  requiredLevel: "aauth.requirement.level",
  /** Server. Space-separated. */
  requiredScope: "aauth.requirement.scope",

  /** Server. What the caller has proven: `pseudonymous`, `identified` or `authorized`. */
  agentLevel: "aauth.agent.level",
  /** Server. Identifier of the caller; of a server that signs in its own name, the server's. */
  agentId: "aauth.agent.id",
  /** Server. The delegate that acts for the agent. */
  agentDelegate: "aauth.agent.delegate",
  /**
   * Server. The user the caller's auth token speaks for; at the backend the user who is signed in.
   */
  userSub: "aauth.user.sub",

  /** Client. JSON: {@link TracedToken} that is sent in `Signature-Key`. */
  tokenSent: "aauth.token.sent",
  /**
   * Client. JSON object of the tokens in a token request of draft -11: member to
   * {@link TracedToken}.
   */
  tokensInBody: "aauth.token.body",
  /**
   * Server. JSON: {@link TracedToken} that came in `Signature-Key`; whether it counts is for the
   * verdict to say.
   */
  tokenReceived: "aauth.token.received",
  /** Server of an auth server. JSON: {@link TracedToken} that is to be exchanged. */
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
   * Client and server. JSON object: lower-case name to value. See {@link LIMIT} for what is cut.
   */
  requestHeaders: "aauth.http.request.headers",
  /** Client and server. JSON object, as above. */
  responseHeaders: "aauth.http.response.headers",
  /** Client and server. Text; tokens in JSON members and form fields are cut. */
  requestBody: "aauth.http.request.body",
  /**
   * Client and server. As above; not of a challenge, whose body the agent does not read, nor of an
   * HTML page.
   */
  responseBody: "aauth.http.response.body",

  /** Server; published name. As `aauth.verification.scheme`. */
  publishedScheme: "auth.aauth.scheme",
  /**
   * Server; published name. Boolean: the caller has signed, with a key of its own, what arrived.
   * Where it is challenged, too.
   */
  publishedVerified: "auth.aauth.verified",
  /**
   * Server; published name. `valid`, `invalid`, `missing_headers` (no signature) or `error` (the
   * verifier reached no verdict).
   */
  publishedResult: "auth.aauth.verification_result",
  /**
   * Server; published name, where an auth token came along. Boolean: it is in order and bound to
   * the key that signed.
   */
  authTokenVerified: "auth.auth_token.verified",
  /**
   * Server; published name. Agent that the auth token was issued to; only where that is verified.
   */
  authTokenAgent: "auth.auth_token.agent",
  /** Server; published name. `true` where the answer has a resource token. */
  resourceTokenIssued: "auth.resource_token.issued",
  /** Server; published name. `true` where the caller passed by its key alone. */
  hwkAccepted: "auth.hwk_accepted",

  /** Backend. Id of the run, or of the order, that a span belongs to. */
  runId: "optimization.request_id",
} as const;

/**
 * Span events: what happened between two messages. Above each name its attributes, where `token`
 * and `resource_token` are JSON ({@link TracedToken}), `expires_in` is in seconds and `duration_ms`
 * in milliseconds. Names without `aauth.` are the published walk-through's.
 */
export const EVENT = {
  /** Client: a signature was made. `scheme` */
  requestSigned: "aauth.request_signed",
  /** Client: a response asks for more. `level`, `auth_server`, `resource_token`, `status` */
  challengeReceived: "agent_auth_challenge_received",
  /** Client: there was a resource token in it. `token_id`, `auth_server` */
  resourceTokenExtracted: "resource_token_extracted",
  /** Client: a resource is asked for a resource token before it is called. `resource`, `scope` */
  resourceTokenRequested: "aauth.resource_token_requested",
  /** Client: it has answered with one. `resource`, `auth_server`, `resource_token` */
  resourceTokenReceived: "aauth.resource_token_received",
  /** Client: an auth server is asked. `request_type`, `auth_server` */
  tokenRequested: "aauth.token_requested",
  /** Client: it has answered with a token. `kind`, `token`, `expires_in`, `request_type` */
  tokenReceived: "aauth.token_received",
  /** Client: no need to ask; one is held. `token_id`, `auth_server`, `resource` */
  tokenCacheHit: "aauth.token_cache_hit",
  /** Client: the auth server wants the user to be asked first. `auth_server`, `expires_in` */
  consentRequired: "consent_required_returned",
  /** Client: the answer comes later. `party`, `requirement` */
  answerPending: "aauth.answer_pending",
  /** Client: a person has to act at a page. `party`, `is_relayed` */
  interactionRequired: "aauth.interaction_required",
  /** Client: a question about the request was answered. `party`, `action` */
  clarificationAnswered: "aauth.clarification_answered",
  /** Client: the same request again, with an auth token. `reason`, `scheme` */
  retriedWithAuthToken: "retrying_request_with_auth_token",
  /**
   * Client: the same request again, with the caller's name, or without a token that was refused.
   * `reason`, `scheme`
   */
  requestRetried: "aauth.request_retried",
  /**
   * Client, beside the event of the request: the caller's auth token is to become one for the next
   * hop. `auth_server`
   */
  exchangeStarted: "token_exchange_started",
  /** Client, beside the event of the answer: it has. `expires_in` */
  exchangeSucceeded: "token_exchange_success",
  /** Client: the auth server has refused it, or did not answer. `status` or `reason` */
  exchangeFailed: "token_exchange_failed",
  /** Client: there was nothing to exchange. `reason` */
  exchangeSkipped: "token_exchange_skipped",
  /**
   * Server: the caller has signed, with a key of its own, what arrived. Also where it is then asked
   * for more. `scheme`, `level`
   */
  requestVerified: "aauth_signature_verified",
  /** Server: the auth token that came along is in order. `agent`, `scope` */
  authTokenVerified: "auth_token_verified",
  /** Server: the verifier let the request pass on its key alone. */
  hwkAccepted: "hwk_accepted_pseudonymous",
  /**
   * Server: the verifier let the request pass on a signature by a known agent, without an auth
   * token. `scheme`
   */
  signatureOnlyAccepted: "signature_only_accepted",
  /** Server: a resource token goes out with a challenge. `resource_token`, `auth_server` */
  resourceTokenIssued: "resource_token_issued",
  /** Server of an auth server: a token goes out. `token` */
  tokenIssued: "aauth.token_issued",
  /**
   * Server: a key was looked up. `kind`, `url`, `source`, `duration_ms`; `reason` where it was not
   * found
   */
  documentFetched: "aauth.document_fetched",
} as const;

/**
 * Names of spans that stand for work inside a service. Those of messages are `POST /route` and
 * `POST signed with jwks`.
 */
export const SPAN = {
  /** supply-chain-ui: from the click to the backend's answer. */
  click: "supply_chain_ui.start_optimization",
  /** supply-chain-backend: a run begins; ends with what is known when the browser is answered. */
  startOptimization: "optimization_api.start_optimization",
  /**
   * supply-chain-backend: one attempt of a run, to its end. A run that waits for consent has two.
   */
  run: "optimization_service.run_optimization",
  /** supply-chain-backend: one call of the supply-chain agent, with all its requests. */
  callAgent: "a2a_service.send_optimization_request",
  /** supply-chain-backend: the browser is back from the consent page. */
  consentReturned: "optimization_api.consent_callback",
  /** supply-chain-backend: the code that came with it becomes a token. */
  redeemConsent: "aauth_token_service.redeem_code",
  /** supply-chain-backend: a consent is revoked. */
  revokeConsent: "aauth_token_service.revoke_consent",
  /** supply-chain-ui: from the click on an order to the backend's answer. */
  orderClick: "supply_chain_ui.place_order",
  /** supply-chain-backend: one attempt of an order. An order that waits for the user has two. */
  order: "order_service.place_order",
  /** supply-chain-backend: the browser is back from the supply-chain agent's own page. */
  orderReturned: "orders_api.interaction_callback",
  /** supply-chain-backend: in draft -11, one call that a user has a delegate make. */
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
   * Played by the backend in an attempt to break a run, all but the last with a key of their own.
   */
  thief: "thief",
  otherAgent: "other-agent",
  subAgent: "sub-agent",
  /** A browser of no user. It has no key. */
  intruder: "intruder",
  keycloak: "keycloak",
} as const;

/** Bounds of what is written, in characters. A value that was cut ends with `…`. */
export const LIMIT = {
  /** Characters of one text value. */
  text: 8192,
  /** Characters of a body. */
  body: 4096,
  /** Characters of one header field's value. */
  headerValue: 2048,
  /** What is left of a token: enough to recognise it. */
  token: 12,
} as const;

/** What a token is, by its `typ`; `opaque` when it is no JWT. */
export type TokenKind = "agent+jwt" | "auth+jwt" | "resource+jwt" | "opaque" | (string & {});

/** A token without its signature. `id` is its `jti`, or the beginning of its hash. */
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
  /** Always there when the verdict is `failed`. */
  readonly reason?: string | undefined;
  /** What demands the check: `profile 2.4`. */
  readonly section: string;
}

/** The answer of a verifier that wants more. */
export interface TracedChallenge {
  readonly status: number;
  readonly level?: string | undefined;
  readonly auth_server?: string | undefined;
  readonly resource_token?: TracedToken | undefined;
}
