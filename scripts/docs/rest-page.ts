import {
  activitySchema,
  agentStatusSchema,
  breakItResultSchema,
  catalogueSchema,
  clearedSchema,
  connectionTestSchema,
  consentReplySchema,
  delegateListSchema,
  delegateRunSchema,
  delegateSchema,
  delegationSchema,
  failedReplySchema,
  failureSchema,
  grantedConsentSchema,
  orderRequestSchema,
  orderSchema,
  progressSchema,
  resultsSchema,
  runTraceSchema,
  startedReplySchema,
  startRequestSchema,
  userProfileSchema,
} from "backend-api";
import { BUSINESS_POLICIES } from "../../services/supply-chain-agent/src/domain/business-policies.ts";
import { type Described, type Meanings, memberTable } from "./member-table.ts";

const TIME = "ISO 8601, UTC";
const sent = (schema: Described, meanings: Meanings) => memberTable(schema, "input", meanings);
const answered = (schema: Described, meanings: Meanings) => memberTable(schema, "output", meanings);

/** `docs/reference/rest.md`: names, types and limits out of the schemas of `packages/backend-api`, meanings from here. */
export function restPage(): string {
  return `# REST

The bodies of the backend's API, which the web page uses, and of the supply-chain agent's own routes beside A2A. Which routes there are and
what each requires is in [endpoints](endpoints.md). Names, types and limits are those of the schemas in \`packages/backend-api\`.

## Who may call the backend

\`http://localhost:8000\`, with \`Authorization: Bearer <access token>\`: an OIDC access token of the realm for the client \`supply-chain-ui\`. A
script gets one without a browser:

\`\`\`sh
TOKEN=$(curl -s http://localhost:8080/realms/aauth-test/protocol/openid-connect/token -d grant_type=password \\
  -d client_id=supply-chain-ui -d username=mcp-user -d password=user123 -d scope=openid |
  node -p 'JSON.parse(require("fs").readFileSync(0)).access_token')
curl -s http://localhost:8000/optimization/all -H "Authorization: Bearer $TOKEN"
\`\`\`

Runs, orders and their traces belong to the user who started them; to everybody else they do not exist (404). To try that, the realm has a second
user, \`second-user\` with the same password (\`keycloak/realm/aauth-test-realm.json\`).

Bodies are JSON. A refusal is \`{"detail"}\`, a sentence, with a \`code\` where a program may want to tell causes apart:

| Status | When |
| --- | --- |
| 400 | the body is no JSON |
| 401 | the token does not verify, has expired, is of another issuer, for another client, no access token, or bound to a key |
| 403 | there is no bearer token |
| 404 | no such run, order, agent or delegate, or another user's; results before the run is completed. An unknown path is problem JSON |
| 409 | the delegate was enrolled without an address; the run has not what the tampered request needs |
| 413, 415 | the body is over 1 MiB; its media type is neither JSON nor plain text |
| 422 | the body or a parameter does not fit; \`detail\` is \`member: what is wrong\`, several with \`; \` between |
| 429 | the user has 20 unfinished runs or 20 open orders, or as many that still wait for a consent or an approval, for ten minutes, although they were cleared or have failed; a run has 10 watchers; a tampered request is still under way |
| 502 | whom the backend asked for this does not answer: the supply-chain agent (catalogue), the auth server (revocation), the trace store, the delegate, the receiver of a tampered request |
| 503 | the auth server's keys cannot be fetched, so that the token cannot be judged; \`store_full\`: so much is kept for other users that no room is left for the first run or order of this one |

A run or an order that fails is no refusal: the answer is 200, with \`status\` \`failed\` and a [failure](#failure). The backend keeps
a run or an order for an hour at most, and 100 of each for a user; after a restart it knows none.

## Runs

### POST /optimization/start

Also \`POST /agents/start\`. The body is an object; \`{}\` will do, unknown members are dropped.

${sent(startRequestSchema, {
  optimization_type: "what is to be optimized; `_` is read as a space",
  scenario: "the same, and wins over `optimization_type`",
  custom_prompt:
    "the text for the agent, instead of one made of the two above. *perform market analysis* in it brings the second hop",
  parameters: "taken and not used",
  constraints: "sentences for the agent; of an object `name: value`",
  priority: "one more sentence",
})}
It is answered once the agent has let the backend in, a user has to consent, or the run has failed, and after ten seconds in any case. Three forms,
all with 200. It goes on, or is over:

${answered(startedReplySchema, { request_id: "the run's id", status: "", message: "a sentence" })}
It waits for the user:

${answered(consentReplySchema, {
  consent_required: "",
  consent_url: "where to send the browser, within ten minutes",
  request_id: "the run's id",
})}
It has failed:

${answered(failedReplySchema, {
  request_id: "the run's id",
  status: "",
  message: "a sentence",
  failure: "[Failure](#failure)",
})}
After the consent page the browser comes back to \`/auth/aauth/callback\` and is sent to the web page, with \`?aauth_authorized=1&request_id=…\` or
\`?aauth_error=1&error=…&error_description=…&request_id=…\`. The run goes on by itself.

### GET /optimization/progress/{id}

${answered(progressSchema, {
  request_id: "the run's id",
  prompt: "what the run was started with; in a list at most 200 characters of it",
  status: "`completed` and `failed` are final",
  progress_percentage: "",
  current_step: "for people",
  estimated_completion: "null: nobody can tell",
  activities: "[Activity](#activity), at most 100",
  started_at: TIME,
  ended_at: `${TIME}, once it is final; the time between, a wait for consent included, is how long the run took`,
  consent_url: "while `awaiting_consent`: where to send the browser",
  consent: "[Consent](#consent), once the user has consented to this run",
  failure: "[Failure](#failure), when `failed`",
})}
\`GET /optimization/all\` is a list of these, the newest first. \`prompt\` is ours: the demo of February 2026 has no such member.

### GET /optimization/progress/{id}/events

Server-sent events (\`text/event-stream\`): the present state at once, the whole state again after every change, and the end of the stream after
\`completed\` or \`failed\`, so that whoever reconnects has missed nothing. A comment every 15 seconds keeps the connection alive. It wants the bearer
token, too, which a browser's \`EventSource\` cannot send.

\`\`\`
event: progress
data: {"request_id":"…","status":"running",…}

: heartbeat
\`\`\`

### GET /optimization/results/{id}

Once the run is \`completed\`; taken from the data part of the agent's answer, as far as the agents state it. Money in US dollars.

${answered(resultsSchema, {
  request_id: "the run's id",
  summary: "absent where no agent states figures",
  "summary.total_cost": "",
  "summary.expected_delivery": "",
  recommendations: "orders that the market analysis recommends; empty where no agent states figures",
  "recommendations[].item": "",
  "recommendations[].quantity": "",
  "recommendations[].unit_price": "",
  "recommendations[].lead_time": "",
  "recommendations[].total": "",
  reasoning: "why, in the agent's words",
  "reasoning[].decision": "",
  "reasoning[].agent": "whose words",
  "reasoning[].rationale": "",
  completed_at: TIME,
})}
### Activity

\`GET /agents/activities?limit=100\` (1 to 1000) lists those of the user's runs, the newest first.

${answered(activitySchema, {
  id: "counts from 1 within its run; 1 is the task itself",
  request_id: "the run's id",
  timestamp: `${TIME}: when it was noted; of the task, when it began`,
  agent: "`a2a-supply-chain-agent`, or `backend` for a step of the protocol",
  action: "",
  delegation: "[Delegation](#delegation)",
  auth_token:
    "what the auth token says that the backend held by then; absent where there was none, empty where that is not known",
  "auth_token.sub": "the user who consented; absent where the agent acts for itself",
  "auth_token.aud": "",
  "auth_token.scope": "",
  "auth_token.act": "after an exchange",
  at_hand: "of `token_received`: the token had been received before",
  status: "",
  details: "a sentence; of the task the prompt, and in the end the agent's Markdown",
})}
### Delegation

${answered(delegationSchema, {
  sub: "the user who started the run",
  aud: "of the auth token, before there is one `a2a-agent`",
  scope: "of the auth token, before there is one `supply-chain:optimize`",
  act: "of the auth token, null without an exchange",
})}
### Consent

What the user has allowed. \`DELETE /optimization/consent\` takes back all of it, at the auth server.

${answered(grantedConsentSchema, {
  agent: "who may act for the user",
  resource: "where",
  scopes: "",
  granted_at: TIME,
  expires_at: `${TIME}: end of the auth token that came of it`,
  revocable: "whether it can be taken back",
  revoked_at: `${TIME}, once it was; the auth token lives on until \`expires_at\``,
})}
### Failure

