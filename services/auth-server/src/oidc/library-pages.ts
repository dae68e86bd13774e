import type { KoaContextWithOIDC } from "oidc-provider";
import { logoutPage } from "../pages/logout-page.ts";
import { messagePage } from "../pages/message-page.ts";
import { originsOf, type Page } from "../pages/page.ts";
import { type Realm, shownName } from "../realm/realm.ts";

/** The pages that oidc-provider asks for, in this server's look. */
export function libraryPages(realm: Realm) {
  const realmName = shownName(realm);
  return {
    logoutSource(ctx: KoaContextWithOIDC, form: string): void {
      send(
        ctx,
        logoutPage({
          realmName,
          form,
          formOrigins: originsOf(ctx.oidc.params?.post_logout_redirect_uri as string | undefined),
          submitAtOnce: ctx.oidc.entities.IdTokenHint !== undefined,
        }),
      );
    },
    postLogoutSuccessSource(ctx: KoaContextWithOIDC): void {
      send(ctx, messagePage(realm, { title: "Signed out", text: "You can close this page." }));
    },
    renderError(
      ctx: KoaContextWithOIDC,
      out: { error: string; error_description?: string | undefined },
    ): void {
      const text = out.error_description ?? "The request cannot be answered.";
      send(ctx, messagePage(realm, { title: "This did not work", text: sentence(text), code: out.error }));
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
