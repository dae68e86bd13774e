/**
 * A consent link that another user opens than the one it was made for. The server cannot
 * distinguish them, so nothing may be lost.
 */

import { expect, test } from "vitest";
import { consentedCode, isConsent, redeem, SECOND_USER, sentTo, startConsent, User } from "./journey.ts";
import { ASK_FOR_OPTIMIZE, startWorld } from "./world.ts";

const world = await startWorld();
const { server } = world;

test("A17: the remembered consents of its reader and of its owner remain", async () => {
  await server.setAttributes(ASK_FOR_OPTIMIZE);
  const [owner, reader] = [new User(), new User()];
  await redeem(world, await consentedCode(world, owner));
  await redeem(world, await consentedCode(world, reader, SECOND_USER));
  const { code = "" } = sentTo(await reader.open((await startConsent(world)).url)).query;
  expect((await redeem(world, code)).status).toBe(200);
  for (const user of [owner, reader])
    expect(sentTo(await user.open((await startConsent(world)).url)).query).toHaveProperty("code");
});

test("A17: opening the page ends nothing", async () => {
  await server.setAttributes(ASK_FOR_OPTIMIZE);
  const { url } = await startConsent(world);
  expect(isConsent(await new User().openSignedIn(url, SECOND_USER))).toBe(true);
  const owner = new User();
  const answer = await owner.decide(await owner.openSignedIn(url), "accept");
  expect((await redeem(world, sentTo(answer).query.code ?? "")).status).toBe(200);
});
