import { expect, test } from "vitest";
import { loginPage } from "../../src/pages/login-page.ts";

const shown = {
  site: { name: "Auth server", colours: ["#2450c8", "#8fb0ff"], applications: [] },
  purpose: "the page",
  action: "/login",
  formOrigins: [],
} as const;

test("the demo's users stand under the form where they are the server's, and nowhere else", () => {
  expect(loginPage({ ...shown, hasDemoUsers: true }).body).toMatch(/<\/form>\s*<p.*mcp-user.*user123/);
  expect(loginPage(shown).body).not.toContain("user123");
});
