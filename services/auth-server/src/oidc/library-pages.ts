import { html, messagePage, originsOf, type Page, renderPage, type Site, trustedHtml } from "issuer-kit";
import type { KoaContextWithOIDC } from "oidc-provider";

/** The pages that oidc-provider requires, in this server's style. */
export function libraryPages(site: Site) {
  return {
    /**
     * Asks whether to sign out. If the application has identified the user with `id_token_hint`,
     * the form submits itself, as in Keycloak. The library's form has the id `op.logoutForm`.
     */
    logoutSource(ctx: KoaContextWithOIDC, form: string): void {
      const content = html`<h1>Sign out</h1>
<p class="lead">Do you want to sign out?</p>
${trustedHtml(form)}
<div class="buttons">
<button type="submit" form="op.logoutForm" name="logout" value="yes" id="confirm" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm" class="quiet">Stay signed in</button>
</div>`;
      const formOrigins = originsOf(ctx.oidc.params?.post_logout_redirect_uri as string | undefined);
      const isProven = ctx.oidc.entities.IdTokenHint !== undefined;
      const script = { script: 'document.getElementById("confirm").click();' };
      send(ctx, renderPage({ title: "Sign out", content, site, formOrigins, ...(isProven && script) }));
    },
    postLogoutSuccessSource(ctx: KoaContextWithOIDC): void {
      send(ctx, messagePage(site, { title: "Signed out", text: "You can close this page." }));
    },
    renderError(
      ctx: KoaContextWithOIDC,
      out: { error: string; error_description?: string | undefined },
    ): void {
      const text = out.error_description ?? "The request could not be processed.";
      send(ctx, messagePage(site, { title: "Something went wrong", text: sentence(text), code: out.error }));
    },
  };
}

function send(ctx: KoaContextWithOIDC, page: Page): void {
  ctx.set({ ...page.headers });
  ctx.body = page.body;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
