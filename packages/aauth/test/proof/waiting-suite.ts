/** Behaviour of an agent that waits for a deferred answer, in every profile. */

import { describe, expect, it } from "vitest";
import { februaryAgent } from "../../src/february-2026/agent.ts";
import { ConsentRequiredError } from "../../src/february-2026/errors.ts";
import { failureOf } from "../draft-11/agent-world.ts";
import { type Answer, callOf, type Sent, stepsAtServer, URL_DATA, USER, worldOf } from "./agent-suite.ts";
import { agentKey, OTHER, type ProfileKit, RESOURCE, SERVER } from "./kit.ts";

/** Behaviour of an agent after a 202 with `Location`. */
export function deferredSuite(kit: ProfileKit): void {
  const { profile } = kit;
  const WAIT = "0.03";

  /** Answers 202 `looks` times: first to the request, then at its `Location`. */
  function deferring(answer: Answer, looks: number, headers: Record<string, string> = {}): Answer {
    const first: Sent[] = [];
    let left = looks;
    return async (request) => {
      const isLook = new URL(request.url).pathname === "/pending/1";
      if (!isLook) first.unshift(request);
      if (left-- > 0) {
        return new Response(null, {
          status: 202,
          headers: { location: "/pending/1", "retry-after": WAIT, ...headers },
        });
      }
      left = looks;
      return answer(isLook ? first[0]! : request);
    };
  }

  if (kit.later !== "location") {
    describe(`${profile.name}: a 202`, () => {
      it("of a server is rejected, and its Location is not polled", async () => {
        const world = worldOf(kit);
        world.atServer = deferring(world.server, 1);
        expect((await failureOf(callOf(world))).code).toBe("token_request_failed");
        expect(world.story()).toEqual(kit.climb.slice(0, -1));
      });

      it("of the resource is the answer", async () => {
        const world = worldOf(kit);
        world.atResource = deferring(world.resource, 1);
        expect((await callOf(world)).status).toBe(202);
        expect(world.story()).toEqual(kit.climb.slice(0, 1));
      });
    });
    return;
  }

  describe(`${profile.name}: a deferred answer of a server`, () => {
    it("is polled at its Location with a new signature, no earlier than Retry-After", async () => {
      const world = worldOf(kit);
      const at: number[] = [];
      const deferred = deferring(world.server, 2);
      world.atServer = async (request) => {
        at.push(performance.now());
        if (request.method === "GET") {
          expect((await world.callerAtServer(request)).thumbprint).toBe(agentKey.thumbprint);
        }
        return deferred(request);
      };
      expect((await callOf(world)).status).toBe(200);
      const steps = stepsAtServer(kit.climb).flatMap((path) => [path, "/pending/1", "/pending/1"]);
      expect(stepsAtServer(world.story())).toEqual(steps);
      expect(
        world.sent
          .filter(({ url }) => url.endsWith("/pending/1"))
          .every(({ method, body }) => method === "GET" && !body),
      ).toBe(true);
      // A timer may be a millisecond early.
      expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(Number(WAIT) * 1000 - 2);
    });

    it("is not looked for at another origin", async () => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, 1, { location: `${OTHER}/pending/1` });
      expect((await failureOf(callOf(world))).code).toBe("token_request_failed");
      expect(world.sent.some(({ url }) => url.startsWith(OTHER))).toBe(false);
    });

    it("is waited for as long as the agent allows", async () => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, Number.POSITIVE_INFINITY);
      expect((await failureOf(callOf(world, { timeouts: { waitingMs: 100 } }))).code).toBe("grant_pending");
      expect(world.story().filter((step) => step === "/pending/1").length).toBeGreaterThanOrEqual(1);
      const waitingMs = Number.NaN;
      expect((await failureOf(callOf(world, { timeouts: { waitingMs } }))).code).toBe("grant_pending");
    });

    it.each(["0", "-1", "soon", "1e99"])("makes no agent spin or hang with Retry-After %s", async (value) => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, Number.POSITIVE_INFINITY, { "retry-after": value });
      expect((await failureOf(callOf(world, { timeouts: { waitingMs: 100 } }))).code).toBe("grant_pending");
      expect(world.sent.length).toBeLessThan(10);
    });

    it("is waited for until the caller aborts", async () => {
      const world = worldOf(kit);
      world.atServer = deferring(world.server, Number.POSITIVE_INFINITY, { "retry-after": "30" });
      const controller = new AbortController();
      const reason = new Error("the caller gave up");
      setTimeout(() => controller.abort(reason), 30);
      await expect(callOf(world, {}, { signal: controller.signal })).rejects.toBe(reason);
    });
  });

  describe(`${profile.name}: a deferred answer of the resource`, () => {
    it("is looked for at its Location", async () => {
      const world = worldOf(kit);
      world.requirement = kit.requirements[0]!;
      world.atResource = deferring(world.resource, 2);
      const response = await callOf(world, {}, { method: "POST", body: "{}" });
      expect([response.status, await response.text()]).toEqual([200, kit.requirements[0]!.level]);
      expect(world.sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
        "POST /data",
        "GET /pending/1",
        "GET /pending/1",
      ]);
    });

    it("is polled with the grant that a held request requires, without sending the request again", async () => {
      const world = worldOf(kit);
      world.atResource = async (request) => {
        const answer = await world.resource(request);
        if (answer.status !== 401) return answer;
        const headers: Record<string, string> = {
          ...Object.fromEntries(answer.headers),
          location: "/pending/1",
          "retry-after": WAIT,
        };
        const head = { status: 401, url: request.url, field: (name: string) => headers[name] ?? null };
        const { calls } = kit.trustedByAgent(SERVER).profile!;
        const isHeld = calls.readResponse(head).challenge?.level === world.requirement.level;
        return isHeld ? new Response(null, { status: 202, headers }) : answer;
      };
      expect((await callOf(world, {}, { method: "POST", body: "{}" })).status).toBe(200);
      const toResource = world.sent.filter(({ url }) => url.startsWith(RESOURCE));
      expect(toResource.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
        "POST /data",
        "POST /data",
        "GET /pending/1",
      ]);
      expect(world.story()).toEqual(kit.climb);
    });

    it("is polled neither at another origin nor forever", async () => {
      for (const [headers, code] of [
        [{ location: `${OTHER}/` }, "challenge_untrusted"],
        [{}, "grant_pending"],
      ] as const) {
        const world = worldOf(kit);
        world.atResource = deferring(world.resource, Number.POSITIVE_INFINITY, headers);
        expect((await failureOf(callOf(world, { timeouts: { waitingMs: 80 } }))).code).toBe(code);
      }
    });
  });
}

