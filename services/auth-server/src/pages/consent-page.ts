import type { RequestDescription } from "../consent/describe-request.ts";
import { html } from "./html.ts";
import { type Page, renderPage } from "./page.ts";

/** Asks a signed-in person whether an agent may act for them. */
export function consentPage(options: {
  realmName: string;
  description: RequestDescription;
  userName: string;
  action: string;
  /** Single-use value that ties the answer to this page and this browser. */
  consentCode: string;
  /** Where the browser may be sent after the answer: the agent, and the pages it sends people on to. */
  formOrigins: readonly string[];
}): Page {
  const { realmName, description, userName, action, consentCode, formOrigins } = options;
  const { agent, agentDelegate, agentName, resource, scopes, returnsTo } = description;
  const content = html`<h1>Agent authorization request</h1>
<p class="lead">${agent === resource ? "An agent wants to know who you are" : "An agent wants to act for you"}, ${userName}.</p>
<dl>
<dt>Agent (verified)</dt>
<dd><code>${agent}</code>${agentName === undefined ? undefined : html`<small>calls itself “${agentName}”</small>`}</dd>
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
<ul class="scopes" aria-labelledby="permissions">
${scopes.map(
  ({ name, description }) => html`<li>${description ?? "No description given"}<code>${name}</code></li>
`,
)}</ul>
<form method="post" action="${action}">
<input type="hidden" name="consent_code" value="${consentCode}">
<div class="buttons">
<button type="submit" name="accept" value="yes">Allow</button>
<button type="submit" name="cancel" value="yes" class="quiet">Deny</button>
</div>
</form>
<p class="note">Either way you return to <strong>${returnsTo}</strong>. If you allow it, you are not asked about the same again until you sign out or take it back.</p>`;
  return renderPage({ title: "Agent authorization request", content, realmName, formOrigins });
}