Which codes there are: [how a run fails](errors.md#how-a-run-fails).

${answered(failureSchema, {
  hop: "the party at which it failed",
  check: "what that party was doing when it said no",
  code: "to branch on",
  message: "what happened",
  advice: "what to try",
})}
## Orders

\`GET /catalogue\` is what can be ordered, as the supply-chain agent tells the backend:

${answered(catalogueSchema, {
  level: "as what the agent knew the backend",
  laptops: "",
  "laptops[].model": "",
  "laptops[].vendor": "",
  "laptops[].unitPrice": "US dollars",
})}
### POST /orders

${sent(orderRequestSchema, { model: "one of the catalogue's", quantity: "" })}
The answer, and that of \`GET /orders/{id}\`:

${answered(orderSchema, {
  order_id: "",
  model: "",
  quantity: "",
  status: "`placed`, `declined` and `failed` are final",
  interaction_url: "while `interaction_required`: where to send the browser, within ten minutes",
  total: "when `placed`, US dollars",
  approved_by: "who approved, as the agent knows the person from the auth server",
  "approved_by.sub": "",
  "approved_by.name": "",
  "approved_by.email": "",
  failure: "[Failure](#failure), when `failed`",
})}
After the agent's page the browser comes back to \`/auth/aauth/interaction\`, the order is tried again, and the browser is sent to the web page, with
\`?order=…\` or \`?order_error=unknown_request\`.

## Traces

\`GET /optimization/{id}/trace\` and \`GET /orders/{id}/trace\`, also of what the backend has forgotten and the trace store has not:

${answered(runTraceSchema, {
  request_id: "of the run or the order",
  trace_ids: "empty where nothing is traced",
  traces:
    "the trace store's answers, in the JSON of Jaeger's query API; one that is not there yet is left out",
  explorer_url: "the trace store's page",
  explorer: "what that page is, once the store has been asked",
  finished: "the run or order is at its end",
  growing: "more may come: until 15 seconds after the end",
  break_it: "with `AAUTH_BREAK_IT=true`: what can be tried with this run",
  "break_it[].variant": "",
  "break_it[].unavailable": "why it cannot be tried",
})}
With \`AAUTH_BREAK_IT=true\`, as the demo has it, \`POST /optimization/{id}/break-it/{variant}\` sends a tampered request of the run
([try to break it](../protocol-view.md#try-to-break-it)), and \`GET /optimization/{id}/attempts/{trace_id}\` is its trace.

${answered(breakItResultSchema, {
  variant: "",
  refused: "false would be a hole",
  status: "of the answer",
  refused_by: "",
  as_meant: "when refused: whether by the check that the variant is meant for",
  code: "in the answer",
  check: "the check of the gate that this code belongs to",
  section: "what demands that check",
  meaning: "of the code",
  reason: "the sentence in the answer, shortened",
  trace_id: "of the attempt",
})}
## Delegates

\`GET /delegates\`:

${answered(delegateListSchema, {
  agent: "under whose identity they act",
  delegates: "[Delegate](#delegate)",
})}
\`POST /delegates/{sub}/run\`, without a body, lets one call the supply-chain agent and is answered with a [Delegate](#delegate).

### Delegate

${answered(delegateSchema, {
  sub: "its name in tokens",
  name: "for people",
  agent_token: "issued last; null when it has asked for none since the backend's start",
  "agent_token.issued_at": TIME,
  "agent_token.expires_at": TIME,
  "agent_token.key": "thumbprint of the key it is bound to",
  process: "`absent` does not answer, `unknown` was enrolled without an address",
  last_run: "[what its last call for this user came to](#a-delegates-call), or null",
})}
### A delegate's call

${answered(delegateRunSchema, {
  started_at: TIME,
  ended_at: TIME,
  status: "",
  prompt: "",
  steps: "of the protocol",
  "steps[].action": "",
  "steps[].details": "",
  granted: "of the auth token, where there was one",
  "granted.agent": "",
  "granted.agent_delegate": "",
  "granted.scope": "",
  report: "beginning of the agent's Markdown",
  failure: "",
  "failure.code": "",
  "failure.message": "",
})}
## The rest

\`DELETE /optimization/clear\`, \`DELETE /agents/activities\` and \`DELETE /optimization/consent\`:

${answered(clearedSchema, { message: "", cleared: "how many of the user's own" })}
\`GET /auth/me\`:

${answered(userProfileSchema, {
  id: "`sub` of the token",
  username: "",
  email: "",
  role: "first realm role that is not Keycloak's own, else `User`",
  is_active: "",
})}
\`GET /agents/status/{id}\`, and \`GET /agents/status\` as a list. Only \`supply-chain-optimizer\` ever works; the others are scenery:

${answered(agentStatusSchema, {
  agent_id: "",
  status: "",
  last_activity: `${TIME}, or null`,
  current_task: "the run's id, or null",
})}
\`GET /optimization/test-a2a-connection\` asks for the agent's card, signed, and starts no run:

${answered(connectionTestSchema, {
  status: "",
  agent_url: "",
  agent_name: "from the card",
  protocol_version: "from the card",
  failure: "[Failure](#failure), when `failed`",
})}
## Orders at the supply-chain agent

\`POST http://supply-chain-agent.localhost:3000/orders\`, signed by an identified agent (scheme jwks, an agent token or an auth token), at most 4 KiB of
JSON without other members:

| Member | Type | Meaning |
| --- | --- | --- |
| \`order_id\` | string, 1 to 100 characters | the caller's own name for it |
| \`model\` | string, 1 to 100 characters | one of the catalogue's |
| \`quantity\` | integer, 1 to 10000 | |
| \`approver\` | string, 1 to 200 characters | \`sub\` of the person who must approve |

| Status | Body | When |
| --- | --- | --- |
| 401, \`Agent-Auth: httpsig; user_interaction="…"\` | \`{"error":"user_interaction_required","detail"}\` | the person has not decided: [profile 3.5](profile.md#35-user-interaction), ten minutes |
| 201 | \`{"status":"placed","order_id","model","quantity","vendor","total","approved_by":{"sub","name","email"}}\`, \`name\` and \`email\` where they are known | the person has approved this very request: the same bytes, by the same agent, delegate and key |
| 403 | \`{"error":"order_declined","detail"}\` | the person has declined it |
| 403 | \`{"error":"wrong_approver","detail"}\` | it came with an auth token of another user than \`approver\` |
| 422 | \`{"error":"order_refused","detail"}\` | no such model, or more than $${BUSINESS_POLICIES.maxOrder.toLocaleString("en-US")} |
| 400 | \`{"error":"invalid_order","detail"}\` | a member is missing, unknown or malformed |
| 429, \`Retry-After\` | text | more than 100 requests of the agents of one domain in a minute |
| 503 | \`{"error":"store_full","detail"}\` | so many orders of others wait that none is left for this agent |
| 400, 413, 415 | problem JSON | no JSON; over 4 KiB; neither JSON nor plain text |

Each decision is used up by being asked for. \`GET /catalogue\` there answers anybody who signs, as often as its level allows
([limits by level](../walkthrough/09-progressive-levels.md#1-limits-by-level)), with the members of the backend's. \`POST /resource/token\` is in
[profile 6.6](profile.md#66-resource_token_endpoint-of-a-resource).
`;
}
