import { User } from "oidc-client-ts";
import { expect, onTestFinished, test, vi } from "vitest";
import { loadOwnRun } from "../../src/app/load-own-run.ts";
import { memoryStore } from "../memory-store.ts";

const AUTH_SERVER = "http://as.test/realms/r";
const TRACE = {
  request_id: "run",
  trace_ids: [],
  traces: [],
  explorer_url: "http://traces.test",
  finished: true,
  growing: false,
};

test("a run is read with the token of the tab, which is not renewed afterwards", async () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const user = new User({
    access_token: "a1",
    refresh_token: "r1",
    token_type: "Bearer",
    profile: { sub: "s", iss: AUTH_SERVER, aud: "ui", exp: 0, iat: 0 },
    expires_at: Math.floor(Date.now() / 1000) + 60,
  });
  const sessionStorage = memoryStore({ [`oidc.user:${AUTH_SERVER}:ui`]: user.toStorageString() });
  vi.stubGlobal("window", { location: { origin: "http://ui.test" }, sessionStorage });
  const fetched: string[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    fetched.push(url);
    if (url.endsWith("/trace")) return Response.json(TRACE);
    if (url !== "/config.json") return new Response(null, { status: 503 });
    return Response.json({ backendUrl: "http://b.test", authServerUrl: AUTH_SERVER, clientId: "ui" });
  });

  expect((await loadOwnRun("run")).profile).toBe("february-2026");
  await vi.advanceTimersByTimeAsync(59_000);
  expect(fetched).toEqual(["/config.json", "http://b.test/optimization/run/trace"]);
});
