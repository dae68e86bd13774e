import { describe, expect, it } from "vitest";
import { UserInteractionRequiredError } from "../../src/february-2026/errors.ts";
import { createWorld, errorOf } from "./world.ts";

const RESOURCE = "http://supply-chain-agent.localhost:3000";
const RETURN_URL = "http://backend.localhost:8000/interaction?state=s&x=1";

async function worldWith(address: string) {
  const world = await createWorld();
  const headers = { "agent-auth": `httpsig; user_interaction="${address}"` };
  world.resource = () => new Response("", { status: 401, headers });
  return world;
}

describe("a challenge that requires the user", () => {
  it("becomes an error with the address to go to and the way back in it", async () => {
    const world = await worldWith(`${RESOURCE}/interaction?session=abc#part`);
    const error = await errorOf<UserInteractionRequiredError>(
      world.agent().fetchFor({ returnUrl: RETURN_URL })(`${RESOURCE}/orders`, { method: "POST" }),
    );
    expect(error).toBeInstanceOf(UserInteractionRequiredError);
    expect(error.code).toBe("user_interaction_required");
    const url = new URL(error.interactionUrl);
    expect([url.origin, url.pathname, url.hash]).toEqual([RESOURCE, "/interaction", ""]);
    expect([...url.searchParams]).toEqual([
      ["session", "abc"],
      ["return_url", RETURN_URL],
    ]);
    expect(world.sent).toHaveLength(1);
  });

  it("returns the response where the page has no way back", async () => {
    const world = await worldWith(`${RESOURCE}/interaction?session=abc`);
    expect((await world.agent().fetchFor()(`${RESOURCE}/orders`)).status).toBe(401);
  });

  it("replaces a way back that the resource put in itself", async () => {
    const world = await worldWith(`${RESOURCE}/interaction?return_url=http://evil.localhost&session=abc`);
    const error = await errorOf<UserInteractionRequiredError>(
      world.agent().fetchFor({ returnUrl: RETURN_URL })(`${RESOURCE}/orders`),
    );
    expect(new URL(error.interactionUrl).searchParams.getAll("return_url")).toEqual([RETURN_URL]);
  });

  it.each([
    "http://evil.localhost:3000/interaction",
    "http://supply-chain-agent.localhost:3001/interaction",
    "https://supply-chain-agent.localhost:3000/interaction",
    "http://supply-chain-agent.localhost:3000@evil.localhost/",
    "http://user@supply-chain-agent.localhost:3000/interaction",
    "http://:secret@supply-chain-agent.localhost:3000/interaction",
    "javascript:alert(1)",
    "/interaction",
  ])("to %s is not followed", async (address) => {
    const world = await worldWith(address);
    const error = await errorOf(world.agent().fetchFor({ returnUrl: RETURN_URL })(`${RESOURCE}/orders`));
    expect(error.code).toBe("challenge_untrusted");
  });

  it.each(["javascript:alert(1)", "/callback", ""])(
    "cannot have the return address %s",
    async (returnUrl) => {
      const world = await worldWith(`${RESOURCE}/interaction`);
      expect(() => world.agent().fetchFor({ returnUrl })).toThrow(
        new TypeError("returnUrl must be an absolute http or https URL"),
      );
    },
  );

  it("after an auth token is such an error, too, and the token stays cached", async () => {
    const world = await createWorld();
    const usual = world.resource;
    let visited = false;
    world.resource = async (request) => {
      const answer = await usual(request);
      if (answer.status !== 200 || visited) return answer;
      const headers = { "agent-auth": `httpsig; user_interaction="${RESOURCE}/interaction?session=abc"` };
      return new Response("", { status: 401, headers });
    };
    const fetch = world.agent().fetchFor({ returnUrl: RETURN_URL });
    expect((await errorOf(fetch(`${RESOURCE}/`))).code).toBe("user_interaction_required");
    expect((await errorOf(fetch(`${RESOURCE}/`))).code).toBe("user_interaction_required");
    visited = true;
    expect((await fetch(`${RESOURCE}/`)).status).toBe(200);
    expect(world.story()).toEqual([
      "resource jwks",
      "token auth jwks",
      "resource jwt",
      "resource jwt",
      "resource jwt",
    ]);
  });
});
