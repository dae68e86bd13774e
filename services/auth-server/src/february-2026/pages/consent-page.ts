import { decisionFields, type Html, html, type Page, renderPage, type Site } from "issuer-kit";
import type { DescribedScope, RequestDescription } from "../consent/describe-request.ts";

/** Asks a signed-in user whether an agent may act for them. */
export function consentPage(options: {
  site: Site;
  description: RequestDescription;
  userName: string;
  action: string;
  /** Single-use value that binds the decision to this page and this browser. */
  consentCode: string;
  /**
   * Origins to which the browser may be sent after the decision: the agent's, and those to which it
   * redirects users.
   */
  formOrigins: readonly string[];
  /** Seconds the decision is remembered. */
  rememberedSeconds: number;
}): Page {
  const { site, description, userName, action, consentCode, formOrigins, rememberedSeconds } = options;
  const { agent, agentDelegate, agentName, resource, scopes, identityScopes, returnsTo } = description;
  const content = html`<h1>Agent authorization request</h1>
<p class="lead">${agent === resource && identityScopes.length > 0 ? "An agent wants to know who you are" : "An agent wants to act for you"}, ${userName}.</p>
<dl>
<dt>Agent</dt>
<dd>${agentName === undefined ? undefined : html`<strong>“${agentName}”</strong><small>self-declared name; its verified identifier:</small> `}<code>${agent}</code></dd>
${
  agentDelegate === undefined
    ? undefined
    : html`<dt>through its delegate</dt>
<dd><code>${agentDelegate}</code></dd>`
}
<dt>Resource</dt>
<dd><code>${resource}</code></dd>
</dl>
<h2 id="permissions">It asks for these permissions</h2>
${scopeList("resource-words", html`As described by <code>${resource}</code>:`, scopes)}${scopeList("own-words", html`As described by this server:`, identityScopes)}<form method="post" action="${action}">
${decisionFields(consentCode)}
</form>
<p class="note">Either way you return to the agent, at <code>${returnsTo}</code>. If you allow this, you will not be asked again in this browser for ${duration(rememberedSeconds)}, or until you sign out.</p>`;
  return renderPage({ title: "Agent authorization request", content, site, formOrigins });
}

/**
 * Names the author of the descriptions, because a resource can describe its scopes in any way and
 * the user must know whose words they are.
 */
function scopeList(id: string, author: Html, scopes: readonly DescribedScope[]): Html | undefined {
  if (scopes.length === 0) return undefined;
  return html`<p class="said-by" id="${id}">${author}</p>
<ul class="scopes" aria-labelledby="permissions ${id}">
${scopes.map(
  ({ name, description }) => html`<li>${description ?? "No description given"}<code>${name}</code></li>
`,
)}</ul>
`;
}

function duration(seconds: number): string {
  const minutes = Math.max(1, Math.floor(seconds / 60));
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}
