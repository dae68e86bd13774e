/**
 * Parts that the auth server and the person server share: pages and forms, values behind secrets,
 * and the operator's lists of agents and scopes.
 *
 * @module
 */

export { invalidRequest, noStore, OAuthError, oauthErrorOf, quoted, sendOAuthError } from "./oauth-error.ts";
export { cookieName, isLoopbackName, isOrigin } from "./origin.ts";
export { decisionFields } from "./pages/decision-fields.ts";
export { Html, html, trustedHtml } from "./pages/html.ts";
export { applicationLinks, messagePage, sendRefusal } from "./pages/message-page.ts";
export { originsOf, type Page, renderPage, type Site, sendPage } from "./pages/page.ts";
export { serveIcon } from "./pages/serve-icon.ts";
export { LOCAL_TIMES, timeOf } from "./pages/time.ts";
export {
  MAX_PARAMETER_LENGTH,
  type Query,
  readForm,
  requiredParameter,
  requireShort,
  single,
} from "./parameters.ts";
export { agentAllowed, consentNeeded, type GrantPolicy, scopesAllowed } from "./policy.ts";
export { isScope, isScopeList, scopesIn } from "./scopes.ts";
export { createSecrets, type Secrets } from "./secrets.ts";
export { acceptFormsOnly, createSingleUseForms, type SingleUseForms } from "./single-use-forms.ts";
