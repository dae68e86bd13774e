/** A route for callers of two wire profiles, and its neighbour for those of one. */

import type { AAuthEvent, Requirement } from "aauth";
import { february2026Published, february2026Resource, parseAgentAuth } from "aauth/february-2026";
import { createVerifier, parseRefusal, REFUSAL_FIELD } from "aauth/resource";
import Fastify from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { draft11Kit, februaryKit } from "../../aauth/test/proof/dialects.ts";
import {
  AUTHORITY,
  discoveryOf,
  now,
  type ProfileKit,
  RESOURCE,
  requestOf,
  SERVER,
} from "../../aauth/test/proof/kit.ts";
import { fastifyAAuth } from "../src/index.ts";

const published = (authServer: string) => ({
  profile: february2026Resource({ authServer, dialect: february2026Published }),
});
const publishedKit: ProfileKit = {
  ...februaryKit,
  profile: february2026Published,
  trusted: published,
  challenging: published,
};

const verifiedIn = (kit: ProfileKit) => ({
  ...kit.trusted(SERVER),
  authorities: [AUTHORITY],
  audience: RESOURCE,
  discovery: discoveryOf(kit).discovery,
});

/** A resource with one verifier for all of the profiles. */
async function serve(
  [first, ...more]: readonly [ProfileKit, ...ProfileKit[]],
  routes: Readonly<Record<string, Requirement>>,
) {
  const app = Fastify();
  onTestFinished(() => app.close());
  const events: AAuthEvent[] = [];
  await app.register(fastifyAAuth, {
    authority: AUTHORITY,
    verifier: createVerifier({
      ...verifiedIn(first),
      accept: more.map(verifiedIn),
      now,
    }),
    observer: (event) => events.push(event),
  });
  for (const [path, aauth] of Object.entries(routes)) {
    app.post(path, { config: { aauth } }, ({ caller }) => [caller?.profile, caller?.level]);
  }
  return {
    events,
    /** Sends a request that is signed in the kit's profile, or unsigned without a kit. */
    async post(path: string, kit?: ProfileKit) {
      const body = "{}";
      const unsigned = { "content-type": "application/json" };
      const signed = kit && (await requestOf(kit, { url: `${RESOURCE}${path}`, body }));
      const answer = await app.inject({
        method: "POST",
        url: path,
        payload: body,
        headers: { ...(signed?.headers ?? unsigned) },
      });
      const refusal = parseRefusal(answer.headers[REFUSAL_FIELD] as string | undefined);
      return { answer, status: answer.statusCode, refusal };
    },
  };
}

const IDENTIFIED: Requirement = { level: "identified" };
const PERSON: Requirement = { level: "person-token" };
const AAUTH_REQUIREMENT = "aauth-requirement";

describe.each([
  { february: februaryKit, other: draft11Kit },
  { february: publishedKit, other: draft11Kit },
])("$february.profile.name and $other.profile.name on one route", ({ february, other }) => {
  const routes = {
    "/both": { ...IDENTIFIED, or: PERSON },
    "/february": IDENTIFIED,
    "/other": PERSON,
  };
  const resource = () => serve([february, other], routes);

  test("what is not signed gets the challenges of both", async () => {
    const { post } = await resource();
    const { answer, status, refusal } = await post("/both");
    expect([status, refusal?.code]).toEqual([401, "missing_signature"]);
    expect(parseAgentAuth(String(answer.headers["agent-auth"])).level).toBe("pseudonymous");
    expect(answer.headers[AAUTH_REQUIREMENT]).toBe("requirement=person-token");
  });

  test("a route for one of them refuses the other, and asks for its own", async () => {
    const { post } = await resource();
    for (const [path, own, foreign, field, others] of [
      ["/february", february, other, "agent-auth", AAUTH_REQUIREMENT],
      ["/other", other, february, AAUTH_REQUIREMENT, "agent-auth"],
    ] as const) {
      expect((await post(path, own)).status).toBe(200);
      const { answer, status, refusal } = await post(path, foreign);
      expect([status, refusal?.code]).toEqual([401, "profile_not_accepted"]);
      expect(answer.headers).toHaveProperty(field);
      expect(answer.headers).not.toHaveProperty(others);
    }
  });
});
