import { html, trustedHtml } from "./html.ts";
import { type Page, renderPage } from "./page.ts";

const SUBMIT_AT_ONCE = 'document.getElementById("confirm").click();';

/**
 * Asks whether to sign out. When the application has proven the user by `id_token_hint`, the form submits
 * itself, as Keycloak's logout does.
 */
export function logoutPage(options: {
  realmName: string;
  /** The form of oidc-provider, whose id is `op.logoutForm`. */
  form: string;
  formOrigins: readonly string[];
  submitAtOnce: boolean;
}): Page {
  const { realmName, form, formOrigins, submitAtOnce } = options;
  const content = html`<h1>Sign out</h1>
<p class="lead">Do you want to sign out?</p>
${trustedHtml(form)}
<div class="buttons">
<button type="submit" form="op.logoutForm" name="logout" value="yes" id="confirm" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm" class="quiet">Stay signed in</button>
</div>`;
  return renderPage({
    title: "Sign out",
    content,
    realmName,
    formOrigins,
    ...(submitAtOnce && { script: SUBMIT_AT_ONCE }),
  });
}
