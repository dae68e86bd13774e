import { expect, test } from "vitest";
import { postLogoutRedirectUriAllowed, redirectUriAllowed } from "../../src/oidc/redirect-uris.ts";
import type { RealmClient } from "../../src/realm/realm.ts";

function client(redirectUris: string[], postLogout?: string): RealmClient {
  return {
    clientId: "c",
    enabled: true,
    publicClient: true,
    standardFlowEnabled: true,
    directAccessGrantsEnabled: false,
    redirectUris,
    webOrigins: [],
    attributes: postLogout === undefined ? {} : { "post.logout.redirect.uris": postLogout },
  };
}

const ui = client(["http://localhost:3050/*"], "+");

test.each(["http://localhost:3050", "http://localhost:3050/", "http://localhost:3050/a/b?c=d"])(
  "%s is below",
  (uri) => {
    expect(redirectUriAllowed(ui, uri)).toBe(true);
    expect(postLogoutRedirectUriAllowed(ui, uri)).toBe(true);
  },
);

test.each([
  "http://localhost:3051/",
  "https://localhost:3050/",
  "http://localhost:30500/",
  "http://localhost:3050.evil.example/",
  "http://localhost:3050@evil.example/",
  "http://user@localhost:3050/",
  "http://LOCALHOST:3050/",
  "http://localhost:3050/a#fragment",
  "http://localhost:3050\\@evil.example/",
  "http://localhost:3050/\t",
  "javascript:alert(1)//http://localhost:3050/",
  "",
])("%s is refused", (uri) => {
  expect(redirectUriAllowed(ui, uri)).toBe(false);
  expect(postLogoutRedirectUriAllowed(ui, uri)).toBe(false);
});

test("a path prefix cannot be climbed out of", () => {
  const below = client(["http://localhost:3050/app/*"]);
  expect(redirectUriAllowed(below, "http://localhost:3050/app/x")).toBe(true);
  expect(redirectUriAllowed(below, "http://localhost:3050/app/../x")).toBe(false);
  expect(redirectUriAllowed(below, "http://localhost:3050/app/%2e%2e/x")).toBe(false);
  expect(redirectUriAllowed(below, "http://localhost:3050/application")).toBe(false);
});

test("a URI without a star is exact, and without a list there is nowhere to go after sign-out", () => {
  const exact = client(["http://localhost:3050/callback"]);
  expect(redirectUriAllowed(exact, "http://localhost:3050/callback")).toBe(true);
  expect(redirectUriAllowed(exact, "http://localhost:3050/callback?x=1")).toBe(false);
  expect(postLogoutRedirectUriAllowed(exact, "http://localhost:3050/callback")).toBe(false);
  const listed = client([], "http://localhost:3050/bye##http://localhost:3050/ciao");
  expect(postLogoutRedirectUriAllowed(listed, "http://localhost:3050/ciao")).toBe(true);
});
