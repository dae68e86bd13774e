import { describe, expect, it } from "vitest";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import { createWorld } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/";

describe("a held token that the resource refuses without saying what would help", () => {
  /** The resource no longer knows the key that signed the token, as after a restart of the auth server. */
  async function worldThatForgets() {
    const world = await createWorld();
    const working = world.tokenEndpoint;
    const stranger = tokenSignerOf(await generateSigningKey({ kid: "realm-1" }));
    let forged = true;
    world.tokenEndpoint = async (request) => {
      if (!forged) return working(request);
      forged = false;
      return Response.json({
        auth_token: await world.parties.issueAuthToken({ signer: stranger }),
        expires_in: 300,
      });
    };
    return world;
  }

  it("is dropped, and the call goes on as if it had never been", async () => {
    const world = await worldThatForgets();
    const agent = world.agent();
    // The first call ends with a token that the resource refuses, and keeps it.
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(401);
    const before = world.sent.length;
    expect((await agent.fetchFor()(URL_ROOT)).status).toBe(200);
    expect(world.story().slice(before)).toEqual([
      "resource jwt",
      "resource jwks",
      "token auth jwks",
      "resource jwt",
    ]);
    expect(world.events).toContainEqual(
      expect.objectContaining({ type: "request_retried", reason: "token_refused" }),
    );
  });

  it("comes back as the answer where the caller brought the token itself", async () => {
    const world = await createWorld();
    const stranger = tokenSignerOf(await generateSigningKey({ kid: "realm-1" }));
    const authToken = await world.parties.issueAuthToken({ signer: stranger });
    expect((await world.agent().fetchFor({ authToken })(URL_ROOT)).status).toBe(401);
    expect(world.story()).toEqual(["resource jwt"]);
  });
});

describe("tokens in events", () => {
  const tokensIn = (events: readonly object[]) => JSON.stringify(events).match(/"token":"eyJ/g)?.length ?? 0;

  it("are not there unless they are asked for", async () => {
    const world = await createWorld();
    await world.agent().fetchFor()(URL_ROOT);
    expect(JSON.stringify(world.events)).not.toMatch(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20}/);
  });

  it("are there with revealTokens: the resource token and the auth token", async () => {
    const world = await createWorld();
    await world.agent({ revealTokens: true }).fetchFor()(URL_ROOT);
    expect(tokensIn(world.events)).toBe(2);
  });
});