/** The consent of a person, in a profile that requests it by a page and a code. */
export function consentSuite(kit: ProfileKit): void {
  if (kit.later !== "code") return;
  describe(`${kit.profile.name}: a person's consent`, () => {
    it("is asked for at the server's page, and its code is redeemed", async () => {
      const world = worldOf(kit);
      world.atServer = async (request) => {
        const form = new URLSearchParams(new TextDecoder().decode(request.body));
        if (form.has("code")) return world.server(request);
        return Response.json({ request_token: "r-1", expires_in: 60 });
      };
      const agent = februaryAgent(world.agent());
      const error = await failureOf(agent.fetchFor({ ...USER, state: "s-1" })(URL_DATA));
      if (!(error instanceof ConsentRequiredError)) throw error;
      expect([error.code, "status" in error, error.authServer]).toEqual(["consent_required", false, SERVER]);
      const page = new URL(error.consentUrl);
      expect([page.origin, page.searchParams.get("state")]).toEqual([SERVER, "s-1"]);
      await agent.redeemCode({ authServer: SERVER, code: "c-1", ...USER });
      expect((await agent.fetchFor(USER)(URL_DATA)).status).toBe(200);
      expect(world.story()).toEqual(["jwks", "/token", "/token", "jwt"]);
    });
  });
}
