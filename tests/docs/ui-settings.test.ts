/** The settings table of ui/README.md equals the page's settings. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { readSettings } from "../../ui/vite/read-settings.ts";

const read = (file: string) => readFileSync(REPOSITORY_ROOT + file, "utf8");

test("ui/README.md lists every setting with its default", () => {
  const rows = [...read("ui/README.md").matchAll(/^\| `(UI_\w+)` +\| (?:`([^`]+)`|unset) +\|/gm)];
  const shown = Object.fromEntries(rows.map(([, name, value]) => [name, value]));
  const { port, browser } = readSettings({});
  expect(shown).toEqual({
    UI_PORT: String(port),
    UI_HOST: /UI_HOST: host = "([^"]+)"/.exec(read("ui/server/serve-page.ts"))?.[1],
    UI_BACKEND_URL: browser.backendUrl,
    UI_AUTH_SERVER_URL: browser.authServerUrl,
    UI_PERSON_SERVER_URL: browser.personServerUrl,
    UI_CLIENT_ID: browser.clientId,
    UI_OTLP_URL: browser.otlpUrl,
    UI_PROFILE: browser.profile,
    UI_MODE: browser.mode,
    UI_AUTHORIZATION_SCHEME: browser.mode,
    UI_LAUNCHER_URL: browser.launcherUrl,
    UI_NO_LAUNCHER: browser.noLauncher,
  });
  expect(Object.keys(shown).sort()).toEqual([...knownNames(), "UI_HOST"].sort());
});

/** The names that the refusal of an unknown one lists. */
function knownNames(): string[] {
  try {
    readSettings({ UI_UNKNOWN: "1" });
    return [];
  } catch (error) {
    return /known: ([^)]+)/.exec((error as Error).message)![1]!.split(", ");
  }
}
