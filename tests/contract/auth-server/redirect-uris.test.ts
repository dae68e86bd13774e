/** Redirect URIs that the realm file allows its browser client. */

import { expect, test } from "vitest";
import { startWorld } from "./world.ts";

const { server } = await startWorld();
const PAGE = "http://localhost:3050/";

async function signIn(redirect_uri: string): Promise<number> {
  const configuration = await fetch(`${server.issuer}/.well-known/openid-configuration`);
  const { authorization_endpoint } = (await configuration.json()) as { authorization_endpoint: string };
  const query = new URLSearchParams({
    client_id: "supply-chain-ui",
    response_type: "code",
    scope: "openid",
    redirect_uri,
    state: "s",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  return (await fetch(`${authorization_endpoint}?${query}`, { redirect: "manual" })).status;
}

test("A19: the page's addresses are exact", async () => {
  const registered = (await (await server.admin("/clients?clientId=supply-chain-ui")).json()) as {
    redirectUris: string[];
  }[];
  // A stack on other ports has moved it.
  const uris = registered[0]?.redirectUris ?? [PAGE];
  const page = uris.find((uri) => new URL(uri).pathname === "/")!;
  // One shows its page at once, the other redirects the browser to it.
  expect([200, 303]).toContain(await signIn(page));
  // The published demo's page checks for a session there.
  expect([200, 303]).toContain(await signIn(`${page}silent-check-sso.html`));
  for (const other of ["callback", "a/b", "?x=1", "..%2f", "//evil.example/"])
    expect([other, await signIn(page + other)]).toEqual([other, 400]);
});
